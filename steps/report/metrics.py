"""The metrics beside the live version's, with their intervals, in numbers and as ranges to draw."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from steps.check_metrics import SHOWN_DIFFERENCE
from steps.evaluation_report import Interval, MetricsReport, PairedTest
from steps.pages.model_page import MEANINGS
from steps.pages.rendering import gain_text, metric_label, metric_text
from steps.recipe import Recipe
from steps.recipe_sections.metrics import LOSS_METRICS
from steps.report.plots import RangePlot, range_plot

# Below this, a difference is called one that chance would hardly make.
SIGNIFICANT = 0.05


@dataclass(frozen=True)
class MetricRow:
    """One metric in words, and its ranges."""

    label: str
    meaning: str
    candidate: str
    interval: str
    wanted: str
    champion: str
    champion_interval: str
    gain: str
    gain_interval: str
    gain_words: str
    side: str
    plot: RangePlot | None


def metric_rows(recipe: Recipe, measured: MetricsReport) -> list[MetricRow]:
    """The gated metrics in the recipe's order, then the others by name."""
    gated = [gate.name for gate in recipe.metrics.gates]
    others = sorted(set(measured.candidate) - set(gated))
    names = [name for name in dict.fromkeys([*gated, *others]) if math.isfinite(measured.candidate.get(name, math.nan))]
    floors: dict[str, float] = {gate.name: gate.floor for gate in recipe.metrics.gates}
    return [_row(name, measured, floors.get(name)) for name in names]


def interval_text(name: str, interval: Interval | None) -> str:
    """`76.1 % to 80.5 %`; empty without one."""
    return f"{metric_text(name, interval.low)} to {metric_text(name, interval.high)}" if interval else ""


def gain_words(gain: float, test: PairedTest | None) -> str:
    """Whether a difference says anything; nothing of one that would read as none."""
    if test is None:
        return ""
    if abs(gain) < SHOWN_DIFFERENCE:
        return ""
    return "more than chance" if test.p_value < SIGNIFICANT else "could be chance"


def _row(name: str, measured: MetricsReport, floor: float | None) -> MetricRow:
    value, live = measured.candidate[name], (measured.champion or {}).get(name)
    live = live if live is not None and math.isfinite(live) else None
    mine, theirs = measured.intervals.get(name), measured.champion_intervals.get(name)
    test, is_loss = measured.paired.get(name), name in LOSS_METRICS
    gain = None if live is None else (live - value if is_loss else value - live)
    return MetricRow(
        label=metric_label(name),
        meaning=MEANINGS.get(name, ""),
        candidate=metric_text(name, value),
        interval=interval_text(name, mine),
        wanted="" if floor is None else f"{'at most' if is_loss else 'at least'} {metric_text(name, floor)}",
        champion="" if live is None else metric_text(name, live),
        champion_interval=interval_text(name, theirs),
        gain="" if gain is None else gain_text(name, gain),
        gain_interval=_gain_interval(name, test),
        gain_words="" if gain is None else gain_words(gain, test),
        side=side_of(gain),
        plot=range_plot(value, mine, live, theirs, floor),
    )


def _gain_interval(name: str, test: PairedTest | None) -> str:
    if test is None:
        return ""
    low, high = (gain_text(name, value).replace("none", "0") for value in (test.interval.low, test.interval.high))
    if low == high == "0":
        return ""
    # The unit once is enough.
    return f"{low.removesuffix(' points')} to {high}"


def side_of(gain: float | None) -> str:
    """`better`, `worse`, or `same` where it would read as zero."""
    if gain is None or abs(gain) < SHOWN_DIFFERENCE:
        return "same"
    return "better" if gain > 0 else "worse"


def threshold_rows(measured: MetricsReport) -> Sequence[tuple[str, str]]:
    """Class or label -> the probability from which it is answered, where that was chosen."""
    return [(name, f"{value * 100:.0f} %") for name, value in measured.thresholds.items()]
