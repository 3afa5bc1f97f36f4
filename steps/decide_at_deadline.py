"""DecideAtDeadline: what the recipe's policy makes of a request that people did not decide in time."""

from __future__ import annotations

from steps.approval import ApprovalRequest
from steps.approval_votes import approvals
from steps.close_run import span_text
from steps.contracts import DecideAtDeadlineResult

# In the place of a person, where nobody has decided.
POLICY = "the recipe's policy"


def decide_at_deadline(request: ApprovalRequest | None, deadline_seconds: int) -> DecideAtDeadlineResult:
    """The policy's outcome; what people decided at the very last moment counts as theirs.

    request: as it is now; None when it was never kept
    """
    if request is not None and request.status == "decided" and request.decision is not None:
        decided = request.decision
        if decided.approver == POLICY:
            return DecideAtDeadlineResult(outcome=decided.decision, reason=decided.comment)
        said = f": “{decided.comment}”" if decided.comment else "."
        words = "approved" if decided.decision == "approved" else "said no"
        return DecideAtDeadlineResult(outcome=decided.decision, reason=f"The approver {words} just in time{said}")
    late = f"{_who(request)} within {span_text(deadline_seconds)}"
    rules = request.rules if request is not None else None
    if rules is not None and rules.is_approved_at_deadline:
        return DecideAtDeadlineResult(
            outcome="approved", reason=f"{late}; the recipe's policy then releases a model that is clearly better."
        )
    if rules is not None and rules.at_deadline == "deny":
        return DecideAtDeadlineResult(outcome="denied", reason=f"{late}, and the recipe's policy takes that for a no.")
    return DecideAtDeadlineResult(outcome="expired", reason=f"{late}.")


def _who(request: ApprovalRequest | None) -> str:
    given = len(approvals(request.votes)) if request is not None else 0
    if request is None or request.rules is None or not given:
        return "Nobody decided"
    return f"{given} of {max(request.rules.quorum, given + 1)} approvals came"
