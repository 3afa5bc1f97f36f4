"""How mails and pages put into words what an approval needs and what happens without it."""

from __future__ import annotations

from collections.abc import Sequence

from steps.approval import ApprovalRequest, ApprovalRules
from steps.approval_votes import approvals
from steps.decide_at_deadline import POLICY

_FEW = {1: "One", 2: "Two", 3: "Three", 4: "Four", 5: "Five"}


def needed(quorum: int, asked: int) -> str:
    """How many have to say yes, as a sentence."""
    if asked == 1:
        return ""
    if quorum == 1:
        return f"{asked} people are asked, and one yes is enough; a single no decides too."
    if quorum == asked:
        return f"All {asked} people who are asked must say yes; a single no decides."
    return f"{_FEW.get(quorum, str(quorum))} of {asked} people must say yes; a single no decides."


def who_approved(request: ApprovalRequest | None) -> list[str]:
    """Addresses of those on whose approval a release rests; nobody when none was asked or the policy decided."""
    decided = request.decision if request is not None else None
    if request is None or decided is None or decided.decision != "approved" or decided.approver == POLICY:
        return []
    return list(dict.fromkeys([*(vote.address for vote in approvals(request.votes)), decided.approver]))


def decided_by(request: ApprovalRequest | None) -> str:
    """Who decided, as a sentence for those who were asked; empty when no person did."""
    if approved := who_approved(request):
        return f"Approved by {listed(approved)}."
    decided = request.decision if request is not None else None
    if request is None or decided is None or decided.approver == POLICY:
        return ""
    others = [vote.address for vote in approvals(request.votes) if vote.address != decided.approver]
    before = f" Before that, {listed(others)} had approved." if others else ""
    return f"Denied by {decided.approver}.{before}"


def listed(names: Sequence[str]) -> str:
    """Names as one speaks them: `a`, `a and b`, `a, b and c`."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def otherwise(live_version: str | None, rules: ApprovalRules | None) -> str:
    """What happens to a request that is not decided in time, as a sentence."""
    if rules is not None and rules.is_approved_at_deadline:
        return "If nobody says no by then, it goes live: it is clearly better, and the recipe allows that."
    quorum = rules.quorum if rules is not None else 1
    who = "If nobody answers by then" if quorum == 1 else f"If fewer than {quorum} say yes by then"
    if rules is not None and rules.at_deadline == "deny":
        stays = f"version {live_version} stays live" if live_version is not None else "nothing is released"
        return f"{who}, that counts as a no: {stays}."
    if live_version is None:
        return f"{who}, nothing is released."
    return f"{who}, nothing changes: version {live_version} stays live."
