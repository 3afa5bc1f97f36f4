"""One column, label or property of texts in two files: a two-sample test, an effect size, and bars to draw.

The effect size is the population stability index, of numbers over tenths of the earlier file, since it means the same
for numbers and for words.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Literal

from steps.drift_report import MAX_BINS, DriftBin, DriftKind
from steps.metric_words import value_text
from steps.two_samples import TwoSampleTest, chi_squared, kolmogorov_smirnov, pooled, population_stability_index

if TYPE_CHECKING:
    from collections.abc import Sequence

    from steps.distributions import CategorySummary, NumberSummary

TENTHS = 10
OTHERS = "others"


@dataclass(frozen=True)
class Comparison:
    """What was measured, before it is known how many comparisons there are. rows: with a value, in the newer file"""

    kind: DriftKind
    name: str
    rows: int
    live_rows: int
    test: Literal["kolmogorov_smirnov", "chi_squared"]
    measured: TwoSampleTest
    index: float
    bins: list[DriftBin] = field(default_factory=list)
    median: float | None = None
    live_median: float | None = None


def compare_numbers(kind: DriftKind, name: str, new: NumberSummary, old: NumberSummary) -> Comparison | None:
    """By the samples of both; None when one has no number."""
    if not new.sample or not old.sample:
        return None
    edges = sorted({old.sample[len(old.sample) * tenth // TENTHS] for tenth in range(1, TENTHS)})
    counts = [_between(edges, summary.sample) for summary in (new, old)]
    names = [f"up to {value_text(edge)}" for edge in edges] + [f"above {value_text(edges[-1])}"]
    return Comparison(
        kind=kind,
        name=name,
        rows=new.rows,
        live_rows=old.rows,
        test="kolmogorov_smirnov",
        measured=kolmogorov_smirnov(new.sample, old.sample),
        index=population_stability_index(*pooled(*counts)),
        bins=_bars(names, *counts),
        median=median(new.sample),
        live_median=median(old.sample),
    )


def compare_counts(
    kind: DriftKind, name: str, new: Sequence[int], old: Sequence[int], names: Sequence[str] = ()
) -> Comparison | None:
    """By the counts of the same parts in both; None when one has none. names: of the parts, to draw them"""
    if not any(new) or not any(old):
        return None
    counts = pooled(new, old)
    ordered = sorted(range(len(names)), key=lambda part: -new[part] / sum(new) - old[part] / sum(old))
    shown = [part for part in ordered if names[part] != OTHERS][: MAX_BINS - 1]
    rest = [part for part in ordered if part not in set(shown)]
    bars = [(names[part], new[part], old[part]) for part in sorted(shown)]
    if rest and bars:
        bars.append((OTHERS, sum(new[part] for part in rest), sum(old[part] for part in rest)))
    return Comparison(
        kind=kind,
        name=name,
        rows=sum(new),
        live_rows=sum(old),
        test="chi_squared",
        measured=chi_squared(*counts),
        index=population_stability_index(*counts),
        bins=_bars(*zip(*bars, strict=True)) if bars else [],
    )


def compare_words(name: str, new: CategorySummary, old: CategorySummary) -> Comparison | None:
    """By each word of a column, or by buckets of words when there are too many of them."""
    if new.categories is None or old.categories is None:
        return compare_counts("categorical", name, new.buckets, old.buckets)
    names = {each.key: each.name for each in (*new.categories, *old.categories) if each.name is not None}
    in_new = {each.key: each.rows for each in new.categories}
    in_old = {each.key: each.rows for each in old.categories}
    keys = sorted({*in_new, *in_old}, key=lambda key: (names.get(key, OTHERS), key))
    return compare_counts(
        "categorical",
        name,
        [in_new.get(key, 0) for key in keys],
        [in_old.get(key, 0) for key in keys],
        [names.get(key, OTHERS) for key in keys],
    )


def _between(edges: Sequence[float], values: Sequence[float]) -> list[int]:
    """How many values are up to each edge, and above the last; both are sorted."""
    ends = [0, *(bisect_right(values, edge) for edge in edges), len(values)]
    return [end - start for start, end in pairwise(ends)]


def _bars(names: Sequence[str], new: Sequence[int], old: Sequence[int]) -> list[DriftBin]:
    return [
        DriftBin(name=name, share=one / sum(new), live_share=other / sum(old))
        for name, one, other in zip(names, new, old, strict=True)
    ]
