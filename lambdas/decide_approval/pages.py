"""The approval page and its answers as HTTP responses: no script, nothing from elsewhere, nothing kept."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from http import HTTPStatus
from pathlib import Path

from aws_lambda_powertools.event_handler import Response
from jinja2 import Environment
from markupsafe import Markup

from lambdas.decide_approval.decide import Answer, Situation
from lambdas.rendering import templates
from steps.approval import CODE_DIGITS, COMMENT_CHARACTERS

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
def _templates() -> Environment:
    return templates(PAGES)


@cache
def _style() -> str:
    return (PAGES / "page.css").read_text(encoding="utf-8")


@cache
def security_headers() -> dict[str, str]:
    """Headers of every page: only its own style, only its own form, no frame around it, no trace of its address."""
    style = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    return {
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "Content-Security-Policy": (
            f"default-src 'none'; style-src 'sha256-{style}'; form-action 'self'; base-uri 'none'; "
            "frame-ancestors 'none'"
        ),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "X-Robots-Tag": "noindex",
    }


def answer_page(answer: Answer, *, token: str, is_question: bool) -> Response[str]:
    """The page for an answer; a question about a decided request is no conflict, only an answer to it is."""
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
        }
        return _page(status, "question.html", values)
    status = _WITHOUT_FORM[answer.situation]
    if is_question and answer.situation == "already_decided":
        status = HTTPStatus.OK
    return _page(status, f"{answer.situation}.html", {"request": answer.request})


def refusal_page(status: HTTPStatus, heading: str, sentence: str) -> Response[str]:
    """A page for a request that is not even looked at."""
    return _page(status, "refusal.html", {"heading": heading, "sentence": sentence})


def _page(status: HTTPStatus, template: str, values: dict[str, object]) -> Response[str]:
    # The style is a file of this project, not anybody's input.
    html = _templates().get_template(template).render({**values, "style": Markup(_style())})  # noqa: S704
    return Response(
        status_code=status, content_type="text/html; charset=utf-8", body=html, headers=dict(security_headers())
    )
