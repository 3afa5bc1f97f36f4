"""The AWS page names what the template asks, and its numbers are those of the program."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from local.template_syntax import parse_template
from steps.cost import endpoint_size, job_requests, largest_cost
from steps.prices import price_table
from steps.recipe import parse_recipe
from steps.trial import trial_kind

PROJECT = Path(__file__).parents[3]
PAGE = (PROJECT / "docs/aws.md").read_text()
TEMPLATE: dict[str, Any] = parse_template((PROJECT / "template.yaml").read_text())


@pytest.mark.parametrize("parameter", list(TEMPLATE["Parameters"]))
def test_every_parameter_is_explained(parameter: str) -> None:
    (row,) = re.findall(rf"^\| .*`{parameter}`.* \|.*\|$", PAGE.partition("## What it costs")[0], re.MULTILINE)
    assert len(row) > len(parameter)


def test_the_refusal_of_a_region_is_quoted_by_its_name() -> None:
    assert all(f"`Rule {name} failed`" in PAGE for name in TEMPLATE["Rules"])


def test_the_cost_of_the_shipped_recipe_is_todays() -> None:
    file = PROJECT / "recipes/review-snippets/recipe.yaml"
    recipe = parse_recipe(file.read_text(), where=file.name)
    largest = largest_cost(job_requests(recipe), endpoint_size(recipe), trial_kind(recipe), "us-east-1", price_table())
    page = " ".join(PAGE.split())
    assert f"at most {largest.run_usd} USD a run" in page
    assert f"{largest.endpoint_usd_per_month} USD a month for the endpoint" in page
    assert f"{largest.stack_usd_per_month} USD a month of alarms, dashboard and key" in page


def test_every_open_question_has_its_command() -> None:
    questions = re.findall(r"^\| (\d+) \| .+ \| .+ \| (.+) \|$", PAGE, re.MULTILINE)
    assert [int(number) for number, _ in questions] == list(range(1, len(questions) + 1))
    unused = {"11"}
    assert [number for number, command in questions if "`" not in command and number not in unused] == []
