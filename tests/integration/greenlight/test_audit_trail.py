from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from greenlight.audit_trail import AuditTrails, Trail, holds, read_export
from greenlight.errors import WrongUseError
from steps.audit import EMPTY, AuditEvent, Head, chained
from steps.audit_items import head_key, records_key, writes

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TABLE = "releases"


def event(recipe: str, number: int) -> AuditEvent:
    return AuditEvent(
        recipe=recipe,
        kind="rejected",
        run_id=f"{recipe}-{number}",
        at=datetime(2026, 3, 2, tzinfo=UTC),
        who=["the metric gates"],
        why="accuracy 0.700 is below its floor 0.750 by 0.050.",
        outcome="MetricsRejected",
        metrics={"accuracy": 0.7},
    )


@pytest.fixture
def trails(dynamodb: DynamoDBClient) -> AuditTrails:
    for recipe, count in {"tweets": 3, "names": 1}.items():
        head = EMPTY
        for number in range(count):
            record = chained(event(recipe, number), head)
            dynamodb.transact_write_items(TransactItems=writes(TABLE, record, head))  # type: ignore[arg-type]  # plain dicts
            head = Head(record.sequence, record.digest)
    return AuditTrails(dynamodb, TABLE)


def test_trails_come_back_whole_and_by_name(trails: AuditTrails) -> None:
    assert trails.recipes() == ["names", "tweets"]
    trail = trails.trail("tweets")
    assert [record.event.run_id for record in trail.records] == ["tweets-0", "tweets-1", "tweets-2"]
    assert trail.breaks == []
    assert trails.trail("nobody").records == []


def test_a_record_edited_in_the_table_shows(trails: AuditTrails, dynamodb: DynamoDBClient) -> None:
    key = {"pk": {"S": records_key("tweets")}, "sk": {"S": "RECORD#000000000002"}}
    document = dynamodb.get_item(TableName=TABLE, Key=key)["Item"]["document"]["S"]
    dynamodb.update_item(
        TableName=TABLE,
        Key=key,
        UpdateExpression="SET document = :d",
        ExpressionAttributeValues={":d": {"S": document.replace("0.700", "0.790")}},
    )
    assert trails.trail("tweets").breaks == ["Record 2 was edited: its text does not have its digest."]


def test_a_record_removed_from_the_table_shows(trails: AuditTrails, dynamodb: DynamoDBClient) -> None:
    dynamodb.delete_item(TableName=TABLE, Key={"pk": {"S": records_key("tweets")}, "sk": {"S": "RECORD#000000000003"}})
    assert trails.trail("tweets").breaks == ["Record 3 is missing at the end."]


def test_a_removed_head_shows(trails: AuditTrails, dynamodb: DynamoDBClient) -> None:
    dynamodb.delete_item(TableName=TABLE, Key=head_key("tweets"))
    assert trails.trail("tweets").breaks == ["The chain's end names record 0, but there are 3."]


def exported(tmp_path: Path, *found: Trail) -> Path:
    file = tmp_path / "audit.jsonl"
    file.write_text("".join(f"{line}\n" for trail in found for line in trail.lines()), encoding="utf-8")
    return file


def test_an_export_says_the_same_and_shows_what_was_changed_in_it(trails: AuditTrails, tmp_path: Path) -> None:
    tweets = trails.trail("tweets")
    file = exported(tmp_path, tweets, trails.trail("names"))
    back = read_export(file)
    assert [(trail.recipe, trail.records) for trail in back] == [
        ("names", trails.trail("names").records),
        ("tweets", tweets.records),
    ]
    assert [trail.breaks for trail in back] == [[], []]
    file.write_text(file.read_text(encoding="utf-8").replace("0.700", "0.790", 1), encoding="utf-8")
    assert read_export(file)[1].breaks == ["Record 1 was edited: its text does not have its digest."]
    exported(tmp_path, replace(tweets, records=[tweets.records[0], tweets.records[2]]))
    assert read_export(file)[0].breaks == ["Record 2 is missing."]


@pytest.mark.parametrize(
    "line", ["no JSON", "[]", "{}", json.dumps({"recipe": "r", "number": "x", "record": "", "digest": ""})]
)
def test_a_file_that_is_no_export_is_refused_with_its_line(tmp_path: Path, line: str) -> None:
    file = tmp_path / "audit.jsonl"
    file.write_text(f"{line}\n", encoding="utf-8")
    with pytest.raises(WrongUseError, match="line 1 is no audit record"):
        read_export(file)


def test_a_digest_noted_before_is_found_by_its_beginning(trails: AuditTrails) -> None:
    tweets = trails.trail("tweets")
    assert holds([tweets], tweets.records[1].digest[:12])
    assert not holds([tweets], "0" * 12)
