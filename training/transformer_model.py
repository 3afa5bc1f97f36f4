"""The fine-tuned classifier: raw texts in, through pieces, encoder and mean, to a probability a class or a label."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras
import numpy as np
import tensorflow as tf

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from training.bert import BertEncoder
    from training.text_model import ServedClassifier
    from training.word_pieces import WordPieces

# Texts that go through the encoder at once; attention needs memory for each pair of pieces of each of them.
TEXTS_AT_ONCE = 32
# Texts that are asked about at once when there are many.
TEXTS_ASKED = 256
# Probabilities are kept this far from 0 before their logarithm is taken.
_SMALLEST = 1e-7


class Reader(tf.Module):  # type: ignore[misc] # tensorflow is published without types
    """Texts to the ids that the encoder reads, with the middle of a long text left out."""

    def __init__(self, pieces: WordPieces, max_tokens: int, head_tokens: int) -> None:
        super().__init__()
        self.pieces = pieces
        self.kept = max_tokens - 2
        self.head = head_tokens

    def __call__(self, texts: tf.Tensor) -> tf.RaggedTensor:
        """(texts,) strings to (texts, at most max_tokens) int32, from [CLS] to [SEP]."""
        ids = self.pieces.ids(texts)
        is_long = ids.row_lengths() > self.kept
        head = tf.where(is_long, tf.cast(self.head, tf.int64), ids.row_lengths())
        place = tf.ragged.range(ids.row_lengths())
        from_end = tf.cast(self.kept - self.head, tf.int64)
        last = tf.gather(ids.row_lengths() - from_end, place.value_rowids())
        near = (place.flat_values < tf.gather(head, place.value_rowids())) | (place.flat_values >= last)
        ids = tf.ragged.boolean_mask(ids, ids.with_flat_values(near))
        special = tf.ones_like(is_long, dtype=tf.int32)[:, tf.newaxis]
        return tf.concat([special * self.pieces.classify, ids, special * self.pieces.separate], axis=1)

    def of_all(self, texts: Sequence[str], batch_size: int = 256) -> list[NDArray[np.int32]]:
        """Ids of many texts, an array each."""
        read = tf.function(self.__call__, input_signature=[tf.TensorSpec([None], tf.string)])
        found: list[NDArray[np.int32]] = []
        for start in range(0, len(texts), batch_size):
            found += [np.array(row, np.int32) for row in read(tf.constant(texts[start : start + batch_size])).to_list()]
        return found


class Head(keras.layers.Layer):  # type: ignore[misc] # keras is published without types
    """Encoder and, upon the mean of its vectors, one dense layer."""

    def __init__(self, encoder: BertEncoder, outputs: int, dropout: float) -> None:
        super().__init__(name="classifier")
        self.encoder = encoder
        self.dropout = keras.layers.Dropout(dropout)
        self.dense = keras.layers.Dense(outputs, name="logits")

    def call(self, ids: tf.Tensor, training: bool = False) -> tf.Tensor:
        """(texts, pieces) ids to (texts, outputs) logits."""
        mean = self.encoder.mean(ids, training=training)
        return self.dense(self.dropout(mean, training=training))


class ServedTransformer(tf.Module):  # type: ignore[misc] # tensorflow is published without types
    """What is served."""

    def __init__(self, reader: Reader, head: Head, n_grams: ServedClassifier | None, *, one_is_right: bool) -> None:
        """one_is_right: of classes, whose probabilities add up to 1; else each output is a label's own."""
        super().__init__()
        self.reader = reader
        self.head = head
        self.n_grams = n_grams
        self.one_is_right = one_is_right
        # What the logits of the encoder, and those of the n-grams, are multiplied by before they are added.
        self.shares = tf.Variable([1.0, 0.0], trainable=False, name="shares")

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="instances")])  # type: ignore[untyped-decorator]
    def __call__(self, instances: tf.Tensor) -> dict[str, tf.Tensor]:
        """(texts,) strings to (texts, outputs)."""
        logits = self.shares[0] * self._encoder_logits(instances)
        if self.n_grams is not None:
            logits += self.shares[1] * self._n_gram_logits(instances, self.n_grams)
        return {"probabilities": tf.nn.softmax(logits) if self.one_is_right else tf.sigmoid(logits)}

    # Traced once for training, evaluation and what is saved.
    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])  # type: ignore[untyped-decorator] # as above
    def _encoder_logits(self, texts: tf.Tensor) -> tf.Tensor:
        """(texts,) strings to (texts, outputs); a few texts at once, those of like length together."""
        ids = self.reader(texts)
        rows, outputs = tf.shape(texts)[0], self.head.dense.units
        order = tf.argsort(ids.row_lengths(), stable=True)
        steps = (rows + TEXTS_AT_ONCE - 1) // TEXTS_AT_ONCE
        found = tf.TensorArray(tf.float32, steps, infer_shape=False, element_shape=[None, outputs])

        def step(number: tf.Tensor, found: tf.TensorArray) -> tuple[tf.Tensor, tf.TensorArray]:
            chosen = order[number * TEXTS_AT_ONCE : (number + 1) * TEXTS_AT_ONCE]
            batch = tf.gather(ids, chosen).to_tensor(default_value=self.reader.pieces.padding)
            return number + 1, found.write(number, self.head(batch, training=False))

        _, found = tf.while_loop(lambda number, _: number < steps, step, (0, found), parallel_iterations=1)
        in_order = tf.ensure_shape(found.concat(), [None, outputs])
        return tf.gather(in_order, tf.argsort(order))

    def _n_gram_logits(self, texts: tf.Tensor, n_grams: ServedClassifier) -> tf.Tensor:
        probabilities = tf.clip_by_value(n_grams(texts)["probabilities"], _SMALLEST, 1 - _SMALLEST)
        log = tf.math.log(probabilities)
        return log if self.one_is_right else log - tf.math.log1p(-probabilities)

    def encoder_logits(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """What the encoder says of many texts, before it is weighed: (texts, outputs)."""
        return _of_all(self._encoder_logits, texts)

    def n_gram_logits(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """What the n-gram model says of them; raises ValueError when there is none."""
        n_grams = self.n_grams
        if n_grams is None:
            raise ValueError("this model has no n-grams")
        return _of_all(lambda batch: self._n_gram_logits(batch, n_grams), texts)

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """What would be served for many texts: (texts, outputs)."""
        return _of_all(lambda batch: self(batch)["probabilities"], texts)


def _of_all(ask: Callable[[tf.Tensor], tf.Tensor], texts: Sequence[str]) -> NDArray[np.float64]:
    batches = [tf.constant(texts[start : start + TEXTS_ASKED]) for start in range(0, len(texts), TEXTS_ASKED)]
    answers: NDArray[np.float32] = np.concatenate([ask(batch).numpy() for batch in batches])
    return answers.astype(np.float64)
