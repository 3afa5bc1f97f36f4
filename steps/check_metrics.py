"""CheckMetrics: is the candidate good enough to be released, and does a person have to be asked?

A metric on its limit passes. One that is missing or no number fails, and its finding observes the worst value.
"""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, Literal

from steps.behaviour.findings import behaviour_findings
from steps.contracts import CheckMetricsResult, Finding
from steps.metric_words import number_text
from steps.recipe_sections.metrics import LOSS_METRICS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from steps.evaluation_report import MetricsReport
    from steps.recipe import Recipe
    from steps.recipe_sections.metrics import MetricGate

# Differences of decimal fractions miss their value by less than this.
ROUNDING = 1e-9
# Below this, two metrics read the same with three decimals.
SHOWN_DIFFERENCE = 0.0005


def check_metrics(report: MetricsReport, recipe: Recipe) -> CheckMetricsResult:
    """Hold a report against the recipe's floors, and against the live version with the recipe's margins."""
    findings = [finding for gate in recipe.metrics.gates for finding in _judge(gate, report)]
    findings += behaviour_findings(report.behaviour)
    failed = [finding.sentence for finding in findings if finding.verdict == "failed"]
    gain = _gain(report, recipe)
    is_clear = gain is not None and gain >= recipe.metrics.clear_win - ROUNDING
    policy = recipe.approval.policy
    return CheckMetricsResult(
        verdict="rejected" if failed else "passed",
        needs_approval=policy == "always" or (policy == "when_not_clearly_better" and not is_clear),
        findings=findings,
        metrics=_gated_first(_finite(report.candidate), recipe),
        champion_metrics=None if report.champion is None else _finite(report.champion),
        rows=report.rows,
        reason=" ".join(failed) or _comparison(report, recipe, gain),
    )


def _judge(gate: MetricGate, report: MetricsReport) -> Iterator[Finding]:
    value = report.candidate.get(gate.name, math.nan)
    kind: Literal["ceiling", "floor"] = "ceiling" if gate.name in LOSS_METRICS else "floor"
    yield _finding(gate.name, kind, value, gate.floor, f"its {kind} {number_text(gate.floor)}")
    live = (report.champion or {}).get(gate.name, math.nan)
    if math.isfinite(live):
        limit = live + gate.margin if kind == "ceiling" else live - gate.margin
        sign = "plus" if kind == "ceiling" else "minus"
        words = (
            f"{number_text(limit)}, the live version's {number_text(live)} {sign} the margin {number_text(gate.margin)}"
        )
        yield _finding(gate.name, "margin", value, limit, words)


def _finding(metric: str, rule: str, value: float, limit: float, limit_words: str) -> Finding:
    is_loss = metric in LOSS_METRICS
    if not math.isfinite(value):
        # r2 has no lower end.
        worst = sys.float_info.max if is_loss else -sys.float_info.max if metric == "r2" else 0.0
        sentence = f"{metric} is missing or no number, so it cannot be held against {limit_words}."
        return Finding(rule=f"{metric}_{rule}", verdict="failed", observed=worst, limit=limit, sentence=sentence)
    lead = limit - value if is_loss else value - limit
    rounding = ROUNDING * max(1.0, abs(limit))
    passed = lead >= -rounding
    side = "above" if (value > limit) else "below"
    gap = number_text(abs(lead)) if abs(lead) >= 0.001 else f"{abs(lead):.6f}"  # noqa: PLR2004 - else it would read 0.000
    distance = f"is {side} {limit_words} by {gap}" if abs(lead) > rounding else f"is on {limit_words}"
    return Finding(
        rule=f"{metric}_{rule}",
        verdict="passed" if passed else "failed",
        observed=value,
        limit=limit,
        sentence=f"{metric} {number_text(value)} {distance}.",
    )


def _gain(report: MetricsReport, recipe: Recipe) -> float | None:
    """How much better than the live version the first metric is; None without anything to compare."""
    name = recipe.metrics.gates[0].name
    value, live = report.candidate.get(name, math.nan), (report.champion or {}).get(name, math.nan)
    if not (math.isfinite(value) and math.isfinite(live)):
        return None
    return live - value if name in LOSS_METRICS else value - live


def _comparison(report: MetricsReport, recipe: Recipe, gain: float | None) -> str:
    name = recipe.metrics.gates[0].name
    value = f"{name} {number_text(report.candidate[name])} on {report.rows:,} rows never trained on"
    weakest = _weakest_label(report, name)
    if gain is None:
        return f"{value}; there is no live version that it can be compared with.{weakest}"
    if abs(gain) < SHOWN_DIFFERENCE:
        return f"{value}, as good as the live version.{weakest}"
    better = "better" if gain >= 0 else "worse"
    clear = "" if gain >= recipe.metrics.clear_win - ROUNDING else "not "
    return (
        f"{value}, {number_text(abs(gain))} {better} than the live version: "
        f"{clear}a clear win ({number_text(recipe.metrics.clear_win)}).{weakest}"
    )


def _weakest_label(report: MetricsReport, metric: str) -> str:
    """A mean over labels may hide one that the model does not know; nothing where there are no labels."""
    metric = "roc_auc" if metric == "subset_accuracy" else metric
    values = {name: each[metric] for name, each in report.per_label.items() if metric in each}
    if not values:
        return ""
    name = (max if metric in LOSS_METRICS else min)(values, key=lambda label: values[label])
    return f" The weakest label is {name} with {metric} {number_text(values[name])}."


def _gated_first(metrics: dict[str, float], recipe: Recipe) -> dict[str, float]:
    """In the recipe's order, then the others: where there is room for a few, they are those that decide."""
    names = dict.fromkeys([*(gate.name for gate in recipe.metrics.gates), *metrics])
    return {name: metrics[name] for name in names if name in metrics}


def _finite(metrics: dict[str, float]) -> dict[str, float]:
    return {name: value for name, value in metrics.items() if math.isfinite(value)}
