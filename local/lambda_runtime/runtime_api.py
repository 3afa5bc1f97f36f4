"""The Lambda runtime API, version 2018-06-01: how a runtime client fetches events and answers them.

One server per process, since the API itself has no word for who is asking.
Source: AWS Lambda developer guide, "Using the Lambda runtime API".
"""

from __future__ import annotations

import contextlib
import queue
import socket
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast

from local.lambda_runtime.invocation import Invocation

PREFIX = "/2018-06-01/runtime"


@dataclass(frozen=True)
class Ready:
    """The runtime has loaded the function and asks for an event."""


@dataclass(frozen=True)
class InitFailed:
    """The runtime could not load the function; payload is the error's JSON."""

    payload: bytes


@dataclass(frozen=True)
class Answered:
    """The runtime has dealt with an event; payload is the result's or the error's JSON."""

    request_id: str
    payload: bytes
    failed: bool


@dataclass(frozen=True)
class Exited:
    """The process has ended."""

    exit_code: int


Message = Ready | InitFailed | Answered | Exited


class RuntimeApi:
    """Serves one process on a loopback port of its own and queues what the process says."""

    def __init__(self) -> None:
        self.messages: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._events: queue.SimpleQueue[tuple[Invocation, float] | None] = queue.SimpleQueue()
        self._closed = False
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.api = self
        threading.Thread(target=self._serve, daemon=True, name="runtime-api").start()

    @property
    def address(self) -> str:
        """The value of AWS_LAMBDA_RUNTIME_API."""
        return f"127.0.0.1:{self._server.server_port}"

    def send(self, invocation: Invocation, deadline: float) -> None:
        """Hand an event to the process; deadline is in seconds since the epoch."""
        self._events.put((invocation, deadline))

    def next_event(self) -> tuple[Invocation, float] | None:
        """Wait for an event; None once closed."""
        self.messages.put(Ready())
        return self._events.get()

    def close(self) -> None:
        """Stop serving and let go of a process that waits for an event."""
        if self._closed:
            return
        self._closed = True
        self._events.put(None)
        # The server's thread waits for a connection: this is one.
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._server.server_port), timeout=1):
            pass

    def _serve(self) -> None:
        while not self._closed:
            self._server.handle_request()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    api: RuntimeApi


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # The answer leaves in one piece instead of waiting for the peer's acknowledgement of its first half.
    wbufsize = -1
    disable_nagle_algorithm = True

    @property
    def _api(self) -> RuntimeApi:
        return cast("_Server", self.server).api

    def do_GET(self) -> None:
        if self.path == f"{PREFIX}/invocation/next":
            self._next()
        elif self.path == f"{PREFIX}/restore/next":
            self._answer(200)
        else:
            self._answer(404)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = self.path.removeprefix(f"{PREFIX}/").split("/")
        match parts:
            case ["invocation", request_id, "response"]:
                self._answer(202)
                self._api.messages.put(Answered(request_id, body, failed=False))
            case ["invocation", request_id, "error"]:
                self._answer(202)
                self._api.messages.put(Answered(request_id, body, failed=True))
            case ["init" | "restore", "error"]:
                self._answer(202)
                self._api.messages.put(InitFailed(body))
            case _:
                self._answer(404)

    def _next(self) -> None:
        event = self._api.next_event()
        if event is None:
            self.close_connection = True
            return
        invocation, deadline = event
        headers = {
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
            "Lambda-Runtime-Deadline-Ms": str(int(deadline * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": invocation.invoked_arn,
            "Lambda-Runtime-Trace-Id": f"Root=1-{int(time.time()):08x}-{'0' * 24};Sampled=0",
        }
        if invocation.client_context:
            headers["Lambda-Runtime-Client-Context"] = invocation.client_context
        self._answer(200, invocation.payload, headers)

    def _answer(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, *_: object) -> None:
        """Say nothing: the process on the other side is ours."""
