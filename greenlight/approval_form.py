"""The approver's part: open the mailed link, fill in the form, send it, exactly as a browser would."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from urllib.parse import urljoin, urlsplit

import requests
from bs4 import BeautifulSoup, Tag

from greenlight.errors import FaultError, WrongUseError

Decision = Literal["approve", "reject"]

TIMEOUT_SECONDS = 30
_WORDS: dict[Decision, frozenset[str]] = {
    "approve": frozenset({"approve", "approved"}),
    "reject": frozenset({"reject", "rejected", "deny", "denied"}),
}


class AlreadyDecidedError(WrongUseError):
    """Nothing is left to decide through this link: it was decided, the deadline has passed, or this person approved."""


@dataclass(frozen=True)
class Answers:
    """What a person types and presses on the page."""

    decision: Decision
    code: str
    comment: str


@dataclass(frozen=True)
class FilledForm:
    """A form ready to be sent."""

    url: str
    fields: list[tuple[str, str]]
    headers: dict[str, str]


def decide(browser: requests.Session, link: str, answers: Answers) -> str:
    """Decide through the approval page; returns the page's answer, its heading and first sentence.

    Raises AlreadyDecidedError when there is nothing left to decide, WrongUseError when the page refuses.
    """
    page = browser.get(link, timeout=TIMEOUT_SECONDS)
    form = fill_in(page.url, page.text, page.headers.get("Referrer-Policy", ""), answers)
    answer = browser.post(form.url, data=form.fields, headers=form.headers, timeout=TIMEOUT_SECONDS)
    said = headline(answer.text)
    if not answer.ok:
        raise WrongUseError(f"the approval page refused: {said} (HTTP {answer.status_code})")
    return said


def fill_in(url: str, html: str, referrer_policy: str, answers: Answers) -> FilledForm:
    """The request a browser would send after the person typed the code and pressed the button.

    url: address the page was finally read from;  referrer_policy: the page's header, empty when it has none
    Raises AlreadyDecidedError when the page holds no form, FaultError when its form cannot express the decision.
    """
    page = BeautifulSoup(html, "html.parser")
    if not page.find("form"):
        raise AlreadyDecidedError(f"the approval page has nothing to decide: {headline(html)}")
    chosen = _chosen(page, answers.decision)
    if chosen is None and page.find("button", value="withdraw"):
        raise AlreadyDecidedError("whom this mail went to has approved already; the others' votes are still to come")
    form = chosen.find_parent("form") if chosen else None
    if chosen is None or form is None:
        raise FaultError(f"the approval page has no button to {answers.decision}; open the link in a browser instead")
    fields = [
        (name, value)
        for control in form.find_all(["input", "textarea", "select"])
        for name, value in _successful(control, chosen, answers)
    ]
    if chosen.name == "button" or chosen.get("type") == "submit":
        fields.append((str(chosen.get("name")), str(chosen.get("value"))))
    action = str(chosen.get("formaction") or form.get("action") or "")
    return FilledForm(urljoin(url, action), fields, _headers(page, url, referrer_policy))


def headline(html: str) -> str:
    """What a page says first: its alert or its good news, else its heading and the sentence below."""
    page = BeautifulSoup(html, "html.parser")
    alert = page.find(role=["alert", "status"])
    if alert is not None:
        return _words(alert).rstrip(".")
    heading = page.find("h1")
    if heading is None:
        return _words(page)[:300]
    sentence = heading.find_next("p")
    return ": ".join(_words(part).rstrip(".:") for part in (heading, sentence) if part is not None)


def _words(part: Tag) -> str:
    return " ".join(part.get_text().split())


def _chosen(page: BeautifulSoup, decision: Decision) -> Tag | None:
    for control in page.find_all(["button", "input"]):
        is_choice = control.name == "button" or control.get("type") in ("submit", "radio")
        if is_choice and str(control.get("value", "")).lower() in _WORDS[decision]:
            return control
    return None


def _successful(control: Tag, chosen: Tag, answers: Answers) -> list[tuple[str, str]]:
    """Name and value a control adds to the request (HTML standard, "constructing the entry list")."""
    name, kind = str(control.get("name", "")), str(control.get("type", "text")).lower()
    if not name or control.has_attr("disabled") or kind in ("submit", "button", "reset", "image", "file"):
        return []
    if kind in ("radio", "checkbox"):
        is_on = control is chosen if kind == "radio" and chosen.get("name") == name else control.has_attr("checked")
        return [(name, str(control.get("value", "on")))] if is_on else []
    if control.name == "select":
        option = control.find("option", selected=True) or control.find("option")
        return [(name, str(option.get("value", option.get_text())))] if option else []
    if control.name == "textarea":
        return [(name, answers.comment.replace("\r\n", "\n").replace("\n", "\r\n"))]
    if kind == "hidden":
        return [(name, str(control.get("value", "")))]
    typed = {"code": answers.code, "comment": answers.comment}
    return [(name, typed.get(name, str(control.get("value", ""))))]


def _headers(page: BeautifulSoup, url: str, policy: str) -> dict[str, str]:
    meta = page.find("meta", attrs={"name": "referrer"})
    if meta is not None:
        policy = str(meta.get("content", policy))
    navigation = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    if policy.strip().lower() == "no-referrer":
        # Such a page hides where a form was sent from: the Fetch standard then makes the origin null.
        return {**navigation, "Origin": "null"}
    parts = urlsplit(url)
    return {**navigation, "Origin": f"{parts.scheme}://{parts.netloc}", "Referer": url}
