"""Metrics of what a model answers, by scikit-learn's own functions.

Each function gives every metric that a recipe of its task may gate on, by its name there. One that these rows leave
undefined is left out, so that no gate takes it for a value.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from sklearn import metrics

from steps.answers import LABEL_THRESHOLD

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def classification_metrics(probabilities: NDArray[np.float64], labels: NDArray[np.int64]) -> dict[str, float]:
    """Metrics of classes.

    probabilities: (rows, classes), rows sum to about 1;  labels: (rows,) class numbers, each class at least once
    With two classes f1 and roc_auc are those of the second class; with more they are unweighted means over the
    classes, roc_auc each class against the rest.
    Raises ValueError if there are no rows, the shapes differ, a class does not occur or a probability is not finite.
    """
    _want_finite(probabilities)
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


def label_metrics(probabilities: NDArray[np.float64], labels: NDArray[np.int64]) -> dict[str, float]:
    """Metrics of several labels a row; all but subset_accuracy are unweighted means over the labels.

    probabilities: (rows, labels), each in [0, 1];  labels: (rows, labels), 0 or 1, both in every column
    subset_accuracy: share of rows whose labels are all right
    Raises ValueError if there are no rows, the shapes differ or a probability is not finite.
    """
    _want_finite(probabilities)
    per_label = [_one_label(probabilities[:, index], labels[:, index]) for index in range(labels.shape[1])]
    means = {name: float(np.mean([one[name] for one in per_label])) for name in per_label[0]}
    answers = probabilities >= LABEL_THRESHOLD
    return {"subset_accuracy": float(metrics.accuracy_score(labels, answers)), **_finite(means)}


def metrics_per_label(
    probabilities: NDArray[np.float64], labels: NDArray[np.int64], names: Sequence[str]
) -> dict[str, dict[str, float]]:
    """Metrics of each label alone, and how many rows have it.

    Shapes as in label_metrics.
    """
    return {
        name: {"rows": int(labels[:, index].sum()), **_finite(_one_label(probabilities[:, index], labels[:, index]))}
        for index, name in enumerate(names)
    }


def number_metrics(predicted: NDArray[np.float64], target: NDArray[np.float64]) -> dict[str, float]:
    """Metrics of a regression.

    predicted, target: (rows,);  root_mean_squared_log_error is left out where a number is below 0
    Raises ValueError if there are no rows, the shapes differ or a prediction is not finite.
    """
    _want_finite(predicted)
    squared_error = metrics.mean_squared_error(target, predicted)
    measured = {
        "r2": float(metrics.r2_score(target, predicted)) if len(target) > 1 else math.nan,
        "mean_absolute_error": float(metrics.mean_absolute_error(target, predicted)),
        "root_mean_squared_error": math.sqrt(squared_error),
    }
    if min(target.min(), predicted.min()) >= 0:
        measured["root_mean_squared_log_error"] = math.sqrt(metrics.mean_squared_log_error(target, predicted))
    return _finite(measured)


def majority_accuracy(labels: NDArray[np.int64]) -> float:
    """Accuracy of always giving the most frequent answer.

    labels: (rows,) class numbers, or (rows, labels) of which a row's labels count together
    """
    return float(np.unique(labels, axis=0, return_counts=True)[1].max() / len(labels))


def confusion_counts(probabilities: NDArray[np.float64], labels: NDArray[np.int64]) -> list[list[int]]:
    """Rows counted as [true class][answered class]."""
    classes = np.arange(probabilities.shape[1])
    counts: list[list[int]] = metrics.confusion_matrix(labels, probabilities.argmax(axis=1), labels=classes).tolist()
    return counts


def _one_label(probability: NDArray[np.float64], label: NDArray[np.int64]) -> dict[str, float]:
    """Metrics of one label: (rows,) each; those that rank are NaN where every row has it or none."""
    is_mixed = 0 < label.sum() < len(label)
    return {
        "f1": float(metrics.f1_score(label, probability >= LABEL_THRESHOLD, zero_division=0)),
        "roc_auc": float(metrics.roc_auc_score(label, probability)) if is_mixed else math.nan,
        "average_precision": float(metrics.average_precision_score(label, probability)) if is_mixed else math.nan,
        "log_loss": float(metrics.log_loss(label, probability, labels=[0, 1])),
    }


def _want_finite(values: NDArray[np.float64]) -> None:
    if not np.isfinite(values).all():
        raise ValueError("a value that the model answered is NaN or infinity")


def _finite(values: dict[str, float]) -> dict[str, float]:
    return {name: value for name, value in values.items() if math.isfinite(value)}
