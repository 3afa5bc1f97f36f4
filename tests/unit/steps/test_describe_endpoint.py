from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from steps.describe_endpoint import judge_endpoint
from steps.ports import Endpoint


def status_after(seconds: float, current: Endpoint | None, wanted: str | None, now: datetime) -> str:
    return judge_endpoint(
        current, wanted=wanted, requested_at=now - timedelta(seconds=seconds), deadline_seconds=600, now=now
    ).status


@pytest.mark.parametrize(
    ("seconds", "current", "wanted", "status"),
    [
        (1, Endpoint("InService", "new"), "new", "in_service"),
        (60, Endpoint("Updating", "old"), "new", "in_progress"),
        (60, Endpoint("Creating", "new"), "new", "in_progress"),
        # A failed update is InService too; right after the request it may only not show yet.
        (60, Endpoint("InService", "old"), "new", "failed"),
        (1, Endpoint("InService", "old"), "new", "in_progress"),
        (60, Endpoint("Failed", "new"), "new", "failed"),
        (1, Endpoint("Failed", "new"), "new", "failed"),
        (601, Endpoint("Updating", "old"), "new", "failed"),
        (601, Endpoint("InService", "new"), "new", "in_service"),
        (60, None, "new", "failed"),
        (60, None, None, "in_service"),
        (60, Endpoint("Deleting", "new"), None, "in_progress"),
        (60, Endpoint("InService", "new"), None, "failed"),
        (601, Endpoint("Deleting", "new"), None, "failed"),
    ],
)
def test_in_service_means_serving_what_was_asked_for(
    seconds: float, current: Endpoint | None, wanted: str | None, status: str, now: datetime
) -> None:
    assert status_after(seconds, current, wanted, now) == status


def test_a_failure_is_told_in_sagemakers_words(now: datetime) -> None:
    failed = Endpoint("Failed", "new", failure_reason="The primary container did not pass the ping health check.")
    judged = judge_endpoint(
        failed, wanted="new", requested_at=now - timedelta(seconds=60), deadline_seconds=600, now=now
    )
    assert judged.detail == "The endpoint is Failed: The primary container did not pass the ping health check."


def test_a_missed_deadline_is_told_with_both_numbers(now: datetime) -> None:
    judged = judge_endpoint(
        Endpoint("Creating", "new"),
        wanted="new",
        requested_at=now - timedelta(seconds=601),
        deadline_seconds=600,
        now=now,
    )
    assert "after 601 s, the deadline is 600 s; it is Creating" in judged.detail
