"""moto's Step Functions interpreter, made fit for a server that runs for days.

What is changed, through the interpreter's own modules (moto is pinned exactly):
- state machines made by CloudFormation are the ones that are executed, by version and alias too;
- a task calls as its state machine's role, by clients that are made once and not at every task;
- `.sync` tasks notice the end of a job at once;
- the end of an execution is an event of EventBridge;
- the size of a state is that of its JSON in UTF-8, as AWS counts it;
- StopExecution and a stopping server end an execution now, not when its current task ends;
- an ended execution keeps its history as one compressed value instead of live threads and locks.
"""

from __future__ import annotations

import copy
import functools
import json
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, TypeAlias

import boto3
from botocore.client import BaseClient
from botocore.config import Config
from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import iso_8601_datetime_with_milliseconds
from moto.settings import moto_server_port
from moto.stepfunctions import models
from moto.stepfunctions.parser import quotas
from moto.stepfunctions.parser.api import ExecutionStatus, HistoryEventType
from moto.stepfunctions.parser.asl.component.common.timeouts.timeout import TimeoutSeconds
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.itemprocessor.map_run_record import (
    MapRunRecordPoolManager,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.credentials import StateCredentials
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import state_task_service_callback
from moto.stepfunctions.parser.asl.component.state.exec.state_task.state_task import StateTask
from moto.stepfunctions.parser.asl.eval.callback.callback import CallbackPoolManager
from moto.stepfunctions.parser.asl.utils import boto_client
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str
from moto.stepfunctions.parser.backend.execution import BaseExecutionWorkerCommunication, Execution
from moto.stepfunctions.parser.backend.execution_worker import ExecutionWorker
from moto.stepfunctions.parser.models import StepFunctionsParserBackend, stepfunctions_parser_backends
from moto.stepfunctions.parser.utils import TMP_THREADS
from moto.stepfunctions.responses import StepFunctionResponse

from local import execution_starts, state_machine_versions
from local.cloudwatch.service_metrics import execution_ended
from local.events import emit
from local.events.executions import status_detail
from local.iam import role_session

STATES = "states.amazonaws.com"
SYNC_POLL_SECONDS = 0.02
CONNECTIONS = 50
# A just started execution reads its definition first; stopping it has to wait for that.
BEGIN_TIMEOUT_SECONDS = 5.0

# moto says what these are for its own classes only; here EndedWorker takes a worker's place.
AnyExecution: TypeAlias = Any
AnyWorker: TypeAlias = Any
AnyEnvironment: TypeAlias = Any

_ending = threading.Lock()


class _Task(threading.local):
    """The task that a thread runs, and the role it runs as."""

    role_arn = ""


_task = _Task()


class EndedWorker:
    """What stays of an execution's worker once it has ended: its history, in the worker's place."""

    def __init__(self, events: list[dict[str, Any]]) -> None:
        self._history = zlib.compress(to_json_str(events).encode())

    @property
    def env(self) -> SimpleNamespace:
        """The parts of a live environment that moto asks of any execution; nothing waits in them any more."""
        return SimpleNamespace(
            event_manager=self,
            callback_pool_manager=CallbackPoolManager(activity_store={}),
            map_run_record_pool_manager=MapRunRecordPoolManager(),  # type: ignore[no-untyped-call]  # moto's own
        )

    def get_event_history(self) -> list[dict[str, Any]]:
        """The events as GetExecutionHistory returns them, oldest first."""
        events: list[dict[str, Any]] = json.loads(zlib.decompress(self._history))
        return events

    def stop(self, **_: object) -> None:
        """Do nothing: the execution has ended."""


class SharedClients:
    """Stands in for boto3 in the interpreter: one client for each service, region and role of a state machine."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, str, str], BaseClient] = {}

    def client(self, *, service_name: str, region_name: str, **_: object) -> BaseClient:
        """A client for the role of the task that this thread runs.

        Without retries, as Step Functions retries by the definition, and as patient as the longest task.
        Raises AssumeRoleError when Step Functions cannot assume the role.
        """
        session = role_session(_task.role_arn, STATES)
        with self._lock:
            key = (service_name, region_name, session.access_key)
            if key not in self._clients:
                self._clients[key] = boto3.client(
                    service_name,  # type: ignore[call-overload]  # any service
                    region_name=region_name,
                    endpoint_url=f"http://127.0.0.1:{moto_server_port()}",
                    **session.client_arguments(),
                    config=Config(
                        parameter_validation=False,
                        retries={"total_max_attempts": 1},
                        connect_timeout=TimeoutSeconds.DEFAULT_TIMEOUT_SECONDS,
                        read_timeout=TimeoutSeconds.DEFAULT_TIMEOUT_SECONDS,
                        max_pool_connections=CONNECTIONS,
                        proxies={},
                    ),
                )
            return self._clients[key]


def install() -> None:
    """Plug into moto; call it before anything is served."""
    backend = StepFunctionsParserBackend
    replacements: list[tuple[object, str, object]] = [
        (models, "stepfunctions_backends", stepfunctions_parser_backends),
        (boto_client, "boto3", SharedClients()),
        (state_task_service_callback, "_DELAY_SECONDS_SYNC_CONDITION_CHECK", SYNC_POLL_SECONDS),
        (quotas, "to_json_str", compact_json),
        (BaseExecutionWorkerCommunication, "terminated", _terminated),
        (Execution, "stop", _stop),
        (backend, "_get_executions", _begun_executions(backend._get_executions)),
        (StateTask, "_eval_state_credentials", _eval_state_credentials(StateTask._eval_state_credentials)),
        (StepFunctionResponse, "stop_execution", _stop_execution),
        (StepFunctionResponse, "send_task_failure", _send_task_failure),
        (StepFunctionResponse, "get_execution_history", _get_execution_history),
    ]
    for owner, name, replacement in replacements:
        setattr(owner, name, replacement)
    state_machine_versions.install()
    execution_starts.install()


def compact_json(value: Any) -> str:  # noqa: ANN401 - a state's input or output
    """The JSON of which Step Functions hands on 256 KiB at most; moto's own has spaces and escapes every accent."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)


def abort_running(cause: str) -> int:
    """End every execution that is running, as StopExecution does; returns how many there were."""
    running = [execution for execution in _executions() if execution.exec_status == ExecutionStatus.RUNNING]
    for execution in running:
        abort(execution, error=None, cause=cause)
    return len(running)


def abort(execution: AnyExecution, *, error: str | None, cause: str | None) -> None:
    """End an execution now; whatever its current task still returns goes nowhere."""
    worker = execution.exec_worker
    env = _begun_environment(worker) if isinstance(worker, ExecutionWorker) else worker.env
    with _ending:
        if execution.stop_date is not None:
            return
        now = datetime.now(UTC)
        events = env.event_manager.get_event_history()
        details = {name: text for name, text in (("error", error), ("cause", cause)) if text}
        events.append(_last_event(events, HistoryEventType.ExecutionAborted, executionAbortedEventDetails=details))
        execution.__dict__.update(
            exec_status=ExecutionStatus.ABORTED,
            stop_date=now,
            error=error or None,
            cause=cause or None,
            exec_worker=EndedWorker(events),
        )
    execution_ended(execution)
    if isinstance(worker, ExecutionWorker):
        env.set_stop(stop_date=now, error=error, cause=cause)
        for endpoint in list(env.callback_pool_manager._pool.values()):
            endpoint.interrupt_all()
    _emit_status(execution)


def history_so_far(worker: AnyWorker) -> list[dict[str, Any]]:
    """The events of a running execution; none while it still reads its definition."""
    events: list[dict[str, Any]] = worker.env.event_manager.get_event_history() if worker.env else []
    return events


def _last_event(events: list[dict[str, Any]], kind: HistoryEventType, **details: object) -> dict[str, Any]:
    timestamp = iso_8601_datetime_with_milliseconds(datetime.now(UTC))
    return {
        "id": len(events) + 1,
        "previousEventId": len(events),
        "type": kind.value,
        "timestamp": timestamp,
        **details,
    }


def _executions() -> Iterator[AnyExecution]:
    for account in list(stepfunctions_parser_backends.values()):
        for backend in list(account.values()):
            for state_machine in list(backend.state_machines):
                yield from list(state_machine.executions)


def _begun_environment(worker: AnyWorker) -> AnyEnvironment:
    deadline = time.monotonic() + BEGIN_TIMEOUT_SECONDS
    while (worker.env is None or worker.env.program_state() is None) and time.monotonic() < deadline:
        time.sleep(SYNC_POLL_SECONDS)
    return worker.env


def _terminated(self: BaseExecutionWorkerCommunication) -> None:
    execution: AnyExecution = self.execution
    with _ending:
        if execution.stop_date is not None:
            return
        # Filled aside and taken over at once: nobody sees SUCCEEDED without its output.
        ended = self.execution = copy.copy(execution)
        self._reflect_execution_status()  # type: ignore[no-untyped-call]  # moto's own
        events = history_so_far(execution.exec_worker)
        if ended.exec_status == ExecutionStatus.TIMED_OUT:
            # moto writes this one down when the task that took too long ends by itself.
            events.append(_last_event(events, HistoryEventType.ExecutionTimedOut))
        ended.exec_worker = EndedWorker(events)
        execution.__dict__.update(ended.__dict__)
    execution_ended(execution)
    # The interpreter remembers all its threads for ever.
    TMP_THREADS[:] = [thread for thread in TMP_THREADS if thread.is_alive()]
    _emit_status(execution)


def _emit_status(execution: AnyExecution) -> None:
    emit("aws.states", "Step Functions Execution Status Change", status_detail(execution), [execution.execution_arn])


def _stop(self: Execution, stop_date: datetime, error: str | None, cause: str | None) -> None:
    del stop_date  # moto's own clock; now is when it happens
    abort(self, error=error, cause=cause)


def _begun_executions(original: Callable[..., list[AnyExecution]]) -> Callable[..., list[AnyExecution]]:
    @functools.wraps(original)
    def begun(*args: object) -> list[AnyExecution]:
        # moto fails on an execution that still reads its definition; nothing can wait in it yet.
        return [execution for execution in original(*args) if execution.exec_worker.env is not None]

    return begun


def _eval_state_credentials(original: Callable[..., StateCredentials]) -> Callable[..., StateCredentials]:
    @functools.wraps(original)
    def evaluated(self: StateTask, env: AnyEnvironment) -> StateCredentials:
        # moto hands them to every task, which then calls, in the same thread, with keys of its own.
        credentials = original(self, env)
        _task.role_arn = credentials.role_arn
        return credentials

    return evaluated


def _stop_execution(self: StepFunctionResponse) -> ActionResult:
    execution: AnyExecution = self.stepfunction_backend.describe_execution(self._get_param("executionArn"))
    abort(execution, error=self._get_param("error"), cause=self._get_param("cause"))
    return ActionResult({"stopDate": execution.stop_date})


def _send_task_failure(self: StepFunctionResponse) -> EmptyResult:
    backend: Any = self.stepfunction_backend
    backend.send_task_failure(
        self._get_param("taskToken"), error=self._get_param("error"), cause=self._get_param("cause")
    )
    return EmptyResult()


def _get_execution_history(self: StepFunctionResponse) -> ActionResult:
    history: Any = self.stepfunction_backend.get_execution_history(self._get_param("executionArn"))
    if self._get_param("reverseOrder"):
        history["events"].reverse()
    return ActionResult(history)
