"""AuditTrail in the release table; how its items look is in steps/audit_items.py."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Literal

import boto3

from lambdas.adapters.faults import CLIENT_CONFIG, service_faults
from steps.audit import AuditEvent, chained
from steps.audit_items import APPEND_TRIES, head_key, read_head, why_refused, writes
from steps.errors import ServiceUnavailableError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

Written = Literal["written", "recorded", "condition"]
_PAUSE_SECONDS = 0.02


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
        for attempt in range(APPEND_TRIES):
            with service_faults("DynamoDB"):
                found = self._client.get_item(TableName=self._table, Key=head_key(event.recipe), ConsistentRead=True)
                head = read_head(found.get("Item"))
                try:
                    self._client.transact_write_items(
                        TransactItems=[*writes(self._table, chained(event, head), head), *items]  # type: ignore[list-item]  # plain dicts
                    )
                except self._client.exceptions.TransactionCanceledException as error:
                    refusal = why_refused([dict(each) for each in error.response.get("CancellationReasons", [])])
                    if refusal != "overtaken":
                        return refusal
                else:
                    return "written"
            # Spread, so that those who met once do not meet again.
            time.sleep(random.uniform(0, _PAUSE_SECONDS * (attempt + 1)))  # noqa: S311 - no secret
        raise ServiceUnavailableError(f"DynamoDB: the audit trail of {event.recipe} was written to by others all along")


@cache
def audit_trail(table: str) -> DynamoAuditTrail:
    """One client per container, made at the first call."""
    return DynamoAuditTrail(boto3.client("dynamodb", config=CLIENT_CONFIG), table)
