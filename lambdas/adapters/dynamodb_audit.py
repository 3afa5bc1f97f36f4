"""AuditTrail in the release table; how its items look is in steps/audit_items.py."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Literal

import boto3

from lambdas.adapters.faults import CLIENT_CONFIG, service_faults
from steps.audit import AuditEvent
from steps.audit_items import append
from steps.errors import ServiceUnavailableError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

Written = Literal["written", "recorded", "condition"]


class DynamoAuditTrail:
    """Appends to a recipe's chain; two writers at once come one after the other."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def append(self, event: AuditEvent) -> None:
        """Write an event for good; one that is written already stays as it is."""
        self.append_with(event, [])

    def append_with(self, event: AuditEvent, items: Sequence[TransactWriteItemTypeDef]) -> Written:
        """Write an event and other items, all or none.

        items: writes to the same table. `recorded`: the event was there, nothing was written; `condition`: one of
        the items' conditions does not hold, nothing was written.
        """
        with service_faults("DynamoDB"):
            written = append(self._client, self._table, event, items)
        if written == "overtaken":
            raise ServiceUnavailableError(
                f"DynamoDB: the audit trail of {event.recipe} was written to by others all along"
            )
        return written


@cache
def audit_trail(table: str) -> DynamoAuditTrail:
    """One client per container, made at the first call."""
    return DynamoAuditTrail(boto3.client("dynamodb", config=CLIENT_CONFIG), table)
