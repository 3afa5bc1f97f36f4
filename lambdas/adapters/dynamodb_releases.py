"""ReleaseRecords in the release table.

`RECIPE#<name>` / `LOCK`, `LIVE`, `STEP#<step>#<key>`, `RUN#<run_id>`. A lock is in the index of what is open, and so
is what is live.
"""

from __future__ import annotations

import json
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING

import boto3

from lambdas.adapters.dynamodb_open import INDEX, LIVE, LOCKS, read_lock, watched
from lambdas.adapters.faults import CLIENT_CONFIG, service_faults
from steps.contracts import LiveVersion
from steps.ports import Lock, RunRecord, StepRecord

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

Item = dict[str, "AttributeValueTypeDef"]


class DynamoReleaseRecords:
    """One table for all recipes."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def take_lock(self, recipe: str, lock: Lock, *, now: datetime, instead_of: str | None = None) -> bool:
        """Take the lock by one conditional write."""
        with service_faults("DynamoDB"):
            try:
                self._client.put_item(
                    TableName=self._table,
                    Item={
                        **_key(recipe, "LOCK"),
                        "run_id": {"S": lock.run_id},
                        "execution_arn": {"S": lock.execution_arn},
                        "expires_at": {"N": str(int(lock.expires_at.timestamp()))},
                        **({"started_at": {"S": lock.started_at.isoformat()}} if lock.started_at else {}),
                        **watched(LOCKS, recipe, until=lock.expires_at),
                    },
                    ConditionExpression="attribute_not_exists(pk) OR run_id IN (:me, :other) OR expires_at <= :now",
                    ExpressionAttributeValues={
                        ":me": {"S": lock.run_id},
                        ":other": {"S": instead_of or lock.run_id},
                        ":now": {"N": str(int(now.timestamp()))},
                    },
                )
            except self._client.exceptions.ConditionalCheckFailedException:
                return False
        return True

    def lock(self, recipe: str) -> Lock | None:
        """Who holds the lock."""
        item = self._get(recipe, "LOCK")
        return None if item is None else read_lock(item)

    def free_lock(self, recipe: str, run_id: str) -> None:
        """Free the lock if this run holds it."""
        with service_faults("DynamoDB"):
            try:
                self._client.delete_item(
                    TableName=self._table,
                    Key=_key(recipe, "LOCK"),
                    ConditionExpression="run_id = :me",
                    ExpressionAttributeValues={":me": {"S": run_id}},
                )
            except self._client.exceptions.ConditionalCheckFailedException:
                return

    def live(self, recipe: str) -> LiveVersion | None:
        """The version that is live."""
        item = self._get(recipe, "LIVE")
        return None if item is None else LiveVersion.model_validate_json(item["document"]["S"])

    def set_live(self, recipe: str, version: LiveVersion | None) -> None:
        """Say which version is live now; None when there is none any more."""
        with service_faults("DynamoDB"):
            if version is None:
                self._client.delete_item(TableName=self._table, Key=_key(recipe, "LIVE"))
            else:
                self._put(
                    {
                        **_key(recipe, "LIVE"),
                        "document": {"S": version.model_dump_json()},
                        **watched(LIVE, recipe, until=version.released_at),
                    }
                )

    def live_recipes(self) -> list[str]:
        """Names of the recipes of which a version is live."""
        with service_faults("DynamoDB"):
            pages = self._client.get_paginator("query").paginate(
                TableName=self._table,
                IndexName=INDEX,
                KeyConditionExpression="watched = :kind",
                ExpressionAttributeValues={":kind": {"S": LIVE}},
            )
            return sorted(item["recipe"]["S"] for page in pages for item in page["Items"])

    def step(self, recipe: str, step: str, key: str) -> StepRecord | None:
        """Who last began a step under a key."""
        item = self._get(recipe, f"STEP#{step}#{key}")
        if item is None:
            return None
        return StepRecord(
            run_id=item["run_id"]["S"], job_name=item["job_name"]["S"], output_uri=item["output_uri"]["S"]
        )

    def begin_step(self, recipe: str, step: str, key: str, record: StepRecord) -> None:
        """Note that a run is about to do a step under a key."""
        with service_faults("DynamoDB"):
            self._put(
                {
                    **_key(recipe, f"STEP#{step}#{key}"),
                    "run_id": {"S": record.run_id},
                    "job_name": {"S": record.job_name},
                    "output_uri": {"S": record.output_uri},
                }
            )

    def end_run(self, record: RunRecord) -> None:
        """Note how a run ended."""
        document = {
            "run_id": record.run_id,
            "recipe": record.recipe,
            "outcome": record.outcome,
            "reason": record.reason,
            "started_at": record.started_at.isoformat() if record.started_at else None,
            "ended_at": record.ended_at.isoformat(),
        }
        with service_faults("DynamoDB"):
            self._put({**_key(record.recipe, f"RUN#{record.run_id}"), "document": {"S": json.dumps(document)}})

    def _get(self, recipe: str, sort: str) -> Item | None:
        with service_faults("DynamoDB"):
            answer = self._client.get_item(TableName=self._table, Key=_key(recipe, sort), ConsistentRead=True)
        return answer.get("Item")

    def _put(self, item: Item) -> None:
        self._client.put_item(TableName=self._table, Item=item)


def _key(recipe: str, sort: str) -> Item:
    return {"pk": {"S": f"RECIPE#{recipe}"}, "sk": {"S": sort}}


@cache
def release_records(table: str) -> DynamoReleaseRecords:
    """One client per container, made at the first call."""
    return DynamoReleaseRecords(boto3.client("dynamodb", config=CLIENT_CONFIG), table)
