"""What an execution's history says: which states ran, for how long, how it ended, and what each state left behind."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from greenlight.outcomes import RUNNING

StateStatus = Literal["running", "succeeded", "failed", "aborted"]
Event = Mapping[str, Any]

_ENDS_OF_EXECUTION = {"ExecutionAborted": "Aborted", "ExecutionTimedOut": "TimedOut", "ExecutionFailed": "Failed"}
_FAILURES_OF_TASK = ("TaskFailed", "TaskTimedOut", "TaskStartFailed", "TaskSubmitFailed")
_FAILURES_OF_LAMBDA = ("LambdaFunctionFailed", "LambdaFunctionTimedOut", "LambdaFunctionStartFailed")


@dataclass
class StateVisit:
    """One stay in one state; submitted when what it waits for (a job, a person) has been started or asked."""

    name: str
    type: str
    entered_at: datetime
    status: StateStatus = "running"
    submitted: bool = False
    exited_at: datetime | None = None

    def seconds(self, now: datetime) -> float:
        """How long the stay lasted, or lasts until now."""
        return max(0.0, ((self.exited_at or now) - self.entered_at).total_seconds())


@dataclass(frozen=True)
class StateSummary:
    """All stays in one state together; a state in a loop is visited often."""

    name: str
    type: str
    status: StateStatus
    seconds: float
    visits: int


class History:
    """An execution's events, folded as they come."""

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self.last_id = 0
        self.visits: list[StateVisit] = []
        self.outcome: str = RUNNING
        self.started_at: datetime | None = None
        self.ended_at: datetime | None = None
        self.error: tuple[str, str] | None = None
        self._document: str | None = None
        self.add(events)

    @property
    def ended(self) -> bool:
        """Whether the execution is over."""
        return self.outcome != RUNNING

    def add(self, events: Iterable[Event]) -> None:
        """Take in the events that came after the last one seen; their order and repetitions do not matter."""
        for event_id, event in sorted({event["id"]: event for event in events}.items()):
            if event_id > self.last_id:
                self._fold(event)
                self.last_id = event_id

    @property
    def failed_state(self) -> str | None:
        """The last task that failed for good; None when none did."""
        failed = (visit.name for visit in reversed(self.visits) if visit.status == "failed" and visit.type == "Task")
        return next(failed, None)

    def document(self) -> dict[str, Any]:
        """The execution's state as last seen: each state's result under the state's own name in snake case."""
        if self._document is None:
            return {}
        document = json.loads(self._document)
        return document if isinstance(document, dict) else {}

    def states(self, now: datetime) -> list[StateSummary]:
        """Every state entered so far, in the order of its first visit."""
        visits: dict[str, list[StateVisit]] = {}
        for visit in self.visits:
            visits.setdefault(visit.name, []).append(visit)
        return [
            StateSummary(name, stays[-1].type, stays[-1].status, sum(stay.seconds(now) for stay in stays), len(stays))
            for name, stays in visits.items()
        ]

    def current(self) -> StateVisit | None:
        """The state the execution is in."""
        return self.visits[-1] if self.visits and self.visits[-1].exited_at is None else None

    def _fold(self, event: Event) -> None:
        kind, at = event["type"], event["timestamp"]
        if kind == "ExecutionStarted":
            self.started_at = at
            self._document = event.get("executionStartedEventDetails", {}).get("input", self._document)
        elif kind.endswith("StateEntered"):
            details = event["stateEnteredEventDetails"]
            self.visits.append(StateVisit(details["name"], kind.removesuffix("StateEntered"), at))
            self._document = details.get("input", self._document)
        elif kind.endswith("StateExited"):
            self._leave(event["stateExitedEventDetails"]["name"], at)
            self._document = event["stateExitedEventDetails"].get("output", self._document)
        elif kind == "ExecutionSucceeded" or kind in _ENDS_OF_EXECUTION:
            self._end(kind, event)
        elif self.visits:
            self._progress(kind)

    def _leave(self, name: str, at: datetime) -> None:
        for visit in reversed(self.visits):
            if visit.name == name and visit.exited_at is None:
                visit.exited_at = at
                if visit.status != "failed":
                    visit.status = "succeeded"
                return

    def _progress(self, kind: str) -> None:
        visit = self.visits[-1]
        if kind in _FAILURES_OF_TASK or kind in _FAILURES_OF_LAMBDA:
            visit.status = "failed"
        elif kind == "TaskSubmitted":
            visit.submitted = True
        elif kind in ("TaskSucceeded", "LambdaFunctionSucceeded", "TaskScheduled", "LambdaFunctionScheduled"):
            # A retry after a failure starts over.
            visit.status = "running"

    def _end(self, kind: str, event: Event) -> None:
        self.ended_at = event["timestamp"]
        last = self.visits[-1] if self.visits else None
        ends_in_state = last is not None and last.type == ("Succeed" if kind == "ExecutionSucceeded" else "Fail")
        if last is not None and ends_in_state:
            self.outcome = last.name
        else:
            self.outcome = _ENDS_OF_EXECUTION.get(kind, "Succeeded")
        if last is not None and last.exited_at is None:
            last.exited_at = self.ended_at
            last.status = "aborted" if self.outcome in ("Aborted", "TimedOut") else "failed"
        details = event.get(f"{kind[0].lower()}{kind[1:]}EventDetails", {})
        if "error" in details or "cause" in details:
            self.error = (details.get("error", ""), details.get("cause", ""))
