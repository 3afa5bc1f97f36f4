from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from greenlight.cli import app
from greenlight.commands import cost as command
from greenlight.errors import ExitCode
from greenlight.target import Target
from steps.prices import PRICES_FILE, RegionPrices, parse_prices, price_table

PROJECT = Path(__file__).parents[3]
Call = Callable[..., Result]


@pytest.fixture
def call(target: Any) -> Call:
    target.cloudformation.deployed = False
    return lambda *arguments: CliRunner().invoke(app, list(arguments), obj=target)


@pytest.fixture
def limited(tmp_path: Path) -> str:
    """The default recipe with a ceiling it cannot keep."""
    recipe = yaml.safe_load((PROJECT / "recipes/review-snippets/recipe.yaml").read_text())
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(recipe | {"cost": {"max_run_usd": 0.5}}))
    return str(tmp_path)


def test_the_lines_add_up_without_a_stack(call: Call) -> None:
    result = call("cost", "review-snippets", "--region", "eu-west-1", "--json")
    document = json.loads(result.stdout)
    assert result.exit_code == ExitCode.DONE
    assert sum(round(float(line["usd"]) * 100) for line in document["run"]) == round(float(document["run_usd"]) * 100)
    assert [line["what"] for line in document["run"]][:3] == ["preprocess", "train_model", "evaluate_model"]
    assert document["endpoint_usd_per_month"] == "93.44"
    assert document["prices_as_of"] == price_table().region("eu-west-1").as_of.isoformat()
    assert document["too_expensive"] is None


def test_people_are_shown_the_date_the_region_and_what_is_not_counted(call: Call) -> None:
    shown = call("cost", "review-snippets").stdout
    assert "Prices of us-east-1 as of " in shown
    assert "Not in it: storage" in shown
    assert "83.95" in shown


def test_a_ceiling_that_would_refuse_a_run_is_told_beforehand(call: Call, limited: str) -> None:
    result = call("cost", limited)
    assert result.exit_code == ExitCode.DONE
    assert "A run would end in CostRejected. The run can cost " in result.stdout


def test_a_region_without_prices_is_wrong_use(call: Call) -> None:
    result = call("cost", "review-snippets", "--region", "mars-1")
    assert result.exit_code == ExitCode.WRONG_USE
    assert "no prices for the region mars-1, only for eu-west-1, us-east-1" in result.stderr


def test_without_any_region_on_aws_one_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    result = CliRunner().invoke(app, ["cost", "review-snippets"], obj=Target("greenlight", None))
    assert result.exit_code == ExitCode.WRONG_USE
    assert "Give --region" in result.stderr


def test_a_laptop_has_no_price_list(call: Call) -> None:
    result = call("prices", "--refresh")
    assert result.exit_code == ExitCode.WRONG_USE
    assert "GREENLIGHT_TARGET=aws" in result.stderr


def test_a_refresh_rewrites_the_regions_asked_for_and_no_other(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "prices.yaml"
    file.write_text(PRICES_FILE.read_text())
    before = parse_prices(file.read_text(), where="before")

    def read(_client: object, region: str, today: date) -> RegionPrices:
        assert region == "eu-north-1"
        return before.region("us-east-1").model_copy(update={"as_of": today, "source": "AWS's price list"})

    monkeypatch.setattr(command, "PRICES_FILE", file)
    monkeypatch.setattr(command, "read_region", read)
    result = CliRunner().invoke(
        app, ["prices", "--refresh", "--region", "eu-north-1", "--json"], obj=Target("greenlight", None)
    )
    assert result.exit_code == ExitCode.DONE, result.stderr
    after = parse_prices(file.read_text(), where="after")
    assert list(json.loads(result.stdout)) == ["eu-north-1"]
    assert after.region("eu-north-1").source == "AWS's price list"
    assert {name: after.region(name) for name in before.regions} == before.regions
