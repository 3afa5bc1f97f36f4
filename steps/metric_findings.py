"""What CheckMetrics finds about the gated metrics: each one's floor, and how it stands against the live version.

Against the live version there are two findings. `<metric>_margin` is about the size of a loss: beyond the margin the
candidate is rejected, chance or not. `<metric>_paired` is about a loss within the margin: by the paired test on the
same rows it may be chance, or it is none, and then `significantly_worse` says what happens.
"""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, Literal

from steps.contracts import Finding
from steps.metric_words import number_text, p_value_text, signed_text
from steps.recipe_sections.metrics import LOSS_METRICS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from steps.evaluation_report import MetricsReport, PairedTest
    from steps.recipe_sections.metrics import MetricGate

# Differences of decimal fractions miss their value by less than this.
ROUNDING = 1e-9
_TESTS = {"mcnemar": "McNemar's test", "paired_bootstrap": "paired bootstrap"}


def metric_findings(gate: MetricGate, report: MetricsReport) -> Iterator[Finding]:
    """The gate's floor, and with a comparable live version its margin and its paired test.

    A value on its limit passes. One that is missing or no number fails, and its finding observes the worst value.
    """
    value = report.candidate.get(gate.name, math.nan)
    kind = "ceiling" if gate.name in LOSS_METRICS else "floor"
    yield limit_finding(f"{gate.name}_{kind}", gate.name, value, gate.floor, f"its {kind} {number_text(gate.floor)}")
    live = (report.champion or {}).get(gate.name, math.nan)
    if report.champion is not None and not math.isfinite(live):
        yield Finding(
            rule=f"{gate.name}_margin",
            verdict="warned",
            observed=0,
            limit=report.rows,
            sentence=f"{gate.name} of the live version is missing or no number on these rows, so it was not compared.",
        )
    if math.isfinite(live):
        limit, words = margin_limit(gate.name, live, gate.margin)
        yield limit_finding(f"{gate.name}_margin", gate.name, value, limit, words)
        paired = report.paired.get(gate.name)
        if paired is not None and math.isfinite(value):
            yield _paired_finding(gate, paired, report.confidence)


def margin_limit(metric: str, live: float, margin: float) -> tuple[float, str]:
    """The worst value that the margin allows, and the words for it."""
    is_loss = metric in LOSS_METRICS
    limit = live + margin if is_loss else live - margin
    sign = "plus" if is_loss else "minus"
    return (
        limit,
        f"{number_text(limit)}, the live version's {number_text(live)} {sign} the margin {number_text(margin)}",
    )


def limit_finding(  # noqa: PLR0917 - a limit, said and judged
    rule: str,
    metric: str,
    value: float,
    limit: float,
    limit_words: str,
    beyond: Literal["failed", "warned"] = "failed",
    where: str = "",
) -> Finding:
    """A metric held against a limit: above a floor, or below a ceiling for a loss.

    limit_words: the limit, as `its floor 0.760`;  where: the rows, as ` of the slice 'short'`, if they are not all
    """
    is_loss = metric in LOSS_METRICS
    if not math.isfinite(value):
        # r2 has no lower end.
        worst = sys.float_info.max if is_loss else -sys.float_info.max if metric == "r2" else 0.0
        sentence = f"{metric}{where} is missing or no number, so it cannot be held against {limit_words}."
        return Finding(rule=rule, verdict="failed", observed=worst, limit=limit, sentence=sentence)
    lead = limit - value if is_loss else value - limit
    rounding = ROUNDING * max(1.0, abs(limit))
    passed = lead >= -rounding
    side = "above" if (value > limit) else "below"
    distance = f"is {side} {limit_words} by {_gap(lead)}" if abs(lead) > rounding else f"is on {limit_words}"
    return Finding(
        rule=rule,
        verdict="passed" if passed else beyond,
        observed=value,
        limit=limit,
        sentence=f"{metric} {number_text(value)}{where} {distance}.",
    )


def is_significant(paired: PairedTest, confidence: float) -> bool:
    """Whether a difference is more than chance explains."""
    return paired.p_value < 1 - confidence


def chance_words(paired: PairedTest, confidence: float) -> str:
    """`95 % interval of the gain +0.004 to +0.018; McNemar's test, p = 0.002`."""
    low, high = signed_text(paired.interval.low), signed_text(paired.interval.high)
    test = f"{_TESTS[paired.test]}, p {p_value_text(paired.p_value)}"
    return f"{confidence * 100:g} % interval of the gain {low} to {high}; {test}"


def _paired_finding(gate: MetricGate, paired: PairedTest, confidence: float) -> Finding:
    worse = paired.gain < 0 and is_significant(paired, confidence)
    beyond: Literal["failed", "warned"] = "failed" if gate.significantly_worse == "error" else "warned"
    if paired.gain == 0:
        said = f"{gate.name} is exactly as good as the live version's"
    else:
        better = "better" if paired.gain > 0 else "worse"
        chance = "more than chance explains" if is_significant(paired, confidence) else "which may be chance"
        said = f"{gate.name} is {_gap(paired.gain)} {better} than the live version's, {chance}"
    return Finding(
        rule=f"{gate.name}_paired",
        verdict=beyond if worse else "passed",
        observed=paired.p_value,
        limit=1 - confidence,
        sentence=f"{said} ({chance_words(paired, confidence)}).",
    )


def _gap(difference: float) -> str:
    """The size of a difference, with more decimals where three would read 0.000."""
    size = abs(difference)
    return number_text(size) if size >= 0.001 or size == 0 else f"{size:.6f}"  # noqa: PLR2004
