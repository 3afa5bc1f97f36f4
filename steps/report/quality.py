"""Where a candidate is good and where it is not: slices, behaviour, checks of the training, speed, single rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from steps.behaviour_report import BehaviourFailure, BehaviourKind, BehaviourResult
from steps.evaluation_report import EvaluatedExample, MetricsReport, ServingMeasurement, SliceMetrics
from steps.model_checks import CheckName
from steps.pages.rendering import gain_text, metric_label, metric_text
from steps.recipe import Recipe
from steps.recipe_sections.metrics import LOSS_METRICS
from steps.report.metrics import gain_words, side_of

KINDS: dict[BehaviourKind, str] = {
    "minimum_functionality": "simple cases that it must get right",
    "invariance": "a change that must not change the answer",
    "directional": "a change that must move the answer one way",
}
CHECKS: dict[CheckName, str] = {
    "untrained_output": "Before it learns, its answers have the right shape and range",
    "one_batch_overfits": "It can learn a handful of rows by heart",
    "loss_falls": "Its loss falls while it learns",
    "same_seed_same_model": "The same seed gives the same model",
    "served_as_trained": "What is served answers as what was trained",
}
_MEGABYTE = 1_000_000
_BAR = 100


@dataclass(frozen=True)
class SliceRow:
    """One part of the rows, in the recipe's first metric; a text is empty where there is no number.

    bar: 0 to 100, None for a metric that has no such scale
    """

    name: str
    rows: int
    is_counted: bool
    value: str
    live: str
    gain: str
    gain_words: str
    side: str
    bar: float | None
    live_bar: float | None


@dataclass(frozen=True)
class BehaviourRow:
    """One test of the recipe in words."""

    name: str
    kind: str
    verdict: str
    rate: str
    limit: str
    live: str
    cases: str
    failures: Sequence[BehaviourFailure]


@dataclass(frozen=True)
class ServingRow:
    """One version in the real server."""

    version: str
    p50: str
    p95: str
    p99: str
    archive: str
    unpacked: str


@dataclass(frozen=True)
class ExampleRow:
    """One row by its number, and what was answered; never what stands in it."""

    row_number: str
    expected: str
    candidate: str
    champion: str


def slice_rows(recipe: Recipe, measured: MetricsReport) -> list[SliceRow]:
    """The recipe's slices, the whole first to compare with."""
    if not measured.slices:
        return []
    metric = recipe.metrics.gates[0].name
    whole = SliceMetrics(
        name="all rows",
        rows=measured.rows,
        is_counted=True,
        candidate=measured.candidate,
        champion=measured.champion,
        paired=measured.paired.get(metric),
    )
    return [_slice(metric, part) for part in [whole, *measured.slices]]


def _slice(metric: str, part: SliceMetrics) -> SliceRow:
    value, live = part.candidate.get(metric), (part.champion or {}).get(metric)
    gain = None
    if value is not None and live is not None:
        gain = live - value if metric in LOSS_METRICS else value - live
    return SliceRow(
        name=part.name,
        rows=part.rows,
        is_counted=part.is_counted,
        value="" if value is None else metric_text(metric, value),
        live="" if live is None else metric_text(metric, live),
        gain="" if gain is None else gain_text(metric, gain),
        gain_words="" if gain is None else gain_words(gain, part.paired),
        side=side_of(gain),
        bar=_bar(metric, value),
        live_bar=_bar(metric, live),
    )


def _bar(metric: str, value: float | None) -> float | None:
    if value is None or metric in LOSS_METRICS or metric == "r2":
        return None
    return round(min(1.0, max(0.0, value)) * _BAR, 1)


def behaviour_rows(measured: MetricsReport) -> list[BehaviourRow]:
    """The recipe's behavioural tests, those that did not pass first."""
    results = measured.behaviour.results if measured.behaviour else []
    return [_behaviour(result) for result in sorted(results, key=lambda each: each.verdict == "passed")]


def _behaviour(result: BehaviourResult) -> BehaviourRow:
    live = result.champion_failure_rate
    return BehaviourRow(
        name=result.name.replace("_", " "),
        kind=KINDS[result.kind],
        verdict=result.verdict,
        rate=_percent(result.failure_rate),
        limit=_percent(result.limit),
        live="" if live is None else _percent(live),
        cases=f"{result.failures:,} of {result.cases:,}",
        failures=result.examples,
    )


def serving_rows(measured: MetricsReport) -> list[ServingRow]:
    """Speed and size of both versions, as far as they were measured."""
    both = (("new version", measured.serving), ("live version", measured.champion_serving))
    return [_serving(version, found) for version, found in both if found is not None]


def _serving(version: str, found: ServingMeasurement) -> ServingRow:
    return ServingRow(
        version=version,
        p50=f"{found.p50_ms:.1f} ms",
        p95=f"{found.p95_ms:.1f} ms",
        p99=f"{found.p99_ms:.1f} ms",
        archive=f"{found.archive_bytes / _MEGABYTE:,.1f} MB",
        unpacked=f"{found.unpacked_bytes / _MEGABYTE:,.1f} MB",
    )


def example_rows(examples: Sequence[EvaluatedExample]) -> list[ExampleRow]:
    """Rows by their numbers."""
    return [
        ExampleRow(
            row_number=f"{each.row_number:,}",
            expected=each.expected,
            candidate=answer_text(each.candidate, each.candidate_probability),
            champion=answer_text(each.champion, each.champion_probability),
        )
        for each in examples
    ]


def answer_text(answer: str | None, probability: float | None) -> str:
    """`positive (98 %)`; empty for what nobody answered."""
    if answer is None:
        return ""
    return answer if probability is None else f"{answer} ({_percent(probability)})"


def metric_name(recipe: Recipe) -> str:
    """The recipe's first metric as people write it."""
    return metric_label(recipe.metrics.gates[0].name)


def _percent(share: float) -> str:
    if 0 < share < 0.001:  # noqa: PLR2004 - one decimal of a percentage
        return "< 0.1 %"
    return "> 99.9 %" if 0.999 < share < 1 else f"{share * 100:.1f} %"  # noqa: PLR2004
