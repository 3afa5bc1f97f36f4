from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from greenlight.api_keys import ApiKeys
from greenlight.errors import WrongUseError
from steps.api_keys import is_valid, key_state

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TABLE = "releases"


def test_what_is_kept_holds_no_key(dynamodb: DynamoDBClient) -> None:
    _, key = ApiKeys(dynamodb, TABLE).create("app")
    [item] = dynamodb.scan(TableName=TABLE)["Items"]
    assert key.rpartition("_")[2] not in json.dumps(item)
    assert "delete_after" not in item


def test_keys_are_listed_by_name_with_those_that_work_no_longer(dynamodb: DynamoDBClient) -> None:
    keys = ApiKeys(dynamodb, TABLE)
    keys.create("web")
    keys.create("app", lifetime=timedelta(days=1))
    keys.revoke("web")
    assert [(each.name, key_state(each, datetime.now(UTC))) for each in keys.list()] == [
        ("app", "active"),
        ("web", "revoked"),
    ]


def test_a_name_is_given_once_even_after_its_key_was_revoked(dynamodb: DynamoDBClient) -> None:
    keys = ApiKeys(dynamodb, TABLE)
    _, key = keys.create("app")
    keys.revoke("app")
    with pytest.raises(WrongUseError, match="a key named app was made already"):
        keys.create("app")
    [record] = keys.list()
    assert not is_valid(key, record, datetime.now(UTC))


def test_revoking_twice_keeps_the_first_time_and_an_unknown_key_is_told(dynamodb: DynamoDBClient) -> None:
    keys = ApiKeys(dynamodb, TABLE)
    with pytest.raises(WrongUseError, match=r"^no key is named app$"):
        keys.revoke("app")
    keys.create("app")
    assert keys.revoke("app") == keys.revoke("app")
    with pytest.raises(WrongUseError, match="no key is named ap; there are app"):
        keys.revoke("ap")


def test_a_wrong_name_is_told(dynamodb: DynamoDBClient) -> None:
    with pytest.raises(WrongUseError, match="a key cannot be named 'My App'"):
        ApiKeys(dynamodb, TABLE).create("My App")


def test_the_programs_own_key_works_for_a_moment_only(dynamodb: DynamoDBClient) -> None:
    keys = ApiKeys(dynamodb, TABLE)

    def use_key() -> None:
        with keys.for_a_moment() as key:
            [record] = keys.list()
            assert is_valid(key, record, datetime.now(UTC))
            assert not record.is_in_link
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        use_key()
    assert keys.list() == []


def test_a_key_of_a_link_ends_after_a_day_and_is_forgotten_later(dynamodb: DynamoDBClient) -> None:
    keys = ApiKeys(dynamodb, TABLE)
    key = keys.for_link()
    [record] = keys.list()
    assert record.is_in_link
    assert is_valid(key, record, record.created_at + timedelta(hours=23))
    assert not is_valid(key, record, record.created_at + timedelta(hours=25))
    [item] = dynamodb.scan(TableName=TABLE)["Items"]
    assert int(item["delete_after"]["N"]) > (record.created_at + timedelta(days=30)).timestamp()
