"""How every function is observed: log lines, metrics and traces that name the run they belong to.

Each handler is decorated with the one of the three that says who calls it. All metrics are lines of the log in
CloudWatch's embedded metric format, in one namespace, and carry the stack's name as the dimension `service`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from aws_lambda_powertools import Logger, Tracer
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.metrics import MetricUnit, single_metric
from aws_lambda_powertools.utilities.typing import LambdaContext

METRICS_NAMESPACE = "Greenlight"
# Keys of the log that are worth finding a metric's line or a trace by.
_RUN_KEYS = ("run_id", "recipe")

Handler: TypeAlias = Callable[[dict[str, Any], LambdaContext], Any]

logger = Logger()
tracer = Tracer()


def state_handler(handler: Handler) -> Handler:
    """A state of the release: every line names the run, and a fault is logged where the run's other lines are."""
    return _observed(handler, keys_of=run_of)


def api_handler(handler: Handler) -> Handler:
    """An HTTP API: every line carries the request id that the caller was given."""
    return _observed(handler, correlation_id_path=correlation_paths.API_GATEWAY_HTTP)


def event_handler(handler: Handler) -> Handler:
    """Anything that is called by a service of AWS and belongs to no run."""
    return _observed(handler)


def run_of(event: Mapping[str, Any]) -> dict[str, str]:
    """The run and recipe of a state's event, as far as it names them: a plan, the whole state, or a run's input."""
    keys = {"run_id": event.get("run_id")}
    for part in (event, event.get("plan"), event.get("state"), event.get("input")):
        if isinstance(part, Mapping) and part.get("recipe"):
            keys["recipe"] = part["recipe"]
            break
    return {name: str(value) for name, value in keys.items() if value}


def publish(name: str, value: float, unit: MetricUnit = MetricUnit.Count, **dimensions: str) -> None:
    """Publish one number; the line also carries the run that the log carries just now."""
    with single_metric(name=name, unit=unit, value=value, namespace=METRICS_NAMESPACE) as metric:
        for dimension, text in dimensions.items():
            metric.add_dimension(name=dimension, value=text)
        for key, text in logger.get_current_keys().items():
            if key in _RUN_KEYS:
                metric.add_metadata(key=key, value=text)


def _observed(
    handler: Handler,
    *,
    keys_of: Callable[[Mapping[str, Any]], dict[str, str]] = lambda _event: {},
    correlation_id_path: str | None = None,
) -> Handler:
    count_cold_start = _cold_start_counter()

    @logger.inject_lambda_context(clear_state=True, correlation_id_path=correlation_id_path)
    # Answers hold approvers' addresses; the trace is about time.
    @tracer.capture_lambda_handler(capture_response=False)
    @functools.wraps(handler)
    def observed(event: dict[str, Any], context: LambdaContext) -> Any:  # noqa: ANN401 - what the handler answers
        keys = keys_of(event)
        logger.append_keys(**keys)
        for name, value in keys.items():
            tracer.put_annotation(name, value)
        count_cold_start(context.function_name)
        try:
            return handler(event, context)
        except Exception:
            # The runtime prints it too, but without the run.
            logger.exception("failed")
            raise

    wrapped: Handler = observed
    return wrapped


def _cold_start_counter() -> Callable[[str], None]:
    """Counts a container's first event; powertools' own counter cannot name the run."""

    @functools.cache
    def count(function_name: str) -> None:
        publish("ColdStart", 1, function_name=function_name)

    return count
