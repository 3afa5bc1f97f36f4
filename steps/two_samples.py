"""Are two samples of the same kind, and how far apart are they? In plain Python, since functions have no numpy.

A test says whether a difference can be chance; an effect size says whether it is worth a word. Many rows make any
difference significant and few rows make any look large, so whoever judges asks for both.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

# Cochran's rule: the chi-squared distribution describes counts that are expected to be at least this large.
LEAST_EXPECTED = 5
# Both series for chi-squared's tail end long before.
_MAX_TERMS = 10_000
_PRECISION = 1e-15
_TINY = 1e-300


@dataclass(frozen=True)
class TwoSampleTest:
    """A test's statistic, and the probability of one at least as large if both samples were of the same kind."""

    statistic: float
    p_value: float


def wilson_interval(count: int, total: int, confidence: float = 0.95) -> tuple[float, float]:
    """Confidence interval of a share; (0, 1) when there is nothing to count.

    Source: Wilson, Journal of the American Statistical Association 22 (1927), pp. 209-212; without continuity
    correction.
    """
    if not total:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = count / total
    middle = share + z * z / (2 * total)
    half = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    scale = 1 + z * z / total
    # Without a single count, or with nothing else, rounding would leave the end beside 0 or 1.
    return (max(0.0, (middle - half) / scale) if count else 0.0), (
        min(1.0, (middle + half) / scale) if count < total else 1.0
    )


def kolmogorov_smirnov(first: Sequence[float], second: Sequence[float]) -> TwoSampleTest:
    """The largest distance between two empirical distribution functions, in [0, 1]; both samples are sorted.

    The p-value is the limit for many rows with Stephens' correction for few; with ties it is too large, never too
    small. Raises ValueError for an empty sample.
    Source: Stephens, Journal of the Royal Statistical Society B 32 (1970), pp. 115-122.
    """
    if not first or not second:
        raise ValueError("both samples need a value")
    distance = 0.0
    n, m = len(first), len(second)
    at_first = at_second = 0
    while at_first < n and at_second < m:
        # Past all that equal the smaller one, since the functions step there at once.
        one, other = first[at_first], second[at_second]
        if one <= other:
            at_first = bisect_right(first, one, at_first)
        if other <= one:
            at_second = bisect_right(second, other, at_second)
        distance = max(distance, abs(at_first / n - at_second / m))
    root = math.sqrt(n * m / (n + m))
    return TwoSampleTest(distance, kolmogorov_tail((root + 0.12 + 0.11 / root) * distance))


def chi_squared(first: Sequence[int], second: Sequence[int]) -> TwoSampleTest:
    """Pearson's test that two rows of counts, bin by bin, come from the same shares; without continuity correction.

    Bins without a count in either count for nothing. Raises ValueError when a row has no count or the lengths differ.
    """
    totals = sum(first), sum(second)
    if not all(totals):
        raise ValueError("both samples need a count")
    ratio = math.sqrt(totals[1] / totals[0])
    filled = [(one, other) for one, other in zip(first, second, strict=True) if one or other]
    statistic = sum((ratio * one - other / ratio) ** 2 / (one + other) for one, other in filled)
    return TwoSampleTest(statistic, chi_squared_tail(statistic, len(filled) - 1))


def population_stability_index(first: Sequence[int], second: Sequence[int]) -> float:
    """How far the shares of two rows of counts are apart, less what chance alone adds; 0 at least.

    Below 0.1 is called stable and above 0.25 another population. Half a count is added to each bin, so that an empty
    one can be compared. Raises ValueError as chi_squared does.
    Source: Yurdakul and Naranjo, Journal of Risk Model Validation 14 (2020), pp. 89-100, for what chance adds.
    """
    totals = sum(first), sum(second)
    if not all(totals):
        raise ValueError("both samples need a count")
    bins = len(first)
    shares = [
        ((one + 0.5) / (totals[0] + bins / 2), (other + 0.5) / (totals[1] + bins / 2))
        for one, other in zip(first, second, strict=True)
    ]
    index = sum((one - other) * math.log(one / other) for one, other in shares)
    return max(0.0, index - (bins - 1) * (1 / totals[0] + 1 / totals[1]))


def pooled(first: Sequence[int], second: Sequence[int]) -> tuple[list[int], list[int]]:
    """Both rows of counts with the rare bins made into one, so that each bin left is expected to hold five."""
    total = sum(first) + sum(second)
    share = min(sum(first), sum(second)) / total if total else 0
    kept: tuple[list[int], list[int]] = ([], [])
    rest = [0, 0]
    for one, other in zip(first, second, strict=True):
        if (one + other) * share < LEAST_EXPECTED:
            rest[0], rest[1] = rest[0] + one, rest[1] + other
        else:
            kept[0].append(one)
            kept[1].append(other)
    if any(rest):
        kept[0].append(rest[0])
        kept[1].append(rest[1])
    return kept


def kolmogorov_tail(value: float) -> float:
    """P(K > value) of Kolmogorov's distribution."""
    if value < 0.2:  # noqa: PLR2004 - the series converges slowly where the answer is 1 in fifteen digits
        return 1.0
    terms = [math.exp(-2 * (term * value) ** 2) for term in range(1, 101)]
    return min(1.0, max(0.0, 2 * (sum(terms[::2]) - sum(terms[1::2]))))


def chi_squared_tail(statistic: float, freedom: int) -> float:
    """P(X > statistic) of a chi-squared distribution; 1 when there is no degree of freedom.

    Source: Press et al., Numerical Recipes, 3rd edition, section 6.2: a series below the mean, a continued fraction
    above it.
    """
    if freedom < 1 or statistic <= 0:
        return 1.0
    shape, point = freedom / 2, statistic / 2
    scale = math.exp(shape * math.log(point) - point - math.lgamma(shape))
    if point < shape + 1:
        term = total = 1 / shape
        for step in range(1, _MAX_TERMS):
            term *= point / (shape + step)
            total += term
            if term < total * _PRECISION:
                break
        return max(0.0, 1 - scale * total)
    below = point + 1 - shape
    ratio, inverse = 1 / _TINY, 1 / below
    fraction = inverse
    for step in range(1, _MAX_TERMS):
        factor = -step * (step - shape)
        below += 2
        inverse = 1 / (factor * inverse + below or _TINY)
        ratio = below + factor / ratio or _TINY
        change = inverse * ratio
        fraction *= change
        if abs(change - 1) < _PRECISION:
            break
    return min(1.0, scale * fraction)
