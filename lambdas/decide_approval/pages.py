"""The approval page and its answers as HTTP responses."""

from __future__ import annotations

from functools import cache
from http import HTTPStatus
from pathlib import Path

from aws_lambda_powertools.event_handler import Response

from lambdas.decide_approval.decide import Answer, Situation
from lambdas.try_models.box import box_values
from lambdas.web_pages import WebPages
from steps.approval import CODE_DIGITS, COMMENT_CHARACTERS
from steps.trial import TrialOffer

PAGES = Path(__file__).parent / "pages"

_WITH_FORM: dict[Situation, HTTPStatus] = {
    "open": HTTPStatus.OK,
    "wrong_code": HTTPStatus.FORBIDDEN,
    "too_long": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
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


def answer_page(answer: Answer, *, token: str, is_question: bool, offer: TrialOffer | None = None) -> Response[str]:
    """The page for an answer; a question about a decided request is no conflict, only an answer to it is.

    offer: what may be tried while the request is open
    """
    if answer.situation in _WITH_FORM:
        status = _WITH_FORM[answer.situation]
        values: dict[str, object] = {
            "answer": answer,
            "request": answer.request,
            "facts": answer.request.facts if answer.request else None,
            "token": token,
            "comment": answer.form.comment if answer.form else "",
            "code_digits": CODE_DIGITS,
            "comment_characters": COMMENT_CHARACTERS,
            "trial": box_values(offer) if offer else None,
        }
        return _pages().page(status, "question.html", values)
    status = _WITHOUT_FORM[answer.situation]
    if is_question and answer.situation == "already_decided":
        status = HTTPStatus.OK
    return _pages().page(status, f"{answer.situation}.html", {"request": answer.request})


def refusal_page(status: HTTPStatus, heading: str, sentence: str) -> Response[str]:
    """A page for a request that is not even looked at."""
    return _pages().refusal(status, heading, sentence)
