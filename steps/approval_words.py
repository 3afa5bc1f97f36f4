"""How mails and pages put into words what an approval needs and what happens without it."""

from __future__ import annotations

from steps.approval import ApprovalRules

_FEW = {1: "One", 2: "Two", 3: "Three", 4: "Four", 5: "Five"}


def needed(quorum: int, asked: int) -> str:
    """How many have to say yes, as a sentence."""
    if asked == 1:
        return ""
    if quorum == 1:
        return f"{asked} people are asked, and one yes is enough; a single no decides too."
    return f"{_FEW.get(quorum, str(quorum))} of {asked} people must say yes; a single no decides."


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
