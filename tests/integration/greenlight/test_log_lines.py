from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from greenlight.log_lines import TRAINING_GROUP, function_lines, job_lines, last_line, readable

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient


@pytest.fixture
def logs() -> Iterator[CloudWatchLogsClient]:
    with mock_aws():
        yield boto3.client("logs", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")


def _write(logs: CloudWatchLogsClient, group: str, stream: str, *messages: str) -> None:
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName=stream)
    now = int(time.time() * 1000)
    events = [{"timestamp": now + index, "message": message} for index, message in enumerate(messages)]
    logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)  # type: ignore[arg-type]


def test_the_newest_line_of_a_job_is_its_last(logs: CloudWatchLogsClient) -> None:
    assert last_line(logs, TRAINING_GROUP, "run-1-train") == ""
    _write(logs, TRAINING_GROUP, "run-1-train/algo-1", "epoch 1\n", "epoch 2\n")
    assert last_line(logs, TRAINING_GROUP, "run-1-train") == "epoch 2"
    assert last_line(logs, TRAINING_GROUP, "run-2-train") == ""


def test_all_lines_of_a_job_come_in_their_order(logs: CloudWatchLogsClient) -> None:
    _write(logs, TRAINING_GROUP, "run-1-train/algo-1", "epoch 1", "epoch 2")
    assert [line.text for line in job_lines(logs, TRAINING_GROUP, "run-1-train")] == ["epoch 1", "epoch 2"]
    assert list(job_lines(logs, "/aws/sagemaker/none", "run-1-train")) == []


def test_only_lines_about_the_run_are_taken_from_the_stacks_functions_and_made_readable(
    logs: CloudWatchLogsClient,
) -> None:
    ours = '{"level":"INFO","run_id":"run-1","message":"run prepared","decision":"go"}'
    _write(logs, "/aws/lambda/greenlight-Workflow-1A-PrepareRunFunction-2B", "stream", ours, '{"run_id":"run-2"}')
    _write(logs, "/aws/lambda/other-PrepareRunFunction-3C", "stream", '{"run_id":"run-1"}')
    _write(logs, "/aws/lambda/greenlight2-PrepareRunFunction-3C", "stream", '{"run_id":"run-1"}')
    began = datetime.now(UTC) - timedelta(minutes=1)
    lines = list(function_lines(logs, "greenlight", "run-1", began, None))
    assert lines == list(function_lines(logs, "greenlight", "run-1", began, datetime.now(UTC)))
    assert list(function_lines(logs, "greenlight", "run-1", began - timedelta(days=2), began - timedelta(days=1))) == []
    assert [(line.source, line.text) for line in lines] == [("PrepareRunFunction", 'INFO run prepared decision="go"')]


@pytest.mark.parametrize("line", ["START run-1", "[1, 2]", '{"no": "message"}'])
def test_a_line_of_another_shape_is_left_as_it_is(line: str) -> None:
    assert readable(line) == line
