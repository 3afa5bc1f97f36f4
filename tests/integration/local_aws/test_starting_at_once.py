"""Triggers that come twice, and several at once: StartRun and the recipe's lock on the laptop's services.

The executions only wait; the test takes PrepareRun's place in each of them, with PrepareRun's own lock.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest

from lambdas.adapters.dynamodb_releases import DynamoReleaseRecords
from lambdas.adapters.dynamodb_waiting import DynamoWaitingRuns
from lambdas.adapters.s3 import S3ArtifactStore
from lambdas.adapters.stepfunctions import StepFunctionsStarter, StepFunctionsWorkflow
from lambdas.prepare_run.lock import LockRequest, take_lock
from lambdas.start_run import handler as start_run
from lambdas.start_run.requests import RunRequest, answer, trigger_of
from steps.ports import ReleaseRecords, WaitingRuns, Workflow
from steps.problem import Problem

TABLE, BUCKET, MACHINE = "at-once", "at-once", "at-once-release"
WAIT = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 3600, "End": True}}}
TIMES = 8


class Runs:
    """Delivers triggers, and plays the runs that they start."""

    def __init__(self, stepfunctions: Any, records: ReleaseRecords, workflow: Workflow, machine: str) -> None:
        self._stepfunctions = stepfunctions
        self._records = records
        self._workflow = workflow
        self._machine = machine

    def deliver_at_once(self, *events: dict[str, Any]) -> list[Any]:
        """Deliver events in threads that begin together; their answers, in order."""
        together = Barrier(len(events))

        def deliver(number: int) -> Any:
            event, request_id = events[number], f"{time.monotonic_ns()}-{number}"
            together.wait(30)
            if "key" in event:
                return ask(event["key"], request_id)
            start_run.take_event(event, request_id)
            return None

        with ThreadPoolExecutor(len(events)) as threads:
            return list(threads.map(deliver, range(len(events))))

    def running(self) -> dict[str, dict[str, Any]]:
        """Executions under way, with their inputs."""
        found = self._stepfunctions.list_executions(stateMachineArn=self._machine, statusFilter="RUNNING")["executions"]
        described = [self._stepfunctions.describe_execution(executionArn=each["executionArn"]) for each in found]
        return {each["name"]: json.loads(each["input"]) | {"arn": each["executionArn"]} for each in described}

    def prepare_at_once(self) -> tuple[str, list[dict[str, Any]]]:
        """Have all executions under way ask for the lock together.

        The one that has it and the events that tell of the end of the others.
        """
        runs = self.running()
        together = Barrier(len(runs))
        until = datetime.now(UTC) + timedelta(days=1)

        def prepare(name: str) -> str | None:
            together.wait(30)
            wanted = LockRequest(runs[name]["recipe"], name, runs[name]["arn"], until, datetime.now(UTC))
            return take_lock(wanted, self._records, self._workflow, now=datetime.now(UTC))

        with ThreadPoolExecutor(len(runs)) as threads:
            holders = dict(zip(runs, threads.map(prepare, runs), strict=True))
        [goes_on] = [name for name, holder in holders.items() if holder is None]
        assert {holder for holder in holders.values() if holder} <= {goes_on}
        return goes_on, [self._end(name, runs[name], "already_running") for name in runs if name != goes_on]

    def release(self, name: str) -> dict[str, Any]:
        """End the run that has the lock, as RecordRelease does; the event that tells of it."""
        run = self.running()[name]
        self._records.free_lock(run["recipe"], name)
        return self._end(name, run, "go")

    def _end(self, name: str, run: dict[str, Any], decision: str) -> dict[str, Any]:
        self._stepfunctions.stop_execution(executionArn=run["arn"])
        run_input = {key: value for key, value in run.items() if key != "arn"}
        return {
            "source": "aws.states",
            "detail": {
                "name": name,
                "status": "SUCCEEDED",
                "stopDate": round(time.time() * 1000),
                "input": json.dumps(run_input),
                "output": json.dumps({**run_input, "prepare_run": {"decision": decision}}),
            },
        }


@pytest.fixture
def runs(
    client: Callable[[str], Any], make_role: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Runs]:
    dynamodb, stepfunctions, s3 = client("dynamodb"), client("stepfunctions"), client("s3")
    dynamodb.create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        BillingMode="PAY_PER_REQUEST",
    )
    s3.create_bucket(Bucket=BUCKET)
    manifest = {"digest": "c0de", "steps": {}, "scripts": {}, "recipes": ["reviews"]}
    s3.put_object(Bucket=BUCKET, Key="code/c0de/manifest.json", Body=json.dumps(manifest).encode())
    role = make_role(client("iam"), MACHINE, "states.amazonaws.com")
    machine = stepfunctions.create_state_machine(name=MACHINE, definition=json.dumps(WAIT), roleArn=role)
    arn = machine["stateMachineArn"]
    for name, value in {
        "ARTIFACT_BUCKET": BUCKET,
        "RELEASE_TABLE": TABLE,
        "CODE_URI": f"s3://{BUCKET}/code/c0de",
        "STACK_NAME": "greenlight",
        "STATE_MACHINE_ARN": arn,
    }.items():
        monkeypatch.setenv(name, value)
    start_run.settings.cache_clear()
    records: ReleaseRecords = DynamoReleaseRecords(dynamodb, TABLE)
    waiting: WaitingRuns = DynamoWaitingRuns(dynamodb, TABLE)
    workflow: Workflow = StepFunctionsWorkflow(stepfunctions)
    starter = StepFunctionsStarter(stepfunctions, arn)
    monkeypatch.setattr(start_run, "artifact_store", lambda: S3ArtifactStore(s3))
    monkeypatch.setattr(start_run, "release_records", lambda _table: records)
    monkeypatch.setattr(start_run, "waiting_runs", lambda _table: waiting)
    monkeypatch.setattr(start_run, "workflow", lambda: workflow)
    monkeypatch.setattr(start_run, "run_starter", lambda _arn: starter)
    yield Runs(stepfunctions, records, workflow, arn)
    for each in stepfunctions.list_executions(stateMachineArn=arn, statusFilter="RUNNING")["executions"]:
        stepfunctions.stop_execution(executionArn=each["executionArn"])
    stepfunctions.delete_state_machine(stateMachineArn=arn)
    client("iam").delete_role_policy(RoleName=MACHINE, PolicyName="all")
    client("iam").delete_role(RoleName=MACHINE)
    dynamodb.delete_table(TableName=TABLE)
    s3.delete_object(Bucket=BUCKET, Key="code/c0de/manifest.json")
    s3.delete_bucket(Bucket=BUCKET)


def scheduled(time_of_day: str) -> dict[str, Any]:
    return {"source": "greenlight.schedule", "recipe": "reviews", "scheduled_time": f"2026-03-02T{time_of_day}Z"}


def upload(version: str) -> dict[str, Any]:
    stored = {"key": "incoming/reviews/a.csv", "size": 5, "etag": "e", "version-id": version}
    return {
        "source": "aws.s3",
        "time": "2026-03-02T09:00:00Z",
        "detail": {"bucket": {"name": BUCKET}, "object": stored},
    }


def request(key: str) -> dict[str, Any]:
    return {"key": key}


def ask(key: str, request_id: str) -> tuple[int, str | None]:
    """Ask for a run as POST /runs does; the status and the run that the answer names.

    Without the resolver, of which a Lambda process uses one for one request at a time.
    """
    asked = RunRequest(recipe="reviews")
    trigger = trigger_of(asked, key, caller="ann", request_id=request_id, now=datetime.now(UTC))
    try:
        status, started = answer(trigger, start_run.services(), request_id)
    except Problem as problem:
        return problem.status, problem.members["run_id"]
    return status, started.run_id


@pytest.mark.parametrize("event", [scheduled("09:00:00"), upload("v1")], ids=["schedule", "upload"])
def test_the_same_event_many_times_at_once_starts_one_run(runs: Runs, event: dict[str, Any]) -> None:
    runs.deliver_at_once(*[event] * TIMES)
    assert len(runs.running()) == 1


def test_the_same_request_many_times_at_once_starts_one_run_and_tells_all_its_id(runs: Runs) -> None:
    answers = runs.deliver_at_once(*[request("monday")] * TIMES)
    [run_id] = runs.running()
    assert sorted(answers) == [(200, run_id)] * (TIMES - 1) + [(202, run_id)]


def test_of_all_kinds_at_once_one_goes_on_and_after_it_one_more_however_many_met_it(runs: Runs) -> None:
    runs.deliver_at_once(scheduled("09:00:00"), upload("v1"), upload("v2"), request("a"), request("b"))
    assert len(runs.running()) == 5
    first, met = runs.prepare_at_once()
    # Their ends are told at once, and twice, while the first is still under way: nothing starts.
    runs.deliver_at_once(*met, *met)
    assert list(runs.running()) == [first]
    ended = runs.release(first)
    runs.deliver_at_once(*[ended] * TIMES)
    [second] = runs.running()
    assert runs.running()[second]["waits"] is True
    assert runs.running()[second]["data_uri"] is None
    went_on, nobody = runs.prepare_at_once()
    assert (went_on, nobody) == (second, [])
    runs.deliver_at_once(*[runs.release(second)] * TIMES)
    assert runs.running() == {}


def test_the_end_that_is_waited_for_may_be_told_before_that_of_those_who_wait(runs: Runs) -> None:
    runs.deliver_at_once(scheduled("09:00:00"), upload("v1"), upload("v2"))
    first, met = runs.prepare_at_once()
    runs.deliver_at_once(runs.release(first), *met)
    started = runs.running()
    assert 1 <= len(started) <= 2
    # Each that met the first has had its turn, or is started again after the one whose turn it is.
    for _ in range(3):
        goes_on, others = runs.prepare_at_once()
        runs.deliver_at_once(*others, runs.release(goes_on))
        if not runs.running():
            return
    raise AssertionError(f"still running: {runs.running()}")


def test_while_a_run_is_under_way_requests_are_told_which_and_events_wait(runs: Runs) -> None:
    runs.deliver_at_once(scheduled("09:00:00"))
    first, _ = runs.prepare_at_once()
    assert runs.deliver_at_once(request("a"), request("b")) == [(409, first), (409, first)]
    assert list(runs.running()) == [first]
