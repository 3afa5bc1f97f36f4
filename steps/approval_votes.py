"""Who votes how, and when that decides.

A single denial decides. Approvals count up to the quorum and can be withdrawn until it is reached. Whoever started the
run has a vote like the others, but never decides alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from steps.approval import ApprovalRequest, Vote
from steps.people import is_same_person

Choice = Literal["approved", "denied", "withdrawn"]
# What a form comes to: it changes nothing (`repeated`, `outdated`, `too_often`), is counted, taken back, or decides.
MoveKind = Literal["repeated", "outdated", "too_often", "vote", "withdrawal", "decision"]

# Times that a person may approve; each leaves a vote behind, withdrawn or not.
MOST_VOTES_EACH = 5


@dataclass(frozen=True)
class Move:
    """What a form comes to, and the votes after it."""

    kind: MoveKind
    votes: list[Vote] = field(default_factory=list)


def votes_of(request: ApprovalRequest, address: str) -> list[Vote]:
    """A person's votes, also those withdrawn, through whichever of their links they came."""
    return [vote for vote in request.votes if vote.address.casefold() == address.casefold()]


def standing_vote(request: ApprovalRequest, address: str) -> Vote | None:
    """The approval that a person has given and not withdrawn."""
    own = votes_of(request, address)
    return own[-1] if own and not own[-1].is_withdrawn else None


def approvals(votes: list[Vote]) -> list[Vote]:
    """The votes that count."""
    return [vote for vote in votes if not vote.is_withdrawn]


def missing_approvals(request: ApprovalRequest) -> int:
    """How many more approvals are needed."""
    return _missing(request, request.votes)


def waits_for_another(request: ApprovalRequest) -> bool:
    """Whether there are enough approvals, but only of whoever started the run."""
    rules = request.rules
    return rules is not None and len(approvals(request.votes)) >= rules.quorum and missing_approvals(request) > 0


def cast(request: ApprovalRequest, address: str, choice: Choice, comment: str, *, turn: int, now: datetime) -> Move:
    """What a person's form comes to.

    turn: how many votes of theirs the page showed that the form was sent from; an older form is `outdated`, so that
    sending it again brings no withdrawn vote back
    """
    if choice == "denied":
        return Move("decision", request.votes)
    own, stands = votes_of(request, address), standing_vote(request, address)
    is_there = (stands is not None) == (choice == "approved")
    if is_there and own:
        return Move("repeated", request.votes)
    if is_there or turn != len(own):
        return Move("outdated", request.votes)
    if choice == "withdrawn":
        return Move("withdrawal", [_withdrawn(vote) if vote is stands else vote for vote in request.votes])
    if len(own) >= MOST_VOTES_EACH:
        return Move("too_often", request.votes)
    votes = [*request.votes, Vote(address=address, comment=comment, voted_at=now)]
    return Move("decision" if _missing(request, votes) == 0 else "vote", votes)


def _missing(request: ApprovalRequest, votes: list[Vote]) -> int:
    given = approvals(votes)
    if request.rules is None:
        return 0 if given else 1
    missing = max(0, request.rules.quorum - len(given))
    starter = request.facts.requested_by
    only_starter = all(is_same_person(vote.address, starter) for vote in given)
    return max(missing, 1) if only_starter else missing


def _withdrawn(vote: Vote) -> Vote:
    # What it said is in the audit trail; here it would only fill the record.
    return vote.model_copy(update={"is_withdrawn": True, "comment": ""})
