"""The record of what is live, and putting the version before back."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from greenlight.errors import FaultError, WrongUseError
from steps.contracts import LiveVersion

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True)
class RollBack:
    """A rollback as it goes into the audit record."""

    recipe: str
    from_version: str
    to_version: str
    by: str
    comment: str
    at: datetime


class LiveRecords:
    """`RECIPE#<name>` / `LIVE` in the release table."""

    def __init__(self, dynamodb: DynamoDBClient, table: str) -> None:
        self._client = dynamodb
        self._table = table

    def live(self, recipe: str) -> LiveVersion | None:
        """The version that is live."""
        document = self._document(recipe)
        return LiveVersion.model_validate_json(document) if document else None

    def swap(self, recipe: str, seen: LiveVersion, now_live: LiveVersion, audit: RollBack) -> None:
        """Make another version the live one and keep the audit record, both or neither.

        Raises FaultError when the record is no longer the one that was seen.
        """
        document = self._document(recipe)
        if document is None or LiveVersion.model_validate_json(document) != seen:
            raise _overtaken(recipe)
        when = audit.at.isoformat(timespec="milliseconds")
        entry = {
            "action": "rollback",
            "recipe": recipe,
            "from_version": audit.from_version,
            "to_version": audit.to_version,
            "by": audit.by,
            "comment": audit.comment,
            "at": when,
        }
        try:
            self._client.transact_write_items(
                TransactItems=[
                    {
                        # Only the document changes; the item's place in the table's index stays.
                        "Update": {
                            "TableName": self._table,
                            "Key": _key(recipe),
                            "UpdateExpression": "SET #document = :now",
                            "ConditionExpression": "#document = :seen",
                            "ExpressionAttributeNames": {"#document": "document"},
                            "ExpressionAttributeValues": {
                                ":seen": {"S": document},
                                ":now": {"S": now_live.model_dump_json()},
                            },
                        }
                    },
                    {
                        "Put": {
                            "TableName": self._table,
                            "Item": {
                                "pk": {"S": f"AUDIT#{recipe}"},
                                "sk": {"S": f"{when}#rollback"},
                                "document": {"S": json.dumps(entry)},
                            },
                        }
                    },
                ]
            )
        except self._client.exceptions.TransactionCanceledException as error:
            raise _overtaken(recipe) from error

    def _document(self, recipe: str) -> str | None:
        answer = self._client.get_item(TableName=self._table, Key=_key(recipe), ConsistentRead=True)
        return answer["Item"]["document"]["S"] if "Item" in answer else None


def live_and_before(recipe: str, live: LiveVersion | None) -> tuple[LiveVersion, LiveVersion]:
    """The live version and the one a rollback would make live again.

    Raises WrongUseError when one of them does not exist.
    """
    if live is None:
        raise WrongUseError(f"nothing of {recipe} is live; release it first: `greenlight run {recipe}`")
    if live.previous is None:
        raise WrongUseError(f"version {live.model_version} of {recipe} is the first one; there is none to go back to")
    return live, LiveVersion.model_validate(live.previous)


def swapped(live: LiveVersion, before: LiveVersion) -> LiveVersion:
    """The version before as the live one; a second rollback would undo the first."""
    return before.model_copy(update={"previous": live.model_copy(update={"previous": None}).model_dump(mode="json")})


def _key(recipe: str) -> dict[str, dict[str, str]]:
    return {"pk": {"S": f"RECIPE#{recipe}"}, "sk": {"S": "LIVE"}}


def _overtaken(recipe: str) -> FaultError:
    return FaultError(
        f"another release of {recipe} was recorded meanwhile; look at `greenlight models {recipe}` before you go on"
    )
