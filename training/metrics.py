"""Metrics of what a model answers, by scikit-learn's own functions.

Each function gives every metric that a recipe of its task may gate on, by its name there. One that these rows leave
undefined is left out, so that no gate takes it for a value.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn import metrics

from steps.answers import LABEL_THRESHOLD

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

BINARY = 2


def answered(
    task: str, class_names: Sequence[str], outputs: NDArray[np.float64], thresholds: Mapping[str, float]
) -> NDArray[Any]:
    """What a model's numbers answer: (rows,) class numbers, (rows, labels) 0 and 1, or (rows,) numbers.

    outputs: (rows, outputs);  thresholds: as in MetricsReport; where there is none, the most probable class and
    every label from a half on
    """
    if task == "regression":
        return outputs[:, 0]
    if task == "multi_label":
        limits = np.array([thresholds.get(name, LABEL_THRESHOLD) for name in class_names])
        return (outputs >= limits).astype(np.int64)
    if task == "binary" and class_names[1] in thresholds:
        return (outputs[:, 1] >= thresholds[class_names[1]]).astype(np.int64)
    likeliest: NDArray[np.int64] = outputs.argmax(axis=1)
    return likeliest


def measure(
    task: str, outputs: NDArray[np.float64], answers: NDArray[Any], given: NDArray[Any] | None = None
) -> dict[str, float]:
    """The task's metrics of a model, held against the rows' answers.

    outputs: (rows, outputs), the model's numbers;  answers: what was to be answered
    given: what was answered, of the same shape; without thresholds when left out
    """
    if task == "regression":
        return number_metrics(outputs[:, 0], answers)
    return (label_metrics if task == "multi_label" else classification_metrics)(outputs, answers, given)


def classification_metrics(
    probabilities: NDArray[np.float64], labels: NDArray[np.int64], given: NDArray[np.int64] | None = None
) -> dict[str, float]:
    """Metrics of classes.

    probabilities: (rows, classes), rows sum to about 1;  labels: (rows,) class numbers, each class at least once
    given: (rows,) the classes answered; the most probable ones when left out
    With two classes f1 and roc_auc are those of the second class; with more they are unweighted means over the
    classes, roc_auc each class against the rest.
    Raises ValueError if there are no rows, the shapes differ, a class does not occur or a probability is not finite.
    """
    _want_finite(probabilities)
    n_classes = probabilities.shape[1]
    answers = probabilities.argmax(axis=1) if given is None else given
    # Served values have 32 bits; their sums miss 1 by more than scikit-learn takes.
    probabilities = probabilities / probabilities.sum(axis=1, keepdims=True)
    binary = n_classes == BINARY
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


def label_metrics(
    probabilities: NDArray[np.float64], labels: NDArray[np.int64], given: NDArray[np.int64] | None = None
) -> dict[str, float]:
    """Metrics of several labels a row; all but subset_accuracy are unweighted means over the labels.

    probabilities: (rows, labels), each in [0, 1];  labels: (rows, labels), 0 or 1, both in every column
    given: (rows, labels), the labels answered; those from a half on when left out
    subset_accuracy: share of rows whose labels are all right
    Raises ValueError if there are no rows, the shapes differ or a probability is not finite.
    """
    _want_finite(probabilities)
    answers = _marks(probabilities, given)
    each = [_one_label(probabilities[:, n], labels[:, n], answers[:, n]) for n in range(labels.shape[1])]
    means = {name: float(np.mean([one[name] for one in each])) for name in each[0]}
    return {"subset_accuracy": float(metrics.accuracy_score(labels, answers)), **_finite(means)}


def metrics_per_label(
    probabilities: NDArray[np.float64],
    labels: NDArray[np.int64],
    names: Sequence[str],
    given: NDArray[np.int64] | None = None,
) -> dict[str, dict[str, float]]:
    """Metrics of each label alone, and how many rows have it.

    Shapes as in label_metrics.
    """
    answers = _marks(probabilities, given)
    return {
        name: {
            "rows": int(labels[:, n].sum()),
            **_finite(_one_label(probabilities[:, n], labels[:, n], answers[:, n])),
        }
        for n, name in enumerate(names)
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


def confusion_counts(given: NDArray[np.int64], labels: NDArray[np.int64], n_classes: int) -> list[list[int]]:
    """Rows counted as [true class][answered class]; given, labels: (rows,) class numbers."""
    counts: list[list[int]] = metrics.confusion_matrix(labels, given, labels=np.arange(n_classes)).tolist()
    return counts


def _marks(probabilities: NDArray[np.float64], given: NDArray[np.int64] | None) -> NDArray[np.int64]:
    return (probabilities >= LABEL_THRESHOLD).astype(np.int64) if given is None else given


def _one_label(
    probability: NDArray[np.float64], label: NDArray[np.int64], answer: NDArray[np.int64]
) -> dict[str, float]:
    """Metrics of one label: (rows,) each; those that rank are NaN where every row has it or none."""
    is_mixed = 0 < label.sum() < len(label)
    return {
        "f1": float(metrics.f1_score(label, answer, zero_division=0)),
        "roc_auc": float(metrics.roc_auc_score(label, probability)) if is_mixed else math.nan,
        "average_precision": float(metrics.average_precision_score(label, probability)) if is_mixed else math.nan,
        "log_loss": float(metrics.log_loss(label, probability, labels=[0, 1])),
    }


def _want_finite(values: NDArray[np.float64]) -> None:
    if not np.isfinite(values).all():
        raise ValueError("a value that the model answered is NaN or infinity")


def _finite(values: dict[str, float]) -> dict[str, float]:
    return {name: value for name, value in values.items() if math.isfinite(value)}
