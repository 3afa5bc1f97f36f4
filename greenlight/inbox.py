"""The laptop's mailbox."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import requests

from greenlight.errors import StackNotUpError
from local.home import Home

TIMEOUT_SECONDS = 10
# The mail writes "code", perhaps a few words, then six digits in one or two groups.
_CODE = re.compile(r"\bcode\b\D{0,40}?\b(\d{3}) ?(\d{3})\b", re.IGNORECASE)


@dataclass(frozen=True)
class Mail:
    """One mail as it was handed to the mail service; to holds its recipients, joined by commas."""

    to: str
    subject: str
    received_at: str
    text: str
    links: list[str]

    def to_json(self) -> dict[str, Any]:
        """The mail as `inbox --json` shows it."""
        return {"to": self.to, "subject": self.subject, "received_at": self.received_at, "links": self.links}


def inbox_page(home: Home) -> str:
    """Address of the mailbox page."""
    return f"{home.endpoint_url}/_greenlight/inbox"


def read_inbox(home: Home) -> list[Mail]:
    """All mails, newest first.

    Raises StackNotUpError when nothing answers.
    """
    session = requests.Session()
    # A proxy from the environment has no business between a laptop and itself.
    session.trust_env = False
    try:
        answer = session.get(f"{inbox_page(home)}.json", timeout=TIMEOUT_SECONDS)
    except requests.ConnectionError as error:
        raise StackNotUpError("the stack is not up; start it with `greenlight up`") from error
    answer.raise_for_status()
    return [
        Mail(mail["to"], mail["subject"], mail["received_at"], mail["text"], mail["links"]) for mail in answer.json()
    ]


def mails_about(mails: Iterable[Mail], run_id: str) -> list[Mail]:
    """Mails that ask for a decision about this run, newest first."""
    return [mail for mail in mails if run_id in mail.text and approval_link(mail) and approval_code(mail)]


def approval_link(mail: Mail) -> str | None:
    """The link that opens the approval page."""
    return next((link for link in mail.links if "/approvals/" in link), None)


def approval_code(mail: Mail) -> str | None:
    """The short code that the page asks for."""
    found = _CODE.search(mail.text)
    return found[1] + found[2] if found else None
