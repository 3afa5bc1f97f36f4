from __future__ import annotations

import pytest

from greenlight.approval_form import AlreadyDecidedError, Answers
from greenlight.approver import Invitation, decide_first_open, decide_for_all, invitations
from greenlight.errors import WrongUseError
from greenlight.inbox import Mail, approval_code

LINK = "http://127.0.0.1:4747/_api/a/approvals/17?token=t"


def _mail(text: str, *links: str) -> Mail:
    return Mail("approver@example.com", "Release?", "2026-03-01T12:00:00.000+00:00", text, list(links))


@pytest.mark.parametrize(
    "text", ["Your code: 123456", "Your code is 123456.", "Type the code 123456 there.", "Code:\n123 456"]
)
def test_the_code_is_found_in_the_mails_text(text: str) -> None:
    assert approval_code(_mail(text)) == "123456"


def test_only_mails_that_ask_about_the_run_are_invitations() -> None:
    mails = [
        _mail("run-1 was released"),
        _mail("run-2: code 222222", LINK),
        _mail("run-1: code 111111", "http://127.0.0.1:4747/other", LINK),
    ]
    assert invitations(mails, "run-1") == [Invitation(LINK, "111111")]


def test_a_decided_invitation_is_passed_over_for_an_open_one() -> None:
    def decide_one(link: str, answers: Answers) -> str:
        if link == "new":
            raise AlreadyDecidedError("decided")
        return f"{answers.decision} with {answers.code}"

    both = [Invitation("new", "1"), Invitation("old", "2")]
    assert decide_first_open(both, "run-1", "approve", "", decide_one=decide_one) == "approve with 2"
    with pytest.raises(AlreadyDecidedError, match="decided"):
        decide_first_open(both[:1], "run-1", "approve", "", decide_one=decide_one)


def test_a_run_that_waits_for_nobody_cannot_be_decided() -> None:
    with pytest.raises(WrongUseError, match="nothing waits for a decision about run-1"):
        decide_first_open([], "run-1", "approve", "", decide_one=lambda _link, _answers: "")


@pytest.mark.parametrize(("quorum", "answer"), [(1, "first decided"), (2, "second decided")])
def test_deciding_for_all_goes_on_until_nothing_is_left_to_decide(quorum: int, answer: str) -> None:
    voted: list[str] = []

    def decide_one(link: str, _answers: Answers) -> str:
        if link in voted or len(voted) >= quorum:
            raise AlreadyDecidedError("nothing left")
        voted.append(link)
        return f"{link} {'decided' if len(voted) == quorum else 'counts'}"

    three = [Invitation(name, "1") for name in ("first", "second", "third")]
    assert decide_for_all(three, "run-1", "approve", "", decide_one=decide_one) == answer
