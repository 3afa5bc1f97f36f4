"""A BERT encoder in TensorFlow, and how its published weights are read.

A folder of weights holds config.json, model.safetensors and vocab.txt, as the Hugging Face hub publishes them; nothing
of it is executed, and a tensor that is missing or has another shape is an error that names it.

Source: Devlin et al., "BERT", NAACL 2019; Wang et al., "MiniLM", NeurIPS 2020 for the weights that the recipe takes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf
from safetensors import SafetensorError, safe_open

if TYPE_CHECKING:
    from numpy.typing import NDArray

CONFIG, WEIGHTS, VOCABULARY, TOKENIZER = "config.json", "model.safetensors", "vocab.txt", "tokenizer.json"
# Added to the attention of padding; far below any score, and still finite in single precision.
_MASKED = -1e9


class WeightsError(ValueError):
    """A folder of weights cannot be used; the message names the file and what is wrong with it."""


@dataclass(frozen=True)
class BertConfig:
    """Sizes of an encoder, as its config.json gives them."""

    vocab_size: int
    hidden_size: int
    num_hidden_layers: int
    num_attention_heads: int
    intermediate_size: int
    max_position_embeddings: int
    layer_norm_eps: float

    @classmethod
    def read(cls, folder: Path) -> BertConfig:
        """The folder's config.json; raises WeightsError when it is none of a BERT encoder."""
        document = _json(folder / CONFIG)
        wanted = {"model_type": "bert", "hidden_act": "gelu", "position_embedding_type": "absolute"}
        for name, value in wanted.items():
            if document.get(name, value if name == "position_embedding_type" else None) != value:
                raise WeightsError(f"{CONFIG}: {name} is {document.get(name)!r}, but only {value!r} can be used")
        missing = [name for name in cls.__annotations__ if not isinstance(document.get(name), int | float)]
        if missing:
            raise WeightsError(f"{CONFIG} lacks {', '.join(missing)}")
        config = cls(**{name: document[name] for name in cls.__annotations__})
        if config.hidden_size % config.num_attention_heads:
            raise WeightsError(f"{CONFIG}: hidden_size is no multiple of num_attention_heads")
        return config


