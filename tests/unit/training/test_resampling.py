"""Our metrics under weights are scikit-learn's with `sample_weight`."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn import metrics as reference

from tests.unit.training.measured_rows import METRICS, ROWS, some_rows
from training.evaluation.resampling import FEWEST_RESAMPLES, RESAMPLES, MeasuredRows, WeightedMetrics, resample_weights
from training.metrics import measure


def with_sklearn(rows: MeasuredRows, weights: NDArray[np.float64]) -> dict[str, float]:
    y, given, p, w = rows.answers, rows.given, rows.outputs, weights
    if rows.task in {"binary", "multi_class"}:
        # As the report's metrics do; it parts equal probabilities by their last digits.
        p = p / p.sum(axis=1, keepdims=True)
    if rows.task == "regression":
        error = reference.mean_squared_error(y, given, sample_weight=w)
        log_error = reference.mean_squared_log_error(y, given, sample_weight=w)
        return {
            "r2": reference.r2_score(y, given, sample_weight=w),
            "mean_absolute_error": reference.mean_absolute_error(y, given, sample_weight=w),
            "root_mean_squared_error": error**0.5,
            "root_mean_squared_log_error": log_error**0.5,
        }
    if rows.task == "multi_label":
        columns = range(y.shape[1])
        losses = [reference.log_loss(y[:, n], p[:, n], sample_weight=w) for n in columns]
        return {
            "subset_accuracy": reference.accuracy_score(y, given, sample_weight=w),
            "f1": reference.f1_score(y, given, average="macro", sample_weight=w),
            "roc_auc": reference.roc_auc_score(y, p, average="macro", sample_weight=w),
            "average_precision": reference.average_precision_score(y, p, average="macro", sample_weight=w),
            "log_loss": float(np.mean(losses)),
        }
    if rows.task == "binary":
        auc = reference.roc_auc_score(y, p[:, 1], sample_weight=w)
    else:
        each = [reference.roc_auc_score(y == n, p[:, n], sample_weight=w) for n in range(p.shape[1])]
        auc = float(np.mean(each))
    return {
        "accuracy": reference.accuracy_score(y, given, sample_weight=w),
        "balanced_accuracy": reference.balanced_accuracy_score(y, given, sample_weight=w),
        "f1": reference.f1_score(y, given, average="binary" if rows.task == "binary" else "macro", sample_weight=w),
        "roc_auc": auc,
        "log_loss": reference.log_loss(y, p, sample_weight=w),
    }


@pytest.mark.parametrize("task", METRICS)
def test_metrics_under_weights_are_those_of_scikit_learn(task: str) -> None:
    rows = some_rows(task)
    weights = np.random.default_rng(2).integers(0, 4, (3, ROWS)).astype(np.float64)
    measured = WeightedMetrics(rows, METRICS[task]).values(weights)
    assert set(measured) == set(METRICS[task])
    for number, each in enumerate(weights):
        for name, value in with_sklearn(rows, each).items():
            assert measured[name][number] == pytest.approx(value, abs=1e-10), name


@pytest.mark.parametrize("task", METRICS)
def test_each_row_once_gives_the_metrics_of_the_report(task: str) -> None:
    rows = some_rows(task)
    assert WeightedMetrics(rows, METRICS[task]).once(ROWS) == pytest.approx(
        measure(task, rows.outputs, rows.answers, rows.given)
    )


def test_rows_of_one_class_have_only_what_does_not_compare_classes() -> None:
    for task in ("binary", "multi_class"):
        rows = some_rows(task)
        one = rows.part(rows.answers == 1)
        assert set(WeightedMetrics(one, METRICS[task]).once(len(one.answers))) == {"accuracy", "log_loss"}


def test_classes_and_labels_that_no_row_has_are_left_out_of_a_mean() -> None:
    rows = some_rows("multi_class")
    two = rows.part(rows.answers != 2)
    found = WeightedMetrics(two, METRICS["multi_class"]).once(len(two.answers))
    assert found["f1"] == pytest.approx(reference.f1_score(two.answers, two.given, average="macro"))
    shares = two.outputs / two.outputs.sum(axis=1, keepdims=True)
    each = [reference.roc_auc_score(two.answers == n, shares[:, n]) for n in (0, 1)]
    assert found["roc_auc"] == pytest.approx(np.mean(each))
    labels = some_rows("multi_label")
    without = labels.part(labels.answers[:, 2] == 0)
    of_two = reference.f1_score(without.answers[:, :2], without.given[:, :2], average="macro")
    assert WeightedMetrics(without, ["f1"]).once(len(without.answers))["f1"] == pytest.approx(of_two)


def test_a_number_below_nothing_has_no_logarithm_and_equal_targets_no_r2() -> None:
    rows = some_rows("regression")
    below = MeasuredRows("regression", rows.outputs - 1000, rows.answers, rows.given)
    assert "root_mean_squared_log_error" not in WeightedMetrics(below, METRICS["regression"]).once(ROWS)
    equal = MeasuredRows("regression", rows.outputs, np.full(ROWS, 3.0), rows.given)
    assert "r2" not in WeightedMetrics(equal, METRICS["regression"]).once(ROWS)


def test_only_what_is_asked_for_is_measured() -> None:
    assert set(WeightedMetrics(some_rows("binary"), ["f1"]).once(ROWS)) == {"f1"}
    assert set(WeightedMetrics(some_rows("multi_label"), ["average_precision"]).once(ROWS)) == {"average_precision"}


def test_resamples_draw_as_many_rows_always_the_same_and_fewer_of_very_many() -> None:
    weights = np.concatenate(list(resample_weights(50, 2, seed=3)))
    assert weights.shape == (RESAMPLES, 50)
    assert (weights.sum(axis=1) == 50).all()
    assert (weights == np.concatenate(list(resample_weights(50, 2, seed=3)))).all()
    assert sum(len(part) for part in resample_weights(300_000, 2, seed=3)) == FEWEST_RESAMPLES
