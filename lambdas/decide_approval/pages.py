"""The approval page and its answers as HTTP responses."""

from __future__ import annotations

from functools import cache
from http import HTTPStatus
from pathlib import Path

from aws_lambda_powertools.event_handler import Response

from lambdas.decide_approval.decide import Answer, Situation
from lambdas.decide_approval.report import ShownReport
from lambdas.try_models.box import box_values
from lambdas.web_pages import WebPages
from steps.approval import CODE_DIGITS, COMMENT_CHARACTERS, ApprovalRequest
from steps.approval_votes import approvals, missing_approvals, votes_of, waits_for_another
from steps.approval_words import needed, otherwise
from steps.pages.web_pages import security_headers
from steps.people import is_same_person
from steps.report.document import ReportDocument
from steps.trial import TrialOffer

PAGES = Path(__file__).parent / "pages"

_WITH_FORM: dict[Situation, HTTPStatus] = {
    "open": HTTPStatus.OK,
    "voted": HTTPStatus.OK,
    "counted": HTTPStatus.OK,
    "withdrawn": HTTPStatus.OK,
    "wrong_code": HTTPStatus.FORBIDDEN,
    "too_long": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "outdated": HTTPStatus.CONFLICT,
    "too_often": HTTPStatus.CONFLICT,
    "not_handed_on": HTTPStatus.SERVICE_UNAVAILABLE,
}
_WITHOUT_FORM: dict[Situation, HTTPStatus] = {
    "unknown": HTTPStatus.NOT_FOUND,
    "already_decided": HTTPStatus.CONFLICT,
    "expired": HTTPStatus.GONE,
    "locked": HTTPStatus.LOCKED,
    "decided": HTTPStatus.OK,
}


@cache
def _pages() -> WebPages:
    return WebPages(PAGES)


def answer_page(
    answer: Answer,
    *,
    token: str,
    is_question: bool,
    offer: TrialOffer | None = None,
    report: ShownReport | None = None,
) -> Response[str]:
    """The page for an answer; a question about a decided request is no conflict, only an answer to it is.

    offer: what may be tried while the request is open;  report: of the run
    """
    if answer.situation in _WITH_FORM and answer.request is not None and answer.address is not None:
        status = _WITH_FORM[answer.situation]
        values = _question(answer, answer.request, answer.address, token)
        values |= {"trial": box_values(offer) if offer else None, "report": report}
        return _pages().page(status, "question.html", values, styles=[report.style] if report else [])
    status = _WITHOUT_FORM[answer.situation]
    if is_question and answer.situation == "already_decided":
        status = HTTPStatus.OK
    return _pages().page(status, f"{answer.situation}.html", {"request": answer.request})


def has_form(answer: Answer) -> bool:
    """Whether the page asks the question, and so shows what it is about."""
    return answer.situation in _WITH_FORM


def report_page(report: ReportDocument) -> Response[str]:
    """The report as a page of its own: the very file."""
    return Response(
        status_code=HTTPStatus.OK,
        content_type="text/html; charset=utf-8",
        body=report.html,
        headers={**security_headers(report.style)},
    )


def _question(answer: Answer, request: ApprovalRequest, address: str, token: str) -> dict[str, object]:
    """What question.html shows to one person."""
    own = votes_of(request, address)
    has_voted = bool(own) and not own[-1].is_withdrawn
    # What was typed comes back where the form is to be sent again, not where it was taken.
    is_again = answer.situation in {"wrong_code", "too_long", "not_handed_on", "outdated"}
    return {
        "answer": answer,
        "request": request,
        "facts": request.facts,
        "token": token,
        "turn": len(own),
        "has_voted": has_voted,
        "given": approvals(request.votes),
        "missing": missing_approvals(request),
        "waits_for_another": waits_for_another(request),
        "is_starter": request.rules is not None and is_same_person(address, request.facts.requested_by),
        "needed": needed(request.rules.quorum, len(request.people)) if request.rules else "",
        "otherwise": otherwise(request.facts.champion_version, request.rules),
        "comment": answer.form.comment if answer.form and is_again else "",
        "code_digits": CODE_DIGITS,
        "comment_characters": COMMENT_CHARACTERS,
    }


def refusal_page(status: HTTPStatus, heading: str, sentence: str) -> Response[str]:
    """A page for a request that is not even looked at."""
    return _pages().refusal(status, heading, sentence)
