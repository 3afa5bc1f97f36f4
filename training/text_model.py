"""The text classifier as Keras trains it and as it is served: untrained, fitted, and answering raw texts."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import keras
import numpy as np
import tensorflow as tf

from training.model_checks import loss_falls
from training.naive_bayes import NaiveBayesBag, label_weights, log_count_ratios
from training.text_features import FIRST_FEATURE, TextFeatures, build_vocabulary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from steps.model_checks import ModelCheck
    from training.hyperparameters import Hyperparameters

    Loss = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
    Rows = tuple[Iterable[str], NDArray[np.float32]]

logger = logging.getLogger("training")

# Training rows, the first ones, on which the loss is looked at before and after.
LOSS_ROWS = 2048


@dataclass(frozen=True)
class Fitted:
    """What fitting took: Keras' numbers of each epoch, and whether the loss fell, the penalty with it."""

    history: dict[str, list[float]]
    loss: ModelCheck


class ServedClassifier(tf.Module):  # type: ignore[misc] # tensorflow is published without types
    """What is served: raw texts in, probabilities out."""

    def __init__(self, features: TextFeatures, bag: NaiveBayesBag) -> None:
        super().__init__()
        self.features = features
        self.bag = bag

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="instances")])  # type: ignore[untyped-decorator]
    def __call__(self, instances: tf.Tensor) -> dict[str, tf.Tensor]:
        """(texts,) strings to (texts, classes)."""
        return {"probabilities": self.bag(self.features(instances))}

    def probabilities(self, texts: Sequence[str], batch_size: int = 256) -> NDArray[np.float64]:
        """What would be served for many texts: (texts, classes)."""
        batches = [tf.constant(texts[start : start + batch_size]) for start in range(0, len(texts), batch_size)]
        answers: NDArray[np.float32] = np.concatenate([self(batch)["probabilities"].numpy() for batch in batches])
        return answers.astype(np.float64)


def _batches(ids: tf.RaggedTensor, targets: NDArray[np.float32], size: int, seed: int | None) -> tf.data.Dataset:
    """Padded batches, in an order that the seed gives anew each epoch, or as they stand; only row numbers are moved."""
    rows = tf.data.Dataset.range(len(targets))
    if seed is not None:
        rows = rows.shuffle(len(targets), seed=seed)
    # On the way to a row's numbers, the whole is neither copied nor sliced.
    return (
        rows.batch(size)
        .map(lambda chosen: (tf.gather(ids, chosen).to_tensor(), tf.gather(targets, chosen)))
        .prefetch(1)
    )


def cross_entropy(one_is_right: bool, shares: NDArray[np.float64], balance: float) -> Loss:
    """Mean loss of a row: of the right class, or of all labels with rare sides weighed as `balance` says."""
    if one_is_right:
        return keras.losses.categorical_crossentropy  # type: ignore[no-any-return] # keras has no types
    with_it, without_it = label_weights(shares, balance)

    def weighted(targets: tf.Tensor, probabilities: tf.Tensor) -> tf.Tensor:
        safe = tf.clip_by_value(probabilities, keras.config.epsilon(), 1 - keras.config.epsilon())
        losses = -(with_it * targets * tf.math.log(safe) + without_it * (1 - targets) * tf.math.log(1 - safe))
        return tf.reduce_mean(losses, axis=1)

    return weighted


class _Progress(keras.callbacks.Callback):  # type: ignore[misc] # keras is published without types
    """One line an epoch."""

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        values = " ".join(f"{name}={value:.4f}" for name, value in (logs or {}).items())
        logger.info("epoch %d/%d %s", epoch + 1, self.params["epochs"], values)


def untrained(
    texts: Iterable[str], targets: NDArray[np.float32], *, one_is_right: bool, hp: Hyperparameters
) -> tuple[ServedClassifier, tf.RaggedTensor]:
    """The model that naive Bayes alone gives, and its features of the rows.

    texts: gone through twice;  targets: (texts, outputs), 1 where the class or label is right
    one_is_right: of classes, not of labels
    """
    keras.utils.set_random_seed(hp.seed)
    tf.config.experimental.enable_op_determinism()
    vocabulary = build_vocabulary(
        texts,
        stem_characters=hp.stem_characters,
        characters=hp.characters,
        min_texts=hp.min_texts,
        max_features=hp.max_features,
    )
    logger.info("%d training rows, %d features", len(targets), len(vocabulary))
    features = TextFeatures(vocabulary, hp.stem_characters, hp.characters)
    ids = features.of_all(texts)
    ratios = log_count_ratios(ids, targets, n_ids=FIRST_FEATURE + len(vocabulary), smoothing=hp.smoothing)
    shares = targets.mean(axis=0, dtype=np.float64)
    # Keras' L2 is l2 * sum(x^2); half of it, as usual, and for the mean loss of a row.
    bag = NaiveBayesBag(
        ratios, shares, one_is_right=one_is_right, first_factor=hp.first_factor, l2=hp.l2 / (2 * len(targets))
    )
    return ServedClassifier(features, bag), ids


def fit(
    served: ServedClassifier,
    ids: tf.RaggedTensor,
    targets: NDArray[np.float32],
    validation: Rows,
    *,
    hp: Hyperparameters,
) -> Fitted:
    """Fit on the training rows, stop by the validation rows, keep the best epoch; returns what it took."""
    bag, one_is_right = served.bag, served.bag.one_is_right
    inputs = keras.Input((None,), dtype="int32")
    model = keras.Model(inputs, bag(inputs))
    loss = cross_entropy(one_is_right, targets.mean(axis=0, dtype=np.float64), hp.balance)
    # Kept apart from the loss, which holds the penalty too.
    metrics = [
        keras.metrics.MeanMetricWrapper(loss, name="cross_entropy"),
        (keras.metrics.CategoricalAccuracy if one_is_right else keras.metrics.BinaryAccuracy)(name="accuracy"),
    ]
    model.compile(keras.optimizers.Adam(hp.learning_rate), loss, metrics=metrics)
    stop = keras.callbacks.EarlyStopping(
        "val_cross_entropy", mode="min", patience=hp.patience, restore_best_weights=True
    )
    some = _batches(ids[:LOSS_ROWS], targets[:LOSS_ROWS], hp.batch_size, None)
    before = float(model.evaluate(some, verbose=0, return_dict=True)["loss"])
    history: dict[str, list[float]] = model.fit(
        _batches(ids, targets, hp.batch_size, hp.seed),
        validation_data=_batches(served.features.of_all(validation[0]), validation[1], hp.batch_size, None),
        epochs=hp.epochs,
        callbacks=[stop, _Progress()],
        verbose=0,
        shuffle=False,  # the dataset is shuffled already
    ).history
    after = float(model.evaluate(some, verbose=0, return_dict=True)["loss"])
    return Fitted(history, loss_falls(before, after, min(LOSS_ROWS, len(targets))))
