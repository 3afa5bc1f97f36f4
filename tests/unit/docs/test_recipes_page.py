"""The recipes that the page shows are recipes, and what it says of a task is so."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest
import yaml

from steps.recipe import Recipe
from steps.recipe_sections.metrics import CLASS_METRICS, LABEL_METRICS, NUMBER_METRICS
from steps.recipe_sections.training import TrainingSection

RECIPES = Path(__file__).parents[3] / "recipes"
PAGE = (Path(__file__).parents[3] / "docs/recipes.md").read_text()
SHOWN = [textwrap.dedent(block) for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]
BLOCKS = [block for block in SHOWN if "task:" in block]
COMMON = {"name": "mine", "description": "A model of mine.", "approval": {"approvers": ["approver@example.com"]}}


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: re.findall(r"task: (\w+)", block)[0])
def test_what_is_shown_is_a_recipe(block: str) -> None:
    Recipe.model_validate(COMMON | yaml.safe_load(block))


def test_the_section_that_starts_from_weights_is_the_shipped_one() -> None:
    (block,) = (block for block in SHOWN if block not in BLOCKS)
    shown = TrainingSection.model_validate(yaml.safe_load(block)["training"])
    shipped = Recipe.model_validate(yaml.safe_load((RECIPES / "movie-sentiment/recipe.yaml").read_text())).training
    assert (shown.script, shown.pretrained) == (shipped.script, shipped.pretrained)


def test_each_kind_of_answer_is_shown() -> None:
    assert [yaml.safe_load(block)["task"] for block in BLOCKS] == ["binary", "multi_label", "regression"]


@pytest.mark.parametrize(
    ("task", "metrics"),
    [("`binary`, `multi_class`", CLASS_METRICS), ("`multi_label`", LABEL_METRICS), ("`regression`", NUMBER_METRICS)],
)
def test_every_metric_of_a_task_is_named(task: str, metrics: frozenset[str]) -> None:
    (row,) = re.findall(rf"^\| {re.escape(task)} \| (.*) \|$", PAGE, re.MULTILINE)
    assert {name for name in metrics if f"`{name}`" not in row} == set()
