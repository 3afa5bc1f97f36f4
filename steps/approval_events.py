"""What the audit trail is told about an approval: the same numbers and digests that its people were shown."""

from __future__ import annotations

from datetime import datetime

from steps.approval import ApprovalRequest, Vote
from steps.approval_votes import approvals
from steps.audit import AuditEvent, AuditKind
from steps.contracts import ApprovalDecision


def vote_event(request: ApprovalRequest, vote: Vote, turn: int) -> AuditEvent:
    """An approval that did not decide yet; turn: how many votes the person has had with it."""
    step = _step(request, vote.address, turn)
    return _event(request, "vote", who=[vote.address], why=vote.comment, at=vote.voted_at, step=step)


def withdrawal_event(request: ApprovalRequest, address: str, why: str, turn: int, at: datetime) -> AuditEvent:
    """An approval that was taken back; turn as for the vote."""
    return _event(request, "withdrawal", who=[address], why=why, at=at, step=_step(request, address, turn))


def decision_event(request: ApprovalRequest, decision: ApprovalDecision) -> AuditEvent:
    """The decision of people, with everybody whose approval it rests on."""
    earlier = [vote.address for vote in approvals(request.votes)] if decision.decision == "approved" else []
    who = list(dict.fromkeys([*earlier, decision.approver]))
    return _event(request, decision.decision, who=who, why=decision.comment, at=decision.decided_at)


def deadline_event(request: ApprovalRequest, kind: AuditKind, why: str, at: datetime) -> AuditEvent:
    """What the recipe's policy made of a request that nobody decided."""
    policy = request.rules.at_deadline if request.rules else "expire"
    return _event(request, kind, who=[f"approval.at_deadline: {policy}"], why=why, at=at)


def _step(request: ApprovalRequest, address: str, turn: int) -> str:
    """Tells votes apart, also those on the requests of a run that had to ask twice."""
    return f"{request.approval_id}#{address}#{turn}"


def _event(
    request: ApprovalRequest, kind: AuditKind, *, who: list[str], why: str, at: datetime, step: str = ""
) -> AuditEvent:
    facts = request.facts
    return AuditEvent(
        recipe=facts.recipe,
        kind=kind,
        run_id=facts.run_id,
        at=at,
        who=who,
        why=why,
        model_version=facts.model_version,
        champion_version=facts.champion_version,
        metrics={line.name: line.candidate for line in facts.metrics},
        champion_metrics={line.name: line.champion for line in facts.metrics if line.champion is not None},
        override=facts.override,
        model_digest=facts.model_digest,
        data_digest=facts.data_digest,
        recipe_digest=facts.recipe_digest,
        code_digest=facts.code_digest,
        report_digest=facts.report_digest or "",
        step=step,
    )
