"""Deciding a run's approval from the command line, through the same mail, link and form as a person."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import requests

from greenlight.approval_form import AlreadyDecidedError, Answers, Decision, decide
from greenlight.errors import WrongUseError
from greenlight.inbox import Mail, approval_code, approval_link, mails_about

Decide = Callable[[str, Answers], str]


@dataclass(frozen=True)
class Invitation:
    """What an approval mail gives its reader: a link and the code the page asks for."""

    link: str
    code: str


def invitations(mails: Sequence[Mail], run_id: str) -> list[Invitation]:
    """The mails' invitations to decide about this run, newest first."""
    found = []
    for mail in mails_about(mails, run_id):
        link, code = approval_link(mail), approval_code(mail)
        if link and code:
            found.append(Invitation(link, code))
    return found


def decide_first_open(
    open_invitations: Sequence[Invitation], run_id: str, decision: Decision, comment: str, *, decide_one: Decide
) -> str:
    """Decide through the first invitation that is still open; returns the page's answer.

    Raises WrongUseError when none is.
    """
    decided: AlreadyDecidedError | None = None
    for invitation in open_invitations:
        try:
            return decide_one(invitation.link, Answers(decision, invitation.code, comment))
        except AlreadyDecidedError as error:
            decided = error
    raise decided or WrongUseError(
        f"nothing waits for a decision about {run_id}; `greenlight runs` shows what is under way"
    )


def decide_for_all(
    open_invitations: Sequence[Invitation], run_id: str, decision: Decision, comment: str, *, decide_one: Decide
) -> str:
    """Decide through one invitation after the other until nothing is left to decide; returns the last page's answer.

    Raises WrongUseError when nothing was left from the start.
    """
    said = decide_first_open(open_invitations, run_id, decision, comment, decide_one=decide_one)
    for _ in open_invitations:
        try:
            said = decide_first_open(open_invitations, run_id, decision, comment, decide_one=decide_one)
        except AlreadyDecidedError:
            break
    return said


def in_browser(*, through_proxy: bool) -> Decide:
    """The real way to decide, over HTTP.

    through_proxy: whether the environment's proxy is used; never to a laptop's own port
    """

    def decide_one(link: str, answers: Answers) -> str:
        with requests.Session() as browser:
            browser.trust_env = through_proxy
            return decide(browser, link, answers)

    return decide_one
