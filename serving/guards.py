"""What stands before the application: the log, the addresses, the keys, and how much a body may hold."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Collection
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.access import KEY_HEADER, Keys, sent_key
from serving.problems import problem_response
from steps.problem import Problem

# What a SageMaker endpoint takes.
MAX_BODY_BYTES = 6 << 20
BODY_SECONDS = 30.0
# Asked all the time by who watches the server, and open to anybody.
HEALTH = frozenset({"/health", "/ping"})

access_log = logging.getLogger("serving.access")


class AccessLog:
    """One JSON line a request: address, status, milliseconds, rows. Nothing of what was sent."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, then log."""
        if scope["type"] != "http" or scope["path"] in HEALTH:
            await self._app(scope, receive, send)
            return
        began, status = time.monotonic(), 0
        scope.setdefault("state", {})

        async def noting(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            # The route's own path: what was asked for may hold anything.
            line = {
                "method": scope["method"][:10],
                "route": getattr(scope.get("route"), "path", "none"),
                "status": status,
                "milliseconds": round((time.monotonic() - began) * 1000, 1),
            }
            rows = scope["state"].get("rows")
            access_log.info(json.dumps(line if rows is None else {**line, "rows": rows}))


class OwnHostOnly:
    """Refuses what came under another host's name, so that no web page can reach a server of this machine alone."""

    def __init__(self, app: ASGIApp, hosts: Collection[str]) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer or refuse."""
        if scope["type"] == "http" and _host(Headers(scope=scope).get("host", "")) not in self._hosts:
            detail = f"This server answers as {', '.join(sorted(self._hosts))} only."
            await problem_response(Problem(HTTPStatus.MISDIRECTED_REQUEST, detail))(scope, receive, send)
            return
        await self._app(scope, receive, send)


class KeysOnly:
    """Refuses, before the body is read, who sends no valid key."""

    def __init__(self, app: ASGIApp, keys: Keys, open_paths: Collection[str]) -> None:
        self._app = app
        self._keys = keys
        self._open = open_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer or refuse."""
        if scope["type"] != "http" or scope["path"] in self._open or self._keys.hold(sent_key(HTTPConnection(scope))):
            await self._app(scope, receive, send)
            return
        if scope["method"] == "GET" and scope["path"].startswith("/recipes/"):
            # A person with a browser, who is shown the way in.
            await RedirectResponse("../sign-in", HTTPStatus.SEE_OTHER)(scope, receive, send)
            return
        problem = Problem(
            HTTPStatus.UNAUTHORIZED,
            f"Send a valid key in the header {KEY_HEADER}.",
            headers={"WWW-Authenticate": f'ApiKey realm="predictions", header="{KEY_HEADER}"'},
        )
        await problem_response(problem)(scope, receive, send)


class LimitedBody:
    """Refuses bodies that are too large or take too long to come."""

    def __init__(self, app: ASGIApp, *, most_bytes: int = MAX_BODY_BYTES, seconds: float = BODY_SECONDS) -> None:
        self._app = app
        self._most_bytes = most_bytes
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the body, then answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            said = Headers(scope=scope).get("content-length", "0")
            if said.isdecimal() and int(said) > self._most_bytes:
                raise self._too_large()
            async with asyncio.timeout(self._seconds):
                body = await self._read(receive)
        except TimeoutError:
            detail = f"The body did not come within {self._seconds:.0f} seconds."
            await problem_response(Problem(HTTPStatus.REQUEST_TIMEOUT, detail))(scope, receive, send)
            return
        except Problem as problem:
            await problem_response(problem)(scope, receive, send)
            return
        if body is None:
            return  # the caller has gone
        read = False

        async def replay() -> Message:
            nonlocal read
            if read:
                return await receive()
            read = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, replay, send)

    async def _read(self, receive: Receive) -> bytes | None:
        chunks, size = [], 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            chunk = message.get("body", b"")
            size += len(chunk)
            if size > self._most_bytes:
                raise self._too_large()
            chunks.append(chunk)
            if not message.get("more_body", False):
                return b"".join(chunks)

    def _too_large(self) -> Problem:
        detail = f"The body may hold at most {self._most_bytes} bytes."
        # What is left of the body is not read, so the connection is of no more use.
        return Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail, headers={"Connection": "close"})


def _host(header: str) -> str:
    """The host of `host:port`, in small letters; an address of IPv6 keeps its brackets."""
    name, colon, port = header.lower().rpartition(":")
    return name if colon and port.isdecimal() else header.lower()
