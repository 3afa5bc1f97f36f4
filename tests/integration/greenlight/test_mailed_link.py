"""The program reads the mails and fills in the page that the release really makes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest

from greenlight.approval_form import AlreadyDecidedError, Answers, Decision, fill_in, headline
from greenlight.approver import Invitation, invitations
from greenlight.inbox import Mail
from lambdas.decide_approval.decide import Answer, Form, Situation
from lambdas.decide_approval.form import read_form
from lambdas.decide_approval.pages import answer_page
from lambdas.mails.compose import approval_mail
from steps.approval import ApprovalFacts, ApprovalRequest, ApprovalRules, Secret, Vote

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LINK = "http://127.0.0.1:4747/_api/abc/approvals/17?token=secret"
FACTS = ApprovalFacts(
    recipe="review-snippets",
    description="Positive or negative?",
    run_id="run-1",
    requested_by="me",
    model_version="3",
    model_digest="a" * 64,
    data_digest="b" * 64,
    recipe_digest="c" * 64,
    code_digest="d" * 64,
    champion_version=None,
    changes={"data": "first release"},
    metrics=[],
    rows=100,
    reason="First release of this recipe.",
)
REQUEST = ApprovalRequest(
    approval_id="17",
    execution_arn="arn",
    task_token="t",
    opened_at=NOW,
    deadline=NOW + timedelta(days=7),
    approvers=[],
    facts=FACTS,
)


def _page(situation: Situation, request: ApprovalRequest = REQUEST) -> tuple[str, str]:
    response = answer_page(Answer(situation, request, address="ann@example.com"), token="secret", is_question=True)
    headers = {name: str(value) for name, value in (response.headers or {}).items()}
    return str(response.body), headers["Referrer-Policy"]


def test_the_approval_mail_is_an_invitation_with_link_and_code() -> None:
    mail = approval_mail(REQUEST, Secret("a@example.com", "token", "123456"), LINK)
    received = Mail(mail.to, mail.subject, NOW.isoformat(), mail.text, [LINK])
    assert invitations([received], "run-1") == [Invitation(LINK, "123456")]


@pytest.mark.parametrize(("decision", "taken"), [("approve", "approved"), ("reject", "denied")])
def test_the_page_takes_the_form_as_the_program_sends_it(decision: Decision, taken: str) -> None:
    html, policy = _page("open")
    filled = fill_in(LINK, html, policy, Answers(decision, "123456", "two\nlines"))
    assert filled.url == "http://127.0.0.1:4747/_api/abc/approvals/17"
    headers = filled.headers | {"Content-Type": "application/x-www-form-urlencoded"}
    form = read_form(headers, urlencode(filled.fields), host="127.0.0.1:4747")
    assert isinstance(form, Form)
    assert (form.token, form.code, form.decision, form.comment) == ("secret", "123456", taken, "two\nlines")


@pytest.mark.parametrize("situation", ["already_decided", "expired"])
def test_a_page_with_nothing_left_to_decide_is_recognised(situation: Situation) -> None:
    with pytest.raises(AlreadyDecidedError):
        fill_in(LINK, *_page(situation), Answers("approve", "123456", ""))


def test_the_link_of_somebody_who_has_approved_leaves_nothing_to_approve_but_can_deny() -> None:
    vote = Vote(address="ann@example.com", comment="", voted_at=NOW)
    html, policy = _page("voted", REQUEST.model_copy(update={"votes": [vote], "rules": ApprovalRules(quorum=2)}))
    with pytest.raises(AlreadyDecidedError, match="has approved already"):
        fill_in(LINK, html, policy, Answers("approve", "123456", ""))
    assert ("decision", "deny") in fill_in(LINK, html, policy, Answers("reject", "123456", "")).fields


def test_an_approval_that_does_not_decide_yet_is_told_with_what_is_missing() -> None:
    vote = Vote(address="ann@example.com", comment="", voted_at=NOW)
    html, _ = _page("counted", REQUEST.model_copy(update={"votes": [vote], "rules": ApprovalRules(quorum=2)}))
    assert headline(html) == "Your approval counts. Thank you! 1 more approval is needed"
