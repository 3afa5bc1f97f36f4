"""What functions and jobs said, out of CloudWatch Logs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

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
    streams = _streams(logs, group, job_name)
    if not streams:
        return ""
    events = logs.get_log_events(logGroupName=group, logStreamName=streams[-1], limit=1, startFromHead=False)["events"]
    return events[-1]["message"].strip() if events else ""


def job_lines(logs: CloudWatchLogsClient, group: str, job_name: str) -> Iterator[LogLine]:
    """Everything a job said."""
    streams = _streams(logs, group, job_name)
    if streams:
        for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group, logStreamNames=streams):
            for event in page["events"]:
                yield LogLine(_time(event["timestamp"]), job_name, event["message"].rstrip())


def function_lines(logs: CloudWatchLogsClient, stack_name: str, run_id: str, since: datetime) -> Iterator[LogLine]:
    """Every line that the stack's functions wrote about a run."""
    prefix = f"/aws/lambda/{stack_name}"
    for page in logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix):
        for group in page["logGroups"]:
            name = group["logGroupName"]
            start = int(since.timestamp() * 1000)
            lines = logs.get_paginator("filter_log_events").paginate(
                logGroupName=name, filterPattern=f'"{run_id}"', startTime=start
            )
            for found in lines:
                for event in found["events"]:
                    yield LogLine(_time(event["timestamp"]), name.rpartition("/")[2], event["message"].rstrip())


def _streams(logs: CloudWatchLogsClient, group: str, job_name: str) -> list[str]:
    try:
        # A slash follows the job's name, so that a longer name is not taken for it.
        found = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{job_name}/")["logStreams"]
    except logs.exceptions.ResourceNotFoundException:
        # The group appears with the first job.
        return []
    return [stream["logStreamName"] for stream in found]


def _time(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
