"""How many may ask the model at once, and how long each may take."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import TypeVar

from anyio import CapacityLimiter, to_thread

from steps.problem import Problem

Answer = TypeVar("Answer")

# More threads than cores only make each answer later; frameworks use the cores themselves.
THREADS = 4
MAX_WAITING = 64
# SageMaker lets a model answer for as long.
ANSWER_SECONDS = 60.0
RETRY_SECONDS = 5


class Turns:
    """Runs what takes long in threads, one after another beyond a few; beyond many it refuses."""

    def __init__(
        self, *, threads: int = THREADS, max_waiting: int = MAX_WAITING, seconds: float = ANSWER_SECONDS
    ) -> None:
        self._threads = threads
        self._max_waiting = max_waiting
        self._seconds = seconds
        self._limiter: CapacityLimiter | None = None
        self._asked = 0

    async def take(self, work: Callable[[], Answer]) -> Answer:
        """The result of the work; raises Problem when too many wait or it takes too long."""
        if self._asked >= self._max_waiting:
            raise Problem(
                HTTPStatus.SERVICE_UNAVAILABLE,
                f"The model has too much to do just now. Try again in {RETRY_SECONDS} seconds.",
                headers={"Retry-After": str(RETRY_SECONDS)},
            )
        if self._limiter is None:
            self._limiter = CapacityLimiter(self._threads)  # belongs to the loop that is running now
        self._asked += 1
        try:
            async with asyncio.timeout(self._seconds):
                return await to_thread.run_sync(work, limiter=self._limiter, abandon_on_cancel=True)
        except TimeoutError:
            detail = f"The model gave no answer within {self._seconds:.0f} seconds."
            raise Problem(HTTPStatus.GATEWAY_TIMEOUT, detail) from None
        finally:
            self._asked -= 1
