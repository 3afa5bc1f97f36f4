"""Task tokens that close as on AWS: the first answer counts, every later one is told that the task has timed out.

moto takes a second SendTaskSuccess for an invalid token and a second SendTaskFailure for a success. Through the
interpreter's own classes (moto is pinned exactly). Facts: AWS-CONTRACTS.md, section 2.
"""

from __future__ import annotations

import json
import re
import threading

from moto.stepfunctions.parser.api import ExecutionStatus, InvalidOutput, InvalidToken, TaskTimedOut
from moto.stepfunctions.parser.asl.eval.callback.callback import (
    CallbackEndpoint,
    CallbackOutcome,
    CallbackOutcomeFailure,
    CallbackOutcomeSuccess,
)
from moto.stepfunctions.parser.models import StepFunctionsParserBackend, stepfunctions_parser_backends

from local.home import ACCOUNT, REGION

TOKEN = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

_sending = threading.Lock()


def install() -> None:
    """Plug into moto; call it before anything is served."""
    for name, replacement in (
        ("send_task_success", _send_task_success),
        ("send_task_failure", _send_task_failure),
        ("send_task_heartbeat", _send_task_heartbeat),
    ):
        setattr(StepFunctionsParserBackend, name, replacement)


def state_machine_of(token: str) -> str | None:
    """ARN of the state machine whose task waits with a token, None when nobody does."""
    backend: StepFunctionsParserBackend = stepfunctions_parser_backends[ACCOUNT][REGION]
    for execution in backend._get_executions(ExecutionStatus.RUNNING):
        if execution.exec_worker.env.callback_pool_manager.get(token) is not None:
            arn: str = execution.state_machine_arn
            return arn
    return None


def _send_task_success(self: StepFunctionsParserBackend, task_token: str, outcome: str) -> None:
    try:
        json.loads(outcome)
    except ValueError as error:
        raise InvalidOutput(f"Invalid Output: '{error}'", "InvalidOutput") from error
    _close(self, task_token, CallbackOutcomeSuccess(callback_id=task_token, output=outcome))


def _send_task_failure(
    self: StepFunctionsParserBackend, task_token: str, error: str | None = None, cause: str | None = None
) -> None:
    _close(self, task_token, CallbackOutcomeFailure(callback_id=task_token, error=error, cause=cause))


def _send_task_heartbeat(self: StepFunctionsParserBackend, task_token: str) -> None:
    _open_endpoint(self, task_token).notify_heartbeat()


def _close(backend: StepFunctionsParserBackend, token: str, outcome: CallbackOutcome) -> None:
    with _sending:
        _open_endpoint(backend, token).notify(outcome)


def _open_endpoint(backend: StepFunctionsParserBackend, token: str) -> CallbackEndpoint:
    for execution in backend._get_executions(ExecutionStatus.RUNNING):
        endpoint: CallbackEndpoint | None = execution.exec_worker.env.callback_pool_manager.get(token)
        # The event is set when an outcome has come, and when the task has stopped waiting.
        if endpoint is not None and not endpoint._notify_event.is_set():
            return endpoint
    if TOKEN.fullmatch(token):
        # Every token of this form was once a task's: it is closed, expired, or its execution has ended.
        raise TaskTimedOut("Task Timed Out: 'Provided task does not exist anymore'", "TaskTimedOut")
    raise InvalidToken
