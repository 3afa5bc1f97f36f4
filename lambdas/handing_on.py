"""Handing a decision on to the run that waits for it, and closing its request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from steps.approval import ApprovalRequest, Vote
from steps.approval_events import decision_event
from steps.errors import ServiceRefusedError, ServiceUnavailableError
from steps.ports import ApprovalRecords, Workflow

# The run has it; nobody waits for it any more; the run could not be reached, and the request is open again.
Taken = Literal["decided", "too_late", "not_reached"]


def hand_on(
    request: ApprovalRequest, votes_before: Sequence[Vote], approvals: ApprovalRecords, workflow: Workflow
) -> Taken:
    """Hand on a decision that this call has claimed.

    request: claimed;  votes_before: those to go back to
    """
    if request.decision is None or request.task_token is None:
        raise ValueError("only a claimed request can be handed on")
    try:
        is_taken = workflow.answer(request.task_token, request.decision.model_dump_json())
    except (ServiceUnavailableError, ServiceRefusedError):
        approvals.release(request, votes_before)
        return "not_reached"
    if not is_taken:
        approvals.expire(request)
        return "too_late"
    approvals.finish(request, decision_event(request, request.decision))
    return "decided"


def settle(request: ApprovalRequest, approvals: ApprovalRecords, workflow: Workflow) -> None:
    """Bring to its end a decision whose function died on the way; whether the run has it already is not known.

    request: claimed, and stale
    """
    if request.decision is None or request.task_token is None:
        raise ValueError("only a claimed request can be settled")
    # A run that waits no longer was answered with this decision: nothing else answers it before the deadline.
    workflow.answer(request.task_token, request.decision.model_dump_json())
    approvals.finish(request, decision_event(request, request.decision))
