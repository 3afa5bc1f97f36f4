"""What the pretrained encoder with its new head must show before it is fine-tuned on all rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras
import numpy as np
import tensorflow as tf

from training.fine_tuning import Batches, fit_dense, loss_of, means
from training.model_checks import OVERFIT_SHARE, choose_texts, cross_entropy, guess_loss, judge_rehearsal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from steps.model_checks import ModelCheck
    from training.transformer_model import Head, Reader

# A few rows, and the beginning of each: one step of the encoder costs as much as thousands of the n-grams'.
_ROWS = 16
_TOKENS = 48
# Steps and learning rates, the gentle ones of fine-tuning first: a small encoder needs more, a large one spoils by it.
_STEPS = ((20, 5e-5), (300, 1e-3))


def rehearse(
    make: Callable[[], tuple[Head, Reader]],
    texts: Iterable[str],
    targets: NDArray[np.float32],
    *,
    task: str,
    seed: int,
) -> list[ModelCheck]:
    """Build, train and train again on one batch; raises ModelCheckError when a check fails.

    make: an untrained head upon the pretrained encoder, and the reader of its texts
    texts: gone through until the batch is full;  targets: (texts, outputs), 1 where the class or label is right
    """
    chosen, wanted = choose_texts(texts, targets, _ROWS)
    one_is_right = task != "multi_label"
    guess = guess_loss(wanted, one_is_right=one_is_right)
    answers: list[NDArray[np.float64]] = []
    for _ in range(2):
        keras.utils.set_random_seed(seed)
        head, reader = make()
        ids = [row[:_TOKENS] for row in reader.of_all(chosen)]
        batch = Batches(ids, wanted, len(ids), reader.pieces.padding, None)
        padded = tf.constant(batch.padded(np.arange(len(ids))))
        answers.append(_probabilities(head, padded, one_is_right))
        # As in training: the layer upon the frozen encoder first, then both.
        fit_dense(head, means(head, batch), wanted, one_is_right=one_is_right)
        rows, enough = (padded, tf.constant(wanted)), OVERFIT_SHARE / 2 * guess
        for steps, rate in _STEPS:
            if _learn(head, *rows, steps=steps, rate=rate, enough=enough, one_is_right=one_is_right):
                break
        answers.append(_probabilities(head, padded, one_is_right))
    before, first, _, second = answers
    return judge_rehearsal(
        before,
        (first, second),
        rows=len(chosen),
        loss=cross_entropy(first, wanted, one_is_right=one_is_right),
        guess=guess,
        n_outputs=targets.shape[1],
        task=task,
    )


def _probabilities(head: Head, ids: tf.Tensor, one_is_right: bool) -> NDArray[np.float64]:
    """What it answers, without dropout: (texts, outputs)."""
    squash = tf.nn.softmax if one_is_right else tf.sigmoid
    answered: NDArray[np.float32] = squash(head(ids, training=False)).numpy()
    return answered.astype(np.float64)


def _learn(
    head: Head, ids: tf.Tensor, targets: tf.Tensor, *, steps: int, rate: float, enough: float, one_is_right: bool
) -> bool:
    """At most so many steps on these rows; whether the loss came down to `enough`.

    Without dropout, which is there to prevent just that.
    """
    loss, optimizer = loss_of(one_is_right), keras.optimizers.Adam(rate)
    variables = head.trainable_variables
    optimizer.build(variables)

    @tf.function  # type: ignore[untyped-decorator] # tensorflow is published without types
    def step() -> tf.Tensor:
        with tf.GradientTape() as tape:
            value = loss(targets, head(ids, training=False))
        optimizer.apply(tape.gradient(value, variables), variables)
        return value

    return any(float(step()) <= enough for _ in range(steps))
