"""RemindApprovers: who is to be told what of a question that nobody has decided yet.

A reminder brings a link and a code of its own: the first mail may be lost, and of its link only a hash is kept.
"""

from __future__ import annotations

from datetime import datetime

from steps.approval import ApprovalRequest, Notice, standing
from steps.approval_votes import standing_vote


def is_unsettled(request: ApprovalRequest, now: datetime) -> bool:
    """Whether a decision was taken that the function which took it never brought to its end."""
    return request.status == "claimed" and standing(request, now) == "open"


def due_notices(request: ApprovalRequest, now: datetime) -> list[Notice]:
    """What is to be sent now; nothing once the request is decided, or after its deadline."""
    rules = request.rules
    if rules is None or request.status != "pending" or standing(request, now) != "open":
        return []
    due: list[Notice] = []
    if rules.remind_at is not None and request.reminded_at is None and rules.remind_at <= now:
        due.append("reminder")
    if rules.escalate_at is not None and request.escalated_at is None and rules.escalate_at <= now:
        due.append("escalation")
    return due


def recipients(request: ApprovalRequest, notice: Notice) -> list[str]:
    """Whom a notice goes to: those who were asked first and have not approved, or those who are asked only now."""
    if notice == "escalation":
        return list(request.rules.escalate_to) if request.rules else []
    return [each.address for each in request.approvers if standing_vote(request, each.address) is None]
