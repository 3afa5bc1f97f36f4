from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from local.events.expressions import ExpressionError, parse_expression, time_zone

FIRST = datetime(2026, 3, 2, 9, 0, 30, tzinfo=UTC)


def firings(text: str, count: int, start: datetime, zone: str = "UTC") -> list[str]:
    expression, found, moment = parse_expression(text, time_zone(zone), first=FIRST), [], start
    for _ in range(count):
        following = expression.next_after(moment)
        if following is None:
            break
        moment = following
        found.append(f"{moment:%m-%d %H:%M:%S}")
    return found


def test_a_rate_begins_at_once_and_goes_on_at_its_pace() -> None:
    before = FIRST - timedelta(days=1)
    assert firings("rate(5 minutes)", 3, before) == ["03-02 09:00:30", "03-02 09:05:30", "03-02 09:10:30"]
    assert firings("rate(1 hour)", 2, FIRST) == ["03-02 10:00:30", "03-02 11:00:30"]
    assert firings("rate(2 days)", 1, FIRST + timedelta(days=3)) == ["03-06 09:00:30"]


def test_a_day_of_a_rate_has_24_hours_where_clocks_are_changed_too() -> None:
    # In New York clocks go forward on 8 March 2026.
    assert firings("rate(7 days)", 1, FIRST, "America/New_York") == ["03-09 09:00:30"]


def test_one_time_is_once_and_of_its_time_zone() -> None:
    assert firings("at(2026-07-01T13:00:00)", 2, FIRST, "Europe/Berlin") == ["07-01 11:00:00"]
    assert firings("at(2026-01-01T00:00:00)", 2, FIRST) == []


def test_cron_is_of_its_time_zone() -> None:
    # Berlin is one hour ahead of UTC in winter and two in summer; clocks go forward on 29 March 2026.
    assert firings("cron(0 6 ? * MON *)", 5, FIRST, "Europe/Berlin")[-2:] == ["03-30 04:00:00", "04-06 04:00:00"]
    assert firings("cron(0 6 ? * MON *)", 1, FIRST, "Europe/Berlin") == ["03-09 05:00:00"]


def test_what_falls_into_the_hour_that_spring_leaves_out_is_skipped() -> None:
    # Clocks go from 02:00 to 03:00 on 8 March 2026.
    eve = datetime(2026, 3, 7, 12, 0, tzinfo=UTC)
    assert firings("cron(30 2 * * ? *)", 2, eve, "America/New_York") == ["03-09 06:30:00", "03-10 06:30:00"]
    assert firings("cron(0/30 1-3 8 3 ? 2026)", 9, eve, "America/New_York") == [
        "03-08 06:00:00",
        "03-08 06:30:00",
        "03-08 07:00:00",
        "03-08 07:30:00",
    ]


def test_what_falls_into_the_hour_that_autumn_repeats_runs_once() -> None:
    # Clocks go from 02:00 back to 01:00 on 1 November 2026.
    eve = datetime(2026, 10, 31, 12, 0, tzinfo=UTC)
    assert firings("cron(30 1 * * ? *)", 2, eve, "America/New_York") == ["11-01 05:30:00", "11-02 06:30:00"]
    in_the_second_hour = datetime(2026, 11, 1, 6, 10, tzinfo=UTC)
    assert firings("cron(0/30 * * * ? *)", 1, in_the_second_hour, "America/New_York") == ["11-01 07:00:00"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "cron(0 6 * * * *)",
        "cron(0 6 ? * MON)",
        "rate(0 minutes)",
        "rate(5 weeks)",
        "rate(5)",
        "rate(99999999999999999999 days)",
        "at(2026-02-30T00:00:00)",
        "at(tomorrow)",
        "0 6 ? * MON *",
        "cron(0 6 ? * MON *) ",
    ],
)
def test_any_other_text_is_refused_in_the_schedulers_own_words(text: str) -> None:
    with pytest.raises(ExpressionError) as refused:
        parse_expression(text, time_zone("UTC"), first=FIRST)
    assert str(refused.value) == f"Invalid Schedule Expression {text}."


@pytest.mark.parametrize("name", ["Mars/Olympus", "../../etc/passwd", "Europe", ""])
def test_a_time_zone_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(ExpressionError, match="Invalid Schedule Expression Timezone"):
        time_zone(name)
