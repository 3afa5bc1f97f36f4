"""A schedule starts a real release; whatever else asks for one meanwhile gets a polite answer, and nothing is lost."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

PATIENCE_SECONDS = 180.0
RECIPE = "review-snippets"


def eventually(look: Callable[[], Any], what: str) -> Any:
    """What a look finds, as soon as it finds anything."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := look()):
        assert time.monotonic() < deadline, f"there never was {what}"
        time.sleep(0.3)
    return found


class Stack:
    """The deployed stack, spoken to through AWS's clients."""

    def __init__(self, laptop: Any) -> None:
        self.laptop = laptop
        stack = laptop.client("cloudformation").describe_stacks(StackName="greenlight")["Stacks"][0]
        self.outputs = {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}
        self.scheduler = laptop.client("scheduler")
        self.schedule = self.scheduler.get_schedule(GroupName="greenlight", Name=RECIPE)
        self.function = laptop.client("lambda")
        self.stepfunctions = laptop.client("stepfunctions")

    def runs(self) -> dict[str, dict[str, Any]]:
        """Inputs of all runs, by id."""
        machine = self.outputs["StateMachineArn"]
        pages = self.stepfunctions.get_paginator("list_executions").paginate(stateMachineArn=machine)
        arns = [each["executionArn"] for page in pages for each in page["executions"]]
        described = [self.stepfunctions.describe_execution(executionArn=arn) for arn in arns]
        return {each["name"]: json.loads(each["input"]) for each in described}

    def runs_for(self, requested_by: str) -> list[str]:
        """Ids of the runs that something asked for."""
        return [run_id for run_id, run_input in self.runs().items() if run_input.get("requested_by") == requested_by]

    def outcome(self, run_id: str) -> str:
        return str(self.laptop.call("show", run_id).document["outcome"])

    def upload(self, key: str, rows: list[dict[str, str]]) -> str:
        """Put rows where new data goes; returns the version's id."""
        text = io.StringIO()
        writer = csv.DictWriter(text, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
        stored = self.laptop.client("s3").put_object(
            Bucket=self.outputs["ArtifactBucket"], Key=key, Body=text.getvalue().encode()
        )
        return str(stored["VersionId"])

    def fire_soon(self) -> str:
        """Have the recipe's own schedule fire in a moment; returns when."""
        when = f"{datetime.now(UTC) + timedelta(seconds=2):%Y-%m-%dT%H:%M:%S}"
        self.change_schedule(f"at({when})", "ENABLED")
        return f"{when}Z"

    def change_schedule(self, expression: str, state: str) -> None:
        kept = {name: self.schedule[name] for name in ("GroupName", "Name", "Target", "FlexibleTimeWindow")}
        self.scheduler.update_schedule(**kept, ScheduleExpression=expression, State=state)

    def deliver(self, event: dict[str, Any]) -> int:
        """Invoke the function behind all triggers, at the address that the schedule knows."""
        answer = self.function.invoke(FunctionName=self.schedule["Target"]["Arn"], Payload=json.dumps(event).encode())
        assert "FunctionError" not in answer, answer["Payload"].read()
        return int(answer["StatusCode"])

    def post(self, document: dict[str, Any], key: str) -> requests.Response:
        url, body = self.outputs["RunsUrl"], json.dumps(document)
        environment = self.laptop.call("env").document
        keys = Credentials(environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"])
        request = AWSRequest(
            "POST", url, headers={"Content-Type": "application/json", "Idempotency-Key": key}, data=body
        )
        SigV4Auth(keys, "execute-api", environment["AWS_DEFAULT_REGION"]).add_auth(request)
        return requests.post(url, data=body, headers=dict(request.headers), timeout=60)


@pytest.fixture(scope="module")
def stack(laptop: Any) -> Stack:
    return Stack(laptop)


@pytest.fixture(scope="module")
def scheduled(stack: Stack, laptop: Any, first_release: Any, all_rows: list[dict[str, str]]) -> tuple[str, str]:
    """A run that the recipe's schedule started with new data, as it waits for its approver; and when that was due."""
    assert first_release.code == 0, first_release.errors
    events = laptop.client("events")
    [rule] = [each["Name"] for each in events.list_rules()["Rules"] if "FunctionUpload" in each["Name"]]
    events.disable_rule(Name=rule)
    stack.upload(f"incoming/{RECIPE}/march.csv", all_rows[:-200])
    when = stack.fire_soon()
    [run_id] = eventually(lambda: stack.runs_for("schedule"), "a run of the schedule")
    stack.change_schedule(stack.schedule["ScheduleExpression"], "DISABLED")
    events.enable_rule(Name=rule)
    eventually(lambda: any(run_id in mail["text"] + mail["subject"] for mail in laptop.mails()), "a question")
    return run_id, when


def test_the_schedule_starts_a_release_with_the_newest_data(stack: Stack, scheduled: tuple[str, str]) -> None:
    run_id, when = scheduled
    moment = datetime.strptime(when, "%Y-%m-%dT%H:%M:%S%z")
    assert run_id.startswith(f"{RECIPE}-{moment:%Y%m%d-%H%M%S}-")
    prepared = stack.laptop.call("show", run_id).document
    assert prepared["outcome"] == "Running"
    assert "TrainModel" in [state["name"] for state in prepared["states"]]


def test_the_same_occurrence_again_starts_nothing(stack: Stack, scheduled: tuple[str, str]) -> None:
    run_id, when = scheduled
    before = set(stack.runs())
    event = {"source": "greenlight.schedule", "recipe": RECIPE, "scheduled_time": when}
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(stack.deliver, [event] * 4)) == [200] * 4
    assert set(stack.runs()) == before
    assert run_id in before


@pytest.mark.usefixtures("scheduled")
def test_an_upload_delivered_thrice_is_one_run_that_waits(stack: Stack, all_rows: list[dict[str, str]]) -> None:
    key = f"incoming/{RECIPE}/april.csv"
    version = stack.upload(key, all_rows[:-200])
    asked = f"upload of s3://{stack.outputs['ArtifactBucket']}/{key}"
    [run_id] = eventually(lambda: stack.runs_for(asked), "a run of the upload")
    moment = datetime.strptime("".join(run_id.split("-")[-3:-1]), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    event = {
        "source": "aws.s3",
        "time": f"{moment:%Y-%m-%dT%H:%M:%SZ}",
        "detail": {
            "bucket": {"name": stack.outputs["ArtifactBucket"]},
            "object": {"key": key, "size": 1, "version-id": version},
        },
    }
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(stack.deliver, [event] * 2))
    assert stack.runs_for(asked) == [run_id]
    eventually(lambda: stack.outcome(run_id) == "AlreadyRunning", "an end of the upload's run")


def test_an_alarm_waits_and_a_request_and_a_person_are_told_which_run_is_under_way(
    stack: Stack, laptop: Any, scheduled: tuple[str, str]
) -> None:
    alarm = f"greenlight-drift-{RECIPE}"
    laptop.client("cloudwatch").set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="by hand")
    for _ in range(2):
        refused = stack.post({"recipe": RECIPE}, key="monday")
        assert (refused.status_code, refused.json()["run_id"]) == (409, scheduled[0]), refused.text
    by_hand = laptop.call("run", RECIPE, "--force")
    assert by_hand.document["outcome"] == "AlreadyRunning"
    [run_id] = eventually(lambda: stack.runs_for(f"alarm {alarm}"), "a run of the alarm")
    eventually(lambda: stack.outcome(run_id) == "AlreadyRunning", "an end of the alarm's run")


