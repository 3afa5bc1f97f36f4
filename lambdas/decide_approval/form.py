"""Reads the approval form out of a request, and refuses what no browser on the page would send."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import parse_qs

from lambdas.decide_approval.decide import Form
from steps.approval_votes import Choice
from steps.pages.web_pages import is_cross_site

# A comment of 2,000 characters, each of up to 12 bytes in a form's encoding, and the short fields beside it.
MAX_BODY_BYTES = 32 << 10
_MAX_FIELDS = 10
_TURN_DIGITS = 4
_DECISIONS: dict[str, Choice] = {"approve": "approved", "deny": "denied", "withdraw": "withdrawn"}


@dataclass(frozen=True)
class Refusal:
    """Why a request is not even looked at."""

    status: HTTPStatus
    sentence: str


def read_form(headers: Mapping[str, str], body: str, *, host: str) -> Form | Refusal:
    """The form in a request's body.

    headers: names in any case;  body: decoded;  host: the page's own host, to tell a foreign origin by
    """
    sent = {name.lower(): value for name, value in headers.items()}
    if is_cross_site(sent, host):
        return Refusal(HTTPStatus.FORBIDDEN, "The form came from another site. Please open the link from your mail.")
    if sent.get("content-type", "").partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        return Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Please use the form on the page from your mail's link.")
    if len(body.encode()) > MAX_BODY_BYTES:
        return Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "That was too much text. Please shorten your comment.")
    try:
        parsed = parse_qs(body, keep_blank_values=True, max_num_fields=_MAX_FIELDS)
    except ValueError:
        return Refusal(HTTPStatus.BAD_REQUEST, "The form could not be read. Please open the link from your mail again.")
    fields = {name: values[0] for name, values in parsed.items()}
    decision = _DECISIONS.get(fields.get("decision", ""))
    if decision is None:
        return Refusal(HTTPStatus.BAD_REQUEST, "Please go back and press Approve or Deny.")
    return Form(
        token=fields.get("token", ""),
        code=fields.get("code", ""),
        decision=decision,
        # Browsers send every line break as two characters, but count it as one.
        comment=fields.get("comment", "").replace("\r\n", "\n").strip(),
        turn=_turn(fields.get("turn", "0")),
    )


def _turn(text: str) -> int:
    """A number of votes; what is none is no page's."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < _TURN_DIGITS else -1
