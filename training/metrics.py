"""Metrics of a classifier's probabilities, by scikit-learn's own functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn import metrics

if TYPE_CHECKING:
    from numpy.typing import NDArray


def classification_metrics(probabilities: NDArray[np.float64], labels: NDArray[np.int64]) -> dict[str, float]:
    """Every metric that a recipe may gate on, by its name there.

    probabilities: (rows, classes), rows sum to about 1;  labels: (rows,) class numbers, each class at least once
    With two classes f1 and roc_auc are those of the second class; with more they are unweighted means over the
    classes, roc_auc each class against the rest.
    Raises ValueError if there are no rows, the shapes differ, a class does not occur or a probability is not finite.
    """
    if not np.isfinite(probabilities).all():
        raise ValueError("a probability is NaN or infinity")
    n_classes = probabilities.shape[1]
    answers = probabilities.argmax(axis=1)
    # Served values have 32 bits; their sums miss 1 by more than scikit-learn takes.
    probabilities = probabilities / probabilities.sum(axis=1, keepdims=True)
    binary = n_classes == 2  # noqa: PLR2004 - binary is two
    auc = (
        metrics.roc_auc_score(labels, probabilities[:, 1])
        if binary
        else metrics.roc_auc_score(labels, probabilities, multi_class="ovr", average="macro")
    )
    return {
        "accuracy": float(metrics.accuracy_score(labels, answers)),
        "balanced_accuracy": float(metrics.balanced_accuracy_score(labels, answers)),
        "f1": float(metrics.f1_score(labels, answers, average="binary" if binary else "macro")),
        "roc_auc": float(auc),
        "log_loss": float(metrics.log_loss(labels, probabilities, labels=np.arange(n_classes))),
    }


def majority_accuracy(labels: NDArray[np.int64]) -> float:
    """Accuracy of always answering the most frequent class."""
    return float(np.bincount(labels).max() / len(labels))


def confusion_counts(probabilities: NDArray[np.float64], labels: NDArray[np.int64]) -> list[list[int]]:
    """Rows counted as [true class][answered class]."""
    classes = np.arange(probabilities.shape[1])
    counts: list[list[int]] = metrics.confusion_matrix(labels, probabilities.argmax(axis=1), labels=classes).tolist()
    return counts
