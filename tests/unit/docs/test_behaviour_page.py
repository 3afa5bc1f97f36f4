"""What docs/behaviour.md shows of a recipe can be used as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from steps.behaviour.cases import make_cases
from steps.recipe import Recipe, parse_document
from steps.recipe_sections.behaviour import Change

PAGE = (Path(__file__).parents[3] / "docs/behaviour.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL)


def test_the_example_makes_cases(reviews: Recipe) -> None:
    document = reviews.model_dump(mode="json") | yaml.safe_load(BLOCKS[0])
    recipe = parse_document(document, where="docs/behaviour.md")
    cases = make_cases(recipe.behaviour, ["something to see"])
    assert [len(ones) for ones in cases] == [18, 1, 1]


@pytest.mark.parametrize("line", BLOCKS[1].splitlines())
def test_each_change_of_a_table_can_be_read(line: str) -> None:
    assert Change.model_validate(yaml.safe_load(line)["change"]).columns


def test_every_change_and_kind_is_told() -> None:
    assert all(f"`{name}" in PAGE for name in Change.model_fields)
    assert "greenlight show" in PAGE
