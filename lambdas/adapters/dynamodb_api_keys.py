"""ApiKeys in the release table: `API_KEYS` / `<name>`."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import boto3

from lambdas.adapters.faults import CLIENT_CONFIG, service_faults
from steps.api_keys import TABLE_KEY, ApiKey

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoApiKeys:
    """Records that `greenlight keys` writes; here they are only read."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def get(self, name: str) -> ApiKey | None:
        """What is kept under a name; a key that was revoked a moment ago is revoked."""
        with service_faults("DynamoDB"):
            answer = self._client.get_item(
                TableName=self._table, Key={"pk": {"S": TABLE_KEY}, "sk": {"S": name}}, ConsistentRead=True
            )
        return ApiKey.model_validate_json(answer["Item"]["document"]["S"]) if "Item" in answer else None


@cache
def api_keys(table: str) -> DynamoApiKeys:
    """One client per container, made at the first call."""
    return DynamoApiKeys(boto3.client("dynamodb", config=CLIENT_CONFIG), table)
