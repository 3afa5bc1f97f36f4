"""WatchRuns: what runs that are under way look like from outside.

What is measured is what nothing else would tell: a run that is late, and a question that is about to go unanswered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from steps.ports import OpenLock, OpenRequest

MetricName = Literal["RunAgeSeconds", "StuckRuns", "ApprovalSecondsLeft"]


@dataclass(frozen=True)
class Measurement:
    """One number; of one recipe, or of the whole stack when recipe is None."""

    name: MetricName
    value: float
    recipe: str | None


def watch_runs(locks: Sequence[OpenLock], requests: Sequence[OpenRequest], *, now: datetime) -> list[Measurement]:
    """Measure the runs that are under way.

    locks, requests: of executions that run; at most one lock a recipe

    StuckRuns of the whole stack is always there, so that its absence means that nobody watches. A lock is late once its
    deadline is over: that deadline is the sum of all waits that the recipe allows.
    """
    late = [held.recipe for held in locks if held.lock.expires_at <= now]
    measured = [Measurement("StuckRuns", len(late), None)]
    for held in locks:
        measured.append(Measurement("StuckRuns", float(held.recipe in late), held.recipe))
        if held.lock.started_at is not None:
            age = (now - held.lock.started_at).total_seconds()
            measured.append(Measurement("RunAgeSeconds", age, held.recipe))
    left = [(request.recipe, (request.deadline - now).total_seconds()) for request in requests]
    measured.extend(Measurement("ApprovalSecondsLeft", seconds, recipe) for recipe, seconds in left)
    if left:
        measured.append(Measurement("ApprovalSecondsLeft", min(seconds for _, seconds in left), None))
    return measured
