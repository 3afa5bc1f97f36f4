from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as reference

from steps.recipe_sections.metrics import CLASS_METRICS, LABEL_METRICS, NUMBER_METRICS
from training.metrics import (
    classification_metrics,
    confusion_counts,
    label_metrics,
    majority_accuracy,
    metrics_per_label,
    number_metrics,
)

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
    assert confusion_counts(TWO.argmax(axis=1), TWO_LABELS, 2) == [[1, 1], [0, 2]]
    assert confusion_counts(THREE.argmax(axis=1), THREE_LABELS, 3) == [[1, 0, 0], [0, 1, 0], [0, 1, 1]]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_probability_that_is_no_number_is_an_error(value: float) -> None:
    with pytest.raises(ValueError, match="NaN or infinity"):
        classification_metrics(np.array([[value, 0.1], [0.4, 0.6]]), np.array([0, 1]))


def test_no_rows_and_a_missing_class_are_errors() -> None:
    with pytest.raises(ValueError, match=r".+"):
        classification_metrics(np.zeros((0, 2)), np.zeros(0, dtype=np.int64))
    with pytest.raises(ValueError, match="Only one class"):
        classification_metrics(TWO, np.zeros(4, dtype=np.int64))


# --- several labels ---

LABELS = np.array([[1, 0], [1, 1], [0, 0], [0, 0], [1, 0]])
SEVERAL = np.array([[0.9, 0.2], [0.5, 0.4], [0.6, 0.1], [0.2, 0.3], [0.8, 0.9]])


def test_every_metric_of_labels_and_of_numbers_is_measured() -> None:
    assert set(label_metrics(SEVERAL, LABELS)) == LABEL_METRICS
    assert set(number_metrics(np.array([1.0, 2.0]), np.array([1.0, 3.0]))) == NUMBER_METRICS


def test_several_labels_by_hand() -> None:
    metrics = label_metrics(SEVERAL, LABELS)
    # First label: rows 1, 2, 3, 5 are answered, row 3 wrongly (F1 6/7); second: row 5 alone, wrongly (F1 0).
    assert metrics["subset_accuracy"] == pytest.approx(2 / 5)
    assert metrics["f1"] == pytest.approx((6 / 7 + 0) / 2)
    # First label: 3 x 2 pairs, one wrong (0.5 < 0.6). Second: 0.4 is above three of four.
    assert metrics["roc_auc"] == pytest.approx((5 / 6 + 3 / 4) / 2)


def test_metrics_of_labels_are_scikit_learns() -> None:
    chance = np.random.default_rng(7)
    labels = (chance.random((500, 6)) < [0.5, 0.1, 0.4, 0.05, 0.3, 0.2]).astype(np.int64)
    probabilities = np.clip(0.6 * labels * chance.random((500, 6)) + 0.5 * chance.random((500, 6)), 0, 1)
    answers = probabilities >= 0.5
    assert label_metrics(probabilities, labels) == pytest.approx(
        {
            "subset_accuracy": reference.accuracy_score(labels, answers),
            "f1": reference.f1_score(labels, answers, average="macro"),
            "roc_auc": reference.roc_auc_score(labels, probabilities, average="macro"),
            "average_precision": reference.average_precision_score(labels, probabilities, average="macro"),
            "log_loss": np.mean([reference.log_loss(labels[:, k], probabilities[:, k]) for k in range(6)]),
        }
    )


def test_each_label_is_measured_alone() -> None:
    each = metrics_per_label(SEVERAL, LABELS, ["rude", "threat"])
    assert [each["rude"]["rows"], each["threat"]["rows"]] == [3, 1]
    assert each["threat"]["roc_auc"] == pytest.approx(3 / 4)
    assert each["threat"]["average_precision"] == reference.average_precision_score(LABELS[:, 1], SEVERAL[:, 1])


@pytest.mark.parametrize("value", [0, 1])
def test_a_label_that_all_rows_share_leaves_what_ranks_undefined(value: int) -> None:
    labels = np.array([[value, 0], [value, 1]])
    metrics = label_metrics(np.array([[0.5, 0.1], [0.6, 0.9]]), labels)
    assert set(metrics) == {"subset_accuracy", "f1", "log_loss"}


# --- numbers ---


def test_numbers_by_hand() -> None:
    metrics = number_metrics(np.array([1.0, 4.0, 3.0]), np.array([1.0, 2.0, 6.0]))
    assert metrics["mean_absolute_error"] == pytest.approx(5 / 3)
    assert metrics["root_mean_squared_error"] == pytest.approx(np.sqrt((0 + 4 + 9) / 3))
    assert metrics["r2"] == pytest.approx(1 - 13 / 14)
    assert metrics["root_mean_squared_log_error"] == pytest.approx(
        np.sqrt((0 + np.log(5 / 3) ** 2 + np.log(4 / 7) ** 2) / 3)
    )


def test_metrics_of_numbers_are_scikit_learns() -> None:
    chance = np.random.default_rng(7)
    target = chance.lognormal(12, 0.4, 300)
    predicted = target * chance.lognormal(0, 0.1, 300)
    assert number_metrics(predicted, target) == pytest.approx(
        {
            "r2": reference.r2_score(target, predicted),
            "mean_absolute_error": reference.mean_absolute_error(target, predicted),
            "root_mean_squared_error": reference.root_mean_squared_error(target, predicted),
            "root_mean_squared_log_error": reference.root_mean_squared_log_error(target, predicted),
        }
    )


@pytest.mark.parametrize(("predicted", "target"), [([-0.5, 2.0], [1.0, 2.0]), ([1.0, 2.0], [-1.0, 2.0])])
def test_numbers_below_zero_have_no_log_error(predicted: list[float], target: list[float]) -> None:
    assert set(number_metrics(np.array(predicted), np.array(target))) == NUMBER_METRICS - {
        "root_mean_squared_log_error"
    }


def test_one_row_has_no_r2() -> None:
    assert "r2" not in number_metrics(np.array([1.0]), np.array([2.0]))


def test_answers_that_are_no_numbers_are_errors_for_every_task() -> None:
    with pytest.raises(ValueError, match="NaN or infinity"):
        number_metrics(np.array([np.inf]), np.array([1.0]))
    with pytest.raises(ValueError, match="NaN or infinity"):
        label_metrics(np.full((5, 2), np.nan), LABELS)


def test_the_majority_of_several_labels_is_the_most_frequent_set() -> None:
    assert majority_accuracy(LABELS) == 2 / 5
