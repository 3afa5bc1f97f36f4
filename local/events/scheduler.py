"""EventBridge Scheduler, and rules with a schedule: fires what is due, and calls the target as the schedule's role.

What was due while the server was down or the machine asleep is not caught up on. A flexible window begins at its start.
"""

from __future__ import annotations

import json
import logging
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from moto.events.models import events_backends
from moto.scheduler.models import scheduler_backends

from local.events import targets
from local.events.bus import Bus, new_event, timestamp
from local.events.callers import Callers
from local.events.delivery import Deliveries, Delivery, Failure, RetryPolicy
from local.events.expressions import Expression, ExpressionError, parse_expression, time_zone
from local.events.schedules import SCHEDULER, group_arn
from local.home import ACCOUNT, REGION

logger = logging.getLogger(__name__)

# moto's Schedule and Rule, with what they are made with.
AnySchedule: TypeAlias = Any
AnyRule: TypeAlias = Any

TICK_SECONDS = 0.25
# AWS fires within a minute of the time; what is later than that was missed.
LATEST = timedelta(seconds=60)


@dataclass(frozen=True)
class Timer:
    """Something that fires.

    key: changes with whatever decides when it fires
    """

    key: tuple[object, ...]
    expression: Expression
    begins: datetime | None
    ends: datetime | None
    fire: Callable[[datetime], None]

    def next_after(self, moment: datetime) -> datetime | None:
        """When it fires next."""
        # At its beginning itself it may fire.
        since = moment if self.begins is None else max(moment, self.begins - timedelta(microseconds=1))
        found = self.expression.next_after(since)
        return None if found is None or (self.ends is not None and found > self.ends) else found


