from __future__ import annotations

from datetime import datetime, timedelta

from lambdas.watch_runs.handler import measure
from steps.ports import Lock, OpenLock, OpenRecords, OpenRequest, Workflow
from steps.watch_runs import Measurement


def test_only_what_runs_is_measured(
    *,
    now: datetime,
    open_locks: list[OpenLock],
    open_requests: list[OpenRequest],
    open_records: OpenRecords,
    running: set[str],
    executions: Workflow,
) -> None:
    running.add("arn:here")
    later, earlier = now + timedelta(hours=1), now - timedelta(hours=1)
    open_locks += [
        OpenLock("stopped", Lock("stopped-run", "arn:gone", expires_at=earlier, started_at=earlier)),
        OpenLock("reviews", Lock("reviews-run", "arn:here", expires_at=earlier, started_at=earlier)),
    ]
    open_requests += [
        OpenRequest("stopped", "stopped-run", "arn:gone", later),
        OpenRequest("reviews", "reviews-run", "arn:here", later),
    ]
    assert measure(open_records, executions, now=now) == [
        Measurement("StuckRuns", 1, None),
        Measurement("StuckRuns", 1, "reviews"),
        Measurement("RunAgeSeconds", 3600, "reviews"),
        Measurement("ApprovalSecondsLeft", 3600, "reviews"),
        Measurement("ApprovalSecondsLeft", 3600, None),
    ]
