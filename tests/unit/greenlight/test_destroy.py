from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from greenlight.cli import app
from greenlight.commands import destroy as command
from greenlight.errors import ExitCode
from greenlight.teardown.inventory import (
    BucketFound,
    EndpointFound,
    FunctionFound,
    GroupFound,
    Inventory,
    LayerFound,
    LogFound,
    TableFound,
)
from greenlight.teardown.stack_tree import DESCRIPTION, StackTree
from greenlight.teardown.text import size_text

INVENTORY = Inventory(
    stack="greenlight",
    has_stack=True,
    resources=132,
    running=("arn:aws:states:us-east-1:123456789012:execution:greenlight-release:films-2",),
    endpoints=(
        EndpointFound("greenlight-films", "InService", "2 x ml.m5.large", Decimal("167.90")),
        EndpointFound("greenlight-books", "Failed", "1 x ml.x9.large", None),
    ),
    endpoint_configs=("greenlight-films-1",),
    models=("greenlight-films-1",),
    groups=(GroupFound("greenlight-films", ("arn/1", "arn/2")),),
    functions=(FunctionFound("PrepareRun", 3),),
    layers=(LayerFound("libraries", (1, 2)),),
    logs=(LogFound("/aws/lambda/PrepareRun", 2_500_000), LogFound("/aws/sagemaker/TrainingJobs", 900, "films-1/a")),
    data_buckets=(BucketFound("artifacts", 1234, 5_600_000_000),),
    data_tables=(TableFound("records", 42),),
    unclaimed=("Model greenlight-old",),
)
Call = Callable[..., Result]


@pytest.fixture
def torn_down(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each stack that was torn down lost its data too."""
    calls: list[bool] = []
    monkeypatch.setattr(command, "read_tree", lambda _client, name: StackTree(name, "id", "CREATE_COMPLETE", (), ()))
    monkeypatch.setattr(command, "take_inventory", lambda *_arguments: INVENTORY)
    monkeypatch.setattr(command, "tear_down", lambda *_arguments, with_data: calls.append(with_data))
    return calls


@pytest.fixture
def call(target: Any, torn_down: list[bool]) -> Call:  # noqa: ARG001 - stands in for AWS
    def run(*arguments: str, typed: str = "") -> Result:
        return CliRunner().invoke(app, ["destroy", *arguments], obj=target, input=typed)

    return run


def test_everything_is_listed_with_its_size_before_anything_is_asked(call: Call, torn_down: list[bool]) -> None:
    result = call("--dry-run")
    assert result.exit_code == ExitCode.DONE
    for words in (
        "films-2",
        "2 x ml.m5.large",
        "InService, 167.90 USD a month",
        "Failed, no price known",
        "2 versions",
        "with 3 published versions",
        "132 resources",
        "2.5 MB",
        "900 bytes",
        "The data stays: bucket artifacts (1,234 object versions, 5.6 GB); table records (42 items).",
        "Left alone, since no tag says whose it is: Model greenlight-old",
    ):
        assert words in result.stdout
    assert torn_down == []


@pytest.mark.parametrize(
    ("typed", "code", "expected"),
    [
        ("y\ngreenlight\n", ExitCode.DONE, [False]),
        ("y\ngreenlite\n", ExitCode.NO, []),
        ("y\n\n", ExitCode.NO, []),
        ("n\n", ExitCode.NO, []),
    ],
)
def test_only_the_stacks_own_name_is_a_yes(
    call: Call, torn_down: list[bool], typed: str, code: ExitCode, expected: list[bool]
) -> None:
    result = call(typed=typed)
    assert (result.exit_code, torn_down) == (code, expected)
    assert ("Nothing was deleted." in result.stderr) == (code == ExitCode.NO)


def test_nobody_there_to_answer_is_no_yes(call: Call, torn_down: list[bool]) -> None:
    assert call().exit_code == ExitCode.NO
    assert torn_down == []


def test_a_script_gets_one_document_and_may_take_the_data_along(call: Call, torn_down: list[bool]) -> None:
    result = call("--yes", "--with-data", "--json")
    document = json.loads(result.stdout)
    assert (result.exit_code, torn_down) == (ExitCode.DONE, [True])
    assert document["destroyed"] is True
    assert document["endpoints"][0] == {
        "name": "greenlight-films",
        "status": "InService",
        "instances": "2 x ml.m5.large",
        "usd_per_month": "167.90",
    }
    assert document["data"] == {
        "deleted": True,
        "buckets": [{"name": "artifacts", "versions": 1234, "bytes": 5_600_000_000}],
        "tables": [{"name": "records", "items": 42}],
    }
    assert document["running"] == ["films-2"]


def test_nothing_to_destroy_is_said_politely(
    call: Call, torn_down: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Inventory("greenlight", has_stack=False, resources=0, data_buckets=INVENTORY.data_buckets)
    monkeypatch.setattr(command, "take_inventory", lambda *_arguments: kept)
    result = call()
    assert (result.exit_code, torn_down) == (ExitCode.DONE, [])
    assert "There is nothing of the stack greenlight to destroy." in result.stdout
    assert "The data stays: bucket artifacts" in result.stdout
    assert call("--with-data", "--yes").exit_code == ExitCode.DONE
    assert torn_down == [True]


def test_a_stack_that_is_being_changed_is_left_alone(
    call: Call, torn_down: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    changing = StackTree("greenlight", "id", "UPDATE_IN_PROGRESS", (), ())
    monkeypatch.setattr(command, "read_tree", lambda *_arguments: changing)
    result = call("--yes")
    assert (result.exit_code, torn_down) == (ExitCode.WRONG_USE, [])
    assert "the stack greenlight is being changed (UPDATE_IN_PROGRESS)" in result.stderr


def test_our_own_template_is_recognised() -> None:
    class Loader(yaml.SafeLoader):
        """Reads CloudFormation's short tags as nothing."""

    Loader.add_multi_constructor("!", lambda _loader, _tag, _node: None)
    template = yaml.load((Path(__file__).parents[3] / "template.yaml").read_text(), Loader)  # noqa: S506 - a SafeLoader
    assert template["Description"].startswith(DESCRIPTION)


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 KB"), (5 * 10**15, "5000.0 TB")]
)
def test_a_size_is_told_in_a_unit_people_read(size: int, text: str) -> None:
    assert size_text(size) == text
