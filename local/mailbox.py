"""The laptop's mailbox: every mail that was sent through SES, as pages and as JSON."""

from __future__ import annotations

import email
import email.message
import email.policy
import functools
import json
import re
import uuid
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bs4 import BeautifulSoup
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from moto.core.exceptions import JsonRESTError
from moto.ses.models import Message, RawMessage, SESBackend, ses_backends
from moto.sesv2.models import SESV2Backend
from moto.sesv2.responses import SESV2Response
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from local.home import ACCOUNT, REGION

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

WEB_ADDRESS = re.compile(r"https?://[^\s<>\"']+")
HREF = re.compile(r"^https?://")
HEAD = re.compile(r"<head[^>]*>", re.IGNORECASE)
NO_REPLY = "no-reply@sns.amazonaws.com"
# What may end a sentence after an address, and is hardly ever its last character.
CLOSING_MARKS = ".,;:!?)]"
PAGE_HEADERS = {
    # A mail is foreign text: no script, nothing fetched from elsewhere, no form, no framing by others.
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
ROUTES = Map(
    [
        Rule("/_greenlight/inbox", endpoint="inbox"),
        Rule("/_greenlight/inbox.json", endpoint="json"),
        Rule("/_greenlight/inbox/<mail_id>", endpoint="mail"),
    ],
    strict_slashes=False,
)


@dataclass(frozen=True)
class Mail:
    """One sent mail.

    to: its recipients, joined by commas;  received_at: ISO 8601, UTC;  text, html: its parts, empty if it has none;
    links: the web addresses in it, in their order, each once.
    """

    id: str
    to: str
    subject: str
    received_at: str
    text: str
    html: str
    links: list[str]


class Mailbox:
    """WSGI application for /_greenlight/inbox, /_greenlight/inbox.json and /_greenlight/inbox/<id>."""

    def __init__(self) -> None:
        self._pages = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "pages"), autoescape=True, undefined=StrictUndefined
        )

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request; only GET and HEAD have an answer."""
        try:
            endpoint, arguments = ROUTES.bind_to_environ(environ).match(method=Request(environ).method)
            response = self._answer(endpoint, **arguments)
        except HTTPException as error:
            return error(environ, start_response)
        return response(environ, start_response)

    def _answer(self, endpoint: str, mail_id: str | None = None) -> Response:
        mails = sent_mails()
        if endpoint == "json":
            body = json.dumps([asdict(mail) for mail in mails])
            return Response(body, mimetype="application/json", headers={"Cache-Control": "no-store"})
        if endpoint == "inbox":
            return self._page("inbox.html", mails=mails)
        mail = next((mail for mail in mails if mail.id == mail_id), None)
        if mail is None:
            raise NotFound(f"There is no mail with the id '{mail_id}'.")
        return self._page("mail.html", mail=mail, framed=_framed(mail.html))

    def _page(self, name: str, **values: object) -> Response:
        page = self._pages.get_template(name).render(values)
        return Response(page, mimetype="text/html", headers=PAGE_HEADERS)


def install() -> None:
    """Keep what moto drops of a mail, its time and its text beside its HTML, and refuse an identity that exists."""
    replacements: list[tuple[object, str, object]] = [
        (SESBackend, "send_email", _stamped(SESBackend.send_email)),
        (SESBackend, "send_raw_email", _stamped(SESBackend.send_raw_email)),
        (SESV2Backend, "create_email_identity", _of_a_new_address(SESV2Backend.create_email_identity)),
        (SESV2Response, "send_email", _keeping_both_parts(SESV2Response.send_email)),
    ]
    for owner, name, replacement in replacements:
        setattr(owner, name, replacement)


def _of_a_new_address(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def create_email_identity(self: SESV2Backend, email_identity: str, *args: object, **kwargs: object) -> Any:  # noqa: ANN401 - moto's own
        if email_identity in self.core_backend.email_identities:
            raise JsonRESTError("AlreadyExistsException", f"Email identity {email_identity} already exist.")
        return original(self, email_identity, *args, **kwargs)

    return create_email_identity


def deliver(to: str, subject: str, text: str) -> None:
    """Put a mail into the mailbox that did not come through SES."""
    message: Any = Message(str(uuid.uuid4()), NO_REPLY, subject, text, {"ToAddresses": [to]})
    message.received_at = datetime.now(UTC).isoformat(timespec="milliseconds")
    ses_backends[ACCOUNT][REGION].sent_messages.append(message)


def sent_mails() -> list[Mail]:
    """All mails of all regions, newest first."""
    messages = [message for backend in list(ses_backends[ACCOUNT].values()) for message in backend.sent_messages]
    return sorted((_mail(message) for message in messages), key=lambda mail: mail.received_at, reverse=True)


def _mail(message: Any) -> Mail:  # noqa: ANN401 - moto's message, with what install() adds
    if isinstance(message, RawMessage):
        parsed = email.message_from_string(message.raw_data, policy=email.policy.default)
        to, subject = ", ".join(message.destinations), str(parsed["subject"] or "")
        text, html = _part(parsed, "plain"), _part(parsed, "html")
    else:
        to = ", ".join(address for addresses in message.destinations.values() for address in addresses)
        subject = message.subject
        text, html = getattr(message, "text", message.body), getattr(message, "html", "")
    return Mail(message.id, to, subject, message.received_at, text, html, _links(text, html))


def _part(message: email.message.EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    return str(part.get_content()) if part else ""


def _framed(html: str) -> str:
    """The mail with its links opening in a tab of their own, as a form does not work inside the frame."""
    base = '<base target="_blank">'
    return HEAD.sub(lambda head: head[0] + base, html, count=1) if HEAD.search(html) else base + html


def _links(text: str, html: str) -> list[str]:
    hrefs = [str(anchor["href"]) for anchor in BeautifulSoup(html, "html.parser").find_all("a", href=HREF)]
    written = [address.rstrip(CLOSING_MARKS) for address in WEB_ADDRESS.findall(text)]
    return list(dict.fromkeys([*hrefs, *written]))


def _stamped(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def stamped(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - hands through
        message = original(*args, **kwargs)
        message.received_at = datetime.now(UTC).isoformat(timespec="milliseconds")
        return message

    return stamped


def _keeping_both_parts(original: Callable[[SESV2Response], str]) -> Callable[[SESV2Response], str]:
    @functools.wraps(original)
    def send_email(self: SESV2Response) -> str:
        answer = original(self)
        simple = json.loads(self.body)["Content"].get("Simple")
        if simple:
            sent = json.loads(answer)["MessageId"]
            message: Any = next(m for m in reversed(self.sesv2_backend.core_backend.sent_messages) if m.id == sent)
            message.html = simple["Body"].get("Html", {}).get("Data", "")
            message.text = simple["Body"].get("Text", {}).get("Data", "")
        return answer

    return send_email
