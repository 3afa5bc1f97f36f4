"""DescribeEndpoint: is the endpoint where it was asked to be?"""

from __future__ import annotations

from datetime import datetime

from steps.contracts import DescribeEndpointResult
from steps.ports import Endpoint

# How long DescribeEndpoint may still show the state before a request that was accepted.
SETTLING_SECONDS = 10

_MOVING = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"})


def judge_endpoint(
    current: Endpoint | None,
    *,
    wanted: str | None,
    requested_at: datetime,
    deadline_seconds: int,
    now: datetime,
) -> DescribeEndpointResult:
    """In service means InService AND serving the configuration `wanted`; with None it means gone.

    A failed update is InService too, with the configuration before, and an update that was just asked for may
    not show yet; so the old configuration counts as failed only once the endpoint has had time to react.
    """
    if wanted is None and current is None:
        return DescribeEndpointResult(status="in_service", detail="The endpoint is gone, as asked.")
    waited = (now - requested_at).total_seconds()
    if current is not None and current.status == "InService" and current.config_name == wanted:
        return DescribeEndpointResult(status="in_service", detail=f"Serves {wanted} after {waited:.0f} s.")
    if waited > deadline_seconds:
        seen = f"{current.status} with {current.config_name}" if current else "not there"
        return DescribeEndpointResult(
            status="failed",
            detail=f"Not in service after {waited:.0f} s, the deadline is {deadline_seconds} s; it is {seen}.",
        )
    if waited < SETTLING_SECONDS and (current is None or current.status == "InService"):
        return DescribeEndpointResult(status="in_progress", detail="The request does not show yet.")
    if current is not None and current.status in _MOVING:
        return DescribeEndpointResult(status="in_progress", detail=f"{current.status} for {waited:.0f} s.")
    return DescribeEndpointResult(status="failed", detail=_why_failed(current, wanted))


def _why_failed(current: Endpoint | None, wanted: str | None) -> str:
    if current is None:
        return "There is no endpoint; it was deleted by somebody else."
    reason = f": {current.failure_reason}" if current.failure_reason else ""
    if current.status == "InService":
        return f"SageMaker went back to {current.config_name} instead of serving {wanted or 'nothing'}{reason}"
    return f"The endpoint is {current.status}{reason}"
