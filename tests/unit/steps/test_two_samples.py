from __future__ import annotations

import numpy as np
import pytest
import scipy.special
import scipy.stats
from statsmodels.stats.proportion import proportion_confint

from steps.two_samples import (
    chi_squared,
    chi_squared_tail,
    kolmogorov_smirnov,
    kolmogorov_tail,
    pooled,
    population_stability_index,
    wilson_interval,
)


@pytest.mark.parametrize(("count", "total"), [(0, 10), (1, 29), (81, 263), (15, 148), (50, 50), (3, 10**7)])
def test_wilsons_interval_is_that_of_statsmodels(count: int, total: int) -> None:
    expected = proportion_confint(count, total, alpha=0.05, method="wilson")
    assert wilson_interval(count, total) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilsons_interval_is_that_of_newcombes_table(count: int, total: int, low: float, high: float) -> None:
    # Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
    assert wilson_interval(count, total) == pytest.approx((low, high), abs=5e-5)


def test_a_share_of_nothing_may_be_anything() -> None:
    assert wilson_interval(0, 0) == (0, 1)


@pytest.mark.parametrize(("n", "m", "shift"), [(30, 50, 0.0), (200, 150, 0.2), (1000, 1000, 0.05), (1000, 400, 1.0)])
def test_kolmogorov_smirnov_is_that_of_scipy(n: int, m: int, shift: float) -> None:
    generator = np.random.default_rng(n)
    first, second = sorted(generator.normal(size=n).tolist()), sorted((generator.normal(size=m) + shift).tolist())
    expected = scipy.stats.ks_2samp(first, second, method="exact" if n < 500 else "asymp")
    found = kolmogorov_smirnov(first, second)
    assert found.statistic == pytest.approx(expected.statistic, abs=1e-12)
    assert found.p_value == pytest.approx(expected.pvalue, rel=0.1, abs=0.02)


def test_kolmogorovs_distribution_is_that_of_scipy() -> None:
    for value in (0.0, 0.1, 0.2, 0.5, 0.8276, 1.0, 1.3581, 1.6276, 3.0, 10.0):
        assert kolmogorov_tail(value) == pytest.approx(float(scipy.special.kolmogorov(value)), abs=1e-9)


def test_ties_make_the_p_value_larger_never_smaller() -> None:
    first, second = [0.0] * 60 + [1.0] * 40, [0.0] * 50 + [1.0] * 50
    found = kolmogorov_smirnov(first, second)
    assert found.statistic == pytest.approx(0.1)
    assert found.p_value > chi_squared([60, 40], [50, 50]).p_value


@pytest.mark.parametrize(
    ("first", "second"),
    [([60, 40], [50, 50]), ([10, 20, 30, 0], [30, 20, 10, 0]), ([5] * 200, [7] * 200), ([1000, 1], [10, 500])],
)
def test_chi_squared_is_that_of_scipy(first: list[int], second: list[int]) -> None:
    table = [row for row in zip(first, second, strict=True) if any(row)]
    expected = scipy.stats.chi2_contingency(np.array(table).T, correction=False)
    found = chi_squared(first, second)
    assert found.statistic == pytest.approx(expected.statistic)
    assert found.p_value == pytest.approx(expected.pvalue, rel=1e-9)


def test_the_chi_squared_distribution_is_that_of_scipy() -> None:
    for freedom in (1, 2, 3, 10, 99, 255, 1000):
        for factor in (0.01, 0.5, 0.9, 1.0, 1.1, 2.0, 5.0):
            expected = float(scipy.stats.chi2.sf(factor * freedom, freedom))
            assert chi_squared_tail(factor * freedom, freedom) == pytest.approx(expected, rel=1e-8, abs=1e-290)
    assert chi_squared_tail(10**7, 255) == 0


def test_equal_shares_are_no_evidence() -> None:
    assert chi_squared([10, 20], [100, 200]).p_value == pytest.approx(1)
    assert chi_squared([10], [100]).p_value == 1
    assert kolmogorov_smirnov([1.0, 2.0, 3.0], [1.0, 2.0, 3.0]).p_value == 1
    assert population_stability_index([10, 20], [100, 200]) == 0


def test_the_index_is_that_of_its_definition_when_there_are_many_rows() -> None:
    # Shares 50/50 and 40/60: (0.5 - 0.4) ln(0.5 / 0.4) + (0.5 - 0.6) ln(0.5 / 0.6).
    assert population_stability_index([5 * 10**8] * 2, [4 * 10**8, 6 * 10**8]) == pytest.approx(0.0405465, abs=1e-6)


def test_the_index_of_chance_is_about_nothing_however_few_rows_there_are() -> None:
    generator = np.random.default_rng(7)
    for rows in (100, 1000, 100_000):
        found = [
            population_stability_index(*generator.multinomial(rows, [0.1] * 10, size=2).tolist()) for _ in range(200)
        ]
        assert np.mean(found) < 3 / rows**0.5 * 0.1


def test_a_bin_that_one_sample_does_not_have_can_be_compared() -> None:
    assert population_stability_index([0, 1000], [500, 500]) > 1


def test_a_million_rows_find_a_difference_that_is_not_worth_a_word() -> None:
    first, second = [500_000, 500_000], [503_000, 497_000]
    assert chi_squared(first, second).p_value < 0.0001
    assert population_stability_index(first, second) < 0.001


def test_rare_bins_are_made_one() -> None:
    assert pooled([100, 4, 3, 1], [100, 4, 4, 0]) == ([100, 8], [100, 8])
    assert pooled([100, 50], [100, 50]) == ([100, 50], [100, 50])
    assert pooled([], []) == ([], [])


@pytest.mark.parametrize("sample", [([], [1.0]), ([1.0], [])])
def test_an_empty_sample_has_no_distance(sample: tuple[list[float], list[float]]) -> None:
    with pytest.raises(ValueError, match="need a value"):
        kolmogorov_smirnov(*sample)


def test_counts_of_nothing_have_no_shares() -> None:
    for compare in (chi_squared, population_stability_index):
        with pytest.raises(ValueError, match="need a count"):
            compare([0, 0], [1, 2])
