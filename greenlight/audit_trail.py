"""Reading audit trails, out of the release table or out of a file that was exported, and checking them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from greenlight.errors import WrongUseError
from steps.audit import AuditRecord, Head, breaks_of
from steps.audit_items import HEADS, RECORDS, head_key, read_head, read_record, records_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


# A trail that is written to while it is read is read again, at most as often.
_LOOKS = 3


@dataclass(frozen=True)
class Trail:
    """One recipe's chain; without a head when it comes from a file."""

    recipe: str
    records: list[AuditRecord]
    head: Head | None

    @property
    def breaks(self) -> list[str]:
        """What is wrong with it, a sentence each."""
        return list(breaks_of(self.records, self.head))

    def lines(self) -> Iterator[str]:
        """The records as they are exported, one JSON document a line."""
        for record in self.records:
            line = {"recipe": self.recipe, "number": record.sequence, "digest": record.digest}
            yield json.dumps({**line, "record": record.document}, ensure_ascii=False)


class AuditTrails:
    """The trails in a release table."""

    def __init__(self, dynamodb: DynamoDBClient, table: str) -> None:
        self._client = dynamodb
        self._table = table

    def recipes(self) -> list[str]:
        """Recipes about which anything was decided, sorted."""
        return sorted(item["sk"]["S"] for item in self._query("pk = :pk", {":pk": {"S": HEADS}}))

    def trail(self, recipe: str) -> Trail:
        """A recipe's trail. The head is read last; when it is ahead, a record was written meanwhile or is missing."""
        for _ in range(_LOOKS):
            found = self._query(
                "pk = :pk AND begins_with(sk, :records)",
                {":pk": {"S": records_key(recipe)}, ":records": {"S": RECORDS}},
            )
            records = [read_record(item) for item in found]
            answer = self._client.get_item(TableName=self._table, Key=head_key(recipe), ConsistentRead=True)
            head = read_head(answer.get("Item"))
            if head.sequence <= len(records):
                break
        return Trail(recipe, records, head)

    def _query(self, condition: str, values: dict[str, Any]) -> list[dict[str, Any]]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression=condition,
            ExpressionAttributeValues=values,
            ConsistentRead=True,
        )
        return [dict(item) for page in pages for item in page["Items"]]


def read_export(file: Path) -> list[Trail]:
    """The trails in an exported file, in the order of their names; raises WrongUseError when it is none."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUseError(f"{file} cannot be read as an exported audit trail: {error}") from error
    found: dict[str, list[AuditRecord]] = {}
    for number, line in enumerate(lines, start=1):
        try:
            kept = json.loads(line)
            record = AuditRecord(int(kept["number"]), str(kept["record"]), str(kept["digest"]))
            recipe = str(kept["recipe"])
        except (ValueError, KeyError, TypeError) as error:
            raise WrongUseError(
                f"{file}, line {number} is no audit record; give a file that `greenlight audit --out FILE` wrote"
            ) from error
        found.setdefault(recipe, []).append(record)
    return [Trail(recipe, records, None) for recipe, records in sorted(found.items())]


def holds(trails: Iterable[Trail], digest: str) -> bool:
    """Whether a record of this digest, or one whose digest begins so, is in a trail."""
    return any(record.digest.startswith(digest) for trail in trails for record in trail.records)
