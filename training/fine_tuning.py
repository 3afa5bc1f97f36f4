"""Fine-tuning: the frozen encoder's features first, then the encoder itself, then the weight of the n-gram model.

The dense layer starts from what the frozen features give, so that the first steps do not spoil the encoder.
Source: Kumar et al., "Fine-Tuning can Distort Pretrained Features", ICLR 2022 (first the layer, then the rest).
"""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING

import keras
import numpy as np
import tensorflow as tf
from scipy import optimize

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from training.transformer_hyperparameters import TransformerHyperparameters
    from training.transformer_model import Head

    Ids = Sequence[NDArray[np.int32]]
    Part = tuple[Ids, NDArray[np.float32]]

logger = logging.getLogger("training")

# Batches whose texts are put in order of length together, before they are shuffled again.
BATCHES_IN_ORDER = 16
# Lines of progress an epoch.
LINES = 10
_FROZEN_STEPS = 400
_FROZEN_RATE = 0.02
# As scikit-learn's logistic regression has it by default, shared out over the rows.
_FROZEN_L2 = 0.5


class Batches:
    """Texts of like length together, in another order each time they are gone through when shuffled."""

    def __init__(self, ids: Ids, targets: NDArray[np.float32], batch_size: int, padding: int, seed: int | None) -> None:
        """Take rows; without a seed they are not shuffled."""
        self._ids, self._targets = ids, targets
        self._size, self._padding = batch_size, padding
        self._lengths = np.array([len(row) for row in ids])
        self._chance = None if seed is None else np.random.default_rng(seed)

    def __len__(self) -> int:
        return len(self._ids)

    @property
    def steps(self) -> int:
        """Batches of an epoch; those of a window are full but for the last window's last."""
        return math.ceil(len(self._ids) / self._size)

    def dataset(self) -> tf.data.Dataset:
        """An epoch of (ids, targets); iterated again, it is in another order."""
        signature = (tf.TensorSpec([None, None], tf.int32), tf.TensorSpec([None, self._targets.shape[1]], tf.float32))
        made = tf.data.Dataset.from_generator(
            lambda: ((self.padded(rows), self._targets[rows]) for rows in self.in_order()), output_signature=signature
        )
        return made.apply(tf.data.experimental.assert_cardinality(self.steps)).prefetch(1)

    def padded(self, rows: NDArray[np.int64]) -> NDArray[np.int32]:
        """Ids of some texts as one array: (texts, longest)."""
        padded = np.full((len(rows), self._lengths[rows].max()), self._padding, np.int32)
        for place, row in enumerate(rows):
            padded[place, : self._lengths[row]] = self._ids[row]
        return padded

    def in_order(self) -> list[NDArray[np.int64]]:
        """Numbers of the rows of each batch, for one epoch."""
        count = len(self._ids)
        rows = np.arange(count) if self._chance is None else self._chance.permutation(count)
        window = count if self._chance is None else self._size * BATCHES_IN_ORDER
        batches = []
        for start in range(0, count, window):
            near = rows[start : start + window]
            near = near[np.argsort(self._lengths[near], kind="stable")]
            batches += [near[first : first + self._size] for first in range(0, len(near), self._size)]
        return batches if self._chance is None else [batches[n] for n in self._chance.permutation(len(batches))]


class _Progress(keras.callbacks.Callback):  # type: ignore[misc] # as above
    """A few lines an epoch: one of them takes minutes."""

    def __init__(self, epochs: int) -> None:
        super().__init__()
        self._epoch, self._epochs = 0, epochs

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002 - Keras's signature
        self._epoch = epoch + 1

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        steps = self.params["steps"]
        if (batch + 1) % math.ceil(steps / LINES) == 0:
            loss = (logs or {}).get("loss", math.nan)
            logger.info("epoch %d/%d step %d/%d loss=%.4f", self._epoch, self._epochs, batch + 1, steps, loss)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        values = " ".join(f"{name}={value:.4f}" for name, value in (logs or {}).items())
        logger.info("epoch %d/%d %s", epoch + 1, self._epochs, values)


def loss_of(one_is_right: bool, label_smoothing: float = 0.0) -> keras.losses.Loss:
    """Cross-entropy of logits: of classes, or of labels each for itself."""
    kind = keras.losses.CategoricalCrossentropy if one_is_right else keras.losses.BinaryCrossentropy
    return kind(from_logits=True, label_smoothing=label_smoothing)


