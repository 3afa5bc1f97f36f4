"""The audit trail in the release table, as DynamoDB's own items, and how one is appended through a caller's client.

`AUDIT#<recipe>` / `RECORD#<number>` for good, and `ONCE#<event>` so that an event told twice is written once;
`AUDIT` / `<recipe>` is the head of the chain. All are written in one transaction, which fails when another record was
written meanwhile.
"""

from __future__ import annotations

import random
import time
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from steps.audit import EMPTY, AuditEvent, AuditRecord, Head, chained

Items = list[dict[str, Any]]
Key = dict[str, dict[str, str]]
# Another writer was faster, it was written before, or a condition beside the record did not hold.
Refusal = Literal["overtaken", "recorded", "condition"]
Written = Literal["written", "recorded", "condition", "overtaken"]

HEADS = "AUDIT"
RECORDS = "RECORD#"
# Times that a writer who was overtaken reads the head again, and how long it waits at most before the second time.
_APPEND_TRIES = 20
_PAUSE_SECONDS = 0.02
_N_ITEMS = 3


def records_key(recipe: str) -> str:
    """Partition of a recipe's records."""
    return f"AUDIT#{recipe}"


def head_key(recipe: str) -> Key:
    """Key of a chain's head."""
    return {"pk": {"S": HEADS}, "sk": {"S": recipe}}


def read_head(item: Mapping[str, Any] | None) -> Head:
    """A head out of its item; that of an empty chain when there is none."""
    return Head(int(item["sequence"]["N"]), item["digest"]["S"]) if item else EMPTY


def read_record(item: Mapping[str, Any]) -> AuditRecord:
    """A record out of its item."""
    number = int(item["sk"]["S"].removeprefix(RECORDS))
    return AuditRecord(number, item["document"]["S"], item["digest"]["S"])


def writes(table: str, record: AuditRecord, head: Head) -> Items:
    """What a transaction writes to put a record after a head."""
    event = record.event
    pk = {"S": records_key(event.recipe)}
    absent = {"ConditionExpression": "attribute_not_exists(pk)"}
    is_next = (
        {
            "ConditionExpression": "digest = :before",
            "ExpressionAttributeValues": {":before": {"S": head.digest}},
        }
        if head != EMPTY
        else absent
    )
    kept = {"document": {"S": record.document}, "digest": {"S": record.digest}}
    number = {"S": f"{RECORDS}{record.sequence:012d}"}
    told = {"pk": pk, "sk": {"S": f"ONCE#{event.once}"}, "digest": {"S": record.digest}}
    end = {**head_key(event.recipe), "sequence": {"N": str(record.sequence)}, "digest": {"S": record.digest}}
    return [
        {"Put": {"TableName": table, "Item": told, **absent}},
        {"Put": {"TableName": table, "Item": end, **is_next}},
        {"Put": {"TableName": table, "Item": {"pk": pk, "sk": number, **kept}, **absent}},
    ]


def append(client: Any, table: str, event: AuditEvent, items: Sequence[Any]) -> Written:  # noqa: ANN401 - boto3's
    """Write an event at the end of its chain, and other items, all or none; client: DynamoDB's.

    items: writes to the same table. `recorded`: the event was there; `condition`: one of the items' conditions does not
    hold; `overtaken`: others wrote to the chain all along. Of these nothing was written.
    """
    for attempt in range(_APPEND_TRIES):
        found = client.get_item(TableName=table, Key=head_key(event.recipe), ConsistentRead=True)
        head = read_head(found.get("Item"))
        try:
            client.transact_write_items(TransactItems=[*writes(table, chained(event, head), head), *items])
        except client.exceptions.TransactionCanceledException as error:
            refusal = why_refused(error.response.get("CancellationReasons", []))
            if refusal != "overtaken":
                return refusal
        else:
            return "written"
        # Spread, so that those who met once do not meet again.
        time.sleep(random.uniform(0, _PAUSE_SECONDS * (attempt + 1)))  # noqa: S311 - no secret
    return "overtaken"


def why_refused(reasons: Sequence[Mapping[str, Any]]) -> Refusal:
    """Why a transaction of `writes`, then others' items, was cancelled, from its CancellationReasons."""
    codes = [each.get("Code", "None") for each in reasons]
    if "ConditionalCheckFailed" in codes[:1]:
        return "recorded"
    if "ConditionalCheckFailed" in codes[_N_ITEMS:]:
        return "condition"
    return "overtaken"