class BertLayer(keras.layers.Layer):  # type: ignore[misc] # keras is published without types
    """Attention and two dense layers, each added to its input and normalised."""

    def __init__(self, config: BertConfig, dropout: float, name: str) -> None:
        super().__init__(name=name)
        width = config.hidden_size
        self.heads = config.num_attention_heads
        self.query_key_value = keras.layers.Dense(3 * width, name="query_key_value")
        self.attended = keras.layers.Dense(width, name="attended")
        self.attention_norm = keras.layers.LayerNormalization(epsilon=config.layer_norm_eps, name="attention_norm")
        self.inner = keras.layers.Dense(config.intermediate_size, name="inner")
        self.outer = keras.layers.Dense(width, name="outer")
        self.output_norm = keras.layers.LayerNormalization(epsilon=config.layer_norm_eps, name="output_norm")
        self.dropout = keras.layers.Dropout(dropout)

    def call(self, states: tf.Tensor, penalty: tf.Tensor, training: bool = False) -> tf.Tensor:
        """(texts, pieces, width) to the same; penalty: (texts, 1, 1, pieces), added to the attention to each piece."""
        attended = self.attended(self._attend(states, penalty))
        states = self.attention_norm(states + self.dropout(attended, training=training))
        inner = tf.nn.gelu(self.inner(states), approximate=False)
        return self.output_norm(states + self.dropout(self.outer(inner), training=training))

    def _attend(self, states: tf.Tensor, penalty: tf.Tensor) -> tf.Tensor:
        shape = tf.shape(states)
        width = states.shape[-1]
        split = tf.reshape(self.query_key_value(states), [shape[0], shape[1], 3, self.heads, width // self.heads])
        query, key, value = tf.unstack(tf.transpose(split, [2, 0, 3, 1, 4]), num=3)
        scores = tf.matmul(query, key, transpose_b=True) * (width // self.heads) ** -0.5
        mixed = tf.matmul(tf.nn.softmax(scores + penalty), value)
        return tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), shape)


class BertEncoder(keras.layers.Layer):  # type: ignore[misc] # as above
    """Ids of pieces to a vector a piece, and to their mean."""

    def __init__(self, config: BertConfig, *, dropout: float = 0.0, padding: int = 0) -> None:
        super().__init__(name="bert")
        self.config = config
        self.padding = padding
        width = config.hidden_size
        self.words = keras.layers.Embedding(config.vocab_size, width, name="words")
        # The vector of the first of two texts, which here is the only one, is added to each position's.
        self.positions = self.add_weight(shape=(config.max_position_embeddings, width), name="positions")
        self.norm = keras.layers.LayerNormalization(epsilon=config.layer_norm_eps, name="norm")
        self.dropout = keras.layers.Dropout(dropout)
        self.blocks = [BertLayer(config, dropout, f"layer_{number}") for number in range(config.num_hidden_layers)]

    def call(self, ids: tf.Tensor, training: bool = False) -> tf.Tensor:
        """(texts, pieces) int32 to (texts, pieces, width)."""
        states = self.norm(self.words(ids) + self.positions[: tf.shape(ids)[1]])
        states = self.dropout(states, training=training)
        penalty = tf.where(ids == self.padding, _MASKED, 0.0)[:, tf.newaxis, tf.newaxis]
        for block in self.blocks:
            states = block(states, penalty, training=training)
        return states

    def mean(self, ids: tf.Tensor, *, training: bool = False) -> tf.Tensor:
        """Mean vector of each text's pieces, special ones included: (texts, pieces) to (texts, width)."""
        held = tf.cast(ids != self.padding, tf.float32)[..., tf.newaxis]
        total = tf.reduce_sum(self(ids, training=training) * held, axis=1)
        return total / tf.maximum(tf.reduce_sum(held, axis=1), 1.0)

    def train_last(self, layers: int) -> None:
        """Only the last so many layers are trained; embeddings never are, nor the layers before."""
        self.words.trainable = self.norm.trainable = False
        self.positions.trainable = False
        for number, block in enumerate(self.blocks):
            block.trainable = number >= len(self.blocks) - layers


def read_vocabulary(folder: Path) -> list[str]:
    """Pieces in the order of their ids: the lines of vocab.txt, or what tokenizer.json says.

    Raises WeightsError when there is neither, or tokenizer.json is none of WordPiece.
    """
    file = folder / VOCABULARY
    if not file.is_file():
        return _vocabulary_of_tokenizer(folder / TOKENIZER)
    try:
        lines = file.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise WeightsError(f"{VOCABULARY} cannot be read: {error}") from error
    return [line.rstrip("\r") for line in (lines[:-1] if lines[-1] == "" else lines)]


def _vocabulary_of_tokenizer(file: Path) -> list[str]:
    if not file.is_file():
        raise WeightsError(f"there is neither {VOCABULARY} nor {TOKENIZER}; one of them must hold the vocabulary")
    model = _json(file).get("model")
    if not isinstance(model, dict) or model.get("type") != "WordPiece" or not isinstance(model.get("vocab"), dict):
        raise WeightsError(f"{TOKENIZER} is of another kind than WordPiece, which is all that can be used")
    ids: dict[str, int] = model["vocab"]
    if sorted(ids.values()) != list(range(len(ids))):
        raise WeightsError(f"{TOKENIZER}: the pieces are not numbered from 0 on without gaps")
    return sorted(ids, key=lambda piece: ids[piece])


def is_lowercase(folder: Path) -> bool:
    """Whether the pieces were made of lower-cased text; yes, unless tokenizer_config.json says no."""
    file = folder / "tokenizer_config.json"
    return bool(_json(file).get("do_lower_case", True)) if file.is_file() else True


def load_encoder(folder: Path, *, dropout: float = 0.0, padding: int = 0) -> BertEncoder:
    """The encoder with its published weights; raises WeightsError."""
    config = BertConfig.read(folder)
    encoder = BertEncoder(config, dropout=dropout, padding=padding)
    encoder(tf.zeros([1, 1], tf.int32))
    tensors = _Tensors(folder / WEIGHTS)
    width, inner = config.hidden_size, config.intermediate_size
    encoder.words.embeddings.assign(tensors.take("embeddings.word_embeddings.weight", (config.vocab_size, width)))
    positions = tensors.take("embeddings.position_embeddings.weight", (config.max_position_embeddings, width))
    encoder.positions.assign(positions + tensors.take("embeddings.token_type_embeddings.weight", (None, width))[0])
    tensors.normalise(encoder.norm, "embeddings.LayerNorm", width)
    for number, block in enumerate(encoder.blocks):
        where = f"encoder.layer.{number}"
        kinds = [f"{where}.attention.self.{kind}" for kind in ("query", "key", "value")]
        kernels = [tensors.take(f"{kind}.weight", (width, width)).T for kind in kinds]
        biases = [tensors.take(f"{kind}.bias", (width,)) for kind in kinds]
        block.query_key_value.set_weights([np.concatenate(kernels, axis=1), np.concatenate(biases)])
        tensors.dense(block.attended, f"{where}.attention.output.dense", (width, width))
        tensors.normalise(block.attention_norm, f"{where}.attention.output.LayerNorm", width)
        tensors.dense(block.inner, f"{where}.intermediate.dense", (inner, width))
        tensors.dense(block.outer, f"{where}.output.dense", (width, inner))
        tensors.normalise(block.output_norm, f"{where}.output.LayerNorm", width)
    return encoder


class _Tensors:
    """The tensors of a safetensors file, each looked at once."""

    def __init__(self, file: Path) -> None:
        try:
            with safe_open(file, framework="np") as stored:
                self._all: dict[str, NDArray[Any]] = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118 - it is no dict
        except (OSError, SafetensorError, TypeError) as error:
            raise WeightsError(f"{file.name} cannot be read: {error}") from error
        # A file of a whole model calls the encoder's tensors bert.….
        self._prefix = "bert." if any(name.startswith("bert.") for name in self._all) else ""

    def take(self, name: str, shape: tuple[int | None, ...]) -> NDArray[np.float32]:
        """One tensor; None in the shape stands for any size."""
        tensor = self._all.get(self._prefix + name)
        if tensor is None:
            raise WeightsError(f"{WEIGHTS} lacks the tensor {self._prefix}{name}")
        if len(tensor.shape) != len(shape) or any(w not in (None, s) for w, s in zip(shape, tensor.shape, strict=True)):
            raise WeightsError(f"{WEIGHTS}: {name} has the shape {tensor.shape}, but {CONFIG} asks for {shape}")
        return tensor.astype(np.float32)

    def dense(self, layer: Any, name: str, shape: tuple[int, int]) -> None:  # noqa: ANN401 - keras has no types
        """Fill a dense layer; published kernels are (outputs, inputs)."""
        layer.set_weights([self.take(f"{name}.weight", shape).T, self.take(f"{name}.bias", shape[:1])])

    def normalise(self, layer: Any, name: str, width: int) -> None:  # noqa: ANN401 - as above
        """Fill a normalisation."""
        layer.set_weights([self.take(f"{name}.weight", (width,)), self.take(f"{name}.bias", (width,))])


def _json(file: Path) -> dict[str, Any]:
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise WeightsError(f"{file.name} cannot be read: {error}") from error
    if not isinstance(document, dict):
        raise WeightsError(f"{file.name} holds no keys and values")
    return document
