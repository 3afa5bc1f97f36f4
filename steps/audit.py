"""The audit trail: what was decided about a recipe's models, by whom, why, and on what grounds.

Records are numbered from 1 and chained: each holds the digest of the one before, so that an edited, removed or moved
record shows, and the head of the chain shows when the last ones are gone. A record is kept and digested as the very
text that was written, so later versions of this code verify it too.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from pydantic import Field, ValidationError

from steps.contracts import Contract

# What the first record of a chain names as the one before it.
NO_RECORD = "0" * 64

AuditKind = Literal[
    "vote",
    "withdrawal",
    "approved",
    "denied",
    "expired",
    "rejected",
    "released",
    "rolled_back",
]


class AuditEvent(Contract):
    """One decision; digests and numbers are those that it was made on."""

    recipe: str
    kind: AuditKind
    run_id: str
    at: datetime
    who: list[str] = Field(description="People's addresses or names; of a decision nobody made, the rule that did.")
    why: str = Field(max_length=5000)
    outcome: str = Field(default="", max_length=50, description="The run's end, when this is one.")
    model_version: str | None = None
    champion_version: str | None = None
    metrics: dict[str, float] = Field(default={}, description="The candidate's.")
    champion_metrics: dict[str, float] = Field(default={}, description="The live version's on the same rows.")
    override: str | None = Field(default=None, description="Who released in spite of failed numbers, and why.")
    model_digest: str = ""
    data_digest: str = ""
    recipe_digest: str = ""
    code_digest: str = ""
    report_digest: str = Field(default="", description="SHA-256 of the report that was shown.")
    step: str = Field(default="", description="Tells events of one kind in one run apart, such as votes.")

    @property
    def once(self) -> str:
        """Equal for the same event told twice."""
        return f"{self.run_id}#{self.kind}#{self.step}"


@dataclass(frozen=True)
class Head:
    """The end of a chain: how many records it has and the last one's digest."""

    sequence: int
    digest: str


EMPTY = Head(0, NO_RECORD)


@dataclass(frozen=True)
class AuditRecord:
    """One link of the chain as it is kept: the text, its digest, and its place."""

    sequence: int
    document: str
    digest: str

    @property
    def event(self) -> AuditEvent:
        """What it tells; raises ValueError when the text is no record."""
        return AuditEvent.model_validate(self._body()["event"])

    @property
    def previous(self) -> str:
        """Digest of the record before; raises ValueError when the text is no record."""
        return str(self._body()["previous"])

    def _body(self) -> dict[str, Any]:
        body = json.loads(self.document)
        if not isinstance(body, dict) or not {"event", "previous"} <= body.keys():
            raise ValueError("no audit record")
        return body


def chained(event: AuditEvent, head: Head) -> AuditRecord:
    """The event as the next record after a head."""
    body = {"sequence": head.sequence + 1, "previous": head.digest, "event": event.model_dump(mode="json")}
    document = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return AuditRecord(head.sequence + 1, document, digest_of_document(document))


def digest_of_document(document: str) -> str:
    """SHA-256 of a record's text."""
    return hashlib.sha256(document.encode()).hexdigest()


def breaks_of(records: Sequence[AuditRecord], head: Head | None) -> Iterator[str]:
    """What is wrong with a chain, a sentence each; nothing when it is whole.

    records: as they are kept, in the order of their numbers;  head: None when only the records are at hand
    """
    expected = EMPTY
    for record in records:
        if record.sequence > expected.sequence + 1:
            yield f"{_numbers(expected.sequence + 1, record.sequence - 1)} missing."
        elif record.sequence <= expected.sequence:
            yield f"Record {record.sequence} stands there twice."
        yield from _own_breaks(record)
        if record.sequence == expected.sequence + 1 and _previous(record) not in {expected.digest, None}:
            yield f"Record {record.sequence} does not follow record {expected.sequence} as it is now."
        expected = Head(record.sequence, record.digest)
    if head is not None and head != expected:
        if head.sequence > expected.sequence:
            yield f"{_numbers(expected.sequence + 1, head.sequence)} missing at the end."
        elif head.sequence < expected.sequence:
            yield f"The chain's end names record {head.sequence}, but there are {expected.sequence}."
        else:
            yield f"Record {head.sequence} is not the one that the chain's end names."


def _own_breaks(record: AuditRecord) -> Iterator[str]:
    if digest_of_document(record.document) != record.digest:
        yield f"Record {record.sequence} was edited: its text does not have its digest."
    try:
        told = json.loads(record.document)["sequence"]
        _ = record.event
    except (ValueError, KeyError, TypeError, ValidationError):
        yield f"Record {record.sequence} cannot be read."
        return
    if told != record.sequence:
        yield f"Record {record.sequence} says that it is number {told}."


def _previous(record: AuditRecord) -> str | None:
    try:
        return record.previous
    except (ValueError, KeyError):
        return None


def _numbers(first: int, last: int) -> str:
    return f"Record {first} is" if first == last else f"Records {first} to {last} are"
