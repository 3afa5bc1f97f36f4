from __future__ import annotations

import time
from typing import Any, cast

import pytest

from local.lambda_runtime.pool import Pool


class FakeSandbox:
    """A process that has been idle for so long."""

    alive = True

    def __init__(self, idle_seconds: float) -> None:
        self.idle_since = time.monotonic() - idle_seconds
        self.stopped = False

    def stop(self) -> None:
        self.stopped = True


@pytest.fixture
def started() -> list[FakeSandbox]:
    """Every process of the pool."""
    return []


@pytest.fixture
def pool(started: list[FakeSandbox]) -> Pool:
    def start(_function: object) -> Any:
        started.append(FakeSandbox(idle_seconds=10.0))
        return started[-1]

    return Pool(cast("Any", "a version that no alias leads to"), start)


def test_what_has_been_idle_for_long_enough_is_stopped(pool: Pool, started: list[FakeSandbox]) -> None:
    sandbox = pool.acquire(0.0)
    assert sandbox is not None
    pool.release(sandbox, reusable=True)
    pool.stop_idle(60.0)
    assert (started[0].stopped, pool.started) == (False, True)
    pool.stop_idle(5.0)
    assert (started[0].stopped, pool.started) == (True, False)


def test_what_is_busy_goes_on(pool: Pool, started: list[FakeSandbox]) -> None:
    assert pool.acquire(0.0) is not None
    pool.stop_idle(0.0)
    assert (started[0].stopped, pool.started) == (False, True)


def test_the_next_call_starts_another_one_that_is_kept(pool: Pool, started: list[FakeSandbox]) -> None:
    for _ in range(2):
        sandbox = pool.acquire(0.0)
        assert sandbox is not None
        pool.release(sandbox, reusable=True)
        pool.stop_idle(5.0)
    assert len(started) == 2
    again = pool.acquire(0.0)
    assert again is not None
    pool.release(again, reusable=True)
    assert pool.acquire(0.0) is again
