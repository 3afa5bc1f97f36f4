"""EventBridge's cron expressions: six fields, with `?`, `L`, `W` and `#`, and never a day of both kinds.

Source: EventBridge Scheduler user guide, "Schedule types", section "Cron-based schedules". What that page does not
describe, such as Quartz's `LW`, is refused. The kept libraries for this dialect (aws-croniter 2.1.1, pyawscron 1.0.7)
never fire on `L` as a day of the week nor past ten months without a match; others know another dialect.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
YEARS = range(1970, 2200)
NUMBER = re.compile(r"\d{1,4}")
NEAREST_WEEKDAY = re.compile(r"(\d{1,2})W")
LAST_WEEKDAY = re.compile(r"([1-7])L")
NTH_WEEKDAY = re.compile(r"([1-7])#([1-5])")
ANY_DAY = "?"
SATURDAY = 7

# The days of a month that an expression means: (year, month) -> days, in order.
Days = Callable[[int, int], list[int]]


class CronError(ValueError):
    """The fields are no cron expression; the message says which field, and why."""


@dataclass(frozen=True)
class Cron:
    """One parsed expression; all values are in order."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: Days
    months: tuple[int, ...]
    years: tuple[int, ...]

    def next_after(self, moment: datetime) -> datetime | None:
        """The first minute after a moment that the expression means; None when there is none.

        moment: of the clock that the expression is about, without a time zone
        """
        return next((found for found in self._from(moment) if found > moment), None)

    def _from(self, moment: datetime) -> Iterator[datetime]:
        for year in (year for year in self.years if year >= moment.year):
            for month in (month for month in self.months if (year, month) >= (moment.year, moment.month)):
                for day in self.days(year, month):
                    if (year, month, day) >= (moment.year, moment.month, moment.day):
                        yield from (datetime(year, month, day, h, m) for h in self.hours for m in self.minutes)  # noqa: DTZ001 - of any clock


def parse_cron(text: str) -> Cron:
    """Parse `minutes hours day-of-month month day-of-week year`; raises CronError."""
    fields = text.upper().split()
    if len(fields) != 6:  # noqa: PLR2004 - as above
        raise CronError(f"a cron expression has 6 fields, not {len(fields)}")
    minutes, hours, day_of_month, month, day_of_week, year = fields
    if (day_of_month == ANY_DAY) == (day_of_week == ANY_DAY):
        raise CronError("give either a day of the month or a day of the week, and ? for the other one")
    return Cron(
        minutes=_values("minutes", minutes, range(60)),
        hours=_values("hours", hours, range(24)),
        days=_days_of_week(_numbered(day_of_week, WEEKDAYS)) if day_of_month == ANY_DAY else _days(day_of_month),
        months=_values("month", _numbered(month, MONTHS), range(1, 13)),
        years=_values("year", year, YEARS),
    )


def _numbered(field: str, names: tuple[str, ...]) -> str:
    """The field with names as numbers from 1."""
    return re.sub("|".join(names), lambda name: str(names.index(name[0]) + 1), field)


def _values(name: str, field: str, allowed: range, *, steps: bool = True) -> tuple[int, ...]:
    values: set[int] = set()
    for item in field.split(","):
        span, slash, step = item.partition("/")
        if slash and (not steps or not NUMBER.fullmatch(step) or int(step) == 0):
            raise CronError(f"{name}: '{item}' is no step")
        values.update(_span(name, span, allowed, open_ended=bool(slash))[:: int(step) if slash else 1])
    return tuple(sorted(values))


def _span(name: str, span: str, allowed: range, *, open_ended: bool) -> list[int]:
    if span == "*":
        return list(allowed)
    ends = span.split("-")
    if len(ends) > 2 or not all(NUMBER.fullmatch(end) and int(end) in allowed for end in ends):  # noqa: PLR2004 - two ends
        raise CronError(f"{name}: '{span}' is none of {allowed[0]} to {allowed[-1]}")
    first, last = int(ends[0]), int(ends[-1])
    if open_ended and len(ends) == 1:
        last = allowed[-1]  # `5/10` is every tenth from 5 on
    if first <= last:
        return list(range(first, last + 1))
    # The hours 20-2 of a day are its last four and its first three.
    return [*range(first, allowed.stop), *range(allowed.start, last + 1)]


def _days(field: str) -> Days:
    if field == "L":
        return lambda year, month: [_length(year, month)]
    near = NEAREST_WEEKDAY.fullmatch(field)
    if near and 1 <= int(near[1]) <= 31:  # noqa: PLR2004 - days of a month
        return lambda year, month: _nearest_weekday(year, month, int(near[1]))
    values = _values("day-of-month", field, range(1, 32))
    return lambda year, month: [day for day in values if day <= _length(year, month)]


def _days_of_week(field: str) -> Days:
    if field == "L":
        field = str(SATURDAY)
    last = LAST_WEEKDAY.fullmatch(field)
    if last:
        return lambda year, month: _weekdays(year, month, {int(last[1])})[-1:]
    nth = NTH_WEEKDAY.fullmatch(field)
    if nth:
        position = int(nth[2])
        return lambda year, month: _weekdays(year, month, {int(nth[1])})[position - 1 : position]
    wanted = set(_values("day-of-week", field, range(1, 8), steps=False))
    return lambda year, month: _weekdays(year, month, wanted)


def _weekdays(year: int, month: int, wanted: set[int]) -> list[int]:
    """Days of a month on the wanted days of the week; 1 is Sunday."""
    return [day for day in range(1, _length(year, month) + 1) if _weekday(year, month, day) in wanted]


def _nearest_weekday(year: int, month: int, day: int) -> list[int]:
    """The day from Monday to Friday that is nearest to a day, in the same month."""
    length = _length(year, month)
    if day > length:
        return []
    near = (day, day - 1, day + 1, day + 2, day - 2)
    return [next(each for each in near if 1 <= each <= length and 1 < _weekday(year, month, each) < SATURDAY)]


def _weekday(year: int, month: int, day: int) -> int:
    return (calendar.weekday(year, month, day) + 1) % 7 + 1


def _length(year: int, month: int) -> int:
    return calendar.monthrange(year, month)[1]
