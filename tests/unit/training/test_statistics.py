"""Against published examples, and against statsmodels and scipy as references."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import proportion_confint

from training.evaluation.statistics import (
    bootstrap_p_value,
    mcnemar_mid_p,
    paired_difference_interval,
    percentile_interval,
    wilson_interval,
)


# Newcombe, Statistics in Medicine 17 (1998), pp. 857-872, table I, method 3.
@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_interval_of_a_share_is_the_published_one(count: int, total: int, low: float, high: float) -> None:
    interval = wilson_interval(count, total)
    assert [interval.low, interval.high] == pytest.approx([low, high], abs=5e-5)


@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
@pytest.mark.parametrize(("count", "total"), [(0, 7), (7, 7), (3, 7), (950, 1000), (999_999, 1_000_000)])
def test_the_interval_of_a_share_is_that_of_statsmodels(count: int, total: int, confidence: float) -> None:
    low, high = proportion_confint(count, total, alpha=1 - confidence, method="wilson")
    interval = wilson_interval(count, total, confidence)
    assert [interval.low, interval.high] == pytest.approx([low, high], abs=1e-12)


@pytest.mark.parametrize(("count", "total"), [(0, 0), (3, 2), (-1, 2)])
def test_what_is_no_share_has_no_interval(count: int, total: int) -> None:
    with pytest.raises(ValueError, match="is no share"):
        wilson_interval(count, total)


# Fagerland, Lydersen, Laake, BMC Medical Research Methodology 13 (2013), article 91: airway hyper-responsiveness of 21
# children before and after a transplantation (Bentur et al.), and complete response in 161 patients (Cavo et al.).
@pytest.mark.parametrize(("only_first", "only_second", "mid_p"), [(1, 7, 0.0391), (6, 16, 0.034690)])
def test_the_mid_p_value_is_the_published_one(only_first: int, only_second: int, mid_p: float) -> None:
    assert mcnemar_mid_p(only_first, only_second) == pytest.approx(mid_p, abs=5e-5)
    assert mcnemar_mid_p(only_second, only_first) == mcnemar_mid_p(only_first, only_second)


@pytest.mark.parametrize(("only_first", "only_second"), [(1, 7), (6, 16), (0, 4), (40, 61), (500, 430)])
def test_the_mid_p_value_is_the_exact_one_of_statsmodels_less_the_observed_point(
    only_first: int, only_second: int
) -> None:
    exact = mcnemar([[10, only_first], [only_second, 10]], exact=True).pvalue
    point = stats.binom.pmf(only_first, only_first + only_second, 0.5)
    assert mcnemar_mid_p(only_first, only_second) == pytest.approx(exact - point, abs=1e-12)


def test_models_that_never_differ_or_differ_evenly_show_no_difference() -> None:
    assert mcnemar_mid_p(0, 0) == 1.0
    # Half of the observed point is taken from either side.
    assert mcnemar_mid_p(1, 1) == pytest.approx(0.5)
    assert 0.9 < mcnemar_mid_p(5000, 5000) < 1.0


# Fagerland, Lydersen, Laake, Statistics in Medicine 33 (2014), pp. 2850-2875, the same two examples.
@pytest.mark.parametrize(
    ("counts", "low", "high"), [((1, 1, 7, 12), -0.507, -0.026), ((59, 6, 16, 80), -0.1186, -0.0046)]
)
def test_the_interval_of_a_paired_difference_is_the_published_one(
    counts: tuple[int, int, int, int], low: float, high: float
) -> None:
    interval = paired_difference_interval(*counts)
    digits = 5e-4 if low == -0.507 else 5e-5
    assert [interval.low, interval.high] == pytest.approx([low, high], abs=digits)


@pytest.mark.parametrize("counts", [(0, 0, 0, 9), (9, 0, 0, 0), (0, 9, 0, 0), (0, 0, 9, 0), (1, 0, 0, 0)])
def test_the_interval_of_a_paired_difference_holds_it_where_a_margin_is_empty(
    counts: tuple[int, int, int, int],
) -> None:
    interval = paired_difference_interval(*counts)
    difference = (counts[1] - counts[2]) / sum(counts)
    assert -1 <= interval.low <= difference <= interval.high <= 1
    assert interval.low < interval.high


def test_the_percentile_interval_is_that_of_scipy() -> None:
    sample = np.random.default_rng(3).exponential(size=200)
    chance = np.random.default_rng(4)
    means = np.array([chance.choice(sample, len(sample)).mean() for _ in range(4000)])
    reference = stats.bootstrap(
        (sample,), np.mean, n_resamples=4000, method="percentile", random_state=np.random.default_rng(5)
    ).confidence_interval
    interval = percentile_interval(means)
    assert interval is not None
    assert interval.low == pytest.approx(reference.low, abs=0.01)
    assert interval.high == pytest.approx(reference.high, abs=0.01)


def test_resamples_that_leave_a_metric_undefined_do_not_count_and_too_many_of_them_leave_no_interval() -> None:
    values = np.array([0.5, np.nan, 0.5, 0.5])
    interval = percentile_interval(values)
    assert interval is not None
    assert (interval.low, interval.high) == (0.5, 0.5)
    assert percentile_interval(np.array([0.5, np.nan, np.nan])) is None
    assert percentile_interval(np.array([])) is None


def test_the_bootstrap_finds_the_difference_that_a_paired_t_test_finds() -> None:
    chance = np.random.default_rng(6)
    differences = chance.normal(0.15, 1.0, 400)
    resampled = np.array([chance.choice(differences, len(differences)).mean() for _ in range(4000)])
    reference = stats.ttest_1samp(differences, 0).pvalue
    assert 0.001 < reference < 0.2
    assert bootstrap_p_value(resampled) == pytest.approx(reference, abs=0.01)


def test_a_p_value_is_never_nothing_and_never_above_one() -> None:
    assert bootstrap_p_value(np.full(999, 0.1)) == pytest.approx(0.002)
    assert bootstrap_p_value(np.zeros(999)) == 1.0
