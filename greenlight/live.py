"""The record of what is live, and putting the version before back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenlight.errors import FaultError, WrongUseError
from steps.audit import AuditEvent
from steps.audit_items import append
from steps.contracts import LiveVersion

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef


class LiveRecords:
    """`RECIPE#<name>` / `LIVE` in the release table."""

    def __init__(self, dynamodb: DynamoDBClient, table: str) -> None:
        self._client = dynamodb
        self._table = table

    def live(self, recipe: str) -> LiveVersion | None:
        """The version that is live."""
        document = self._document(recipe)
        return LiveVersion.model_validate_json(document) if document else None

    def swap(self, recipe: str, seen: LiveVersion, now_live: LiveVersion, event: AuditEvent) -> None:
        """Make another version the live one and write the event into the audit trail, both or neither.

        Raises FaultError when the record is no longer the one that was seen.
        """
        document = self._document(recipe)
        if document is None or LiveVersion.model_validate_json(document) != seen:
            raise _overtaken(recipe)
        # Only the document changes; the item's place in the table's index stays.
        update: TransactWriteItemTypeDef = {
            "Update": {
                "TableName": self._table,
                "Key": _key(recipe),
                "UpdateExpression": "SET #document = :now",
                "ConditionExpression": "#document = :seen",
                "ExpressionAttributeNames": {"#document": "document"},
                "ExpressionAttributeValues": {":seen": {"S": document}, ":now": {"S": now_live.model_dump_json()}},
            }
        }
        if append(self._client, self._table, event, [update]) != "written":
            raise _overtaken(recipe)

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
