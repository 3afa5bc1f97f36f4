"""What the approval page does with a link and with a form, apart from HTTP and HTML."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from steps.approval import (
    CODE_TRIES,
    COMMENT_CHARACTERS,
    ApprovalRequest,
    AuditRecord,
    find_approver,
    is_right_code,
    standing,
)
from steps.contracts import ApprovalDecision
from steps.errors import ServiceRefusedError, ServiceUnavailableError
from steps.ports import ApprovalRecords, Workflow

Situation = Literal[
    "open", "unknown", "already_decided", "expired", "wrong_code", "locked", "too_long", "decided", "not_handed_on"
]


@dataclass(frozen=True)
class Form:
    """What a person sent."""

    token: str
    code: str
    decision: Literal["approved", "denied"]
    comment: str


@dataclass(frozen=True)
class Answer:
    """What to show; the request is None only when the link is unknown."""

    situation: Situation
    request: ApprovalRequest | None = None
    tries_left: int = 0
    form: Form | None = None


def look_at(approval_id: str, token: str, approvals: ApprovalRecords, *, now: datetime) -> Answer:
    """What a link leads to. Changes nothing."""
    request = approvals.request(approval_id)
    # A wrong token and an unknown id are answered alike: a stranger learns nothing.
    if request is None or find_approver(request, token) is None:
        return Answer("unknown")
    situations: dict[str, Situation] = {"open": "open", "decided": "already_decided", "expired": "expired"}
    return Answer(situations[standing(request, now)], request)


def decide(approval_id: str, form: Form, approvals: ApprovalRecords, workflow: Workflow, *, now: datetime) -> Answer:
    """Take one decision, once: count the try, check the code, claim, hand on, close."""
    seen = look_at(approval_id, form.token, approvals, now=now)
    request = seen.request
    if seen.situation != "open" or request is None or request.task_token is None:
        return seen
    if len(form.comment) > COMMENT_CHARACTERS:
        return Answer("too_long", request, form=form)
    index = find_approver(request, form.token) or 0
    tries = approvals.count_attempt(approval_id, index, limit=CODE_TRIES)
    if tries is None:
        return Answer("locked", request)
    approver = request.approvers[index]
    if not is_right_code(request, approver, form.code):
        return Answer("wrong_code" if tries < CODE_TRIES else "locked", request, CODE_TRIES - tries, form)
    decision = ApprovalDecision(
        decision=form.decision,
        approver=approver.address,
        comment=form.comment,
        decided_at=now,
        model_digest=request.facts.model_digest,
        approval_id=approval_id,
    )
    answer = _hand_on(request, decision, request.task_token, approvals, workflow)
    return replace(answer, form=form)


def _hand_on(
    request: ApprovalRequest,
    decision: ApprovalDecision,
    task_token: str,
    approvals: ApprovalRecords,
    workflow: Workflow,
) -> Answer:
    audit = AuditRecord(decision=decision, seen=request.facts)
    if not approvals.claim(request.approval_id, audit, now=decision.decided_at):
        return Answer("already_decided", approvals.request(request.approval_id))
    try:
        is_taken = workflow.answer(task_token, decision.model_dump_json())
    except (ServiceUnavailableError, ServiceRefusedError):
        approvals.release(request.approval_id)
        return Answer("not_handed_on", request)
    if not is_taken:
        approvals.expire(request.approval_id)
        return Answer("expired", request)
    approvals.finish(request.approval_id, audit)
    return Answer("decided", request.model_copy(update={"status": "decided", "decision": decision}))
