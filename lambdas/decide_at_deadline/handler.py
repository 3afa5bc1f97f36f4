"""DecideAtDeadline: close a request that people did not decide in time, as the recipe's policy says."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

from lambdas.adapters.dynamodb_approvals import approval_records
from lambdas.observed import logger, state_handler
from lambdas.settings import Settings
from steps.approval import ApprovalRequest
from steps.approval_events import deadline_event
from steps.contracts import ApprovalDecision, DecideAtDeadlineResult, PrepareRunResult
from steps.decide_at_deadline import POLICY, decide_at_deadline
from steps.errors import ServiceUnavailableError
from steps.ports import ApprovalRecords

# A person's vote at the last moment changes the request under the policy's hands; nobody can vote for long after.
_TRIES = 10


class DecideAtDeadlineInput(BaseModel):
    """Event of DecideAtDeadline."""

    run_id: str
    plan: PrepareRunResult


class DecideAtDeadlineSettings(Settings):
    """Environment of DecideAtDeadline."""

    release_table: str


@cache
def settings() -> DecideAtDeadlineSettings:
    """The function's environment, read at the first call."""
    return DecideAtDeadlineSettings.from_environment()


def close_request(plan: PrepareRunResult, approvals: ApprovalRecords, *, now: datetime) -> DecideAtDeadlineResult:
    """Close the run's request; safe to repeat. The state has stopped waiting, so no answer can reach the run now."""
    for _ in range(_TRIES):
        request = approvals.request_of(plan.run_id)
        result = decide_at_deadline(request, plan.approval_deadline_seconds)
        if request is None or request.status == "decided" or _close(request, result, approvals, now):
            return result
    raise ServiceUnavailableError(f"the request of {plan.run_id} was changed by others all along")


def _close(request: ApprovalRequest, result: DecideAtDeadlineResult, approvals: ApprovalRecords, now: datetime) -> bool:
    decision = None
    if result.outcome != "expired":
        decision = ApprovalDecision(
            decision=result.outcome,
            approver=POLICY,
            comment=result.reason,
            decided_at=now,
            model_digest=request.facts.model_digest,
            approval_id=request.approval_id,
        )
    return approvals.close(request, decision, deadline_event(request, result.outcome, result.reason, now))


@state_handler
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Event: run_id, plan. Result: DecideAtDeadlineResult."""
    asked = DecideAtDeadlineInput.model_validate(event)
    result = close_request(asked.plan, approval_records(settings().release_table), now=datetime.now(UTC))
    logger.info("approval closed at its deadline", outcome=result.outcome)
    return result.model_dump(mode="json")
