"""What functions and jobs said, out of CloudWatch Logs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

TRAINING_GROUP = "/aws/sagemaker/TrainingJobs"
PROCESSING_GROUP = "/aws/sagemaker/ProcessingJobs"


@dataclass(frozen=True)
class LogLine:
    """One line of a log."""

    at: datetime
    source: str
    text: str


def last_line(logs: CloudWatchLogsClient, group: str, job_name: str) -> str:
    """The newest line of a job; empty while there is none."""
    try:
        streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=job_name)["logStreams"]
        if not streams:
            return ""
        events = logs.get_log_events(
            logGroupName=group, logStreamName=streams[-1]["logStreamName"], limit=1, startFromHead=False
        )["events"]
    except ClientError:
        # The group appears with the first job; a line beside a spinner is never worth an error.
        return ""
    return events[-1]["message"].strip() if events else ""


def job_lines(logs: CloudWatchLogsClient, group: str, job_name: str) -> Iterator[LogLine]:
    """Everything a job said."""
    for event in _filtered(logs, logGroupName=group, logStreamNamePrefix=job_name):
        yield LogLine(_time(event), job_name, event["message"].rstrip())


def function_lines(logs: CloudWatchLogsClient, stack_name: str, run_id: str, since: datetime) -> Iterator[LogLine]:
    """Every line that the stack's functions wrote about a run."""
    prefix = f"/aws/lambda/{stack_name}"
    for page in logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix):
        for group in page["logGroups"]:
            name = group["logGroupName"]
            start = int(since.timestamp() * 1000)
            for event in _filtered(logs, logGroupName=name, filterPattern=f'"{run_id}"', startTime=start):
                yield LogLine(_time(event), name.rpartition("/")[2], event["message"].rstrip())


def _filtered(logs: CloudWatchLogsClient, **arguments: Any) -> Iterator[Any]:  # noqa: ANN401 - AWS's own parameters
    try:
        for page in logs.get_paginator("filter_log_events").paginate(**arguments):
            yield from page["events"]
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") != "ResourceNotFoundException":
            raise


def _time(event: dict[str, Any]) -> datetime:
    return datetime.fromtimestamp(event["timestamp"] / 1000, UTC)