class Scheduler:
    """Fires the schedules and the scheduled rules that moto keeps.

    now: the time, in UTC
    """

    def __init__(self, bus: Bus, callers: Callers, deliveries: Deliveries, now: Callable[[], datetime]) -> None:
        self._bus = bus
        self._callers = callers
        self._deliveries = deliveries
        self._now = now
        self._seen = now()
        self._next: dict[tuple[object, ...], datetime | None] = {}
        self._unreadable: set[str] = set()

    def run(self, stopping: threading.Event) -> None:
        """Fire what comes due until the server stops."""
        self._seen = self._now()
        while not stopping.wait(TICK_SECONDS):
            self.tick()

    def tick(self) -> None:
        """Fire what has come due since the last time."""
        now = self._now()
        since, self._seen = max(self._seen, now - LATEST), now
        timers = {timer.key: timer for timer in self._timers()}
        self._next = {key: self._next.get(key) for key in timers}
        for key, timer in timers.items():
            due = self._next[key]
            if due is None or due <= since:
                due = timer.next_after(since)
            # Nothing fires more often than LATEST allows to be late.
            if due is not None and due <= now:
                logger.info("schedule fires", extra={"schedule": str(key[0]), "due": due.isoformat()})
                timer.fire(due)
                due = timer.next_after(due)
            self._next[key] = due

    def _timers(self) -> Iterator[Timer]:
        for group in list(scheduler_backends[ACCOUNT][REGION].schedule_groups.values()):
            for schedule in list(group.schedules.values()):
                if schedule.state == "ENABLED":
                    yield from self._readable(self._schedule_timer, schedule)
        for bus in list(events_backends[ACCOUNT][REGION].event_buses.values()):
            for rule in list(bus.rules.values()):
                if rule.state == "ENABLED" and rule.scheduled_expression:
                    yield from self._readable(self._rule_timer, rule)

    def _readable(self, timer_of: Callable[[Any], Timer], scheduled: AnySchedule | AnyRule) -> Iterator[Timer]:
        """The timer; none for an expression that a restored state holds and that is refused today."""
        try:
            yield timer_of(scheduled)
        except ExpressionError as error:
            if scheduled.arn not in self._unreadable:
                self._unreadable.add(scheduled.arn)
                logger.warning("schedule cannot fire", extra={"schedule": scheduled.arn, "reason": str(error)})

    def _schedule_timer(self, schedule: AnySchedule) -> Timer:
        text, zone, changed = (
            schedule.schedule_expression,
            schedule.schedule_expression_timezone,
            schedule.last_modified_date,
        )
        begins, ends = _moment(schedule.start_date), _moment(schedule.end_date)
        if text.startswith("at("):
            begins = ends = None  # a one-time schedule has one time
        return Timer(
            key=(schedule.arn, text, zone, changed),
            expression=parse_expression(text, time_zone(zone), first=begins or _at(changed)),
            begins=begins,
            ends=ends,
            fire=lambda due: self._fire(schedule, due),
        )

    def _rule_timer(self, rule: AnyRule) -> Timer:
        # Another version's state does not say when a rule was put.
        put_at = rule.__dict__.get("put_at", datetime.fromtimestamp(0, UTC))

        def fire(due: datetime) -> None:
            self._bus.call_targets(rule, new_event("aws.events", "Scheduled Event", {}, [rule.arn], due))

        return Timer(
            key=(rule.arn, rule.scheduled_expression, put_at),
            expression=parse_expression(rule.scheduled_expression, time_zone("UTC"), first=put_at),
            # Unlike a schedule, a rule with a rate waits for its first time.
            begins=put_at + timedelta(microseconds=2),
            ends=None,
            fire=fire,
        )

    def _fire(self, schedule: AnySchedule, due: datetime) -> None:
        target = dict(schedule.target)
        execution_id = str(uuid.uuid4())

        def payload(attempt: int) -> str:
            return _filled(
                target.get("Input") or _default_input(schedule.arn, due), schedule.arn, due, execution_id, attempt
            )

        self._deliveries.begin(
            Delivery(
                target_arn=target["Arn"],
                call=lambda attempt: self._call(schedule.arn, target, payload(attempt)),
                keep=lambda failure: self._keep(schedule.arn, target, payload(failure.retries + 1), failure),
                retry=RetryPolicy.of(target),
            )
        )
        is_over = self._schedule_timer(schedule).next_after(due) is None
        if is_over and schedule.action_after_completion == "DELETE":
            self._callers.of_account("scheduler").delete_schedule(GroupName=schedule.group_name, Name=schedule.name)

    def _call(self, schedule_arn: str, target: dict[str, Any], payload: str) -> None:
        arn, role = target["Arn"], target["RoleArn"]
        service = "states" if arn == targets.START_EXECUTION else targets.service_of(arn)
        client = self._callers.of_role(
            {"states": "stepfunctions"}.get(service, service), role, SCHEDULER, _group_of(schedule_arn)
        )
        if arn == targets.START_EXECUTION:
            targets.start_execution_by_api(client, payload)
        elif service == "lambda":
            targets.invoke_function(client, arn, payload)
        else:
            targets.start_execution(client, arn, payload)

    def _keep(self, schedule_arn: str, target: dict[str, Any], payload: str, failure: Failure) -> None:
        queue = (target.get("DeadLetterConfig") or {}).get("Arn")
        if queue is None:
            return
        client = self._callers.of_role("sqs", target["RoleArn"], SCHEDULER, _group_of(schedule_arn))
        client.send_message(
            QueueUrl=targets.queue_url(client, queue),
            MessageBody=payload,
            MessageAttributes=failure.attributes(SCHEDULE_ARN=schedule_arn, TARGET_ARN=target["Arn"]),
        )


def _group_of(schedule_arn: str) -> str:
    return group_arn(schedule_arn.split("/")[1])


def _default_input(schedule_arn: str, due: datetime) -> str:
    """What a target without an input is given."""
    return json.dumps({**new_event("aws.scheduler", "Scheduled Event", {}, [schedule_arn], due), "detail": "{}"})


def _filled(text: str, schedule_arn: str, due: datetime, execution_id: str, attempt: int) -> str:
    for name, value in {
        "schedule-arn": schedule_arn,
        "scheduled-time": timestamp(due),
        "execution-id": execution_id,
        "attempt-number": str(attempt),
    }.items():
        text = text.replace(f"<aws.scheduler.{name}>", value)
    return text


def _moment(epoch_seconds: object) -> datetime | None:
    return None if epoch_seconds is None else _at(epoch_seconds)


def _at(epoch_seconds: object) -> datetime:
    return datetime.fromtimestamp(float(str(epoch_seconds)), UTC)