def test_once_released_one_run_follows_for_all_that_waited_and_releases_nothing(
    stack: Stack, laptop: Any, scheduled: tuple[str, str]
) -> None:
    run_id, _ = scheduled
    before = set(stack.runs())
    approved = laptop.call("approve", run_id)
    assert approved.code == 0, approved.errors
    eventually(lambda: stack.outcome(run_id) == "Released", "a release")
    [follower] = eventually(lambda: set(stack.runs()) - before, "a run that had waited")
    eventually(lambda: stack.outcome(follower) == "NothingNew", "an end of the run that had waited")
    assert set(stack.runs()) - before == {follower}
    assert laptop.locks() == []


def test_a_request_starts_a_run_once_for_its_key(stack: Stack) -> None:
    first = stack.post({"recipe": RECIPE}, key="tuesday")
    assert first.status_code == 202, first.text
    run_id = first.json()["run_id"]
    eventually(lambda: stack.outcome(run_id) == "NothingNew", "an end of the request's run")
    again = stack.post({"recipe": RECIPE}, key="tuesday")
    assert (again.status_code, again.json()["run_id"]) == (200, run_id)
    unknown = stack.post({"recipe": "nobody"}, key="tuesday")
    assert unknown.status_code == 404
    assert unknown.headers["Content-Type"].startswith("application/problem+json")


def test_new_data_for_a_recipe_that_nobody_deployed_is_kept_with_the_reason(
    stack: Stack, laptop: Any, all_rows: list[dict[str, str]]
) -> None:
    alias = stack.schedule["Target"]["Arn"]
    function = alias.rpartition(":")[0]
    configured = stack.function.get_function_event_invoke_config(FunctionName=function, Qualifier="live")
    kept = {name: configured[name] for name in ("MaximumEventAgeInSeconds", "DestinationConfig")}
    change = partial(stack.function.put_function_event_invoke_config, FunctionName=function, Qualifier="live", **kept)
    # Lambda would wait for three minutes before it gives up.
    change(MaximumRetryAttempts=0)
    try:
        stack.upload("incoming/nobody/march.csv", all_rows[:1])
        sqs = laptop.client("sqs")
        [queue] = sqs.list_queues(QueueNamePrefix="greenlight-Schedules")["QueueUrls"]
        [message] = eventually(lambda: sqs.receive_message(QueueUrl=queue).get("Messages"), "a message")
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    finally:
        change(MaximumRetryAttempts=configured["MaximumRetryAttempts"])
    missed = json.loads(message["Body"])
    assert missed["requestPayload"]["detail"]["object"]["key"] == "incoming/nobody/march.csv"
    assert missed["responsePayload"]["errorType"] == "RecipeInvalidError"
    assert "there is no recipe 'nobody'" in missed["responsePayload"]["errorMessage"]
