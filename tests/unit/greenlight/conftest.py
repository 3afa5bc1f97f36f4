"""Executions and clients as the program sees them, kept in memory."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from greenlight.target import Target
from local.home import Home

START = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


class Story:
    """Writes the events of an execution, one second apart."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.events: list[dict[str, Any]] = []
        self.document = document
        self.add("ExecutionStarted", executionStartedEventDetails={"input": json.dumps(document)})

    def add(self, kind: str, **details: Any) -> Story:
        number = len(self.events) + 1
        self.events.append({"id": number, "type": kind, "timestamp": START + timedelta(seconds=number - 1), **details})
        return self

    def enter(self, name: str, kind: str = "Task") -> Story:
        return self.add(
            f"{kind}StateEntered", stateEnteredEventDetails={"name": name, "input": json.dumps(self.document)}
        )

    def leave(self, name: str, kind: str = "Task", **result: Any) -> Story:
        self.document = {**self.document, **result}
        return self.add(
            f"{kind}StateExited", stateExitedEventDetails={"name": name, "output": json.dumps(self.document)}
        )

    def visit(self, name: str, kind: str = "Task", **result: Any) -> Story:
        return self.enter(name, kind).leave(name, kind, **result)

    def succeed(self, end: str) -> Story:
        return self.visit(end, "Succeed").add("ExecutionSucceeded", executionSucceededEventDetails={})

    def fail(self, end: str) -> Story:
        details = {"error": "ReleaseFaulted", "cause": "see report_fault"}
        return self.enter(end, "Fail").add("ExecutionFailed", executionFailedEventDetails=details)


@pytest.fixture
def story() -> Callable[..., Story]:
    return lambda **document: Story({"recipe": "review-snippets", **document})


def client_error(operation: str, code: str, message: str = "no", status: int = 400) -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, operation)


class FakeStepFunctions:
    """Executions by name; each ends at once with the story it was given."""

    def __init__(self) -> None:
        self.stories: dict[str, Story] = {}
        self.inputs: dict[str, dict[str, Any]] = {}
        self.next_story: Story | None = None

    def put(self, run_id: str, story: Story) -> None:
        self.stories[run_id] = story
        self.inputs[run_id] = story.document

    def start_execution(self, *, stateMachineArn: str, name: str, input: str) -> dict[str, Any]:  # noqa: N803, A002, ARG002
        self.inputs[name] = json.loads(input)
        assert self.next_story is not None
        self.stories[name] = self.next_story
        return {}

    def get_paginator(self, operation: str) -> FakeStepFunctions:
        assert operation == "list_executions"
        return self

    def paginate(self, **_arguments: Any) -> list[dict[str, Any]]:
        return [
            {"executions": [{"name": name, "startDate": story.events[0]["timestamp"]}]}
            for name, story in reversed(self.stories.items())
        ]

    def describe_execution(self, *, executionArn: str) -> dict[str, Any]:  # noqa: N803
        name = executionArn.rsplit(":", 1)[-1]
        if name not in self.stories:
            raise client_error("DescribeExecution", "ExecutionDoesNotExist")
        events = self.stories[name].events
        kind = events[-1]["type"]
        status = {"ExecutionSucceeded": "SUCCEEDED", "ExecutionFailed": "FAILED", "ExecutionAborted": "ABORTED"}
        found = {
            "name": name,
            "input": json.dumps(self.inputs[name]),
            "startDate": events[0]["timestamp"],
            "status": status.get(kind, "RUNNING"),
        }
        return found | ({"stopDate": events[-1]["timestamp"]} if kind in status else {})

    def get_execution_history(
        self,
        *,
        executionArn: str,  # noqa: N803
        reverseOrder: bool,  # noqa: N803
        maxResults: int,  # noqa: N803
        nextToken: str = "0",  # noqa: N803
        includeExecutionData: bool = True,  # noqa: N803, ARG002
    ) -> dict[str, Any]:
        assert reverseOrder
        events = list(reversed(self.stories[executionArn.rsplit(":", 1)[-1]].events))
        start = int(nextToken)
        page: dict[str, Any] = {"events": events[start : start + maxResults]}
        return page | ({"nextToken": str(start + maxResults)} if start + maxResults < len(events) else {})


class FakeS3:
    """Objects in a dictionary."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.metadata: dict[str, dict[str, str]] = {}

    def head_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        if f"{Bucket}/{Key}" not in self.objects:
            raise client_error("HeadObject", "404", status=404)
        return {}

    def upload_file(self, file: str, bucket: str, key: str, *, ExtraArgs: dict[str, Any]) -> None:  # noqa: N803
        assert f"{bucket}/{key}" not in self.objects, "uploaded again"
        self.objects[f"{bucket}/{key}"] = Path(file).read_bytes()
        self.metadata[f"{bucket}/{key}"] = ExtraArgs["Metadata"]


class FakeCloudFormation:
    """One stack, deployed."""

    deployed = True

    def describe_stacks(self, *, StackName: str) -> dict[str, Any]:  # noqa: N803
        if not self.deployed:
            raise client_error("DescribeStacks", "ValidationError", f"Stack with id {StackName} does not exist")
        outputs = {
            "ArtifactBucket": "bucket",
            "ReleaseTable": "table",
            "StateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:greenlight-release",
            "StateMachineAliasArn": "arn:aws:states:us-east-1:123456789012:stateMachine:greenlight-release:live",
            "ApprovalUrl": "http://127.0.0.1:4747/_api/a/approvals",
            "PredictionUrl": "http://127.0.0.1:4747/_api/p/predictions",
        }
        return {"Stacks": [{"Outputs": [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()]}]}


class FakeTarget(Target):
    """A laptop target whose clients are fakes."""

    def __init__(self, home: Home) -> None:
        super().__init__("greenlight", home)
        self.fake_stepfunctions = FakeStepFunctions()
        self.fake_s3 = FakeS3()
        self.fake_cloudformation = FakeCloudFormation()
        vars(self).update(
            stepfunctions=self.fake_stepfunctions, s3=self.fake_s3, cloudformation=self.fake_cloudformation
        )

    @property
    def poll_seconds(self) -> float:
        return 0.0


@pytest.fixture
def target(tmp_path: Path) -> FakeTarget:
    return FakeTarget(Home(tmp_path / "home", 4747))


@pytest.fixture
def sha256() -> Callable[[bytes], str]:
    return lambda body: hashlib.sha256(body).hexdigest()
