"""StartRun by its one handler: each kind of trigger, delivered once, twice, and while another run is under way."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import ValidationError

from lambdas.start_run import handler as start_run
from lambdas.start_run.requests import MAX_BODY_BYTES
from steps.contracts import RunInput
from steps.errors import RecipeInvalidError, ServiceUnavailableError
from steps.ports import ArtifactStore, Lock, ReleaseRecords, RunStarter, WaitingRuns, Workflow

CALLER = "arn:aws:sts::123456789012:assumed-role/Nightly/job"
SCHEDULED = {"source": "greenlight.schedule", "recipe": "reviews", "scheduled_time": "2026-03-02T09:00:00Z"}


class Context(LambdaContext):
    _function_name = "start_run"
    _memory_limit_in_mb = 512
    _invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:start_run"

    def __init__(self, request_id: str) -> None:
        self._aws_request_id = request_id


@pytest.fixture(autouse=True)
def function_on_fakes(  # noqa: PLR0917 - the fakes come by name
    monkeypatch: pytest.MonkeyPatch,
    artifacts: ArtifactStore,
    records: ReleaseRecords,
    waiting_runs: WaitingRuns,
    executions: Workflow,
    starter: RunStarter,
) -> None:
    """The composition place of the function, with fakes in it; `reviews` and `names` are deployed."""
    for name in ("ARTIFACT_BUCKET", "RELEASE_TABLE", "STATE_MACHINE_ARN"):
        monkeypatch.setenv(name, "bucket")
    monkeypatch.setenv("STACK_NAME", "greenlight")
    monkeypatch.setenv("CODE_URI", "s3://bucket/code/c0de")
    start_run.settings.cache_clear()
    manifest = {"digest": "c0de", "steps": {}, "scripts": {}, "recipes": ["names", "reviews"]}
    artifacts.write("s3://bucket/code/c0de/manifest.json", json.dumps(manifest).encode())
    monkeypatch.setattr(start_run, "artifact_store", lambda: artifacts)
    monkeypatch.setattr(start_run, "release_records", lambda _table: records)
    monkeypatch.setattr(start_run, "waiting_runs", lambda _table: waiting_runs)
    monkeypatch.setattr(start_run, "workflow", lambda: executions)
    monkeypatch.setattr(start_run, "run_starter", lambda _arn: starter)


@pytest.fixture
def other_run(records: ReleaseRecords, running: set[str], now: datetime) -> str:
    """A run of `reviews` that is under way."""
    running.add("arn:other")
    assert records.take_lock("reviews", Lock("other", "arn:other", now + timedelta(days=1)), now=now)
    return "other"


def deliver(event: dict[str, Any], request_id: str = "first") -> Any:
    return start_run.handler(event, Context(request_id))


def upload(key: str, version: str = "v1", size: int = 10, time: str = "2026-03-02T09:00:00Z") -> dict[str, Any]:
    stored = {"key": key, "size": size, "etag": "e", "version-id": version, "sequencer": "00"}
    return {
        "version": "0",
        "id": "17793124-05d4-b198-2fde-7ededc63b103",
        "detail-type": "Object Created",
        "source": "aws.s3",
        "account": "123456789012",
        "time": time,
        "region": "us-east-1",
        "resources": ["arn:aws:s3:::bucket"],
        "detail": {"version": "0", "bucket": {"name": "bucket"}, "object": stored, "reason": "PutObject"},
    }


def alarm(name: str, value: str = "ALARM", timestamp: str = "2026-03-02T09:00:00.123+0000") -> dict[str, Any]:
    return {
        "detail-type": "CloudWatch Alarm State Change",
        "source": "aws.cloudwatch",
        "time": "2026-03-02T09:00:01Z",
        "detail": {
            "alarmName": name,
            "state": {"value": value, "reason": "Threshold Crossed", "timestamp": timestamp},
            "previousState": {"value": "OK", "timestamp": "2026-03-01T09:00:00.000+0000"},
        },
    }


def end(run_id: str, run_input: object, decision: str | None = None, status: str = "SUCCEEDED") -> dict[str, Any]:
    output = None if decision is None else json.dumps({"recipe": "reviews", "prepare_run": {"decision": decision}})
    return {
        "detail-type": "Step Functions Execution Status Change",
        "source": "aws.states",
        "time": "2026-03-02T09:00:00Z",
        "detail": {
            "executionArn": f"arn:aws:states:us-east-1:123456789012:execution:greenlight-release:{run_id}",
            "stateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:greenlight-release",
            "name": run_id,
            "status": status,
            "startDate": 1772442000000,
            "stopDate": 1772442001000,
            "input": json.dumps(run_input),
            "output": output,
        },
    }


def post(
    document: object = None, *, key: str | None = None, request_id: str = "first", body: str | None = None
) -> tuple[int, dict[str, Any]]:
    headers = {"Content-Type": "application/json"} | ({} if key is None else {"Idempotency-Key": key})
    event = {
        "version": "2.0",
        "rawPath": "/runs",
        "rawQueryString": "",
        "headers": headers,
        "requestContext": {
            "stage": "$default",
            "http": {"method": "POST", "path": "/runs"},
            "authorizer": {"iam": {"userArn": CALLER}},
        },
        "body": json.dumps(document) if body is None else body,
        "isBase64Encoded": False,
    }
    response = deliver(event, request_id)
    return response["statusCode"], json.loads(response["body"])


EVENTS = {
    "schedule": (SCHEDULED, "schedule"),
    "upload": (upload("incoming/reviews/a.csv"), "upload of s3://bucket/incoming/reviews/a.csv"),
    "alarm": (alarm("greenlight-drift-reviews"), "alarm greenlight-drift-reviews"),
}


@pytest.mark.parametrize(("event", "requested_by"), EVENTS.values(), ids=list(EVENTS))
def test_an_event_starts_one_run_however_often_it_is_delivered(
    event: dict[str, Any], requested_by: str, started: dict[str, RunInput]
) -> None:
    deliver(event, "first")
    deliver(event, "second")
    [(run_id, run_input)] = started.items()
    assert run_id.startswith("reviews-20260302-090000-")
    assert run_input == RunInput(recipe="reviews", requested_by=requested_by, trigger_id="first", waits=True)


@pytest.mark.parametrize(
    ("event", "other"),
    [
        (SCHEDULED, SCHEDULED | {"scheduled_time": "2026-03-09T09:00:00Z"}),
        (SCHEDULED, SCHEDULED | {"recipe": "names"}),
        (upload("incoming/reviews/a.csv"), upload("incoming/reviews/b.csv")),
        (upload("incoming/reviews/a.csv", "v1"), upload("incoming/reviews/a.csv", "v2")),
        (
            alarm("greenlight-drift-reviews"),
            alarm("greenlight-drift-reviews", timestamp="2026-03-02T10:00:00.000+0000"),
        ),
    ],
)
def test_another_event_starts_another_run(
    event: dict[str, Any], other: dict[str, Any], started: dict[str, RunInput]
) -> None:
    deliver(event)
    deliver(other)
    assert len(started) == 2


@pytest.mark.parametrize(
    "event",
    [
        upload("incoming/reviews/parts/a.csv"),
        upload("incoming/reviews/"),
        upload("incoming/reviews/a.csv", size=0),
        alarm("greenlight-drift-reviews", value="OK"),
        alarm("other-drift-reviews"),
    ],
)
def test_what_is_no_trigger_starts_nothing(event: dict[str, Any], started: dict[str, RunInput]) -> None:
    deliver(event)
    assert started == {}


@pytest.mark.parametrize(
    "event",
    [SCHEDULED | {"recipe": "gone"}, upload("incoming/gone/a.csv"), alarm("greenlight-drift-gone")],
)
def test_an_event_for_a_recipe_that_is_not_deployed_is_a_fault_that_names_those_that_are(
    event: dict[str, Any], started: dict[str, RunInput]
) -> None:
    with pytest.raises(RecipeInvalidError, match="no recipe 'gone'; the deployed recipes are: names, reviews"):
        deliver(event)
    assert started == {}


@pytest.mark.parametrize("event", [{"source": "aws.ec2"}, {}, SCHEDULED | {"scheduled_time": "soon"}])
def test_an_event_of_another_kind_is_a_fault(event: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        deliver(event)


@pytest.mark.usefixtures("other_run")
def test_an_event_that_meets_another_run_is_started_again_when_that_one_ends(
    started: dict[str, RunInput], records: ReleaseRecords, running: set[str]
) -> None:
    deliver(EVENTS["upload"][0])
    [met] = started
    # PrepareRun finds the lock held; the run ends, and its own end finds the other one still under way.
    deliver(end(met, started[met].model_dump(), "already_running"))
    assert list(started) == [met]
    running.remove("arn:other")
    records.free_lock("reviews", "other")
    deliver(end("other", {"recipe": "reviews"}, "go"), "end")
    [_, again] = started
    assert started[again] == RunInput(
        recipe="reviews", requested_by="upload of s3://bucket/incoming/reviews/a.csv", trigger_id="end", waits=True
    )
    deliver(end(again, started[again].model_dump(), "go"))
    assert len(started) == 2


def test_an_event_that_met_a_run_which_has_just_ended_is_started_at_once(started: dict[str, RunInput]) -> None:
    deliver(SCHEDULED)
    [met] = started
    deliver(end(met, started[met].model_dump(), "already_running"))
    assert len(started) == 2


@pytest.mark.usefixtures("other_run")
def test_the_end_of_a_run_that_was_stopped_and_left_its_lock_starts_the_next(
    started: dict[str, RunInput], running: set[str]
) -> None:
    deliver(SCHEDULED)
    [met] = started
    deliver(end(met, started[met].model_dump(), "already_running"))
    running.remove("arn:other")
    deliver(end("other", {"recipe": "reviews"}, status="ABORTED"))
    assert len(started) == 2


@pytest.mark.usefixtures("other_run")
def test_of_several_events_that_meet_another_run_one_is_started_again(
    started: dict[str, RunInput], running: set[str]
) -> None:
    for version in ("v1", "v2", "v3"):
        deliver(upload("incoming/reviews/a.csv", version))
    for run_id, run_input in list(started.items()):
        deliver(end(run_id, run_input.model_dump(), "already_running"))
    running.remove("arn:other")
    for _ in range(2):
        deliver(end("other", {"recipe": "reviews"}, "go"))
    assert len(started) == 4


@pytest.mark.usefixtures("other_run")
def test_a_run_that_a_person_started_does_not_come_back(started: dict[str, RunInput], running: set[str]) -> None:
    deliver(end("mine", {"recipe": "reviews", "requested_by": "ann"}, "already_running"))
    running.remove("arn:other")
    deliver(end("other", {"recipe": "reviews"}, "go"))
    assert started == {}


@pytest.mark.parametrize("run_input", [{"model": "reviews"}, [], None, "reviews"])
def test_the_end_of_an_execution_that_is_no_run_starts_nothing(run_input: object, started: dict[str, RunInput]) -> None:
    deliver(end("odd", run_input))
    assert started == {}


def test_a_request_starts_a_run_for_its_caller(started: dict[str, RunInput]) -> None:
    status, answer = post({"recipe": "reviews", "data_uri": "s3://bucket/data/a.csv", "force": True})
    [(run_id, run_input)] = started.items()
    assert (status, answer["run_id"]) == (202, run_id)
    assert run_input == RunInput(
        recipe="reviews", data_uri="s3://bucket/data/a.csv", force=True, requested_by=CALLER, trigger_id="first"
    )


def test_a_request_sent_again_with_its_key_is_told_that_its_run_was_started_already(
    started: dict[str, RunInput],
) -> None:
    first = post({"recipe": "reviews"}, key="monday", request_id="first")
    second = post({"recipe": "reviews"}, key="monday", request_id="second")
    other_input = post({"recipe": "reviews", "force": True}, key="monday", request_id="third")
    [run_id] = started
    assert first == (202, {"run_id": run_id, "detail": "The run has started."})
    already = {"run_id": run_id, "detail": "This run was started already, by an earlier request."}
    assert second == other_input == (200, already)


def test_requests_without_a_key_or_with_other_keys_start_runs_of_their_own(started: dict[str, RunInput]) -> None:
    for number, key in enumerate([None, None, "a", "b"]):
        assert post({"recipe": "reviews"}, key=key, request_id=str(number))[0] == 202
    assert len(started) == 4


def test_a_request_that_meets_another_run_is_told_which(other_run: str, started: dict[str, RunInput]) -> None:
    status, problem = post({"recipe": "reviews"})
    assert status == 409
    assert problem["run_id"] == other_run
    assert problem["detail"] == "Run other of this recipe is under way; try again when it has ended."
    assert started == {}
    assert post({"recipe": "names"})[0] == 202


def test_a_key_whose_run_holds_the_lock_is_told_so_and_not_that_another_run_is_under_way(
    records: ReleaseRecords, running: set[str], now: datetime, started: dict[str, RunInput]
) -> None:
    run_id = post({"recipe": "reviews"}, key="monday")[1]["run_id"]
    running.add("arn:mine")
    records.take_lock("reviews", Lock(run_id, "arn:mine", now + timedelta(days=1)), now=now)
    assert post({"recipe": "reviews"}, key="monday", request_id="second")[0] == 200
    assert list(started) == [run_id]


def test_a_key_whose_run_ended_long_ago_is_told_so_while_another_run_is_under_way(
    records: ReleaseRecords, running: set[str], now: datetime
) -> None:
    post({"recipe": "reviews"}, key="monday")
    running.add("arn:other")
    records.take_lock("reviews", Lock("other", "arn:other", now + timedelta(days=1)), now=now)
    assert post({"recipe": "reviews"}, key="monday", request_id="second")[0] == 200


def test_a_lock_whose_owner_has_ended_stops_nobody(records: ReleaseRecords, now: datetime) -> None:
    records.take_lock("reviews", Lock("dead", "arn:dead", now + timedelta(days=1)), now=now)
    assert post({"recipe": "reviews"})[0] == 202


def test_a_request_for_a_recipe_that_is_not_deployed_finds_nothing(started: dict[str, RunInput]) -> None:
    status, problem = post({"recipe": "gone"})
    assert (status, problem["title"]) == (404, "Not Found")
    assert problem["detail"] == "There is no recipe 'gone'; the deployed recipes are: names, reviews."
    assert started == {}


@pytest.mark.parametrize(
    ("body", "key", "status", "words"),
    [
        ("{", None, 400, "not valid JSON"),
        ("[]", None, 422, "the body: "),
        ("{}", None, 422, "recipe: Field required"),
        ('{"recipe": "../reviews"}', None, 422, "recipe: "),
        ('{"recipe": "reviews", "force": "yes"}', None, 422, "force: "),
        ('{"recipe": "reviews", "recipe_uri": "s3://bucket/x"}', None, 422, "recipe_uri: "),
        ('{"recipe": "reviews", "data_uri": "a.csv"}', None, 422, "data_uri: "),
        ('{"recipe": "reviews", "data_uri": "s3://elsewhere/a.csv"}', None, 422, "s3://bucket/ only"),
        ('{"recipe": "reviews"}', "", 400, "1 to 255"),
        ('{"recipe": "reviews"}', "k" * 256, 400, "1 to 255"),
        (json.dumps({"recipe": "x" * MAX_BODY_BYTES}), None, 413, "16384 bytes"),
    ],
)
def test_a_wrong_request_is_told_what_is_wrong(
    body: str, key: str | None, status: int, words: str, started: dict[str, RunInput]
) -> None:
    told, problem = post(body=body, key=key)
    assert told == problem["status"] == status
    assert words in problem["detail"]
    assert started == {}


def test_another_address_or_type_of_body_is_refused() -> None:
    event = {
        "version": "2.0",
        "rawPath": "/",
        "rawQueryString": "",
        "headers": {},
        "requestContext": {"stage": "$default", "http": {"method": "GET", "path": "/"}},
    }
    assert deliver(event)["statusCode"] == 404
    event |= {"rawPath": "/runs", "body": "recipe=reviews", "headers": {"content-type": "text/plain"}}
    event["requestContext"] = {"stage": "$default", "http": {"method": "POST", "path": "/runs"}}
    assert deliver(event)["statusCode"] == 415


def test_a_service_that_does_not_answer_is_told_to_a_caller_and_raised_for_an_event(
    monkeypatch: pytest.MonkeyPatch, artifacts: ArtifactStore
) -> None:
    def out_of_reach(_uri: str) -> bytes:
        raise ServiceUnavailableError("S3: no route")

    monkeypatch.setattr(artifacts, "read", out_of_reach)
    status, problem = post({"recipe": "reviews"})
    assert (status, problem["detail"]) == (503, "Please try again in a minute, with the same Idempotency-Key.")
    with pytest.raises(ServiceUnavailableError):
        deliver(SCHEDULED)
