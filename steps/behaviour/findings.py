"""CheckMetrics' findings about behavioural tests: each failure rate with its limit, and the first failure in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from steps.behaviour_report import BehaviourFailure, BehaviourResult
from steps.contracts import Finding
from steps.shortened import shortened

if TYPE_CHECKING:
    from steps.behaviour_report import BehaviourReport

_EXAMPLE_BYTES = 120
_KINDS = {
    "minimum_functionality": "minimum functionality",
    "invariance": "invariance",
    "directional": "directional expectation",
}


def behaviour_findings(report: BehaviourReport | None) -> list[Finding]:
    """One for each test, in the recipe's order; none when the recipe has no such tests."""
    return [_judge(result) for result in (report.results if report is not None else [])]


def _judge(result: BehaviourResult) -> Finding:
    return Finding(
        rule=f"behaviour_{result.name}",
        verdict=result.verdict,
        observed=result.failure_rate,
        limit=result.limit,
        sentence=_sentence(result),
    )


def _sentence(result: BehaviourResult) -> str:
    what = f"Behavioural test {result.name} ({_KINDS[result.kind]})"
    if not result.cases:
        return f"{what} found no row that it could change, so it says nothing."
    over = result.failure_rate - result.limit
    side = f"above the limit {result.limit:.1%} by {over:.1%}"
    if not result.is_above_limit:
        side = f"{'on' if math.isclose(result.failure_rate, result.limit) else 'within'} the limit {result.limit:.1%}"
    live = result.champion_failure_rate
    beside = "" if live is None else f"; the live version's rate is {live:.1%}"
    rate = f"{result.failures} of {result.cases:,} cases fail, {result.failure_rate:.1%}"
    return f"{what}: {rate}, {side}{beside}.{_told(result.examples)}"


def _told(examples: Sequence[BehaviourFailure]) -> str:
    """The first failure: a text of the recipe's own, or up to three row numbers."""
    if not examples:
        return ""
    first = examples[0]
    expected, answered = (shortened(words, _EXAMPLE_BYTES) for words in (first.expected, first.answered))
    wanted = f"expected {expected}, answered {answered}"
    if first.after is not None:
        return f' "{shortened(first.after, _EXAMPLE_BYTES)}": {wanted}.'
    numbers = [str(example.row_number) for example in examples[:3]]
    rows = f"test row {numbers[0]}: {wanted}"
    return f" {rows[0].upper()}{rows[1:]}{'; also ' + ' and '.join(numbers[1:]) if numbers[1:] else ''}."
