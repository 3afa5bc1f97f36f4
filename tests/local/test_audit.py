"""The audit trail as `greenlight audit` shows it: whole after a release, and not after somebody changed it."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any


def table_of(laptop: Any) -> tuple[Any, str]:
    dynamodb = laptop.client("dynamodb")
    (table,) = dynamodb.list_tables()["TableNames"]
    return dynamodb, table


def test_a_release_is_in_the_trail_with_its_people_and_numbers(laptop: Any, first_release: Any) -> None:
    assert first_release.code == 0, first_release.errors
    answer = laptop.call("audit", "review-snippets")
    assert answer.code == 0, answer.errors
    [trail] = answer.document["trails"]
    assert trail["breaks"] == []
    [record] = [
        each
        for each in trail["records"]
        if (each["run_id"], each["kind"]) == (first_release.document["run_id"], "released")
    ]
    assert record["who"] == ["approver@example.com"]
    assert record["model_version"] == "1"
    assert record["metrics"]["accuracy"] == first_release.document["metrics"]["accuracy"]
    assert len(record["model_digest"]) == 64


def test_an_export_is_checked_without_the_stack_and_never_written_over(
    laptop: Any, first_release: Any, tmp_path: Path
) -> None:
    assert first_release.code == 0
    file = tmp_path / "audit.jsonl"
    assert laptop.call("audit", "--out", str(file)).code == 0
    digest = laptop.call("audit", "review-snippets").document["trails"][0]["records"][0]["digest"]
    assert laptop.call("audit", "--file", str(file), "--contains", digest[:16]).code == 0
    again = laptop.call("audit", "--out", str(file))
    assert (again.code, "is there already" in again.errors) == (2, True)
    gone = laptop.call("audit", "--file", str(file), "--contains", "f" * 64)
    assert (gone.code, "no record has the digest" in gone.errors) == (3, True)


def test_people_read_a_table_that_ends_with_the_chains_digest(laptop: Any, first_release: Any) -> None:
    assert first_release.code == 0
    process: subprocess.Popen[str] = laptop.start("audit", "review-snippets")
    words, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert "The chain is whole. Its last record's digest is " in words
    assert "Released" in words


def test_a_record_that_somebody_edited_makes_the_command_fail_and_say_which(laptop: Any, first_release: Any) -> None:
    assert first_release.code == 0
    dynamodb, table = table_of(laptop)
    key = {"pk": {"S": "AUDIT#review-snippets"}, "sk": {"S": "RECORD#000000000001"}}
    kept = dynamodb.get_item(TableName=table, Key=key)["Item"]
    edited = {**kept, "document": {"S": kept["document"]["S"].replace('"why":"', '"why":"Perhaps. ', 1)}}
    dynamodb.put_item(TableName=table, Item=edited)
    try:
        answer = laptop.call("audit", "review-snippets")
    finally:
        dynamodb.put_item(TableName=table, Item=kept)
    assert answer.code == 3
    assert "review-snippets: Record 1 was edited" in answer.errors
    assert answer.document["trails"][0]["breaks"] == ["Record 1 was edited: its text does not have its digest."]
    assert laptop.call("audit", "review-snippets").code == 0


def test_a_recipe_about_which_nothing_was_decided_is_said_by_name(laptop: Any, first_release: Any) -> None:
    assert first_release.code == 0
    answer = laptop.call("audit", "nobody")
    assert answer.code == 2
    assert "there is no audit trail of 'nobody'; decisions were made about" in answer.errors
