from __future__ import annotations

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import auc, average_precision_score, brier_score_loss, roc_auc_score

from tests.unit.training.measured_rows import NAMES, some_rows
from training.evaluation.calibration import calibration, calibration_of
from training.evaluation.curves import MOST_CURVES, POINTS, curve, curves_of
from training.evaluation.resampling import MeasuredRows
from training.evaluation.statistics import wilson_interval


def test_the_bins_are_those_of_scikit_learn() -> None:
    chance = np.random.default_rng(1)
    probability = chance.random(500) ** 2
    outcome = (chance.random(500) < probability).astype(np.float64)
    found = calibration(probability, outcome)
    observed, promised = calibration_curve(outcome, probability, n_bins=10, strategy="uniform")
    assert [one.observed_share for one in found.bins] == pytest.approx(observed.tolist())
    assert [one.mean_probability for one in found.bins] == pytest.approx(promised.tolist())
    assert found.brier_score == pytest.approx(brier_score_loss(outcome, probability))
    assert sum(one.rows for one in found.bins) == 500
    shares = [one.rows / 500 for one in found.bins]
    gaps = np.abs(np.array([one.observed_share - one.mean_probability for one in found.bins]))
    assert found.expected_calibration_error == pytest.approx(float(np.dot(shares, gaps)))


def test_a_promise_that_is_never_kept_and_one_that_always_is() -> None:
    found = calibration(np.array([0.05, 0.95, 1.0]), np.array([1.0, 1.0, 1.0]))
    assert [(one.rows, one.observed_share) for one in found.bins] == [(1, 1.0), (2, 1.0)]
    assert found.expected_calibration_error == pytest.approx((0.95 + 0.05) / 3)
    assert found.bins[1].interval == wilson_interval(2, 2)


def test_of_two_classes_the_answered_one_counts_also_where_a_threshold_chose_it() -> None:
    outputs = np.array([[0.7, 0.3], [0.2, 0.8]])
    found = calibration_of(MeasuredRows("binary", outputs, np.array([1, 1]), np.array([1, 1])))
    assert found is not None
    assert [one.mean_probability for one in found.bins] == pytest.approx([0.3, 0.8])
    assert found.brier_score == pytest.approx(brier_score_loss([1, 1], outputs[:, 1], pos_label=1))


def test_all_labels_count_together_and_a_number_has_no_calibration() -> None:
    labels = some_rows("multi_label")
    found = calibration_of(labels)
    assert found is not None
    assert sum(one.rows for one in found.bins) == labels.outputs.size
    assert calibration_of(some_rows("regression")) is None


def test_the_drawn_lines_have_the_areas_of_scikit_learn() -> None:
    rows = some_rows("binary", rows=2000)
    found = curves_of(rows, NAMES["binary"])
    [roc], [precision_recall] = found.roc, found.precision_recall
    assert roc.name == precision_recall.name == "yes"
    assert len(roc.x) <= POINTS
    assert auc(roc.x, roc.y) == pytest.approx(roc_auc_score(rows.answers, rows.outputs[:, 1]), abs=0.005)
    assert (roc.x[0], roc.y[0], roc.x[-1], roc.y[-1]) == (0, 0, 1, 1)
    assert precision_recall.x == sorted(precision_recall.x)
    area = average_precision_score(rows.answers, rows.outputs[:, 1])
    assert auc(precision_recall.x, precision_recall.y) == pytest.approx(area, abs=0.01)


@pytest.mark.parametrize("task", ["multi_class", "multi_label"])
def test_each_class_or_label_has_its_lines(task: str) -> None:
    found = curves_of(some_rows(task), NAMES[task])
    assert [one.name for one in found.roc] == [one.name for one in found.precision_recall] == NAMES[task]
    assert found.predicted == []


def test_of_very_many_classes_those_with_the_most_rows_are_drawn() -> None:
    names = [f"class {number:02}" for number in range(30)]
    answers = np.array([number for number in range(30) for _ in range(1 + number)])
    outputs = np.random.default_rng(1).dirichlet(np.ones(30), len(answers))
    drawn = curves_of(MeasuredRows("multi_class", outputs, answers, outputs.argmax(axis=1)), names).roc
    assert [one.name for one in drawn] == names[30 - MOST_CURVES :]


@pytest.mark.parametrize("rows", [3, 1000])
def test_of_a_regression_some_rows_are_drawn_spread_evenly(rows: int) -> None:
    measured = some_rows("regression", rows=rows)
    [points] = curves_of(measured, []).predicted
    assert len(points.x) == min(rows, POINTS)
    assert (points.x[0], points.y[-1]) == (measured.outputs[0, 0], measured.answers[-1])


def test_a_line_with_steep_and_flat_parts_keeps_its_ends_and_its_shape() -> None:
    x = np.concatenate([np.zeros(5000), np.linspace(0, 1, 5000)])
    y = np.concatenate([np.linspace(0, 1, 5000), np.ones(5000)])
    drawn = curve("some", x, y)
    assert len(drawn.x) <= POINTS
    assert (drawn.x[0], drawn.y[0], drawn.x[-1], drawn.y[-1]) == (0, 0, 1, 1)
    assert auc(drawn.x, drawn.y) == pytest.approx(1.0, abs=0.02)
