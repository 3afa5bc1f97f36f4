"""CheckMetrics: is the candidate good enough to be released, and does a person have to be asked?

Every rule becomes a finding. One that failed rejects the candidate, unless whoever requested the run overrides it; then
a person is asked, whatever the policy. One that warned is told to the approver and stops nothing. docs/gates.md tells
the rules.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from steps.behaviour.findings import behaviour_findings
from steps.comparable import why_incomparable
from steps.contracts import CheckMetricsResult, Finding
from steps.metric_findings import ROUNDING, chance_words, metric_findings
from steps.metric_words import number_text
from steps.most_telling import most_telling
from steps.recipe_sections.metrics import LOSS_METRICS
from steps.serving_findings import serving_findings
from steps.slice_findings import slice_findings

if TYPE_CHECKING:
    from steps.contracts import LiveVersion
    from steps.evaluation_report import MetricsReport
    from steps.recipe import Recipe

# Below this, two metrics read the same with three decimals.
SHOWN_DIFFERENCE = 0.0005
MAX_FINDINGS = 50
MAX_FINDINGS_BYTES = 8_000


@dataclass(frozen=True)
class Override:
    """Somebody's wish that a rejected candidate goes on to the approvers.

    who: whoever requested the run;  why: their reason
    """

    who: str
    why: str


def check_metrics(
    report: MetricsReport, recipe: Recipe, *, live: LiveVersion | None = None, override: Override | None = None
) -> CheckMetricsResult:
    """Hold a report against the recipe.

    live: the live version, which may be none that the report could be made of;  override: used only when it is needed
    """
    findings = all_findings(report, recipe, live)
    failed = [finding.sentence for finding in findings if finding.verdict == "failed"]
    warned = [finding.sentence for finding in findings if finding.verdict == "warned"]
    overridden = bool(failed) and override is not None
    policy = recipe.approval.policy
    is_clear = is_clear_win(report, recipe)
    reason = " ".join(failed) or " ".join([_comparison(report, recipe), *warned])
    if failed and override is not None:
        reason = f"Rules that failed were overridden by {override.who}, who said why: “{override.why}” {reason}"
    return CheckMetricsResult(
        verdict="rejected" if failed and not overridden else "passed",
        needs_approval=overridden or policy == "always" or (policy == "when_not_clearly_better" and not is_clear),
        findings=most_telling(
            findings, most=MAX_FINDINGS, most_bytes=MAX_FINDINGS_BYTES, where="evaluate_model/report.json"
        ),
        metrics=_gated_first(_finite(report.candidate), recipe),
        champion_metrics=None if report.champion is None else _finite(report.champion),
        rows=report.rows,
        reason=reason,
        overridden=overridden,
        clearly_better=is_clear,
    )


def all_findings(report: MetricsReport, recipe: Recipe, live: LiveVersion | None = None) -> list[Finding]:
    """Every rule's finding, in the order of the recipe; live as in check_metrics."""
    return [
        *_comparability(report, recipe, live),
        *(finding for gate in recipe.metrics.gates for finding in metric_findings(gate, report)),
        *slice_findings(report, recipe),
        *serving_findings(recipe.metrics.serving, report.serving),
        *_model_checks(report),
        *behaviour_findings(report.behaviour),
    ]


def is_clear_win(report: MetricsReport, recipe: Recipe) -> bool:
    """Whether the first metric is better than the live version's by `clear_win`, and by more than chance explains."""
    gain, paired = _gain(report, recipe), report.paired.get(recipe.metrics.gates[0].name)
    is_large = gain is not None and gain >= recipe.metrics.clear_win - ROUNDING
    return is_large and paired is not None and paired.interval.low > 0


def _comparability(report: MetricsReport, recipe: Recipe, live: LiveVersion | None) -> list[Finding]:
    """A warning when something is live and was not measured."""
    if live is None or report.champion is not None:
        return []
    why = why_incomparable(live, recipe) or "it was not measured"
    return [
        Finding(
            rule="comparable_live_version",
            verdict="warned",
            observed=0,
            limit=report.rows,
            sentence=f"Version {live.model_version} is live, but was not compared on these rows: {why}. "
            "Only what holds without it was judged.",
        )
    ]


def _model_checks(report: MetricsReport) -> list[Finding]:
    return [
        Finding(
            rule=f"model_check_{check.name}",
            verdict=check.verdict,
            observed=check.observed,
            limit=check.limit,
            sentence=check.sentence,
        )
        for check in report.model_checks
    ]


def _gain(report: MetricsReport, recipe: Recipe) -> float | None:
    """How much better than the live version the first metric is; None without anything to compare."""
    name = recipe.metrics.gates[0].name
    value, live = report.candidate.get(name, math.nan), (report.champion or {}).get(name, math.nan)
    if not (math.isfinite(value) and math.isfinite(live)):
        return None
    return live - value if name in LOSS_METRICS else value - live


def _comparison(report: MetricsReport, recipe: Recipe) -> str:
    name, gain = recipe.metrics.gates[0].name, _gain(report, recipe)
    value = f"{name} {number_text(report.candidate[name])} on {report.rows:,} rows never trained on"
    weakest = _weakest_label(report, name)
    if gain is None:
        return f"{value}; there is no live version that it can be compared with.{weakest}"
    paired = report.paired.get(name)
    chance = f" ({chance_words(paired, report.confidence)})" if paired is not None else ""
    if abs(gain) < SHOWN_DIFFERENCE:
        return f"{value}, as good as the live version{chance}.{weakest}"
    compared = f"{number_text(abs(gain))} {'better' if gain >= 0 else 'worse'} than the live version{chance}"
    return f"{value}, {compared}: {_win_words(report, recipe, gain)}.{weakest}"


def _win_words(report: MetricsReport, recipe: Recipe, gain: float) -> str:
    needed = number_text(recipe.metrics.clear_win)
    if is_clear_win(report, recipe):
        return f"a clear win ({needed})"
    is_large = gain >= recipe.metrics.clear_win - ROUNDING
    return f"not a clear win ({needed})" + (", since it may be chance" if is_large else "")


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
