"""WatchRuns: measure the runs that are under way, every few minutes."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.adapters.dynamodb_open import open_records
from lambdas.adapters.stepfunctions import workflow
from lambdas.observed import event_handler, logger, publish
from lambdas.settings import Settings
from steps.ports import OpenRecords, Workflow
from steps.watch_runs import Measurement, MetricName, watch_runs

_UNITS: dict[MetricName, MetricUnit] = {
    "RunAgeSeconds": MetricUnit.Seconds,
    "StuckRuns": MetricUnit.Count,
    "ApprovalSecondsLeft": MetricUnit.Seconds,
}


class WatchRunsSettings(Settings):
    """Environment of WatchRuns."""

    release_table: str


@cache
def settings() -> WatchRunsSettings:
    """The function's environment, read at the first call."""
    return WatchRunsSettings.from_environment()


def measure(records: OpenRecords, executions: Workflow, *, now: datetime) -> list[Measurement]:
    """What there is to publish; a run that was stopped has left its lock and its request behind, and does not count."""
    locks = [held for held in records.locks() if executions.is_running(held.lock.execution_arn)]
    requests = [asked for asked in records.requests(now) if executions.is_running(asked.execution_arn)]
    return watch_runs(locks, requests, now=now)


@event_handler
def handler(_event: dict[str, Any], _context: LambdaContext) -> None:
    """Event: whatever the schedule sends."""
    measured = measure(open_records(settings().release_table), workflow(), now=datetime.now(UTC))
    for each in measured:
        recipe = {"recipe": each.recipe} if each.recipe else {}
        publish(each.name, each.value, _UNITS[each.name], **recipe)
    logger.info("runs watched", measured=len(measured))
