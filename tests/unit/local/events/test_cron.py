"""Cron expressions, with the examples of EventBridge's own documentation."""

from __future__ import annotations

from datetime import datetime

import pytest

from local.events.cron import CronError, parse_cron

# A Monday.
START = datetime(2026, 3, 2, 9, 3)  # noqa: DTZ001 - of any clock


def firings(text: str, count: int, start: datetime = START) -> list[str]:
    cron, found, moment = parse_cron(text), [], start
    for _ in range(count):
        following = cron.next_after(moment)
        if following is None:
            break
        moment = following
        found.append(f"{moment:%a %Y-%m-%d %H:%M}")
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # EventBridge user guide, "Cron expressions": the table of examples.
        ("0 10 * * ? *", ["Mon 2026-03-02 10:00", "Tue 2026-03-03 10:00"]),
        ("15 12 * * ? *", ["Mon 2026-03-02 12:15", "Tue 2026-03-03 12:15"]),
        ("0 18 ? * MON-FRI *", ["Mon 2026-03-02 18:00", "Tue 2026-03-03 18:00"]),
        ("0 8 1 * ? *", ["Wed 2026-04-01 08:00", "Fri 2026-05-01 08:00"]),
        ("0/15 * * * ? *", ["Mon 2026-03-02 09:15", "Mon 2026-03-02 09:30"]),
        ("0/10 * ? * MON-FRI *", ["Mon 2026-03-02 09:10", "Mon 2026-03-02 09:20"]),
        ("0/5 8-17 ? * MON-FRI *", ["Mon 2026-03-02 09:05", "Mon 2026-03-02 09:10"]),
        ("0/30 20-2 ? * MON-FRI *", ["Mon 2026-03-02 20:00", "Mon 2026-03-02 20:30"]),
        # EventBridge Scheduler user guide, "Cron-based schedules".
        ("15 10 ? * 6L 2026-2027", ["Fri 2026-03-27 10:15", "Fri 2026-04-24 10:15"]),
        # The wildcards' own descriptions.
        ("1/10 * * * ? *", ["Mon 2026-03-02 09:11", "Mon 2026-03-02 09:21"]),
        ("0 0 ? JAN,FEB,MAR SUN *", ["Sun 2026-03-08 00:00", "Sun 2026-03-15 00:00"]),
        ("0 0 1-15 * ? *", ["Tue 2026-03-03 00:00", "Wed 2026-03-04 00:00"]),
        ("0 0 L * ? *", ["Tue 2026-03-31 00:00", "Thu 2026-04-30 00:00"]),
        ("0 0 ? * L *", ["Sat 2026-03-07 00:00", "Sat 2026-03-14 00:00"]),
        ("0 0 ? * 3#2 *", ["Tue 2026-03-10 00:00", "Tue 2026-04-14 00:00"]),
        ("0 0 ? * 3#5 *", ["Tue 2026-03-31 00:00", "Tue 2026-06-30 00:00"]),
        ("0 0 3W * ? *", ["Tue 2026-03-03 00:00", "Fri 2026-04-03 00:00"]),
    ],
)
def test_what_the_documentation_shows_fires_when_it_says(text: str, expected: list[str]) -> None:
    assert firings(text, 2) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # 2026-08-01 is a Saturday and 2026-11-01 a Sunday: neither leaves its month.
        ("0 0 1W 8,11 ? 2026", ["Mon 2026-08-03 00:00", "Mon 2026-11-02 00:00"]),
        # So are 2026-10-31 and 2026-05-31; November has no 31st.
        ("0 0 31W 5,10,11 ? 2026", ["Fri 2026-05-29 00:00", "Fri 2026-10-30 00:00"]),
        ("0 0 29 2 ? *", ["Tue 2028-02-29 00:00", "Sun 2032-02-29 00:00"]),
        ("0 0 31 * ? *", ["Tue 2026-03-31 00:00", "Sun 2026-05-31 00:00"]),
        ("0 0 ? 2 1#5 *", ["Sun 2032-02-29 00:00", "Sun 2060-02-29 00:00"]),
        ("59 23 31 12 ? 2026", ["Thu 2026-12-31 23:59"]),
        ("0 0 30 2 ? *", []),
        ("0 0 1 1 ? 2020", []),
        ("*/20 * * * ? *", ["Mon 2026-03-02 09:20", "Mon 2026-03-02 09:40"]),
        ("0-10/5,30 9 * * ? *", ["Mon 2026-03-02 09:05", "Mon 2026-03-02 09:10"]),
        ("0 0 ? * fril *", ["Fri 2026-03-27 00:00", "Fri 2026-04-24 00:00"]),
        ("0  0\t? * mon *", ["Mon 2026-03-09 00:00", "Mon 2026-03-16 00:00"]),
        ("0 0 ? * 1,7 *", ["Sat 2026-03-07 00:00", "Sun 2026-03-08 00:00"]),
    ],
)
def test_ends_of_months_and_rare_days(text: str, expected: list[str]) -> None:
    assert firings(text, 2) == expected


