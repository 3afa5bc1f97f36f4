"""What functions and jobs said, out of CloudWatch Logs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from steps.names import TUNING_SUFFIX

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

TRAINING_GROUP = "/aws/sagemaker/TrainingJobs"
PROCESSING_GROUP = "/aws/sagemaker/ProcessingJobs"
TRANSFORM_GROUP = "/aws/sagemaker/TransformJobs"
# What the functions' logger adds to every line and the reader of one run has no use for.
_ROUTINE_KEYS = frozenset(
    {
        *("level", "location", "message", "timestamp", "service", "cold_start", "run_id", "recipe", "xray_trace_id"),
        *("function_name", "function_memory_size", "function_arn", "function_request_id"),
        # The traceback once more, as data; it is shown below its line.
        *("exception", "exception_name", "stack_trace"),
    }
)
# A stack has some twenty functions, each with a log group of its own, and CloudWatch Logs takes 25 requests a second.
_GROUPS_AT_ONCE = 8
# What a run's functions say after its last state has ended: that it ended, and what starts next.
_AFTERWARDS = timedelta(minutes=15)


@dataclass(frozen=True)
class LogLine:
    """One line of a log."""

    at: datetime
    source: str
    text: str


def last_line(logs: CloudWatchLogsClient, group: str, job_name: str) -> str:
    """The newest line of a job, or of a search's newest training; empty while there is none."""
    streams = _streams(logs, group, job_name)
    if not streams:
        return ""
    events = logs.get_log_events(logGroupName=group, logStreamName=streams[-1], limit=1, startFromHead=False)["events"]
    return events[-1]["message"].strip() if events else ""


def job_lines(logs: CloudWatchLogsClient, group: str, job_name: str) -> Iterator[LogLine]:
    """Everything a job said, or every training of a search."""
    streams = _streams(logs, group, job_name)
    if streams:
        for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group, logStreamNames=streams):
            for event in page["events"]:
                source = event.get("logStreamName", job_name).partition("/")[0]
                yield LogLine(_time(event["timestamp"]), source, event["message"].rstrip())


def function_lines(
    logs: CloudWatchLogsClient, stack_name: str, run_id: str, since: datetime, until: datetime | None
) -> Iterator[LogLine]:
    """Every line that the stack's functions, of whichever version, wrote about a run.

    since, until: when the run began, and when it ended if it has
    """
    groups = logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=f"/aws/lambda/{stack_name}-")
    names = [group["logGroupName"] for page in groups for group in page["logGroups"]]
    span: dict[str, Any] = {"startTime": _milliseconds(since)}
    if until is not None:
        span["endTime"] = _milliseconds(until + _AFTERWARDS)

    def lines_of(name: str) -> list[LogLine]:
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=name, filterPattern=f'"{run_id}"', **span)
        return [
            LogLine(_time(event["timestamp"]), _logical_id(name), readable(event["message"].rstrip()))
            for page in pages
            for event in page["events"]
        ]

    with ThreadPoolExecutor(max_workers=_GROUPS_AT_ONCE) as readers:
        for lines in readers.map(lines_of, names):
            yield from lines


def readable(line: str) -> str:
    """A function's JSON line as `LEVEL message key=value …`, a metric as `METRIC name=value …`; any other as it is."""
    try:
        entry = json.loads(line)
    except ValueError:
        return line
    if not isinstance(entry, dict) or not entry.keys() & {"message", "_aws"}:
        return line
    values = (f"{key}={json.dumps(value)}" for key, value in entry.items() if key not in {"_aws", *_ROUTINE_KEYS})
    first = "METRIC" if "_aws" in entry else f"{entry.get('level', '')} {entry['message']}".strip()
    shown = " ".join([first, *values])
    return f"{shown}\n{entry['exception']}" if "exception" in entry else shown


def _logical_id(group: str) -> str:
    """`CheckMetricsFunction` out of the name that CloudFormation made: `<stack>-CheckMetricsFunction-<random>`."""
    name = group.rpartition("/")[2]
    found = re.search(r"-(\w+Function)(-\w+)?$", name)
    return found[1] if found else name


def _streams(logs: CloudWatchLogsClient, group: str, job_name: str) -> list[str]:
    # A slash follows a job's name, so that a longer name is not taken for it; a search's trainings are numbered.
    prefix = f"{job_name}-" if job_name.endswith(TUNING_SUFFIX) else f"{job_name}/"
    pages = logs.get_paginator("describe_log_streams").paginate(logGroupName=group, logStreamNamePrefix=prefix)
    try:
        return [stream["logStreamName"] for page in pages for stream in page["logStreams"]]
    except logs.exceptions.ResourceNotFoundException:
        # The group appears with the first job.
        return []


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _time(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
