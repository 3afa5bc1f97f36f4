"""When a schedule fires: cron(), rate() and at() in a time zone.

Source: EventBridge Scheduler user guide, "Schedule types".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from local.events.cron import Cron, parse_cron

EXPRESSION = re.compile(r"(cron|rate|at)\((.*)\)", re.DOTALL)
RATE = re.compile(r"([1-9]\d*) +(minute|hour|day)s?")
# A day is 24 hours, also where a clock is changed.
UNITS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(hours=24)}


class ExpressionError(ValueError):
    """The text is no schedule expression, or the time zone is none."""


class Expression(Protocol):
    """When a schedule fires."""

    def next_after(self, moment: datetime) -> datetime | None:
        """The first time after a moment; None when there is none. Both are in UTC."""
        ...


@dataclass(frozen=True)
class _CronExpression:
    cron: Cron
    zone: ZoneInfo

    def next_after(self, moment: datetime) -> datetime | None:
        local = moment.astimezone(self.zone).replace(tzinfo=None)
        while True:
            found = self.cron.next_after(local)
            if found is None:
                return None
            local = found
            # In autumn an hour comes twice, of which the first one counts; in spring one is left out.
            then = local.replace(tzinfo=self.zone).astimezone(UTC)
            exists = then.astimezone(self.zone).replace(tzinfo=None) == local
            if exists and then > moment:
                return then


@dataclass(frozen=True)
class _RateExpression:
    every: timedelta
    first: datetime

    def next_after(self, moment: datetime) -> datetime | None:
        if moment < self.first:
            return self.first
        return self.first + ((moment - self.first) // self.every + 1) * self.every


@dataclass(frozen=True)
class _OneTime:
    when: datetime

    def next_after(self, moment: datetime) -> datetime | None:
        return self.when if self.when > moment else None


def time_zone(name: str) -> ZoneInfo:
    """The time zone of a name of the IANA database; raises ExpressionError."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        # No such file, a name that leads out of the database, or a folder of it.
        raise ExpressionError(f"Invalid Schedule Expression Timezone {name}.") from error


def parse_expression(text: str, zone: ZoneInfo, *, first: datetime) -> Expression:
    """Parse an expression.

    first: when a rate begins, in UTC
    Raises ExpressionError, worded as EventBridge Scheduler does.
    """
    try:
        return _parse(text, zone, first)
    except (ValueError, OverflowError) as error:
        raise ExpressionError(f"Invalid Schedule Expression {text}.") from error


def _parse(text: str, zone: ZoneInfo, first: datetime) -> Expression:
    match = EXPRESSION.fullmatch(text)
    if match is None:
        raise ValueError(text)
    if match[1] == "cron":
        return _CronExpression(parse_cron(match[2]), zone)
    if match[1] == "at":
        moment = datetime.strptime(match[2], "%Y-%m-%dT%H:%M:%S")  # noqa: DTZ007 - of the schedule's zone
        return _OneTime(moment.replace(tzinfo=zone).astimezone(UTC))
    rate = RATE.fullmatch(match[2])
    if rate is None:
        raise ValueError(text)
    return _RateExpression(int(rate[1]) * UNITS[rate[2]], first)
