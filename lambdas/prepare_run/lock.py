"""Takes a recipe's lock, from a run that is over if need be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from steps.ports import Lock, ReleaseRecords, Workflow


@dataclass(frozen=True)
class LockRequest:
    """A run that wants to be the only one of its recipe."""

    recipe: str
    run_id: str
    execution_arn: str
    expires_at: datetime
    started_at: datetime


def take_lock(wanted: LockRequest, records: ReleaseRecords, executions: Workflow, *, now: datetime) -> str | None:
    """Take the lock; returns None when taken, else the id of the run that holds it."""
    lock = Lock(wanted.run_id, wanted.execution_arn, wanted.expires_at, wanted.started_at)
    if records.take_lock(wanted.recipe, lock, now=now):
        return None
    holder = records.lock(wanted.recipe)
    if holder is not None and executions.is_running(holder.execution_arn):
        return holder.run_id
    # Its owner is over, or freed it between the two reads: whoever comes first now has it.
    if records.take_lock(wanted.recipe, lock, now=now, instead_of=holder.run_id if holder else None):
        return None
    first = records.lock(wanted.recipe)
    return first.run_id if first else "another"
