"""What stands before the AWS APIs: whose requests are let in, and which application answers them."""

from __future__ import annotations

import json
import logging
import os
import re
import time
from collections.abc import Callable, Iterable
from http import HTTPStatus
from io import BytesIO
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

logger = logging.getLogger(__name__)

OWN_ROUTES = "/_greenlight/"
HTTP_API_ROUTES = "/_api/"

# Virtual-hosted S3 names a bucket in the host: <bucket>.localhost or <bucket>.s3.localhost.
OWN_HOST = re.compile(r"(127\.0\.0\.1|([a-z0-9.-]+\.)?localhost)(:\d+)?", re.IGNORECASE)
READING = re.compile(
    r"(Get|List|Describe|Query|Scan|BatchGet|Head|Search|Lookup|Filter|Select|Validate|Detect|Estimate)"
)
QUERY_ACTION = re.compile(rb"(?:^|&)Action=(\w+)")


class Front:
    """The one WSGI application of the server.

    aws: answers every AWS API;  http_api: answers /_api/<api-id>/<path>;  pages: answers /_greenlight/… but for health;
    health: what the health route says beside the process id;  changed: called after what may have changed the state.
    """

    def __init__(
        self,
        *,
        aws: WSGIApplication,
        http_api: WSGIApplication,
        pages: WSGIApplication,
        health: Callable[[], dict[str, object]],
        changed: Callable[[], None],
    ) -> None:
        self._aws = aws
        self._http_api = http_api
        self._pages = pages
        self._health = health
        self._changed = changed

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        refusal = refusal_of(environ)
        if refusal:
            logger.warning("request refused", extra={"reason": refusal, "path": environ.get("PATH_INFO")})
            return answer_json(start_response, HTTPStatus.FORBIDDEN, {"message": refusal})
        path: str = environ.get("PATH_INFO", "")
        if path == OWN_ROUTES + "health":
            return answer_json(start_response, HTTPStatus.OK, {"pid": os.getpid(), **self._health()})
        if path.startswith(OWN_ROUTES):
            return self._pages(environ, start_response)
        changes = changes_state(environ)
        application = self._http_api if path.startswith(HTTP_API_ROUTES) else self._aws
        started = time.monotonic()
        try:
            return application(environ, _log_status(environ, start_response, started))
        finally:
            if changes:
                self._changed()


def refusal_of(environ: WSGIEnvironment) -> str | None:
    """Why a request is not for this server to answer, or None.

    A name of another site that resolves to this machine (DNS rebinding) shows in Host; a page of another site that
    posts here shows in Sec-Fetch-Site, or in Origin from older browsers. Following a link to a page is welcome.
    """
    host = environ.get("HTTP_HOST", "")
    if not OWN_HOST.fullmatch(host):
        return f"This server answers to 127.0.0.1 and localhost only, not to '{host}'."
    path, method = environ.get("PATH_INFO", ""), environ.get("REQUEST_METHOD", "GET")
    if method in {"GET", "HEAD"} and path.startswith((OWN_ROUTES, HTTP_API_ROUTES)):
        return None
    site, origin = environ.get("HTTP_SEC_FETCH_SITE"), environ.get("HTTP_ORIGIN", "null")
    # Pages that send no referrer send the origin "null" even to themselves; newer browsers then say what it is.
    foreign = site not in {"same-origin", "none"} if site else origin != "null" and urlsplit(origin).netloc != host
    return "A page of another site may not call this server." if foreign else None


def changes_state(environ: WSGIEnvironment) -> bool:
    """Whether a request may change what the server keeps; when in doubt, it may."""
    method = environ.get("REQUEST_METHOD", "GET")
    target: str = environ.get("HTTP_X_AMZ_TARGET", "")
    if method in {"GET", "HEAD", "OPTIONS"}:
        return "Action=" in environ.get("QUERY_STRING", "")
    if target:
        return not READING.match(target.rpartition(".")[2])
    length = environ.get("CONTENT_LENGTH", "")
    if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded") and length.isdecimal():
        action = QUERY_ACTION.search(_peek_body(environ, int(length)))
        return action is None or not READING.match(action[1].decode())
    return True


def answer_json(start_response: StartResponse, status: HTTPStatus, document: object) -> Iterable[bytes]:
    """Answer one JSON document."""
    body = json.dumps(document).encode()
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body))), ("Cache-Control", "no-store")]
    start_response(f"{status.value} {status.phrase}", headers)
    return [body]


def _peek_body(environ: WSGIEnvironment, length: int) -> bytes:
    body: bytes = environ["wsgi.input"].read(length)
    environ["wsgi.input"] = BytesIO(body)
    return body


def _log_status(environ: WSGIEnvironment, start_response: StartResponse, started: float) -> StartResponse:
    def logged(status: str, headers: list[tuple[str, str]], exc_info: object = None, /) -> Callable[[bytes], object]:
        # The query string stays out: links in mails carry their secret there.
        code = int(status.partition(" ")[0])
        logger.log(
            logging.WARNING if code >= HTTPStatus.INTERNAL_SERVER_ERROR else logging.DEBUG,
            "request answered",
            extra={
                "method": environ.get("REQUEST_METHOD"),
                "path": environ.get("PATH_INFO"),
                "target": environ.get("HTTP_X_AMZ_TARGET"),
                "status": code,
                "milliseconds": round(1000 * (time.monotonic() - started), 1),
            },
        )
        return start_response(status, headers, exc_info)  # type: ignore[arg-type]  # handed on untouched

    return logged
