"""Schedules by a clock that the test turns."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from moto.events.models import events_backends
from moto.iam.models import iam_backends
from moto.scheduler.models import EventBridgeSchedulerBackend, scheduler_backends

from local.events import schedules
from local.events.bus import Bus, _checked_rule
from local.events.delivery import Deliveries, Delivery
from local.events.scheduler import Scheduler
from local.home import ACCOUNT, REGION

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:start:live"
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:greenlight-release:live"
API = "arn:aws:scheduler:::aws-sdk:sfn:startExecution"
ROLE = "arn:aws:iam::123456789012:role/schedules"
OTHER_ROLE = "arn:aws:iam::123456789012:role/other"
QUEUE = "arn:aws:sqs:us-east-1:123456789012:missed"
INPUT = '{"recipe":"reviews","at":"<aws.scheduler.scheduled-time>","attempt":"<aws.scheduler.attempt-number>"}'


class Calls:
    """Stands for the clients, and notes what they are asked."""

    def __init__(self) -> None:
        self.made: list[tuple[str, dict[str, Any]]] = []
        self.roles: list[tuple[str, str, str]] = []

    def of_role(self, service: str, role_arn: str, principal: str, source_arn: str) -> Calls:
        assert source_arn
        self.roles.append((service, role_arn, principal))
        return self

    def of_account(self, _service: str) -> Calls:
        return self

    meta = SimpleNamespace(endpoint_url="http://laptop")

    def __getattr__(self, operation: str) -> Any:
        def call(**parameters: Any) -> dict[str, Any]:
            self.made.append((operation, parameters))
            if operation == "delete_schedule":
                scheduler_backends[ACCOUNT][REGION].delete_schedule(parameters["GroupName"], parameters["Name"])
            return {}

        return call


class AtOnce(Deliveries):
    """Delivers before it returns."""

    def begin(self, delivery: Delivery) -> None:
        self.deliver(delivery)


class Clock:
    def __init__(self) -> None:
        self.time = datetime(2026, 3, 2, 8, 59, 50, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time


@pytest.fixture(autouse=True)
def nothing_scheduled(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("create_schedule", "update_schedule", "create_schedule_group"):
        monkeypatch.setattr(EventBridgeSchedulerBackend, name, getattr(EventBridgeSchedulerBackend, name))
    schedules.install()
    for backends in (scheduler_backends, events_backends, iam_backends):
        backends.reset()
    for name, service in {"schedules": "scheduler.amazonaws.com", "other": "lambda.amazonaws.com"}.items():
        statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
        trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam_backends[ACCOUNT]["aws"].create_role(name, trust, "/", None, "", [], "3600")
    yield
    for backends in (scheduler_backends, events_backends, iam_backends):
        backends.reset()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def calls() -> Calls:
    return Calls()


@pytest.fixture
def scheduler(calls: Any, clock: Clock) -> Scheduler:
    deliveries = AtOnce(lambda _seconds: False)
    return Scheduler(Bus(calls, deliveries), calls, deliveries, clock)


@pytest.fixture
def turn(scheduler: Scheduler, clock: Clock, calls: Calls) -> Any:
    """Turn the clock on in steps of a second; the times that a function was called with meanwhile."""

    def turn(seconds: float) -> list[str]:
        calls.made.clear()
        for _ in range(int(seconds)):
            clock.time += timedelta(seconds=1)
            scheduler.tick()
        return [json.loads(made["Payload"])["at"] for operation, made in calls.made if operation == "invoke"]

    return turn


def create(expression: str, clock: Clock, **settings: Any) -> Any:
    target = {"Arn": FUNCTION, "RoleArn": ROLE, "Input": INPUT, **settings.pop("target", {})}
    given = {
        "description": None,
        "end_date": None,
        "flexible_time_window": {"Mode": "OFF"},
        "group_name": None,
        "kms_key_arn": None,
        "name": "weekly",
        "schedule_expression": expression,
        "schedule_expression_timezone": None,
        "start_date": None,
        "state": None,
        "target": target,
        "action_after_completion": None,
        **settings,
    }
    schedule: Any = scheduler_backends[ACCOUNT][REGION].create_schedule(**given)
    schedule.creation_date = schedule.last_modified_date = clock.time.timestamp()
    return schedule


def test_a_schedule_fires_when_its_time_comes_and_not_again(turn: Any, clock: Clock, calls: Calls) -> None:
    create("cron(0 9 ? * MON *)", clock)
    assert turn(9) == []
    assert turn(1) == ["2026-03-02T09:00:00Z"]
    assert calls.made[0][1]["FunctionName"] == FUNCTION
    assert calls.made[0][1]["InvocationType"] == "Event"
    assert calls.roles == [("lambda", ROLE, "scheduler.amazonaws.com")]
    assert turn(120) == []


def test_a_look_that_comes_late_still_fires(turn: Any, clock: Clock) -> None:
    create("cron(0/1 * * * ? *)", clock)
    clock.time += timedelta(seconds=40)
    assert turn(1) == ["2026-03-02T09:00:00Z"]
    assert turn(60) == ["2026-03-02T09:01:00Z"]


def test_a_rate_begins_when_it_is_made(turn: Any, clock: Clock) -> None:
    clock.time += timedelta(seconds=0.4)
    create("rate(1 minute)", clock)
    assert turn(61) == ["2026-03-02T08:59:50Z", "2026-03-02T09:00:50Z"]


def test_what_was_due_while_nobody_looked_is_not_caught_up_on(turn: Any, clock: Clock, calls: Calls) -> None:
    create("cron(0 9 * * ? *)", clock)
    clock.time += timedelta(hours=1)
    assert turn(1) == []
    assert calls.made == []
    clock.time += timedelta(hours=22, minutes=59, seconds=58)
    assert turn(30) == ["2026-03-03T09:00:00Z"]


def test_a_disabled_schedule_does_not_fire_until_it_is_enabled(turn: Any, clock: Clock) -> None:
    schedule = create("cron(0/1 * * * ? *)", clock, state="DISABLED")
    assert turn(30) == []
    schedule.state = "ENABLED"
    assert turn(60) == ["2026-03-02T09:01:00Z"]


def test_a_changed_expression_counts_at_once(turn: Any, clock: Clock) -> None:
    schedule = create("cron(0 10 * * ? *)", clock)
    assert turn(2) == []
    schedule.schedule_expression = "at(2026-03-02T10:00:00)"
    schedule.schedule_expression_timezone = "Europe/Berlin"
    assert turn(20) == ["2026-03-02T09:00:00Z"]


def test_start_and_end_bound_a_recurring_schedule_and_not_a_single_time(turn: Any, clock: Clock) -> None:
    end = datetime(2026, 3, 2, 9, 2, tzinfo=UTC).timestamp()
    schedule = create("cron(0/1 * * * ? *)", clock, end_date=end)
    schedule.start_date = datetime(2026, 3, 2, 9, 1, tzinfo=UTC).timestamp()
    assert turn(300) == ["2026-03-02T09:01:00Z", "2026-03-02T09:02:00Z"]
    create("at(2026-03-02T09:10:00)", clock, name="once", end_date=end)
    assert turn(600) == ["2026-03-02T09:10:00Z"]


def test_a_schedule_that_is_over_is_deleted_if_it_says_so(turn: Any, clock: Clock) -> None:
    create("at(2026-03-02T09:00:00)", clock, action_after_completion="DELETE")
    create("at(2026-03-02T09:00:00)", clock, name="kept", action_after_completion="NONE")
    assert len(turn(20)) == 2
    [left] = scheduler_backends[ACCOUNT][REGION].list_schedules(None, None)[0]
    assert left.name == "kept"


def test_a_schedule_starts_a_state_machine_by_its_arn_or_by_the_api(turn: Any, clock: Clock, calls: Calls) -> None:
    by_api = '{"StateMachineArn": "m", "Name": "n-<aws.scheduler.attempt-number>", "Input": "{}"}'
    create("at(2026-03-02T09:00:00)", clock, target={"Arn": MACHINE})
    create("at(2026-03-02T09:00:00)", clock, name="api", target={"Arn": API, "Input": by_api})
    turn(20)
    machine, api = calls.made
    assert machine == (
        "start_execution",
        {"stateMachineArn": MACHINE, "input": '{"recipe":"reviews","at":"2026-03-02T09:00:00Z","attempt":"1"}'},
    )
    assert api == ("start_execution", {"stateMachineArn": "m", "name": "n-1", "input": "{}"})
    assert {service for service, _, _ in calls.roles} == {"stepfunctions"}


def test_a_target_without_input_is_told_of_the_schedule(turn: Any, clock: Clock, calls: Calls) -> None:
    schedule = create("at(2026-03-02T09:00:00)", clock)
    del schedule.target["Input"]
    with pytest.raises(KeyError):
        turn(20)  # the default has no `at`
    payload = json.loads(calls.made[0][1]["Payload"])
    assert (payload["source"], payload["detail-type"], payload["resources"]) == (
        "aws.scheduler",
        "Scheduled Event",
        [schedule.arn],
    )


def test_a_restored_expression_that_nobody_can_read_keeps_no_other_from_firing(turn: Any, clock: Clock) -> None:
    create("rate(1 day)", clock, name="old").schedule_expression = "hourly"
    create("at(2026-03-02T09:00:00)", clock)
    assert turn(20) == ["2026-03-02T09:00:00Z"]


def test_a_rule_with_a_rate_fires_after_each_period_and_not_at_first(
    turn: Any, clock: Clock, calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend: Any = events_backends[ACCOUNT][REGION]
    put_rule = _checked_rule(type(backend).put_rule)
    monkeypatch.setattr(type(backend), "put_rule", put_rule)
    backend.put_rule("often", scheduled_expression="rate(5 minutes)")
    rule = backend.event_buses["default"].rules["often"]
    rule.__dict__["put_at"] = clock.time
    rule.targets = [{"Id": "t", "Arn": MACHINE, "RoleArn": ROLE, "Input": "{}"}]
    turn(299)
    assert calls.made == []
    turn(301)
    assert calls.made == [("start_execution", {"stateMachineArn": MACHINE, "input": "{}"})] * 2
    assert calls.roles[-1] == ("stepfunctions", ROLE, "events.amazonaws.com")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"expression": "cron(0 9 * * * *)"}, "Invalid Schedule Expression cron(0 9 * * * *)."),
        ({"schedule_expression_timezone": "Mars/Olympus"}, "Invalid Schedule Expression Timezone Mars/Olympus."),
        ({"name": "two words"}, "failed to satisfy constraint"),
        ({"name": "n" * 65}, "failed to satisfy constraint"),
        ({"state": "ON"}, "failed to satisfy constraint"),
        ({"flexible_time_window": {"Mode": "FLEXIBLE"}}, "MaximumWindowInMinutes"),
        ({"flexible_time_window": {"Mode": "OFF", "MaximumWindowInMinutes": 5}}, "MaximumWindowInMinutes"),
        ({"target": {"RetryPolicy": {"MaximumRetryAttempts": 186}}}, "less than or equal to 185"),
        ({"target": {"RetryPolicy": {"MaximumEventAgeInSeconds": 59}}}, "greater than or equal to 60"),
        ({"target": {"DeadLetterConfig": {"Arn": "missed"}}}, "failed to satisfy constraint"),
        ({"target": {"RoleArn": "schedules"}}, "failed to satisfy constraint"),
        ({"target": {"RoleArn": OTHER_ROLE}}, "must allow AWS EventBridge Scheduler to assume the role"),
        ({"target": {"RoleArn": f"{ROLE}-gone"}}, "must allow AWS EventBridge Scheduler to assume the role"),
        ({"target": {"Arn": QUEUE}}, "not one that the laptop's schedules call"),
        ({"target": {"Arn": "start"}}, "Provided Arn is not in correct format"),
        ({"target": {"Input": "{"}}, "Invalid RequestJson provided"),
        ({"target": {"Arn": API, "Input": "{}"}}, "StateMachineArn is missing"),
        ({"group_name": "nobody"}, "Schedule group nobody does not exist"),
    ],
)
def test_a_schedule_that_aws_would_refuse_is_refused(settings: dict[str, Any], words: str, clock: Clock) -> None:
    expression = settings.pop("expression", "rate(1 day)")
    with pytest.raises(Exception, match=r".+") as refused:
        create(expression, clock, **settings)
    assert words in str(refused.value)
    assert scheduler_backends[ACCOUNT][REGION].list_schedules(None, None)[0] == []


def test_a_group_is_made_once() -> None:
    backend = scheduler_backends[ACCOUNT][REGION]
    backend.create_schedule_group("greenlight", [])
    with pytest.raises(Exception, match="Schedule group greenlight already exists"):
        backend.create_schedule_group("greenlight", [])
