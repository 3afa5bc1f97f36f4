"""Keys of the prediction API in the release table: made, listed, revoked. The API itself only reads them."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from greenlight.errors import WrongUseError
from steps.api_keys import SECRET_BYTES, TABLE_KEY, ApiKey, new_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

# Long enough for the slowest answer; the program deletes its key after it anyway.
_OWN_LIFETIME = timedelta(minutes=15)
_LINK_LIFETIME = timedelta(hours=24)
# Records of keys that came with an end are of use for some time after it, to read a log by.
_KEPT_AFTER_END = timedelta(days=90)
_SUFFIX_BYTES = 4


class ApiKeys:
    """`API_KEYS` / `<name>` in the release table."""

    def __init__(self, dynamodb: DynamoDBClient, table: str) -> None:
        self._client = dynamodb
        self._table = table

    def create(self, name: str, *, lifetime: timedelta | None = None, is_in_link: bool = False) -> tuple[ApiKey, str]:
        """Make a key; the second of the pair is the key itself, which nobody can be shown again.

        Raises WrongUseError when the name cannot be one or is taken.
        """
        try:
            record, key = new_key(
                name,
                secret=secrets.token_urlsafe(SECRET_BYTES),
                now=datetime.now(UTC),
                lifetime=lifetime,
                is_in_link=is_in_link,
            )
        except ValueError as error:
            raise WrongUseError(str(error)) from error
        item = {**_key(name), **_document(record)}
        if record.expires_at is not None:
            item["delete_after"] = {"N": str(int((record.expires_at + _KEPT_AFTER_END).timestamp()))}
        try:
            self._client.put_item(TableName=self._table, Item=item, ConditionExpression="attribute_not_exists(pk)")
        except self._client.exceptions.ConditionalCheckFailedException as error:
            raise WrongUseError(
                f"a key named {name} was made already; choose another name, so that a log says which one was used"
            ) from error
        return record, key

    def list(self) -> list[ApiKey]:
        """All keys, also those that work no longer, by name."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :keys",
            ExpressionAttributeValues={":keys": {"S": TABLE_KEY}},
            ConsistentRead=True,
        )
        return [
            ApiKey.model_validate_json(item["document"]["S"])
            for page in pages
            for item in page["Items"]
            if "document" in item
        ]

    def revoke(self, name: str) -> ApiKey:
        """Have a key work no longer, from this moment on; its record stays.

        Raises WrongUseError when there is no such key.
        """
        known = {record.name: record for record in self.list()}
        if name not in known:
            names = f"; there are {', '.join(known)}" if known else ""
            raise WrongUseError(f"no key is named {name}{names}")
        record = known[name]
        if record.revoked_at is None:
            record = record.model_copy(update={"revoked_at": datetime.now(UTC)})
            self._client.update_item(
                TableName=self._table,
                Key=_key(name),
                UpdateExpression="SET document = :document",
                ExpressionAttributeValues={":document": _document(record)["document"]},
            )
        return record

    def for_link(self) -> str:
        """A key that may stand in a link to the pages, for a day."""
        return self.create(f"page-{secrets.token_hex(_SUFFIX_BYTES)}", lifetime=_LINK_LIFETIME, is_in_link=True)[1]

    @contextmanager
    def for_a_moment(self) -> Iterator[str]:
        """A key of the program's own, which is gone afterwards."""
        record, key = self.create(f"cli-{secrets.token_hex(_SUFFIX_BYTES)}", lifetime=_OWN_LIFETIME)
        try:
            yield key
        finally:
            self._client.delete_item(TableName=self._table, Key=_key(record.name))


def _key(name: str) -> dict[str, AttributeValueTypeDef]:
    return {"pk": {"S": TABLE_KEY}, "sk": {"S": name}}


def _document(record: ApiKey) -> dict[str, AttributeValueTypeDef]:
    return {"document": {"S": record.model_dump_json()}}
