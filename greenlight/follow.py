"""Watching a run until it ends."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from greenlight.errors import InterruptedRunError
from greenlight.executions import Executions
from greenlight.history import History, StateVisit
from greenlight.run_view import RunView

# How often the newest log line of a job is looked up.
_NOTE_SECONDS = 1.0


@dataclass(frozen=True)
class Follower:
    """How a run is watched.

    poll_seconds: pause between two looks
    note: words beside the running state, such as a job's newest log line
    on_approval: called once, when a person has been asked; returns words to show
    """

    executions: Executions
    view: RunView
    poll_seconds: float
    note: Callable[[StateVisit, History], str]
    on_approval: Callable[[], str]
    sleep: Callable[[float], object] = time.sleep

    def follow(self, run_id: str) -> History:
        """Watch until the run ends and return its history.

        Raises InterruptedRunError on Ctrl-C; the run itself goes on.
        """
        history = History()
        try:
            with self.view:
                self._watch(run_id, history)
        except KeyboardInterrupt:
            raise InterruptedRunError(f"the run goes on; `greenlight show {run_id}` tells how far it is") from None
        return history

    def _watch(self, run_id: str, history: History) -> None:
        note, asked, noted_at = "", False, 0.0
        while True:
            self.executions.read(run_id, history)
            current = history.current()
            if current and current.name == "RequestApproval" and current.submitted:
                if not asked:
                    asked, note = True, self.on_approval()
                    continue
            elif current and time.monotonic() - noted_at >= _NOTE_SECONDS:
                noted_at, note = time.monotonic(), self.note(current, history)
            self.view.update(history, note)
            if history.ended:
                return
            self.sleep(self.poll_seconds)
