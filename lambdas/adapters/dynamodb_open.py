"""OpenRecords in the release table's index `watched`.

The index is sparse: only an item with the attribute `watched` is in it, so reading it costs the same however long the
history is, and it holds no address, token or number of anybody.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import boto3

from lambdas.adapters.faults import CLIENT_CONFIG, service_faults
from steps.ports import Lock, OpenLock, OpenRequest

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

Item = dict[str, "AttributeValueTypeDef"]

INDEX: Final = "watched"
LOCKS: Final = "lock"
REQUESTS: Final = "request"
TRIALS: Final = "trial"
# Not open but live: it is in the index so that the live models can be listed without reading the table.
LIVE: Final = "live"
# What an update removes of an item that is finished.
NO_LONGER_WATCHED: Final = "watched"


def watched(kind: str, recipe: str, *, until: datetime) -> Item:
    """The attributes that put an item into the index."""
    return {"watched": {"S": kind}, "watched_until": {"N": str(int(until.timestamp()))}, "recipe": {"S": recipe}}


def read_lock(item: Item) -> Lock:
    """A lock out of its item, from the table or from the index."""
    return Lock(
        run_id=item["run_id"]["S"],
        execution_arn=item["execution_arn"]["S"],
        expires_at=_moment(item["expires_at"]["N"]),
        started_at=datetime.fromisoformat(item["started_at"]["S"]) if "started_at" in item else None,
    )


class DynamoOpenRecords:
    """The index; it follows the table within a second or so."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def locks(self) -> list[OpenLock]:
        """Every lock that is held."""
        return [OpenLock(item["recipe"]["S"], read_lock(item)) for item in self._query(LOCKS)]

    def requests(self, now: datetime) -> list[OpenRequest]:
        """Requests that nobody has answered and whose deadline is still to come."""
        return [
            OpenRequest(
                recipe=item["recipe"]["S"],
                run_id=item["run_id"]["S"],
                execution_arn=item["execution_arn"]["S"],
                deadline=_moment(item["watched_until"]["N"]),
                approval_id=item["pk"]["S"].partition("#")[2],
            )
            for item in self._query(REQUESTS, after=now)
        ]

    def _query(self, kind: str, *, after: datetime | None = None) -> list[Item]:
        condition, values = "watched = :kind", {":kind": {"S": kind}}
        if after is not None:
            condition += " AND watched_until > :after"
            values[":after"] = {"N": str(int(after.timestamp()))}
        arguments: dict[str, Any] = {
            "TableName": self._table,
            "IndexName": INDEX,
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": values,
        }
        with service_faults("DynamoDB"):
            pages = self._client.get_paginator("query").paginate(**arguments)
            return [item for page in pages for item in page["Items"]]


def _moment(seconds: str) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)


@cache
def open_records(table: str) -> DynamoOpenRecords:
    """One client per container, made at the first call."""
    return DynamoOpenRecords(boto3.client("dynamodb", config=CLIENT_CONFIG), table)