def means(head: Head, batches: Batches) -> NDArray[np.float32]:
    """The encoder's mean vector of each text, in the order of the rows: (texts, width)."""
    mean = tf.function(head.encoder.mean, input_signature=[tf.TensorSpec([None, None], tf.int32)])
    found = np.zeros((len(batches), head.encoder.config.hidden_size), np.float32)
    for rows in batches.in_order():
        found[rows] = mean(tf.constant(batches.padded(rows))).numpy()
    return found


def fit_dense(head: Head, features: NDArray[np.float32], targets: NDArray[np.float32], *, one_is_right: bool) -> None:
    """Fit the dense layer alone, upon features that do not change."""
    loss, optimizer = loss_of(one_is_right), keras.optimizers.Adam(_FROZEN_RATE)
    layer, inputs, wanted = head.dense, tf.constant(features), tf.constant(targets)
    if not layer.built:
        layer.build(features.shape)
    optimizer.build(layer.trainable_variables)

    @tf.function  # type: ignore[untyped-decorator] # tensorflow is published without types
    def step() -> None:
        with tf.GradientTape() as tape:
            value = loss(wanted, layer(inputs)) + _FROZEN_L2 / len(features) * tf.reduce_sum(layer.kernel**2)
        variables = layer.trainable_variables
        optimizer.apply(tape.gradient(value, variables), variables)

    for _ in range(_FROZEN_STEPS):
        step()


def fine_tune(
    head: Head, training: Part, validation: Part, *, one_is_right: bool, hp: TransformerHyperparameters, padding: int
) -> dict[str, list[float]]:
    """Train the last layers and the dense layer; keeps the weights of the best epoch and returns the history."""
    batches = Batches(*training, hp.batch_size, padding, hp.seed)
    held_out = Batches(*validation, hp.batch_size, padding, None)
    steps = batches.steps * hp.epochs
    rate = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0,
        decay_steps=max(1, steps - math.ceil(steps * hp.warm_up)),
        warmup_target=hp.learning_rate,
        warmup_steps=math.ceil(steps * hp.warm_up),
    )
    optimizer = keras.optimizers.AdamW(rate, weight_decay=hp.weight_decay, global_clipnorm=1.0)
    optimizer.exclude_from_weight_decay(var_names=["bias", "beta", "gamma"])
    # A model around the layer, so that what the optimizer remembers is not saved with the layer.
    inputs = keras.Input((None,), dtype="int32")
    model = keras.Model(inputs, head(inputs))
    # Kept apart from the loss, in which the answers are smoothed.
    metrics = [
        (keras.metrics.CategoricalCrossentropy if one_is_right else keras.metrics.BinaryCrossentropy)(
            name="cross_entropy", from_logits=True
        ),
        keras.metrics.CategoricalAccuracy("accuracy")
        if one_is_right
        else keras.metrics.BinaryAccuracy("accuracy", threshold=0.0),
    ]
    model.compile(optimizer, loss_of(one_is_right, hp.label_smoothing), metrics=metrics)
    stop = keras.callbacks.EarlyStopping(
        "val_cross_entropy", mode="min", patience=hp.patience, restore_best_weights=True
    )
    history: dict[str, list[float]] = model.fit(
        batches.dataset(),
        validation_data=held_out.dataset(),
        epochs=hp.epochs,
        callbacks=[stop, _Progress(hp.epochs)],
        verbose=0,
        shuffle=False,  # the batches are in order of length and shuffled already
    ).history
    return history


def cross_entropy(logits: NDArray[np.float64], targets: NDArray[np.float32], *, one_is_right: bool) -> float:
    """Mean of the rows' losses (classes), or of all labels of all rows."""
    if one_is_right:
        return float(np.mean(np.logaddexp.reduce(logits, axis=1) - (logits * targets).sum(axis=1)))
    return float(np.mean(np.logaddexp(0, logits) - logits * targets))


def best_shares(
    encoder: NDArray[np.float64], n_grams: NDArray[np.float64], targets: NDArray[np.float32], *, one_is_right: bool
) -> tuple[float, float]:
    """What to multiply both models' logits by, so that their sum has the least loss on rows neither was trained on."""

    def loss(shares: NDArray[np.float64]) -> float:
        return cross_entropy(shares[0] * encoder + shares[1] * n_grams, targets, one_is_right=one_is_right)

    found = optimize.minimize(loss, x0=[0.5, 0.5], method="L-BFGS-B", bounds=[(0.0, 10.0)] * 2)
    return float(found.x[0]), float(found.x[1])
