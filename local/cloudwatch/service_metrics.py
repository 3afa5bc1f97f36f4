"""The metrics that AWS's services publish by themselves, as far as an alarm or a dashboard of ours looks at them.

Names, units and dimensions are those of "Monitoring Step Functions metrics using CloudWatch", "Types of metrics for
Lambda functions" and "SageMaker AI endpoint invocation metrics".
"""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Any

from local.cloudwatch.metrics import publish

ENDS = {
    "SUCCEEDED": "ExecutionsSucceeded",
    "FAILED": "ExecutionsFailed",
    "TIMED_OUT": "ExecutionsTimedOut",
    "ABORTED": "ExecutionsAborted",
}
MICROSECONDS = 1_000_000
MILLISECONDS = 1000


def execution_started(execution: Any) -> None:  # noqa: ANN401 - moto's, with what the laptop puts in its place
    """One execution has begun."""
    publish("AWS/States", _machine(execution), {"ExecutionsStarted": (1, "Count")})


def execution_ended(execution: Any) -> None:  # noqa: ANN401 - likewise
    """One execution is over, and has its status and its times."""
    began, ended = (_moment(at) for at in (execution.start_date, execution.stop_date))
    took = (ended - began).total_seconds() * MILLISECONDS
    numbers = {ENDS[execution.exec_status.value]: (1.0, "Count"), "ExecutionTime": (took, "Milliseconds")}
    publish("AWS/States", _machine(execution), numbers)


def function_invoked(function_name: str, *, duration_ms: float, failed: bool) -> None:
    """One invocation of a function, of whichever version."""
    numbers = {
        "Invocations": (1.0, "Count"),
        "Errors": (float(failed), "Count"),
        "Duration": (duration_ms, "Milliseconds"),
        "Throttles": (0.0, "Count"),
    }
    publish("AWS/Lambda", {"FunctionName": function_name}, numbers)


def function_throttled(function_name: str) -> None:
    """One invocation that found no free process."""
    publish("AWS/Lambda", {"FunctionName": function_name}, {"Throttles": (1, "Count")})


def endpoint_invoked(endpoint_name: str, variant: str, *, status: int, seconds: float) -> None:
    """One request that reached an endpoint's model.

    status: what the model answered, 0 when it did not;  seconds: how long it took to
    """
    is_client_error = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    is_server_error = status == 0 or status >= HTTPStatus.INTERNAL_SERVER_ERROR
    numbers = {
        "Invocations": (1.0, "None"),
        "Invocation4XXErrors": (float(is_client_error), "None"),
        "Invocation5XXErrors": (float(is_server_error), "None"),
        "ModelLatency": (seconds * MICROSECONDS, "Microseconds"),
    }
    publish("AWS/SageMaker", {"EndpointName": endpoint_name, "VariantName": variant}, numbers)


def _machine(execution: Any) -> dict[str, str]:  # noqa: ANN401 - likewise
    """The machine without the version that was started: that is how the metric counts all of them."""
    machine, _, _ = str(execution.exec_arn).rpartition(":")
    return {"StateMachineArn": machine.replace(":execution:", ":stateMachine:", 1)}


def _moment(at: datetime | str) -> datetime:
    return datetime.fromisoformat(at) if isinstance(at, str) else at
