"""Asynchronous invocations: tried again after an error, and told to a destination when all attempts have failed.

Source: Lambda developer guide, "How Lambda handles errors and retries with asynchronous invocation" and "Capturing
records of Lambda asynchronous invocations". On the laptop a function has one such configuration for all its versions.
"""

from __future__ import annotations

import json
import logging
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from moto.awslambda.exceptions import InvalidParameterValueException
from moto.awslambda.models import EventInvokeConfig, LambdaBackend
from moto.awslambda_simple.models import LambdaSimpleBackend, lambda_simple_backends
from moto.core.exceptions import JsonRESTError, ServiceException

from local.events.callers import Callers
from local.events.delivery import TargetRefusedError
from local.events.targets import publish, send_message, service_of
from local.home import ACCOUNT, REGION
from local.lambda_runtime.function import FunctionVersion
from local.lambda_runtime.invocation import InvocationResult

logger = logging.getLogger(__name__)

LAMBDA = "lambda.amazonaws.com"
RETRY_SECONDS = (60.0, 120.0)  # before the second attempt and before the third, the last
BUSY_SECONDS = 5.0
MOST_RETRIES = 2
LONGEST_AGE_SECONDS = 21_600.0
DESTINATIONS = ("sqs", "sns")


@dataclass(frozen=True)
class Event:
    """An event on its way to a function; function: as it is now."""

    function: Callable[[], FunctionVersion]
    payload: bytes
    client_context: str | None
    request_id: str


class BackgroundInvocations:
    """Invokes in threads of its own.

    run: invokes once; raises moto's ServiceException when all processes of the function stay busy
    wait: for some seconds; returns True as soon as the server stops
    """

    def __init__(
        self, run: Callable[[Event], InvocationResult], callers: Callers, wait: Callable[[float], bool]
    ) -> None:
        self._run = run
        self._callers = callers
        self._wait = wait

    @staticmethod
    def install() -> None:
        """Plug into moto; call it before anything is served."""
        LambdaBackend.put_function_event_invoke_config = _put_config  # type: ignore[method-assign]  # moto has no other way in

    def begin(self, function: Callable[[], FunctionVersion], payload: bytes, client_context: str | None) -> None:
        """Invoke in the background."""
        event = Event(function, payload, client_context, str(uuid.uuid4()))
        threading.Thread(target=self.invoke, args=(event,), daemon=True, name="lambda-event").start()

    def invoke(self, event: Event) -> None:
        """Invoke, however often it takes; what the server's stop interrupts is lost."""
        began, failures = time.monotonic(), 0
        while True:
            try:
                function = event.function()
                config = _config_of(function.name)
                result = self._run(event)
            except (ServiceException, JsonRESTError) as error:
                # Busy processes are no failure of the function; a function that is gone has nobody to tell.
                if getattr(error, "code", None) != 429 or self._wait(BUSY_SECONDS):  # noqa: PLR2004 - too many requests
                    logger.warning("event dropped", extra={"reason": str(error)})
                    return
                continue
            if result.error is None:
                return
            failures += 1
            delay = RETRY_SECONDS[min(failures, len(RETRY_SECONDS)) - 1]
            is_old = time.monotonic() - began + delay > config.get("MaximumEventAgeInSeconds", LONGEST_AGE_SECONDS)
            if failures > config.get("MaximumRetryAttempts", MOST_RETRIES) or is_old:
                self._tell(function, config, event, result, failures, is_old=is_old)
                return
            if self._wait(delay):
                return

    def _tell(
        self,
        function: FunctionVersion,
        config: dict[str, Any],
        event: Event,
        result: InvocationResult,
        attempts: int,
        *,
        is_old: bool,
    ) -> None:
        destination = ((config.get("DestinationConfig") or {}).get("OnFailure") or {}).get("Destination")
        logger.warning("event failed", extra={"function": function.name, "request_id": event.request_id})
        if not destination:
            return
        record = json.dumps(
            {
                "version": "1.0",
                "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                "requestContext": {
                    "requestId": event.request_id,
                    "functionArn": function.arn,
                    "condition": "EventAgeExceeded" if is_old else "RetriesExhausted",
                    "approximateInvokeCount": attempts,
                },
                "requestPayload": json.loads(event.payload or b"{}"),
                "responseContext": {
                    "statusCode": 200,
                    "executedVersion": result.version,
                    "functionError": result.error,
                },
                "responsePayload": json.loads(result.payload),
            }
        )
        service = service_of(destination)
        try:
            client = self._callers.of_role(service, function.role, LAMBDA, function.arn)
            if service == "sqs":
                send_message(client, destination, record, {})
            else:
                publish(client, destination, record)
        except (ClientError, BotoCoreError, TargetRefusedError):
            logger.exception("failed event lost", extra={"function": function.name, "destination": destination})


def _config_of(function_name: str) -> dict[str, Any]:
    backend: LambdaSimpleBackend = lambda_simple_backends[ACCOUNT][REGION]
    configs = backend.get_function(function_name).event_invoke_config
    return dict(configs[-1].config) if configs else {}


def _put_config(self: LambdaBackend, function_name: str, config: dict[str, Any]) -> dict[str, Any]:
    """Set the configuration; moto adds it to those before and answers the first."""
    for when, destination in (config.get("DestinationConfig") or {}).items():
        arn = destination.get("Destination")
        if arn and (when != "OnFailure" or service_of(arn) not in DESTINATIONS):
            raise InvalidParameterValueException(
                f"the laptop tells failures to {' and '.join(DESTINATIONS)} only, not {when} to {arn}"
            )
    function = self.get_function(function_name)
    made = EventInvokeConfig(function.function_arn, function.last_modified, config)
    function.event_invoke_config = [made]
    return made.response()
