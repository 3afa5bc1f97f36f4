"""Who is who: whether an approver is the person who started a run."""

from __future__ import annotations

import re
from collections.abc import Sequence

from steps.recipe_sections.base import ADDRESS_PATTERN


def is_same_person(address: str, started_by: str) -> bool:
    """Whether an approver's address belongs to whoever started a run.

    started_by: as a run's input says it: an address, a login's name, or the ARN of a user or of a role's session

    A login's name is held against the part before the @: of two people who may be one, nobody is trusted to be two.
    """
    address, who = address.casefold(), started_by.casefold().strip()
    if who.startswith("arn:"):
        who = who.rpartition("/")[2]
    return bool(who) and who in {address, address.partition("@")[0]}


def everybody_to_tell(approvers: Sequence[str], asked: Sequence[str], started_by: str) -> list[str]:
    """Addresses of all whom a run's end concerns, each once.

    approvers: those a recipe names;  asked: those who got a mail about this run;  started_by: as in is_same_person
    """
    starter = started_by.strip()
    starters = [starter] if re.fullmatch(ADDRESS_PATTERN, starter) else []
    return list({address.casefold(): address for address in (*starters, *asked, *approvers)}.values())


def why_nobody_can_approve(addresses: Sequence[str], started_by: str) -> str | None:
    """What is wrong when those who may be asked are all who started the run; None when somebody else is among them.

    addresses: everybody a recipe names
    """
    if any(not is_same_person(address, started_by) for address in addresses):
        return None
    return (
        f"{addresses[0]} started this run and is the only one who may be asked, and nobody approves a run of their own "
        "alone; name somebody else in approval.approvers or approval.escalate_to, or have somebody else start it"
    )
