"""The processes of one function version: idle ones are used again, busy times start more."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from local.lambda_runtime.function import FunctionVersion
from local.lambda_runtime.sandbox import Sandbox

MAX_PROCESSES = 4
# More than one process is needed in busy times only.
SPARE_IDLE_SECONDS = 60.0


class Pool:
    """Hands out sandboxes of one function version, at most MAX_PROCESSES at a time.

    start: makes a new sandbox
    """

    def __init__(self, function: FunctionVersion, start: Callable[[FunctionVersion], Sandbox]) -> None:
        self.function = function
        self._start = start
        self._idle: list[Sandbox] = []
        self._count = 0
        self._closed = False
        self._changed = threading.Condition()

    def acquire(self, patience_seconds: float) -> Sandbox | None:
        """An idle sandbox, or a new one; None when all stayed busy for patience_seconds."""
        deadline = time.monotonic() + patience_seconds
        with self._changed:
            while True:
                sandbox = self._take_idle()
                if sandbox is not None:
                    return sandbox
                if self._count < MAX_PROCESSES:
                    self._count += 1
                    break
                if not self._changed.wait(deadline - time.monotonic()):
                    return None
        try:
            return self._start(self.function)
        except BaseException:
            self._drop()
            raise

    def release(self, sandbox: Sandbox, *, reusable: bool) -> None:
        """Give back what acquire gave."""
        if not reusable:
            self._drop()
            return
        with self._changed:
            surplus = [sandbox] if self._closed else self._take_idle_since(SPARE_IDLE_SECONDS)
            if not self._closed:
                self._idle.append(sandbox)
            self._count -= len(surplus)
            self._changed.notify()
        for each in surplus:
            each.stop()

    @property
    def started(self) -> bool:
        """Whether the function has a process, busy or idle."""
        with self._changed:
            return self._count > 0

    def stop_idle(self, idle_seconds: float) -> None:
        """Stop the sandboxes that have been idle for so long; the next call starts one again."""
        with self._changed:
            idle = self._take_idle_since(idle_seconds)
            self._count -= len(idle)
        for sandbox in idle:
            sandbox.stop()

    def close(self) -> None:
        """Stop the idle sandboxes now and the busy ones when they come back."""
        with self._changed:
            self._closed = True
            idle, self._idle = self._idle, []
            self._count -= len(idle)
        for sandbox in idle:
            sandbox.stop()

    def _take_idle(self) -> Sandbox | None:
        while self._idle:
            sandbox = self._idle.pop()
            if sandbox.alive:
                return sandbox
            self._count -= 1
            sandbox.stop()
        return None

    def _take_idle_since(self, seconds: float) -> list[Sandbox]:
        longest_ago = time.monotonic() - seconds
        taken = [sandbox for sandbox in self._idle if sandbox.idle_since <= longest_ago]
        self._idle = [sandbox for sandbox in self._idle if sandbox.idle_since > longest_ago]
        return taken

    def _drop(self) -> None:
        with self._changed:
            self._count -= 1
            self._changed.notify()
