"""Intervals and paired tests: how sure a measured number is.

Every interval is two-sided. Nothing here knows what is measured.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from steps.evaluation_report import Interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

CONFIDENCE = 0.95


def wilson_interval(count: float, total: int, confidence: float = CONFIDENCE) -> Interval:
    """Score interval of a share: `count` of `total`.

    Source: Wilson, Journal of the American Statistical Association 22 (1927), pp. 209-212.
    Raises ValueError when total is not positive or count is not between 0 and total.
    """
    if not 0 <= count <= total or total == 0:
        raise ValueError(f"{count} of {total} is no share")
    z = float(stats.norm.ppf((1 + confidence) / 2))
    share = count / total
    middle = share + z * z / (2 * total)
    half = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    scale = 1 + z * z / total
    # At the ends the formula gives 0 and 1 but for rounding.
    low = 0.0 if count == 0 else (middle - half) / scale
    high = 1.0 if count == total else (middle + half) / scale
    return Interval(low=low, high=high)


def mcnemar_mid_p(only_first: int, only_second: int) -> float:
    """Two-sided mid-p value of McNemar's test; 1 when the two never differ.

    only_first, only_second: rows that only the one or only the other got right
    Source: Fagerland, Lydersen, Laake, BMC Medical Research Methodology 13 (2013), article 91, which recommends it:
    nearly never above its level, and of more power than the exact test.
    """
    differing = only_first + only_second
    if differing == 0:
        return 1.0
    least = min(only_first, only_second)
    exact = min(1.0, 2 * float(stats.binom.cdf(least, differing, 0.5)))
    point = float(stats.binom.pmf(least, differing, 0.5))
    return 1 - point if only_first == only_second else exact - point


def paired_difference_interval(
    both: int, only_first: int, only_second: int, neither: int, confidence: float = CONFIDENCE
) -> Interval:
    """Interval of the first share less the second, both of the same rows.

    Square-and-add of two Wilson intervals with their correlation, which is right where few rows differ, too.
    Source: Newcombe, Statistics in Medicine 17 (1998), pp. 2635-2650, method 10.
    """
    total = both + only_first + only_second + neither
    first, second = both + only_first, both + only_second
    p, q = first / total, second / total
    one, other = wilson_interval(first, total, confidence), wilson_interval(second, total, confidence)
    correlation = _corrected_correlation(both, only_first, only_second, neither)

    def distance(a: float, b: float) -> float:
        return math.sqrt(max(0.0, a * a + b * b - 2 * correlation * a * b))

    return Interval(
        low=max(-1.0, p - q - distance(p - one.low, other.high - q)),
        high=min(1.0, p - q + distance(one.high - p, q - other.low)),
    )


def _corrected_correlation(both: int, only_first: int, only_second: int, neither: int) -> float:
    """Of two yes-or-no answers to the same rows, with Newcombe's correction for continuity."""
    margins = (
        float(both + only_first) * (only_second + neither) * float(both + only_second) * float(only_first + neither)
    )
    if margins == 0:
        return 0.0
    agreement = float(both) * neither - float(only_first) * only_second
    if agreement > 0:
        agreement = max(0.0, agreement - (both + only_first + only_second + neither) / 2)
    return agreement / math.sqrt(margins)


def percentile_interval(values: NDArray[np.float64], confidence: float = CONFIDENCE) -> Interval | None:
    """Bootstrap interval from a statistic's values in the resamples; None when it is undefined in most of them.

    values: (resamples,), NaN where a resample leaves the statistic undefined
    Source: Efron, Annals of Statistics 7 (1979), pp. 1-26; percentile method.
    """
    defined = values[np.isfinite(values)]
    if 2 * len(defined) < len(values) or not len(defined):
        return None
    tail = (1 - confidence) / 2
    low, high = np.quantile(defined, [tail, 1 - tail])
    return Interval(low=float(low), high=float(high))


def bootstrap_p_value(gains: NDArray[np.float64]) -> float:
    """Two-sided p-value of no gain, from a gain's values in the resamples; never 0, since they are finitely many.

    It is the level of the widest percentile interval that leaves 0 out.
    Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 15; with one added to each count.
    """
    defined = gains[np.isfinite(gains)]
    fewer = min(int((defined <= 0).sum()), int((defined >= 0).sum()))
    return min(1.0, 2 * (fewer + 1) / (len(defined) + 1))
