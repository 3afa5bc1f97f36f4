"""What a trial asks of the world; errors as in `steps/ports.py`."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from steps.trial import TrialOffer, TrialRecord


class TrialRecords(Protocol):
    """Trials that somebody has asked for."""

    def count_question(self, trial: TrialRecord, *, limit: int) -> TrialRecord | None:
        """Keep the trial and count one question at its asked_at; the record as it is then, or None past the limit."""
        ...

    def count_start(self, trial: TrialRecord, *, now: datetime) -> bool:
        """Count one more start than the record has; False when somebody was first."""
        ...

    def all(self) -> list[TrialRecord]:
        """Every trial that is kept; one of this very second may be missing."""
        ...

    def forget(self, trial: TrialRecord) -> None:
        """Forget a trial of which nothing is left, unless somebody has asked since."""
        ...


class TrialHosting(Protocol):
    """Models and endpoint configurations of trials."""

    def prepare(self, offer: TrialOffer) -> None:
        """Make the model and the endpoint configuration; those that are there are left as they are."""
        ...

    def remove(self, name: str) -> None:
        """Delete the endpoint configuration and the model; those that are gone are no error."""
        ...
