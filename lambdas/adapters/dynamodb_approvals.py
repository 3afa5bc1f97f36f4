"""ApprovalRecords in the release table.

`APPROVAL#<approval_id>` / `REQUEST`, and for good `AUDIT#<recipe>` / `<decided_at>#<run_id>`. A request that nobody
has answered is in the index of what is open.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

import boto3

from lambdas.adapters.dynamodb_open import NO_LONGER_WATCHED, REQUESTS, watched
from lambdas.adapters.faults import CLIENT_CONFIG, service_faults
from steps.approval import STALE_CLAIM_SECONDS, ApprovalRequest, AuditRecord
from steps.contracts import ApprovalDecision

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

Item = dict[str, "AttributeValueTypeDef"]

# Long enough that a late click still gets a friendly answer; the audit record stays.
_KEPT = timedelta(days=90)
# `status` is a reserved word of DynamoDB's expressions.
_NAMES = {"#status": "status"}


class DynamoApprovalRecords:
    """Requests as items; what changes is an attribute of its own, what does not is one document."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def open(self, request: ApprovalRequest) -> None:
        """Keep a request before anybody is asked."""
        document = request.model_dump_json(exclude={"task_token", "status", "claimed_at", "decision"})
        with service_faults("DynamoDB"):
            self._client.put_item(
                TableName=self._table,
                Item={
                    **_key(request.approval_id),
                    "document": {"S": document},
                    "status": {"S": request.status},
                    "task_token": {"S": request.task_token or ""},
                    "delete_after": {"N": str(int((request.deadline + _KEPT).timestamp()))},
                    "run_id": {"S": request.facts.run_id},
                    "execution_arn": {"S": request.execution_arn},
                    **watched(REQUESTS, request.facts.recipe, until=request.deadline),
                },
                ConditionExpression="attribute_not_exists(pk)",
            )

    def request(self, approval_id: str) -> ApprovalRequest | None:
        """The request as it is now."""
        with service_faults("DynamoDB"):
            answer = self._client.get_item(TableName=self._table, Key=_key(approval_id), ConsistentRead=True)
        item = answer.get("Item")
        if item is None:
            return None
        claimed_at, decision = item.get("claimed_at"), item.get("decision")
        unchanging = ApprovalRequest.model_validate_json(item["document"]["S"])
        return unchanging.model_copy(
            update={
                "status": item["status"]["S"],
                "task_token": item["task_token"]["S"] if "task_token" in item else None,
                "claimed_at": datetime.fromisoformat(claimed_at["S"]) if claimed_at else None,
                "decision": ApprovalDecision.model_validate_json(decision["S"]) if decision else None,
            }
        )

    def count_attempt(self, approval_id: str, approver_index: int, *, limit: int) -> int | None:
        """Add one to the approver's tries in one write, so that many at once cannot pass the limit."""
        attribute = f"attempts_{approver_index}"
        with service_faults("DynamoDB"):
            try:
                answer = self._client.update_item(
                    TableName=self._table,
                    Key=_key(approval_id),
                    UpdateExpression="ADD #attempts :one",
                    ConditionExpression=(
                        "attribute_exists(pk) AND (attribute_not_exists(#attempts) OR #attempts < :limit)"
                    ),
                    ExpressionAttributeNames={"#attempts": attribute},
                    ExpressionAttributeValues={":one": {"N": "1"}, ":limit": {"N": str(limit)}},
                    ReturnValues="UPDATED_NEW",
                )
            except self._client.exceptions.ConditionalCheckFailedException:
                return None
        return int(answer["Attributes"][attribute]["N"])

    def claim(self, approval_id: str, audit: AuditRecord, *, now: datetime) -> bool:
        """Make a decision the only one by one conditional write; a claim that went stale may be taken over."""
        stale = now - timedelta(seconds=STALE_CLAIM_SECONDS)
        with service_faults("DynamoDB"):
            try:
                self._client.update_item(
                    TableName=self._table,
                    Key=_key(approval_id),
                    UpdateExpression="SET #status = :claimed, claimed_at = :now, decision = :decision",
                    ConditionExpression="#status = :pending OR (#status = :claimed AND claimed_at < :stale)",
                    ExpressionAttributeNames=_NAMES,
                    ExpressionAttributeValues={
                        ":pending": {"S": "pending"},
                        ":claimed": {"S": "claimed"},
                        ":now": {"S": _sortable(now)},
                        ":stale": {"S": _sortable(stale)},
                        ":decision": {"S": audit.decision.model_dump_json()},
                    },
                )
            except self._client.exceptions.ConditionalCheckFailedException:
                return False
        return True

    def release(self, approval_id: str) -> None:
        """Open the request again after its decision could not be handed on."""
        with service_faults("DynamoDB"):
            self._client.update_item(
                TableName=self._table,
                Key=_key(approval_id),
                UpdateExpression="SET #status = :pending REMOVE claimed_at, decision",
                ExpressionAttributeNames=_NAMES,
                ExpressionAttributeValues={":pending": {"S": "pending"}},
            )

    def finish(self, approval_id: str, audit: AuditRecord) -> None:
        """Close a claimed request and keep the audit record, both or neither."""
        decision, seen = audit.decision, audit.seen
        with service_faults("DynamoDB"):
            self._client.transact_write_items(
                TransactItems=[
                    {
                        "Update": {
                            "TableName": self._table,
                            "Key": _key(approval_id),
                            "UpdateExpression": f"SET #status = :decided REMOVE task_token, {NO_LONGER_WATCHED}",
                            "ExpressionAttributeNames": _NAMES,
                            "ExpressionAttributeValues": {":decided": {"S": "decided"}},
                        }
                    },
                    {
                        "Put": {
                            "TableName": self._table,
                            "Item": {
                                "pk": {"S": f"AUDIT#{seen.recipe}"},
                                "sk": {"S": f"{_sortable(decision.decided_at)}#{seen.run_id}"},
                                "document": {"S": audit.model_dump_json()},
                            },
                        }
                    },
                ]
            )

    def expire(self, approval_id: str) -> None:
        """Close a request that nobody waits for any more."""
        with service_faults("DynamoDB"):
            self._client.update_item(
                TableName=self._table,
                Key=_key(approval_id),
                UpdateExpression=f"SET #status = :expired REMOVE task_token, {NO_LONGER_WATCHED}",
                ExpressionAttributeNames=_NAMES,
                ExpressionAttributeValues={":expired": {"S": "expired"}},
            )


def _key(approval_id: str) -> Item:
    return {"pk": {"S": f"APPROVAL#{approval_id}"}, "sk": {"S": "REQUEST"}}


def _sortable(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")


@cache
def approval_records(table: str) -> DynamoApprovalRecords:
    """One client per container, made at the first call."""
    return DynamoApprovalRecords(boto3.client("dynamodb", config=CLIENT_CONFIG), table)
