"""ApprovalRecords in the release table.

`APPROVAL#<approval_id>` / `REQUEST`, and `APPROVAL_OF#<run_id>` / `REQUEST`, which names a run's request. A request
that nobody has answered is in the index of what is open. Every change is a conditional write on the state that it was
made on, and one that somebody is answerable for is written together with its audit record.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import boto3

from lambdas.adapters.dynamodb_audit import DynamoAuditTrail
from lambdas.adapters.dynamodb_open import NO_LONGER_WATCHED, REQUESTS, watched
from lambdas.adapters.faults import CLIENT_CONFIG, service_faults
from steps.approval import ApprovalRequest, Approver, Notice, Vote
from steps.audit import AuditEvent
from steps.contracts import ApprovalDecision

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef, TransactWriteItemTypeDef

Item = dict[str, "AttributeValueTypeDef"]

# Long enough that a late click still gets a friendly answer; the audit record stays.
_KEPT = timedelta(days=90)
# What changes of a request: each an attribute of its own, beside the document of what does not.
_CHANGING = (
    *("task_token", "status", "claimed_at", "decision", "votes", "added"),
    *("reminded_at", "escalated_at", "revision"),
)
_NOTED_AT: dict[Notice, str] = {"reminder": "reminded_at", "escalation": "escalated_at"}


class DynamoApprovalRecords:
    """Requests as items, and the recipe's audit trail beside them."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table
        self._audit = DynamoAuditTrail(client, table)

    def open(self, request: ApprovalRequest) -> None:
        """Keep a request before anybody is asked."""
        delete_after: Item = {"delete_after": {"N": str(int((request.deadline + _KEPT).timestamp()))}}
        item: Item = {
            **_key(request.approval_id),
            "document": {"S": request.model_dump_json(exclude=set(_CHANGING))},
            "status": {"S": request.status},
            "task_token": {"S": request.task_token or ""},
            "run_id": {"S": request.facts.run_id},
            "execution_arn": {"S": request.execution_arn},
            **delete_after,
            **watched(REQUESTS, request.facts.recipe, until=request.deadline),
        }
        pointer: Item = {**_run_key(request.facts.run_id), "approval_id": {"S": request.approval_id}, **delete_after}
        new = {"TableName": self._table, "Item": item, "ConditionExpression": "attribute_not_exists(pk)"}
        with service_faults("DynamoDB"):
            self._client.transact_write_items(
                TransactItems=[{"Put": new}, {"Put": {"TableName": self._table, "Item": pointer}}]  # type: ignore[typeddict-item]  # plain dicts
            )

    def request(self, approval_id: str) -> ApprovalRequest | None:
        """The request as it is now."""
        item = self._get(_key(approval_id))
        return None if item is None else _read(item)

    def request_of(self, run_id: str) -> ApprovalRequest | None:
        """The request that a run opened last."""
        pointer = self._get(_run_key(run_id))
        return None if pointer is None else self.request(pointer["approval_id"]["S"])

    def count_attempt(self, approval_id: str, link_index: int, *, limit: int) -> int | None:
        """Add one to the link's tries in one write, so that many at once cannot pass the limit."""
        attribute = _attempts(link_index)
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

    def forgive_attempt(self, approval_id: str, link_index: int) -> None:
        """Take one off again: only wrong codes lock a link."""
        with service_faults("DynamoDB"):
            self._client.update_item(
                TableName=self._table,
                Key=_key(approval_id),
                UpdateExpression="ADD #attempts :less",
                ExpressionAttributeNames={"#attempts": _attempts(link_index)},
                ExpressionAttributeValues={":less": {"N": "-1"}},
            )

    def record_votes(self, request: ApprovalRequest, votes: Sequence[Vote], event: AuditEvent) -> bool:
        """Keep the votes after one more or one less, with the audit record; False when the request has changed."""
        update = _update(request, {"votes": _votes(votes)}, only_when=("pending",))
        return self._audit.append_with(event, [self._written(update)]) == "written"

    def claim(
        self, request: ApprovalRequest, votes: Sequence[Vote], decision: ApprovalDecision, *, now: datetime
    ) -> bool:
        """Make a decision the only one by one conditional write."""
        changes: Item = {
            "status": {"S": "claimed"},
            "claimed_at": {"S": _sortable(now)},
            "decision": {"S": decision.model_dump_json()},
            "votes": _votes(votes),
        }
        return self._change(_update(request, changes, only_when=("pending",)))

    def release(self, request: ApprovalRequest, votes: Sequence[Vote]) -> bool:
        """Open the request again after its decision could not be handed on."""
        changes: Item = {"status": {"S": "pending"}, "votes": _votes(votes)}
        return self._change(_update(request, changes, only_when=("claimed",), remove=("claimed_at", "decision")))

    def finish(self, request: ApprovalRequest, event: AuditEvent) -> bool:
        """Close a claimed request and keep the audit record, both or neither."""
        changes: Item = {"status": {"S": "decided"}}
        return self._close(_update(request, changes, only_when=("claimed",), remove=_OVER), event)

    def expire(self, request: ApprovalRequest) -> bool:
        """Close a request that nobody waits for any more."""
        changes: Item = {"status": {"S": "expired"}}
        only_when = ("pending", "claimed")
        return self._change(_update(request, changes, only_when=only_when, remove=(*_OVER, "claimed_at", "decision")))

    def close(self, request: ApprovalRequest, decision: ApprovalDecision | None, event: AuditEvent) -> bool:
        """Close a request that people did not decide in time, by policy, and keep the audit record."""
        changes: Item = {"status": {"S": "expired" if decision is None else "decided"}}
        remove: tuple[str, ...] = (*_OVER, "claimed_at")
        if decision is None:
            remove = (*remove, "decision")
        else:
            changes["decision"] = {"S": decision.model_dump_json()}
        return self._close(_update(request, changes, only_when=("pending", "claimed", "expired"), remove=remove), event)

    def add_links(
        self, request: ApprovalRequest, notice: Notice, links: Sequence[Approver], *, now: datetime | None
    ) -> bool:
        """Note that a notice went out at `now` with these links on top; with None, that it did not go out after all."""
        added: AttributeValueTypeDef = {"S": json.dumps([link.model_dump(mode="json") for link in links])}
        changes: Item = {"added": added}
        if now is None:
            return self._change(_update(request, changes, only_when=("pending",), remove=(_NOTED_AT[notice],)))
        changes[_NOTED_AT[notice]] = {"S": _sortable(now)}
        return self._change(_update(request, changes, only_when=("pending",)))

    def _get(self, key: Item) -> Item | None:
        with service_faults("DynamoDB"):
            return self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True).get("Item")

    def _change(self, update: Mapping[str, Any]) -> bool:
        with service_faults("DynamoDB"):
            try:
                self._client.update_item(TableName=self._table, **update)
            except self._client.exceptions.ConditionalCheckFailedException:
                return False
        return True

    def _close(self, update: Mapping[str, Any], event: AuditEvent) -> bool:
        written = self._audit.append_with(event, [self._written(update)])
        # Told before, by a function that died, or in a request of the same run that was opened again.
        return self._change(update) if written == "recorded" else written == "written"

    def _written(self, update: Mapping[str, Any]) -> TransactWriteItemTypeDef:
        item: Any = {"Update": {"TableName": self._table, **update}}
        return cast("TransactWriteItemTypeDef", item)


