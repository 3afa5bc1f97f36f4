"""The tables of "Configuring how CloudWatch alarms treat missing data", row by row."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import cast

import pytest

from local.cloudwatch.evaluation import Point, Rule, State, Treatment, evaluate

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
OK, ALARM, INSUFFICIENT, RETAINED = "OK", "ALARM", "INSUFFICIENT_DATA", "retained"
TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")

THREE_OF_THREE = [
    ("0 - X - X", (OK, OK, OK, OK)),
    ("- - - - 0", (OK, OK, OK, OK)),
    ("- - - - -", (INSUFFICIENT, RETAINED, ALARM, OK)),
    ("0 X X - X", (ALARM, ALARM, ALARM, ALARM)),
    ("- - X - -", (ALARM, RETAINED, ALARM, OK)),
]
TWO_OF_THREE = [
    ("0 - X - X", (ALARM, ALARM, ALARM, ALARM)),
    ("0 0 X 0 X", (ALARM, ALARM, ALARM, ALARM)),
    ("0 - X - -", (OK, OK, ALARM, OK)),
    ("- - - - 0", (OK, OK, ALARM, OK)),
    ("- - - X -", (ALARM, RETAINED, ALARM, OK)),
]
# Where the text says that the alarm does not go off yet.
PREMATURE = [("- - - - X", 3), ("- - - X -", 3), ("- - - - X", 2)]
ROWS = [
    (points, to_alarm, treatment, state)
    for to_alarm, table in ((3, THREE_OF_THREE), (2, TWO_OF_THREE))
    for points, states in table
    for treatment, state in zip(TREATMENTS, states, strict=True)
]


def newest_first(points: str) -> list[Point | None]:
    values = {"0": 0.0, "X": 1.0}
    return [
        Point(NOW - age * timedelta(minutes=5), values[sign]) if sign in values else None
        for age, sign in enumerate(reversed(points.split()), start=1)
    ]


def rule(to_alarm: int, missing: str, comparison: str = "GreaterThanThreshold") -> Rule:
    return Rule(comparison, threshold=0.5, periods=3, to_alarm=to_alarm, missing=cast("Treatment", missing))


@pytest.mark.parametrize(("points", "to_alarm", "treatment", "state"), ROWS)
@pytest.mark.parametrize("before", [OK, ALARM, INSUFFICIENT])
def test_each_row_gives_the_state_that_the_guide_gives(
    points: str, to_alarm: int, treatment: str, state: str, before: State
) -> None:
    verdict = evaluate(rule(to_alarm, treatment), newest_first(points), before)
    assert verdict.state == (before if state == RETAINED else state)


@pytest.mark.parametrize(("points", "to_alarm"), PREMATURE)
@pytest.mark.parametrize("treatment", ["missing", "ignore"])
@pytest.mark.parametrize("before", [OK, INSUFFICIENT])
def test_one_breaching_point_alone_does_not_count_before_it_is_old(
    points: str, to_alarm: int, treatment: str, before: State
) -> None:
    assert evaluate(rule(to_alarm, treatment), newest_first(points), before).state == before


@pytest.mark.parametrize(
    ("comparison", "states"),
    [
        ("GreaterThanThreshold", (OK, OK, ALARM)),
        ("GreaterThanOrEqualToThreshold", (OK, ALARM, ALARM)),
        ("LessThanThreshold", (ALARM, OK, OK)),
        ("LessThanOrEqualToThreshold", (ALARM, ALARM, OK)),
    ],
)
def test_each_comparison_below_on_and_above_the_threshold(comparison: str, states: tuple[str, str, str]) -> None:
    asked = Rule(comparison, threshold=0.5, periods=1, to_alarm=1, missing="missing")
    found = [evaluate(asked, [Point(NOW, value), None, None], "OK").state for value in (0.4, 0.5, 0.6)]
    assert found == list(states)


def test_the_reason_is_in_cloudwatchs_words() -> None:
    asked = Rule("GreaterThanOrEqualToThreshold", threshold=1.0, periods=1, to_alarm=1, missing="notBreaching")
    gone_off = evaluate(asked, [Point(NOW, 2.0), None, None], "OK")
    assert gone_off.reason == (
        "Threshold Crossed: 1 out of the last 1 datapoint [2.0 (02/03/26 09:00:00)] was greater than or equal to the "
        "threshold (1.0) (minimum 1 datapoint for OK -> ALARM transition)."
    )
    quiet = evaluate(asked, [None, None, None], "ALARM")
    assert quiet.reason == (
        "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated as "
        "[NonBreaching]."
    )
    unknown = evaluate(rule(3, "missing"), newest_first("- - - - -"), "OK")
    assert unknown.reason == "Insufficient Data: 3 datapoints were unknown."
    filled = evaluate(rule(2, "breaching"), newest_first("- - - - 0"), "OK")
    assert filled.reason == "Threshold Crossed: 2 missing datapoints were treated as [Breaching]."
