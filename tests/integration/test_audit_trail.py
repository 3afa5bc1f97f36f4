"""The audit trail on DynamoDB's own rules, by moto: order, repetition, races, and items written beside a record."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.dynamodb.responses import DynamoHandler

from lambdas.adapters.dynamodb_audit import DynamoAuditTrail
from local.dynamodb import install
from steps.audit import EMPTY, AuditEvent, AuditRecord, Head, breaks_of
from steps.audit_items import RECORDS, head_key, read_head, read_record, records_key
from steps.errors import ServiceUnavailableError

TABLE = "releases"


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        dynamodb = boto3.client("dynamodb")
        dynamodb.create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        )
        yield dynamodb


def event(number: int, recipe: str = "tweets") -> AuditEvent:
    return AuditEvent(
        recipe=recipe,
        kind="released",
        run_id=f"{recipe}-{number}",
        at=datetime(2026, 3, 2, 9, number % 60, tzinfo=UTC),
        who=["a@example.com"],
        why="ok",
        metrics={"accuracy": 0.5},
    )


def chain_of(client: Any, recipe: str = "tweets") -> tuple[list[AuditRecord], Head]:
    items = client.query(
        TableName=TABLE,
        KeyConditionExpression="pk = :pk AND begins_with(sk, :records)",
        ExpressionAttributeValues={":pk": {"S": records_key(recipe)}, ":records": {"S": RECORDS}},
    )["Items"]
    head = client.get_item(TableName=TABLE, Key=head_key(recipe)).get("Item")
    return [read_record(item) for item in items], read_head(head)


def test_records_come_back_in_order_and_whole(client: Any) -> None:
    trail = DynamoAuditTrail(client, TABLE)
    assert chain_of(client) == ([], EMPTY)
    for number in range(12):
        trail.append(event(number))
    records, head = chain_of(client)
    assert [record.event for record in records] == [event(number) for number in range(12)]
    assert list(breaks_of(records, head)) == []


def test_each_recipe_has_a_chain_of_its_own(client: Any) -> None:
    trail = DynamoAuditTrail(client, TABLE)
    trail.append(event(1, "tweets"))
    trail.append(event(1, "names"))
    assert [len(chain_of(client, recipe)[0]) for recipe in ("tweets", "names")] == [1, 1]


def test_an_event_told_twice_is_written_once(client: Any) -> None:
    trail = DynamoAuditTrail(client, TABLE)
    assert trail.append_with(event(1), []) == "written"
    again = event(1).model_copy(update={"why": "told again"})
    assert trail.append_with(again, []) == "recorded"
    [record], _ = chain_of(client)
    assert record.event == event(1)


@pytest.fixture
def one_request_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on the laptop."""
    monkeypatch.setattr(DynamoHandler, "call_action", DynamoHandler.call_action)  # taken back after the test
    install()


@pytest.mark.usefixtures("one_request_at_a_time")
def test_writers_at_once_come_one_after_the_other_and_none_is_lost(client: Any) -> None:
    trail = DynamoAuditTrail(client, TABLE)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: trail.append(event(number)), range(24)))
    records, head = chain_of(client)
    assert sorted(record.event.run_id for record in records) == sorted(f"tweets-{number}" for number in range(24))
    assert list(breaks_of(records, head)) == []


def test_items_beside_a_record_are_written_with_it_or_not_at_all(client: Any) -> None:
    trail = DynamoAuditTrail(client, TABLE)
    key = {"pk": {"S": "APPROVAL#1"}, "sk": {"S": "REQUEST"}}
    close: Any = {
        "Put": {
            "TableName": TABLE,
            "Item": {**key, "status": {"S": "decided"}},
            "ConditionExpression": "attribute_not_exists(pk)",
        }
    }
    assert trail.append_with(event(1), [close]) == "written"
    assert trail.append_with(event(2), [close]) == "condition"
    records, head = chain_of(client)
    assert [record.event.run_id for record in records] == ["tweets-1"]
    assert list(breaks_of(records, head)) == []


def test_a_record_is_never_written_over(client: Any) -> None:
    trail = DynamoAuditTrail(client, TABLE)
    trail.append(event(1))
    client.delete_item(TableName=TABLE, Key=head_key("tweets"))
    with pytest.raises(ServiceUnavailableError, match="audit trail of tweets"):
        trail.append(event(2))
    [record], _ = chain_of(client)
    assert record.event == event(1)
