"""The classifier: a linear model over a text's features, each scaled by its naive Bayes log-count ratio.

Source: Wang and Manning, "Baselines and Bigrams", ACL 2012 (NBSVM), with logistic loss, one ratio a class or label
against the rest, and each text's scaled features brought to length 1 so that long and short texts weigh alike.
Of classes one is right (softmax); of labels each is right or wrong for itself (sigmoid).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras
import numpy as np
import tensorflow as tf

from training.text_features import FIRST_FEATURE

if TYPE_CHECKING:
    from numpy.typing import NDArray


def log_count_ratios(
    ids: tf.RaggedTensor, targets: NDArray[np.float32], *, n_ids: int, smoothing: float
) -> NDArray[np.float32]:
    """How much more often a feature occurs with a class or label than without, as a logarithm; 0 says nothing.

    ids: (texts, features), each id once a text;  targets: (texts, outputs), 1 where the class or label is right
    smoothing: added to each count
    Returns shape (n_ids, outputs); padding and unknown features are 0.
    """
    flat, lengths = ids.flat_values.numpy(), ids.row_lengths().numpy()
    total = np.bincount(flat, minlength=n_ids)[FIRST_FEATURE:]
    ratios = np.zeros((n_ids, targets.shape[1]), dtype=np.float32)
    for output, right in enumerate(targets.T):
        inside = np.bincount(flat, weights=np.repeat(right, lengths), minlength=n_ids)[FIRST_FEATURE:]
        ratios[FIRST_FEATURE:, output] = np.log(_shares(inside + smoothing) / _shares(total - inside + smoothing))
    return ratios


def _shares(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    shares: NDArray[np.float64] = counts / counts.sum()
    return shares


class NaiveBayesBag(keras.layers.Layer):  # type: ignore[misc] # keras is published without types
    """Probabilities of texts given as padded feature ids."""

    def __init__(
        self,
        ratios: NDArray[np.float32],
        shares: NDArray[np.float64],
        *,
        one_is_right: bool,
        first_factor: float,
        l2: float,
    ) -> None:
        """Start from naive Bayes.

        ratios: (n_ids, outputs), from log_count_ratios;  shares: (outputs,), of the rows, each above 0 and below 1
        one_is_right: of classes, whose probabilities add up to 1; else each output is a label's own
        first_factor: what every ratio is multiplied by before training;  l2: penalty on each squared factor
        """
        super().__init__(name="naive_bayes_bag")
        self.one_is_right = one_is_right
        self.ratios = self.add_weight(
            shape=ratios.shape, initializer=keras.initializers.Zeros(), trainable=False, name="ratios"
        )
        self.ratios.assign(ratios)
        self.factors = self.add_weight(
            shape=ratios.shape,
            initializer=keras.initializers.Constant(first_factor),
            regularizer=keras.regularizers.L2(l2),
            name="factors",
        )
        self.bias = self.add_weight(shape=shares.shape, initializer=keras.initializers.Zeros(), name="bias")
        self.bias.assign(np.log(shares) if one_is_right else np.log(shares / (1 - shares)))

    def call(self, ids: tf.Tensor) -> tf.Tensor:
        """(texts, features) ids to (texts, outputs) probabilities; unknown features add nothing."""
        ratios = tf.gather(self.ratios, ids)  # (texts, features, outputs); padding is 0 and adds nothing
        scores = tf.reduce_sum(ratios * tf.gather(self.factors, ids), axis=1)
        lengths = tf.sqrt(tf.reduce_sum(ratios**2, axis=1))
        logits = tf.math.divide_no_nan(scores, lengths) + self.bias
        return tf.nn.softmax(logits) if self.one_is_right else tf.sigmoid(logits)


def label_weights(shares: NDArray[np.float64], balance: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What a row counts in the loss of each label, by whether it has the label: (with it, without it).

    shares: (labels,), of the rows that have the label
    balance: 0 gives 1 and 1; 1 gives both sides half of the loss; between, a geometric mean of the two
    The mean weight of all rows is 1, so that labels weigh alike.
    """
    rare, frequent = (0.5 / shares) ** balance, (0.5 / (1 - shares)) ** balance
    mean = shares * rare + (1 - shares) * frequent
    return (rare / mean).astype(np.float32), (frequent / mean).astype(np.float32)
