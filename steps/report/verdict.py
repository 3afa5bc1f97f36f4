"""The report's first words: what came of the run, why, and which rules were broken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from steps.contracts import Finding
from steps.pages.rendering import metric_label, metric_text
from steps.report.facts import ReportFacts

Mark = Literal["go", "ask", "no"]


@dataclass(frozen=True)
class Tile:
    """One number that matters, and what it says."""

    label: str
    value: str
    note: str


@dataclass(frozen=True)
class Verdict:
    """The headline, its colour, the sentence below it, and the rules that were broken."""

    mark: Mark
    headline: str
    reason: str
    failed: Sequence[Finding]
    warned: Sequence[Finding]
    tiles: Sequence[Tile]


def verdict_of(facts: ReportFacts) -> Verdict:
    """What came of the run, as far as it has come when its report is written."""
    findings = [*(facts.data.findings if facts.data else []), *(facts.checked.findings if facts.checked else [])]
    failed = [finding for finding in findings if finding.verdict == "failed"]
    warned = [finding for finding in findings if finding.verdict == "warned"]
    mark, headline, reason = _headline(facts)
    for finding in [*failed, *warned]:
        # It stands in a list of its own below.
        reason = reason.replace(finding.sentence, "").strip()
    return Verdict(
        mark=mark,
        headline=headline,
        reason=reason[:1].upper() + reason[1:],
        failed=failed,
        warned=warned,
        tiles=_tiles(facts),
    )


def _headline(facts: ReportFacts) -> tuple[Mark, str, str]:
    live = facts.plan.champion
    stays = f"Version {live.model_version} stays live." if live else "Nothing is live, and nothing changes."
    if facts.data is not None and facts.data.verdict == "rejected":
        return "no", "Refused: the data broke a rule", f"Nothing was trained. {stays}"
    if facts.refused_model:
        return "no", "Refused: the model may not be taken", f"{facts.refused_model} {stays}"
    if facts.checked is None:
        raise ValueError("a run that nothing refused has its metrics checked before its report is written")
    if facts.checked.verdict == "rejected":
        return "no", "Refused: not good enough", stays
    if facts.checked.overridden:
        return "ask", "Not good enough, but overridden: a person is asked", facts.checked.reason
    if facts.checked.needs_approval:
        return "ask", "Passed: a person decides now", facts.checked.reason
    return "go", "Passed: it goes live without asking", facts.checked.reason


def _tiles(facts: ReportFacts) -> list[Tile]:
    tiles = []
    if facts.checked is not None and facts.measured is not None:
        name = facts.recipe.metrics.gates[0].name
        live = (facts.checked.champion_metrics or {}).get(name)
        if name in facts.checked.metrics:
            note = f"the live version has {metric_text(name, live)}" if live is not None else "the first of its kind"
            tiles.append(Tile(metric_label(name), metric_text(name, facts.checked.metrics[name]), note))
        tiles.append(Tile("Tested on", f"{facts.checked.rows:,} rows", "which it never saw before"))
        if facts.measured.behaviour is not None:
            results = facts.measured.behaviour.results
            kept = sum(result.verdict == "passed" for result in results)
            tiles.append(Tile("Behaviour tests", f"{kept} of {len(results)}", "kept their limit"))
    if facts.data is not None:
        broken = sum(finding.verdict != "passed" for finding in facts.data.findings)
        rules = len(facts.data.findings)
        tiles.append(Tile("Data rules", f"{rules - broken} of {rules}", f"kept, on {facts.data.rows:,} rows"))
    if facts.plan.cost is not None:
        tiles.append(Tile("Costs at most", f"{facts.plan.cost.run_usd} $", "this run, by its time limits, on AWS"))
    return tiles
