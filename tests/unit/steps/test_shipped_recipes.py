"""Every recipe of the project is valid and starts from rows it names."""

from __future__ import annotations

from pathlib import Path

import pytest

from steps.recipe import parse_recipe

RECIPES = sorted((Path(__file__).parents[3] / "recipes").glob("*/recipe.yaml"))


def test_there_is_the_default_recipe() -> None:
    assert "review-snippets" in {file.parent.name for file in RECIPES}


@pytest.mark.parametrize("file", RECIPES, ids=lambda file: file.parent.name)
def test_a_recipe_is_valid_named_as_its_folder_and_gates_above_chance(file: Path) -> None:
    recipe = parse_recipe(file.read_text(encoding="utf-8"), where=str(file))
    assert recipe.name == file.parent.name
    accuracy = next(gate for gate in recipe.metrics.gates if gate.name == "accuracy")
    assert accuracy.floor > 1 / len(recipe.data.class_names) + 0.1
    assert {case.label for case in recipe.smoke.cases} == set(recipe.data.class_names)
