"""What goes into a function and what comes out of it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime


@dataclass(frozen=True)
class Invocation:
    """One event on its way to a function."""

    request_id: str
    payload: bytes
    invoked_arn: str
    client_context: str | None = None


@dataclass(frozen=True)
class InvocationResult:
    """What Lambda answers.

    payload: JSON, the handler's result or the error's description
    error: what X-Amz-Function-Error says, or None for a success
    log_tail: the last 4 KB of the invocation's log
    duration_ms: how long the handler took, as the log's REPORT line says
    """

    payload: bytes
    version: str
    error: str | None = None
    log_tail: str = ""
    duration_ms: float = 0.0


@dataclass
class Outcome:
    """How one invocation ended in its process.

    reusable: whether the process can take another one
    """

    payload: bytes
    failed: bool = False
    reusable: bool = True
    extra_log: list[str] = field(default_factory=list)


def error_payload(error_type: str, message: str) -> bytes:
    """The JSON by which Lambda itself, not the function, reports a failure."""
    return json.dumps({"errorType": error_type, "errorMessage": message}).encode()


def timed_out(request_id: str, timeout_seconds: float) -> Outcome:
    """The function was still running when its time was up."""
    message = f"{_now()} {request_id} Task timed out after {timeout_seconds:.2f} seconds"
    return Outcome(error_payload("Sandbox.Timedout", message), failed=True, reusable=False, extra_log=[message])


def exited(request_id: str, exit_code: int) -> Outcome:
    """The function's process ended without an answer; a negative code is the signal that ended it."""
    if exit_code == 0:
        reason = "Runtime exited without providing a reason"
    elif exit_code > 0:
        reason = f"Runtime exited with error: exit status {exit_code}"
    else:
        reason = f"Runtime exited with error: signal {-exit_code}"
    message = f"RequestId: {request_id} Error: {reason}"
    return Outcome(error_payload("Runtime.ExitError", message), failed=True, reusable=False, extra_log=[message])


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
