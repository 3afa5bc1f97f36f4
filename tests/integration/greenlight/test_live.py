from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from greenlight.errors import FaultError
from greenlight.live import LiveRecords
from steps.audit import AuditEvent
from steps.audit_events import event_of_roll_back
from steps.audit_items import read_record
from steps.contracts import LiveVersion

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TABLE = "releases"
WHEN = datetime(2026, 3, 3, tzinfo=UTC)


def _version(number: str) -> LiveVersion:
    return LiveVersion(
        model_version=number,
        model_package_arn="arn",
        model_data_uri="s3://bucket/model.tar.gz",
        model_digest="0" * 64,
        endpoint_name="greenlight-r",
        endpoint_config_name=f"config-{number}",
        class_names=["no", "yes"],
        run_id=f"run-{number}",
        released_at=datetime(2026, 3, 1, tzinfo=UTC),
        data_digest="d",
        recipe_digest="r",
        code_digest="c",
        metrics={},
    )


def _event() -> AuditEvent:
    return event_of_roll_back(_version("2"), _version("1"), recipe="r", by=["me"], why="wrong answers", now=WHEN)


def _record(dynamodb: DynamoDBClient, version: LiveVersion) -> None:
    item = {"pk": {"S": "RECIPE#r"}, "sk": {"S": "LIVE"}, "document": {"S": version.model_dump_json()}}
    dynamodb.put_item(TableName=TABLE, Item=item)


def test_nothing_is_live_before_the_first_release(dynamodb: DynamoDBClient) -> None:
    assert LiveRecords(dynamodb, TABLE).live("r") is None


def test_a_rollback_swaps_the_record_and_leaves_an_audit_record(dynamodb: DynamoDBClient) -> None:
    records = LiveRecords(dynamodb, TABLE)
    _record(dynamodb, _version("2"))
    records.swap("r", _version("2"), _version("1"), _event())
    assert records.live("r") == _version("1")
    audit = dynamodb.get_item(TableName=TABLE, Key={"pk": {"S": "AUDIT#r"}, "sk": {"S": "RECORD#000000000001"}})
    assert read_record(audit["Item"]).event == _event()


def test_a_rollback_that_was_overtaken_by_a_release_changes_nothing(dynamodb: DynamoDBClient) -> None:
    records = LiveRecords(dynamodb, TABLE)
    _record(dynamodb, _version("3"))
    with pytest.raises(FaultError, match="another release of r was recorded meanwhile"):
        records.swap("r", _version("2"), _version("1"), _event())
    assert records.live("r") == _version("3")
    assert dynamodb.scan(TableName=TABLE)["Count"] == 1
