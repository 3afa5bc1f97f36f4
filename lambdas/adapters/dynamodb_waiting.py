"""WaitingRuns in the release table: `RECIPE#<name>` / `WAITING`."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import boto3

from lambdas.adapters.faults import CLIENT_CONFIG, service_faults
from steps.start_run import WaitingRun

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef


class DynamoWaitingRuns:
    """One item a recipe."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def put(self, recipe: str, run: WaitingRun) -> None:
        """Create or replace the item."""
        with service_faults("DynamoDB"):
            self._client.put_item(
                TableName=self._table,
                Item={**_key(recipe), "run_id": {"S": run.run_id}, "requested_by": {"S": run.requested_by}},
            )

    def get(self, recipe: str) -> WaitingRun | None:
        """The item."""
        with service_faults("DynamoDB"):
            item = self._client.get_item(TableName=self._table, Key=_key(recipe), ConsistentRead=True).get("Item")
        return None if item is None else WaitingRun(item["run_id"]["S"], item["requested_by"]["S"])

    def forget(self, recipe: str, run_id: str) -> None:
        """Delete the item by a conditional write."""
        with service_faults("DynamoDB"):
            try:
                self._client.delete_item(
                    TableName=self._table,
                    Key=_key(recipe),
                    ConditionExpression="run_id = :mine",
                    ExpressionAttributeValues={":mine": {"S": run_id}},
                )
            except self._client.exceptions.ConditionalCheckFailedException:
                return


def _key(recipe: str) -> dict[str, AttributeValueTypeDef]:
    return {"pk": {"S": f"RECIPE#{recipe}"}, "sk": {"S": "WAITING"}}


@cache
def waiting_runs(table: str) -> DynamoWaitingRuns:
    """One client per container, made at the first call."""
    return DynamoWaitingRuns(boto3.client("dynamodb", config=CLIENT_CONFIG), table)
