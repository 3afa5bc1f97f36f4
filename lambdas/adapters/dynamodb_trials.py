"""TrialRecords in the release table: `APPROVAL#<approval_id>` / `TRIAL`, in the index of what is open."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, cast

import boto3

from lambdas.adapters.dynamodb_open import INDEX, TRIALS, watched
from lambdas.adapters.faults import CLIENT_CONFIG, service_faults
from steps.trial import TrialKind, TrialRecord

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

Item = dict[str, "AttributeValueTypeDef"]

# `name` is a reserved word of DynamoDB's expressions.
_NAMES = {"#name": "name"}


class DynamoTrialRecords:
    """Each change is one conditional write, so that many at once are counted as what they are."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def count_question(self, trial: TrialRecord, *, limit: int) -> TrialRecord | None:
        """Count a question in the write that keeps the trial; one that is not kept can leave nothing behind."""
        kept: Item = {
            **watched(TRIALS, trial.recipe, until=trial.deadline),
            "run_id": {"S": trial.run_id},
            "execution_arn": {"S": trial.execution_arn},
            "kind": {"S": trial.kind},
            "asked_at": {"S": trial.asked_at.isoformat()},
        }
        sets = ", ".join(f"{name} = :{name}" for name in kept)
        with service_faults("DynamoDB"):
            try:
                answer = self._client.update_item(
                    TableName=self._table,
                    Key=_key(trial.approval_id),
                    UpdateExpression=f"SET {sets}, #name = :name ADD questions :one",
                    ConditionExpression="attribute_not_exists(questions) OR questions < :limit",
                    ExpressionAttributeNames=_NAMES,
                    ExpressionAttributeValues={
                        **{f":{name}": value for name, value in kept.items()},
                        ":name": {"S": trial.name},
                        ":one": {"N": "1"},
                        ":limit": {"N": str(limit)},
                    },
                    ReturnValues="ALL_NEW",
                )
            except self._client.exceptions.ConditionalCheckFailedException:
                return None
        return _record(answer["Attributes"])

    def count_start(self, trial: TrialRecord, *, now: datetime) -> bool:
        """Count a start if there were as many as the record says."""
        with service_faults("DynamoDB"):
            try:
                self._client.update_item(
                    TableName=self._table,
                    Key=_key(trial.approval_id),
                    UpdateExpression="SET starts = :next, started_at = :now",
                    ConditionExpression="starts = :seen" if trial.starts else "attribute_not_exists(starts)",
                    ExpressionAttributeValues={
                        ":next": {"N": str(trial.starts + 1)},
                        ":now": {"S": now.isoformat()},
                        **({":seen": {"N": str(trial.starts)}} if trial.starts else {}),
                    },
                )
            except self._client.exceptions.ConditionalCheckFailedException:
                return False
        return True

    def all(self) -> list[TrialRecord]:
        """The trials in the index, each read from the table: the index does not hold what they were asked."""
        with service_faults("DynamoDB"):
            pages = self._client.get_paginator("query").paginate(
                TableName=self._table,
                IndexName=INDEX,
                KeyConditionExpression="watched = :kind",
                ExpressionAttributeValues={":kind": {"S": TRIALS}},
            )
            keys = [{"pk": item["pk"], "sk": item["sk"]} for page in pages for item in page["Items"]]
            found = [self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True) for key in keys]
        return [_record(answer["Item"]) for answer in found if "Item" in answer]

    def forget(self, trial: TrialRecord) -> None:
        """Delete the record unless somebody has asked since it was read."""
        with service_faults("DynamoDB"):
            try:
                self._client.delete_item(
                    TableName=self._table,
                    Key=_key(trial.approval_id),
                    ConditionExpression="asked_at = :seen",
                    ExpressionAttributeValues={":seen": {"S": trial.asked_at.isoformat()}},
                )
            except self._client.exceptions.ConditionalCheckFailedException:
                return


def _key(approval_id: str) -> Item:
    return {"pk": {"S": f"APPROVAL#{approval_id}"}, "sk": {"S": "TRIAL"}}


def _record(item: Item) -> TrialRecord:
    return TrialRecord(
        approval_id=item["pk"]["S"].partition("#")[2],
        recipe=item["recipe"]["S"],
        run_id=item["run_id"]["S"],
        execution_arn=item["execution_arn"]["S"],
        name=item["name"]["S"],
        kind=cast("TrialKind", item["kind"]["S"]),
        deadline=datetime.fromtimestamp(int(item["watched_until"]["N"]), UTC),
        asked_at=datetime.fromisoformat(item["asked_at"]["S"]),
        questions=int(item["questions"]["N"]),
        starts=int(item["starts"]["N"]) if "starts" in item else 0,
        started_at=datetime.fromisoformat(item["started_at"]["S"]) if "started_at" in item else None,
    )


@cache
def trial_records(table: str) -> DynamoTrialRecords:
    """One client per container, made at the first call."""
    return DynamoTrialRecords(boto3.client("dynamodb", config=CLIENT_CONFIG), table)
