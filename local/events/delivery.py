"""Delivers to targets in the background: again after a fault that may pass, into a dead-letter queue in the end.

Source: EventBridge user guide, "Retrying event delivery" and "Using dead-letter queues"; AWS does not say how long it
waits between two attempts.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

logger = logging.getLogger(__name__)

LONGEST_DELAY_SECONDS = 60.0
BUSY = frozenset({"Throttling", "ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded", "SlowDown"})
SERVER_ERROR = 500


class TargetRefusedError(Exception):
    """A target cannot be called, now or later; code: EventBridge's name for the reason."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class RetryPolicy:
    """How often and how long a delivery is tried again; the defaults are AWS's."""

    attempts: int = 185
    age_seconds: float = 86_400

    @classmethod
    def of(cls, target: Mapping[str, Any]) -> RetryPolicy:
        """The policy of a rule's or a schedule's target."""
        given = target.get("RetryPolicy") or {}
        return cls(
            given.get("MaximumRetryAttempts", cls.attempts), given.get("MaximumEventAgeInSeconds", cls.age_seconds)
        )


@dataclass(frozen=True)
class Failure:
    """Why a delivery came to nothing, as it stands in the attributes of a dead letter.

    exhausted: the limit of the retry policy that was reached; None when trying again would have been no use
    """

    code: str
    message: str
    retries: int
    exhausted: str | None

    def attributes(self, **others: str) -> dict[str, Any]:
        """The attributes of an SQS message."""
        texts = {"ERROR_CODE": self.code, "ERROR_MESSAGE": self.message[:1000], **others}
        if self.exhausted:
            texts["EXHAUSTED_RETRY_CONDITION"] = self.exhausted
        attributes = {name: {"DataType": "String", "StringValue": text} for name, text in texts.items()}
        return {**attributes, "RETRY_ATTEMPTS": {"DataType": "Number", "StringValue": str(self.retries)}}


@dataclass(frozen=True)
class Delivery:
    """One call of one target.

    call: is told the number of the attempt, from 1;  keep: puts a dead letter away
    """

    target_arn: str
    call: Callable[[int], None]
    keep: Callable[[Failure], None]
    retry: RetryPolicy


class Deliveries:
    """All deliveries of one server.

    wait: for some seconds; returns True as soon as the server stops
    """

    def __init__(self, wait: Callable[[float], bool]) -> None:
        self._wait = wait

    def begin(self, delivery: Delivery) -> None:
        """Deliver in the background."""
        threading.Thread(target=self.deliver, args=(delivery,), daemon=True, name="event-delivery").start()

    def deliver(self, delivery: Delivery) -> None:
        """Deliver, however often it takes; what the server's stop interrupts is lost."""
        began, attempt = time.monotonic(), 1
        while True:
            failure = _try(delivery, attempt)
            if failure is None:
                return
            delay = min(2.0 ** (attempt - 1), LONGEST_DELAY_SECONDS)
            age = time.monotonic() - began + delay
            if failure.exhausted is None or attempt > delivery.retry.attempts or age > delivery.retry.age_seconds:
                _keep(delivery, failure)
                return
            if self._wait(delay):
                return
            attempt += 1


def _try(delivery: Delivery, attempt: int) -> Failure | None:
    # Which limit it is that an attempt was the last one for, if it was.
    limit = "MaximumRetryAttempts" if attempt > delivery.retry.attempts else "MaximumEventAgeInSeconds"
    try:
        delivery.call(attempt)
    except TargetRefusedError as error:
        failure = Failure(error.code, str(error), attempt - 1, None)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        may_pass = code in BUSY or error.response["ResponseMetadata"]["HTTPStatusCode"] >= SERVER_ERROR
        failure = Failure(code, error.response["Error"]["Message"], attempt - 1, limit if may_pass else None)
    except BotoCoreError as error:
        failure = Failure("SDK_CLIENT_ERROR", str(error), attempt - 1, limit)
    else:
        return None
    logger.warning(
        "target not called",
        extra={"target": delivery.target_arn, "attempt": attempt, "code": failure.code, "reason": failure.message},
    )
    return failure


def _keep(delivery: Delivery, failure: Failure) -> None:
    try:
        delivery.keep(failure)
    except (ClientError, BotoCoreError, TargetRefusedError):
        logger.exception("dead letter lost", extra={"target": delivery.target_arn, "reason": failure.message})
