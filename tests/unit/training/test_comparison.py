from __future__ import annotations

import numpy as np
import pytest

from tests.unit.training.measured_rows import METRICS, some_rows
from training.evaluation.comparison import compare
from training.evaluation.resampling import MeasuredRows
from training.evaluation.statistics import mcnemar_mid_p, wilson_interval
from training.metrics import measure


@pytest.mark.parametrize("task", METRICS)
def test_every_metric_has_an_interval_around_it_and_a_test_against_the_champion(task: str) -> None:
    candidate, champion = some_rows(task), some_rows(task)
    found = compare(candidate, champion, METRICS[task])
    values = measure(task, candidate.outputs, candidate.answers, candidate.given)
    assert list(found.intervals) == list(found.champion_intervals) == list(found.paired) == METRICS[task]
    for name, interval in found.intervals.items():
        assert interval.low < values[name] < interval.high, name
    # A model is as good as itself, for sure.
    for name, test in found.paired.items():
        assert (test.gain, test.p_value) == (0, 1.0), name
        assert test.interval.low <= 0 <= test.interval.high


def test_a_share_of_rows_has_wilsons_interval_and_mcnemars_test() -> None:
    candidate, champion = some_rows("binary", 1), some_rows("binary", 2)
    found = compare(candidate, champion, ["accuracy"])
    right, live = candidate.right, champion.right
    assert found.intervals["accuracy"] == wilson_interval(int(right.sum()), len(right))
    test = found.paired["accuracy"]
    assert test.test == "mcnemar"
    assert test.p_value == mcnemar_mid_p(int((right & ~live).sum()), int((live & ~right).sum()))
    assert test.gain == pytest.approx(right.mean() - live.mean())
    assert test.interval.low < test.gain < test.interval.high


def test_a_gain_is_positive_when_the_candidate_is_better_also_in_a_loss() -> None:
    worse = some_rows("regression")
    better = MeasuredRows("regression", (worse.outputs + worse.answers[:, None]) / 2, worse.answers, worse.given)
    for name, test in compare(better, worse, METRICS["regression"]).paired.items():
        assert test.test == "paired_bootstrap"
        assert test.gain > 0, name
        assert test.interval.low > 0, name
        assert test.p_value < 0.01, name


def test_the_comparison_is_paired_so_that_a_small_gain_on_the_same_rows_shows() -> None:
    one = some_rows("regression", rows=400)
    slightly = MeasuredRows("regression", one.outputs * 0.99 + 0.01 * one.answers[:, None], one.answers, one.given)
    found = compare(slightly, one, ["mean_absolute_error"])
    own, live = found.intervals["mean_absolute_error"], found.champion_intervals["mean_absolute_error"]
    assert own.low < live.high
    assert live.low < own.high
    assert found.paired["mean_absolute_error"].p_value < 0.01


def test_without_a_champion_nothing_is_compared() -> None:
    found = compare(some_rows("binary"), None, METRICS["binary"])
    assert (found.champion_intervals, found.paired) == ({}, {})


def test_a_metric_that_one_of_them_has_not_is_not_compared() -> None:
    rows = some_rows("regression")
    below = MeasuredRows("regression", rows.outputs - 1000, rows.answers, rows.given)
    found = compare(rows, below, METRICS["regression"])
    assert "root_mean_squared_log_error" in found.intervals
    assert "root_mean_squared_log_error" not in found.champion_intervals
    assert "root_mean_squared_log_error" not in found.paired


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    chance = np.random.default_rng(8)
    held = 0
    for _ in range(100):
        answers = (chance.random(150) < 0.5).astype(np.int64)
        second = np.where(chance.random(150) < 0.8, answers, 1 - answers)
        outputs = np.eye(2)[second] * 0.8 + 0.1
        interval = compare(MeasuredRows("binary", outputs, answers, second), None, ["balanced_accuracy"])
        low, high = interval.intervals["balanced_accuracy"].low, interval.intervals["balanced_accuracy"].high
        held += low <= 0.8 <= high
    assert 89 <= held <= 99
