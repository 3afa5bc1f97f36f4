"""The classifier: a linear model over a text's features, each scaled by its naive Bayes log-count ratio.

Source: Wang and Manning, "Baselines and Bigrams", ACL 2012 (NBSVM), with logistic loss, one ratio a class
against the rest, and each text's scaled features brought to length 1 so that long and short texts weigh alike.
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
    ids: tf.RaggedTensor, labels: NDArray[np.int64], *, n_ids: int, n_classes: int, smoothing: float
) -> NDArray[np.float32]:
    """How much more often a feature occurs in a class than in the rest, as a logarithm; 0 says nothing.

    ids: (texts, features), each id once a text;  labels: (texts,) class numbers;  smoothing: added to each count
    Returns shape (n_ids, n_classes); padding and unknown features are 0.
    """
    counts = np.zeros((n_ids, n_classes))
    np.add.at(counts, (ids.flat_values.numpy(), np.repeat(labels, ids.row_lengths().numpy())), 1)
    inside = counts[FIRST_FEATURE:]
    outside = inside.sum(axis=1, keepdims=True) - inside
    ratios = np.zeros((n_ids, n_classes), dtype=np.float32)
    ratios[FIRST_FEATURE:] = np.log(_shares(inside + smoothing) / _shares(outside + smoothing))
    return ratios


def _shares(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    shares: NDArray[np.float64] = counts / counts.sum(axis=0)
    return shares


class NaiveBayesBag(keras.layers.Layer):  # type: ignore[misc] # keras is published without types
    """Class probabilities of texts given as padded feature ids."""

    def __init__(
        self, ratios: NDArray[np.float32], class_shares: NDArray[np.float64], *, first_factor: float, l2: float
    ) -> None:
        """Start from naive Bayes.

        ratios: (n_ids, n_classes), from log_count_ratios;  class_shares: (n_classes,), each above 0
        first_factor: what every ratio is multiplied by before training;  l2: penalty on each squared factor
        """
        super().__init__(name="naive_bayes_bag")
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
        self.bias = self.add_weight(shape=class_shares.shape, initializer=keras.initializers.Zeros(), name="bias")
        self.bias.assign(np.log(class_shares))

    def call(self, ids: tf.Tensor) -> tf.Tensor:
        """(texts, features) ids to (texts, classes) probabilities; unknown features add nothing."""
        ratios = tf.gather(self.ratios, ids)  # (texts, features, classes); padding is 0 and adds nothing
        scores = tf.reduce_sum(ratios * tf.gather(self.factors, ids), axis=1)
        lengths = tf.sqrt(tf.reduce_sum(ratios**2, axis=1))
        return tf.nn.softmax(tf.math.divide_no_nan(scores, lengths) + self.bias)
