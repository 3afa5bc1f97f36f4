from __future__ import annotations

import numpy as np
import pytest

from steps.recipe_sections.release import CLASS_METRICS
from training.metrics import classification_metrics, confusion_counts, majority_accuracy

# Four rows by hand: answers 0, 1, 1, 1 for labels 0, 0, 1, 1.
TWO = np.array([[0.9, 0.1], [0.4, 0.6], [0.3, 0.7], [0.2, 0.8]])
TWO_LABELS = np.array([0, 0, 1, 1])
THREE = np.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]])
THREE_LABELS = np.array([0, 1, 2, 2])


def test_every_metric_a_recipe_may_name_is_measured() -> None:
    assert set(classification_metrics(TWO, TWO_LABELS)) == CLASS_METRICS


def test_two_classes_by_hand() -> None:
    metrics = classification_metrics(TWO, TWO_LABELS)
    assert metrics["accuracy"] == 0.75
    assert metrics["balanced_accuracy"] == 0.75
    assert metrics["f1"] == pytest.approx(2 * (2 / 3) * 1 / (2 / 3 + 1))
    assert metrics["roc_auc"] == 1.0
    assert metrics["log_loss"] == pytest.approx(-np.log([0.9, 0.4, 0.7, 0.8]).mean())


def test_three_classes_by_hand() -> None:
    metrics = classification_metrics(THREE, THREE_LABELS)
    assert metrics["accuracy"] == 0.75
    assert metrics["balanced_accuracy"] == pytest.approx((1 + 1 + 0.5) / 3)
    assert metrics["f1"] == pytest.approx((1 + 2 / 3 + 2 / 3) / 3)
    # Class 0 is ranked rightly; of class 1 the positive row ties with one of three others; class 2 wins, ties, loses.
    assert metrics["roc_auc"] == pytest.approx((1 + 2.5 / 3 + (2 + 0 + 1) / 4) / 3)
    assert metrics["log_loss"] == pytest.approx(-np.log([0.8, 0.8, 0.1, 0.8]).mean())


def test_probabilities_of_32_bits_whose_sums_miss_one_are_taken() -> None:
    rounded = (TWO * (1 + 1e-6)).astype(np.float32).astype(np.float64)
    assert classification_metrics(rounded, TWO_LABELS)["accuracy"] == 0.75


def test_the_majority_and_the_confusion_are_counted() -> None:
    assert majority_accuracy(np.array([0, 1, 1, 1])) == 0.75
    assert confusion_counts(TWO, TWO_LABELS) == [[1, 1], [0, 2]]
    assert confusion_counts(THREE, THREE_LABELS) == [[1, 0, 0], [0, 1, 0], [0, 1, 1]]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_probability_that_is_no_number_is_an_error(value: float) -> None:
    with pytest.raises(ValueError, match="NaN or infinity"):
        classification_metrics(np.array([[value, 0.1], [0.4, 0.6]]), np.array([0, 1]))


def test_no_rows_and_a_missing_class_are_errors() -> None:
    with pytest.raises(ValueError, match=r".+"):
        classification_metrics(np.zeros((0, 2)), np.zeros(0, dtype=np.int64))
    with pytest.raises(ValueError, match="Only one class"):
        classification_metrics(TWO, np.zeros(4, dtype=np.int64))
