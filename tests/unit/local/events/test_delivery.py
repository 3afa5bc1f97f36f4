from __future__ import annotations

from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from local.events.delivery import Deliveries, Delivery, Failure, RetryPolicy, TargetRefusedError


def client_error(code: str, status: int) -> ClientError:
    return ClientError(
        {"Error": {"Code": code, "Message": "words"}, "ResponseMetadata": {"HTTPStatusCode": status}},  # type: ignore[typeddict-item]
        "Invoke",
    )


class Script:
    """A target that raises what it is told to, and a dead-letter queue."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.attempts: list[int] = []
        self.kept: list[Failure] = []
        self.waited: list[float] = []

    def call(self, attempt: int) -> None:
        self.attempts.append(attempt)
        if self.errors:
            raise self.errors.pop(0)

    def deliver(self, retry: RetryPolicy | None = None, *, stops: Callable[[], bool] = lambda: False) -> None:
        def wait(seconds: float) -> bool:
            self.waited.append(seconds)
            return stops()

        delivery = Delivery("arn:target", self.call, self.kept.append, retry or RetryPolicy())
        Deliveries(wait).deliver(delivery)


PASSING = [
    client_error("ServiceException", 500),
    client_error("TooManyRequestsException", 429),
    ConnectTimeoutError(endpoint_url="http://x"),
]


def test_a_fault_that_may_pass_is_tried_again_until_it_has_passed() -> None:
    target = Script(*PASSING)
    target.deliver()
    assert target.attempts == [1, 2, 3, 4]
    assert target.waited == [1, 2, 4]
    assert target.kept == []


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (client_error("AccessDeniedException", 403), "AccessDeniedException"),
        (client_error("ResourceNotFoundException", 404), "ResourceNotFoundException"),
        (TargetRefusedError("NO_PERMISSIONS", "words"), "NO_PERMISSIONS"),
    ],
)
def test_what_cannot_pass_is_a_dead_letter_at_once(error: Exception, code: str) -> None:
    target = Script(error)
    target.deliver()
    assert target.kept == [Failure(code, "words", retries=0, exhausted=None)]
    assert "EXHAUSTED_RETRY_CONDITION" not in target.kept[0].attributes()


def test_after_the_last_attempt_of_the_policy_there_is_a_dead_letter() -> None:
    target = Script(*[PASSING[0]] * 9)
    target.deliver(RetryPolicy.of({"RetryPolicy": {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 3600}}))
    assert target.attempts == [1, 2, 3]
    [failure] = target.kept
    assert failure == Failure("ServiceException", "words", retries=2, exhausted="MaximumRetryAttempts")
    assert failure.attributes(TARGET_ARN="arn:target")["RETRY_ATTEMPTS"] == {"DataType": "Number", "StringValue": "2"}


def test_a_policy_without_retries_has_one_attempt() -> None:
    target = Script(*PASSING)
    target.deliver(RetryPolicy(attempts=0))
    assert target.attempts == [1]
    assert target.kept[0].exhausted == "MaximumRetryAttempts"


def test_a_wait_that_would_outlast_the_event_is_not_begun() -> None:
    target = Script(*[PASSING[0]] * 9)
    target.deliver(RetryPolicy(age_seconds=3.5))
    # The clock stands still here, so only the wait itself counts: 1 s, 2 s, and 4 s are too many.
    assert target.waited == [1, 2]
    assert target.kept[0].exhausted == "MaximumEventAgeInSeconds"


def test_the_longest_wait_is_a_minute() -> None:
    target = Script(*[PASSING[0]] * 9)
    target.deliver()
    assert target.waited == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_a_stopping_server_gives_up_quietly() -> None:
    target = Script(*PASSING)
    target.deliver(stops=lambda: True)
    assert target.attempts == [1]
    assert target.kept == []