def test_hours_past_midnight_are_those_of_the_same_day() -> None:
    # "Run from 12:00 am to 2:00 am on Monday morning": the example with 20-2, a week on.
    sunday_evening = START.replace(day=8, hour=19)
    assert firings("0/30 20-2 ? * MON-FRI *", 7, sunday_evening)[-2:] == [
        "Mon 2026-03-09 02:30",
        "Mon 2026-03-09 20:00",
    ]
    assert firings("0 0 ? * FRI-MON *", 3) == ["Fri 2026-03-06 00:00", "Sat 2026-03-07 00:00", "Sun 2026-03-08 00:00"]
    assert firings("0 22-3/2 * * ? *", 3) == ["Mon 2026-03-02 22:00", "Tue 2026-03-03 00:00", "Tue 2026-03-03 02:00"]


def test_the_minute_itself_is_not_after_itself() -> None:
    on_the_minute = START.replace(minute=10)
    assert firings("0/10 * * * ? *", 1, on_the_minute) == ["Mon 2026-03-02 09:20"]
    assert firings("0/10 * * * ? *", 1, on_the_minute.replace(minute=9, second=59)) == ["Mon 2026-03-02 09:10"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0 10 * * ?", "6 fields, not 5"),
        ("0 10 * * * *", "either a day of the month or a day of the week"),
        ("0 10 ? * ? *", "either a day of the month or a day of the week"),
        ("0 10 1 * MON *", "either a day of the month or a day of the week"),
        ("60 10 * * ? *", "minutes: '60' is none of 0 to 59"),
        ("0 24 * * ? *", "hours: '24'"),
        ("0 0 0 * ? *", "day-of-month: '0'"),
        ("0 0 32 * ? *", "day-of-month: '32'"),
        ("0 0 32W * ? *", "day-of-month: '32W'"),
        ("0 0 LW * ? *", "day-of-month: 'LW'"),
        ("0 0 L-3 * ? *", "day-of-month: 'L-3'"),
        ("0 0 1 13 ? *", "month: '13'"),
        ("0 0 1 JANUARY ? *", "month: '1UARY'"),
        ("0 0 ? * 0 *", "day-of-week: '0'"),
        ("0 0 ? * 8L *", "day-of-week: '8L'"),
        ("0 0 ? * 3#6 *", "day-of-week: '3#6'"),
        ("0 0 ? * 3#1,6#3 *", "day-of-week: '3#1'"),
        ("0 0 ? * MON/2 *", "day-of-week: '2/2' is no step"),
        ("0 0 1 1 ? 1969", "year: '1969'"),
        ("0 0 1 1 ? 2200", "year: '2200'"),
        ("0/0 0 1 1 ? *", "minutes: '0/0' is no step"),
        ("0/x 0 1 1 ? *", "minutes: '0/X' is no step"),
        ("1-2-3 0 1 1 ? *", "minutes: '1-2-3'"),
        (", 0 1 1 ? *", "minutes: ''"),
        ("-1 0 1 1 ? *", "minutes: '-1'"),
    ],
)
def test_any_other_text_is_refused_with_the_field_that_is_wrong(text: str, words: str) -> None:
    with pytest.raises(CronError) as refused:
        parse_cron(text)
    assert words in str(refused.value)
