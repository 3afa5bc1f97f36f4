"""What CheckMetrics finds about slices: in a critical one a candidate must not be worse than the slice's margin allows.

Slices are compared with the live version in the recipe's first metric; without a comparable one there is nothing to
judge. Of slices that are not critical only a loss beyond their margin is told, as a warning.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

from steps.contracts import Finding
from steps.metric_findings import chance_words, is_significant, limit_finding, margin_limit
from steps.metric_words import number_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from steps.evaluation_report import MetricsReport, SliceMetrics
    from steps.recipe import Recipe
    from steps.recipe_sections.slices import SliceSection


def slice_findings(report: MetricsReport, recipe: Recipe) -> Iterator[Finding]:
    """One for each critical slice, and for each other one in which the candidate is worse beyond the margin."""
    if report.champion is None:
        return
    metric = recipe.metrics.gates[0].name
    measured = {each.name: each for each in report.slices}
    for asked in recipe.slices:
        found = measured.get(asked.name)
        if found is None or not found.is_counted:
            if asked.critical:
                yield _too_few(asked, 0 if found is None else found.rows)
            continue
        finding = _compared(asked, found, metric, report.confidence)
        if asked.critical or finding.verdict != "passed":
            yield finding


def _compared(asked: SliceSection, found: SliceMetrics, metric: str, confidence: float) -> Finding:
    rule, where = f"slice_{asked.name}", f" of the slice '{asked.name}' ({found.rows:,} rows)"
    live = (found.champion or {}).get(metric, math.nan)
    if not math.isfinite(live):
        return Finding(
            rule=rule,
            verdict="warned",
            observed=0,
            limit=found.rows,
            sentence=f"{metric}{where} is missing or no number for the live version, so it was not compared.",
        )
    limit, words = margin_limit(metric, live, asked.margin)
    beyond: Literal["failed", "warned"] = "failed" if asked.critical else "warned"
    finding = limit_finding(rule, metric, found.candidate.get(metric, math.nan), limit, words, beyond, where)
    paired = found.paired
    if paired is None or paired.gain >= 0:
        return finding
    chance = chance_words(paired, confidence)
    if finding.verdict == "passed" and is_significant(paired, confidence):
        loss = f"It is {number_text(-paired.gain)} worse than the live version, more than chance explains ({chance})."
        return finding.model_copy(update={"verdict": "warned", "sentence": f"{finding.sentence} {loss}"})
    return finding.model_copy(update={"sentence": f"{finding.sentence[:-1]} ({chance})."})


def _too_few(asked: SliceSection, rows: int) -> Finding:
    return Finding(
        rule=f"slice_{asked.name}",
        verdict="warned",
        observed=rows,
        limit=asked.min_rows,
        sentence=f"The critical slice '{asked.name}' has {rows:,} of the {asked.min_rows:,} test rows that its recipe "
        "wants, so it was not judged.",
    )
