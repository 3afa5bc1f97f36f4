"""Every recipe of the project is valid and starts from rows it names."""

from __future__ import annotations

from pathlib import Path

import pytest

from steps.recipe import parse_recipe

RECIPES = sorted((Path(__file__).parents[3] / "recipes").glob("*/recipe.yaml"))


def test_there_is_the_default_recipe() -> None:
    assert "review-snippets" in {file.parent.name for file in RECIPES}


# A metric's value for a model that has learnt nothing; of the others it depends on the data.
CHANCE = {"accuracy": 0.5, "balanced_accuracy": 0.5, "roc_auc": 0.5, "r2": 0.0}


@pytest.mark.parametrize("file", RECIPES, ids=lambda file: file.parent.name)
def test_a_recipe_is_valid_named_as_its_folder_and_gates_above_chance(file: Path) -> None:
    recipe = parse_recipe(file.read_text(encoding="utf-8"), where=str(file))
    assert recipe.name == file.parent.name
    floors = {gate.name: gate.floor for gate in recipe.metrics.gates}
    known = floors.keys() & CHANCE.keys()
    assert known
    assert all(floors[name] > CHANCE[name] + (0.1 if recipe.task == "binary" else 0) for name in known)
    answers = {case.label for case in recipe.smoke.cases if case.label is not None}
    assert not answers or answers == set(recipe.data.class_names)


def test_a_recipe_that_answers_about_people_says_what_it_is_not_for() -> None:
    about_people = {"disaster-tweets", "toxic-comments", "name-gender"}
    recipes = {file.parent.name: parse_recipe(file.read_text(), where=file.name) for file in RECIPES}
    assert {name for name in about_people if not recipes[name].not_for} == set()
    assert "A name is no proof of anybody's gender." in recipes["name-gender"].not_for


def test_the_search_that_is_switched_off_is_valid_once_it_is_on() -> None:
    text = next(file for file in RECIPES if file.parent.name == "disaster-tweets").read_text(encoding="utf-8")
    head, _, rest = text.partition("# tuning:")
    section, _, tail = rest.partition("\n\n")
    switched_on = "tuning:" + section.replace("\n# ", "\n")
    recipe = parse_recipe(f"{head}{switched_on}\n\n{tail}", where="recipe.yaml")
    assert recipe.tuning
    assert recipe.tuning.max_jobs == 6
    assert list(recipe.tuning.ranges) == ["l2", "first_factor", "characters"]


def test_the_recipe_that_imports_measures_on_the_rows_of_the_one_that_trains() -> None:
    recipes = {file.parent.name: parse_recipe(file.read_text(), where=file.name) for file in RECIPES}
    trains, imports = recipes["name-gender"], recipes["name-gender-imported"]
    assert imports.import_model
    assert (imports.data, imports.split, imports.smoke) == (trains.data, trains.split, trains.smoke)
    assert (imports.not_for, imports.behaviour) == (trains.not_for, trains.behaviour)


@pytest.mark.parametrize("file", RECIPES, ids=lambda file: file.parent.name)
def test_a_recipe_tests_behaviour_of_every_kind_and_can_be_refused_for_it(file: Path) -> None:
    tests = parse_recipe(file.read_text(encoding="utf-8"), where=str(file)).behaviour.tests
    assert {test.kind for test in tests} == {"minimum_functionality", "invariance", "directional"}
    assert [test.name for test in tests if test.severity == "error" and test.limit <= 0.1]