# What is removed of a request that is over.
_OVER = ("task_token", NO_LONGER_WATCHED)


def _update(
    request: ApprovalRequest, changes: Item, *, only_when: Sequence[str], remove: Sequence[str] = ()
) -> dict[str, Any]:
    """An update that holds only for the request as it was read."""
    changes = {**changes, "revision": {"N": str(request.revision + 1)}}
    names = {f"#{name}": name for name in {*changes, *remove, "status"}}
    values: Item = {f":{name}": value for name, value in changes.items()}
    values |= {f":when{number}": {"S": status} for number, status in enumerate(only_when)}
    statuses = ", ".join(f":when{number}" for number in range(len(only_when)))
    unchanged = "attribute_not_exists(#revision)"
    if request.revision:
        unchanged = "#revision = :seen"
        values[":seen"] = {"N": str(request.revision)}
    removed = f" REMOVE {', '.join(f'#{name}' for name in remove)}" if remove else ""
    return {
        "Key": _key(request.approval_id),
        "UpdateExpression": f"SET {', '.join(f'#{name} = :{name}' for name in changes)}{removed}",
        "ConditionExpression": f"{unchanged} AND #status IN ({statuses})",
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
    }


def _read(item: Item) -> ApprovalRequest:
    changed: dict[str, Any] = {"status": item["status"]["S"], "revision": int(item.get("revision", {"N": "0"})["N"])}
    changed["task_token"] = item["task_token"]["S"] if "task_token" in item else None
    for name in ("claimed_at", *_NOTED_AT.values()):
        changed[name] = datetime.fromisoformat(item[name]["S"]) if name in item else None
    if "decision" in item:
        changed["decision"] = ApprovalDecision.model_validate_json(item["decision"]["S"])
    for name, kind in (("votes", Vote), ("added", Approver)):
        changed[name] = [kind.model_validate(each) for each in json.loads(item[name]["S"])] if name in item else []
    return ApprovalRequest.model_validate_json(item["document"]["S"]).model_copy(update=changed)


def _votes(votes: Sequence[Vote]) -> AttributeValueTypeDef:
    return {"S": json.dumps([vote.model_dump(mode="json") for vote in votes], ensure_ascii=False)}


def _attempts(link_index: int) -> str:
    return f"attempts_{link_index}"


def _key(approval_id: str) -> Item:
    return {"pk": {"S": f"APPROVAL#{approval_id}"}, "sk": {"S": "REQUEST"}}


def _run_key(run_id: str) -> Item:
    return {"pk": {"S": f"APPROVAL_OF#{run_id}"}, "sk": {"S": "REQUEST"}}


def _sortable(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")


@cache
def approval_records(table: str) -> DynamoApprovalRecords:
    """One client per container, made at the first call."""
    return DynamoApprovalRecords(boto3.client("dynamodb", config=CLIENT_CONFIG), table)
