"""When an alarm goes off: the rules of CloudWatch, as values in and a state out.

Source: "Configuring how CloudWatch alarms treat missing data" and "Avoiding premature transitions to alarm state",
Amazon CloudWatch User Guide; the tests hold its tables.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

State = Literal["OK", "ALARM", "INSUFFICIENT_DATA"]
Treatment = Literal["breaching", "notBreaching", "ignore", "missing"]

# How many periods more than it evaluates an alarm looks back for data points; AWS's examples look at five for three.
EXTRA_PERIODS = 2
COMPARISONS: dict[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanOrEqualToThreshold": (operator.ge, "greater than or equal to"),
    "GreaterThanThreshold": (operator.gt, "greater than"),
    "LessThanThreshold": (operator.lt, "less than"),
    "LessThanOrEqualToThreshold": (operator.le, "less than or equal to"),
}


@dataclass(frozen=True)
class Rule:
    """What an alarm asks of its data points: `to_alarm` of `periods` breach the threshold."""

    comparison: str
    threshold: float
    periods: int
    to_alarm: int
    missing: Treatment

    def breaches(self, value: float) -> bool:
        """Whether a value is on the wrong side of the threshold."""
        return COMPARISONS[self.comparison][0](value, self.threshold)


@dataclass(frozen=True)
class Point:
    """One period's value, by the time at which the period began."""

    at: datetime
    value: float


@dataclass(frozen=True)
class Verdict:
    """The state that the data calls for, why, and the data points that say so, newest first."""

    state: State
    reason: str
    points: list[Point]


def evaluate(rule: Rule, newest_first: Sequence[Point | None], before: State) -> Verdict:
    """The state an alarm should be in.

    newest_first: rule.periods + EXTRA_PERIODS data points, None where there is none
    before: the state it is in
    """
    found = [(age, point) for age, point in enumerate(newest_first, start=1) if point is not None]
    used = found[: rule.periods]
    points = [point for _, point in used]
    breaching = [point for point in points if rule.breaches(point.value)]
    filled = rule.periods - len(points)
    if rule.missing in {"breaching", "notBreaching"}:
        count = len(breaching) + (filled if rule.missing == "breaching" else 0)
        state: State = "ALARM" if count >= rule.to_alarm else "OK"
    elif len(breaching) >= rule.to_alarm:
        state = "ALARM"
    elif not points:
        state = before if rule.missing == "ignore" else "INSUFFICIENT_DATA"
    elif len(breaching) < len(points):
        state = "OK"
    else:
        # All there is breaches the threshold, and it is not enough: only once it is old enough it counts.
        is_old_enough = used[-1][0] >= rule.to_alarm
        state = "ALARM" if rule.missing == "missing" and is_old_enough else before
    return Verdict(state, _reason(rule, state, points, breaching, filled), points)


def _reason(rule: Rule, state: State, points: list[Point], breaching: list[Point], filled: int) -> str:
    """In CloudWatch's words, which people know from its mails."""
    if state == "INSUFFICIENT_DATA":
        return f"Insufficient Data: {filled} {_datapoints(filled)} unknown."
    shown = breaching if state == "ALARM" else [point for point in points if point not in breaching]
    if not shown:
        treated = {"breaching": "Breaching", "notBreaching": "NonBreaching"}.get(rule.missing, rule.missing)
        received = (
            "" if points else f"no datapoints were received for {rule.periods} {_plural('period', rule.periods)} and "
        )
        return f"Threshold Crossed: {received}{filled} missing {_datapoints(filled)} treated as [{treated}]."
    _, words = COMPARISONS[rule.comparison]
    negation = "" if state == "ALARM" else "not "
    verb = "was" if len(shown) == 1 else "were"
    listed = ", ".join(f"{point.value} ({point.at:%d/%m/%y %H:%M:%S})" for point in shown)
    counted = f"{len(shown)} out of the last {rule.periods} {_plural('datapoint', rule.periods)}"
    return (
        f"Threshold Crossed: {counted} [{listed}] {verb} {negation}{words} the threshold ({rule.threshold}) "
        f"(minimum {rule.to_alarm} {_plural('datapoint', rule.to_alarm)} for OK -> ALARM transition)."
    )


def _datapoints(count: int) -> str:
    return f"{_plural('datapoint', count)} {'was' if count == 1 else 'were'}"


def _plural(word: str, count: int) -> str:
    return word if count == 1 else f"{word}s"
