"""What the approval page does with a link and with a form, apart from HTTP and HTML."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from lambdas.handing_on import Taken, hand_on, settle
from steps.approval import (
    CODE_TRIES,
    COMMENT_CHARACTERS,
    ApprovalRequest,
    find_approver,
    is_right_code,
    standing,
)
from steps.approval_events import vote_event, withdrawal_event
from steps.approval_votes import Choice, cast, standing_vote, votes_of
from steps.contracts import ApprovalDecision
from steps.ports import ApprovalRecords, Workflow

Situation = Literal[
    "open",
    "voted",
    "unknown",
    "already_decided",
    "expired",
    "wrong_code",
    "locked",
    "too_long",
    "outdated",
    "too_often",
    "not_handed_on",
    "counted",
    "withdrawn",
    "decided",
]

# Times that a form is tried anew on a request that others are changing: more than there can be people.
_TRIES = 60


@dataclass(frozen=True)
class Form:
    """What a person sent; turn: how many votes of theirs the page had shown."""

    token: str
    code: str
    decision: Choice
    comment: str
    turn: int = 0


@dataclass(frozen=True)
class Answer:
    """What to show, and to whom; request and address are None only when the link is unknown."""

    situation: Situation
    request: ApprovalRequest | None = None
    tries_left: int = 0
    form: Form | None = None
    address: str | None = None


def look_at(approval_id: str, token: str, approvals: ApprovalRecords, *, now: datetime) -> Answer:
    """What a link leads to. Changes nothing."""
    request = approvals.request(approval_id)
    # A wrong token and an unknown id are answered alike: a stranger learns nothing.
    if request is None or (index := find_approver(request, token)) is None:
        return Answer("unknown")
    return _seen(request, request.links[index].address, now)


def decide(approval_id: str, form: Form, approvals: ApprovalRecords, workflow: Workflow, *, now: datetime) -> Answer:
    """Take a form: count the try, check the code, then vote, withdraw or decide, each once."""
    seen = look_at(approval_id, form.token, approvals, now=now)
    request = seen.request
    if seen.situation not in {"open", "voted"} or request is None:
        return seen
    if len(form.comment) > COMMENT_CHARACTERS:
        return replace(seen, situation="too_long", form=form)
    index = find_approver(request, form.token) or 0
    tries = approvals.count_attempt(approval_id, index, limit=CODE_TRIES)
    if tries is None:
        # Many forms at once use up the tries for a moment, and one of them may have been taken meanwhile.
        again = look_at(approval_id, form.token, approvals, now=now)
        return replace(again, situation="locked") if again.situation == "open" else again
    approver = request.links[index]
    if not is_right_code(request, approver, form.code):
        situation: Situation = "wrong_code" if tries < CODE_TRIES else "locked"
        return replace(seen, situation=situation, tries_left=CODE_TRIES - tries, form=form)
    approvals.forgive_attempt(approval_id, index)
    answer = _take(request, _Visit(approver.address, form, approvals, workflow, now))
    return replace(answer, form=form, address=approver.address)


@dataclass(frozen=True)
class _Visit:
    """One person with one form, and what it is taken with."""

    address: str
    form: Form
    approvals: ApprovalRecords
    workflow: Workflow
    now: datetime


def _take(request: ApprovalRequest, visit: _Visit) -> Answer:
    """Try the form on the request as it is, and anew when somebody else was faster."""
    for _ in range(_TRIES):
        stands = standing(request, visit.now)
        if stands == "open" and request.status == "claimed":
            # Somebody decided, and the function that should have handed it on died: that decision counts.
            settle(request, visit.approvals, visit.workflow)
        elif stands != "open" or request.task_token is None:
            return _seen(request, visit.address, visit.now)
        elif (answer := _make(request, visit)) is not None:
            return answer
        request = visit.approvals.request(request.approval_id) or request
    return Answer("not_handed_on", request)


def _make(request: ApprovalRequest, visit: _Visit) -> Answer | None:
    """Make the form's move; None when the request has changed since it was read."""
    form, approvals = visit.form, visit.approvals
    move = cast(request, visit.address, form.decision, form.comment, turn=form.turn, now=visit.now)
    after = request.model_copy(update={"votes": move.votes, "revision": request.revision + 1})
    if move.kind == "decision":
        return _decide(request, after, visit)
    if move.kind in {"vote", "withdrawal"}:
        turn = len(votes_of(after, visit.address))
        if move.kind == "vote":
            event = vote_event(request, move.votes[-1], turn)
        else:
            event = withdrawal_event(request, visit.address, form.comment, turn, visit.now)
        said: Situation = "counted" if move.kind == "vote" else "withdrawn"
        return Answer(said, after) if approvals.record_votes(request, move.votes, event) else None
    if move.kind == "repeated":
        return Answer("voted" if standing_vote(request, visit.address) else "withdrawn", request)
    return Answer("outdated" if move.kind == "outdated" else "too_often", request)


def _decide(request: ApprovalRequest, after: ApprovalRequest, visit: _Visit) -> Answer | None:
    """Claim the decision, hand it on, close; None when the request has changed since it was read."""
    decision = ApprovalDecision(
        decision="denied" if visit.form.decision == "denied" else "approved",
        approver=visit.address,
        comment=visit.form.comment,
        decided_at=visit.now,
        model_digest=request.facts.model_digest,
        approval_id=request.approval_id,
    )
    if not visit.approvals.claim(request, after.votes, decision, now=visit.now):
        return None
    claimed = after.model_copy(update={"status": "claimed", "claimed_at": visit.now, "decision": decision})
    taken = hand_on(claimed, request.votes, visit.approvals, visit.workflow)
    situations: dict[Taken, Situation] = {"decided": "decided", "too_late": "expired", "not_reached": "not_handed_on"}
    return Answer(situations[taken], visit.approvals.request(request.approval_id) or claimed)


def _seen(request: ApprovalRequest, address: str, now: datetime) -> Answer:
    """What one person finds."""
    stands = standing(request, now)
    if stands != "open":
        return Answer("already_decided" if stands == "decided" else "expired", request, address=address)
    return Answer("voted" if standing_vote(request, address) else "open", request, address=address)
