from __future__ import annotations

from typing import Any

import pytest
import yaml

from steps.errors import RecipeInvalidError
from steps.recipe import Recipe, parse_document

TYPOS: dict[str, Any] = {"name": "typos", "kind": "invariance", "test_rows": 50, "change": {"typos": 1}}
PRAISE: dict[str, Any] = {
    "name": "praise",
    "kind": "minimum_functionality",
    "templates": ["a {good} film"],
    "expect": {"label": "good"},
}
MORE: dict[str, Any] = {
    "name": "more",
    "kind": "directional",
    "test_rows": 50,
    "change": {"suffix": [" good"]},
    "expect": {"direction": "not_lower", "of": "good"},
}
BIGGER: dict[str, Any] = {
    "name": "bigger",
    "kind": "directional",
    "test_rows": 50,
    "change": {"columns": {"area": {"multiply": 1.2}}},
    "expect": {"direction": "not_lower"},
}
LEXICONS = {"good": ["good", "great"]}


def refusal(recipe: Recipe, *tests: dict[str, Any], **section: Any) -> str:
    document = recipe.model_dump(mode="json", exclude_unset=True)
    document["behaviour"] = {"tests": list(tests), "lexicons": LEXICONS, **section}
    try:
        parse_document(document, where="recipe.yaml")
    except RecipeInvalidError as error:
        return str(error).partition("\n")[2].strip()
    return ""


def test_tests_of_three_kinds_are_taken(recipes: dict[str, Recipe]) -> None:
    assert refusal(recipes["binary"], TYPOS, PRAISE, MORE) == ""
    assert refusal(recipes["regression"], BIGGER, {**BIGGER, "name": "b", "kind": "invariance", "expect": None}) == ""
    label = {**PRAISE, "expect": {"includes": ["rude"], "excludes": ["threat"]}}
    assert refusal(recipes["multi_label"], label, {**MORE, "expect": {"direction": "not_higher", "of": "rude"}}) == ""


@pytest.mark.parametrize(
    ("test", "sentence"),
    [
        (TYPOS | {"change": None}, "kind is invariance, so change is needed: what is done to the row"),
        (TYPOS | {"expect": {"label": "good"}}, "kind is invariance, so expect has no meaning; remove it"),
        (TYPOS | {"templates": ["a"]}, "give templates or test_rows, one of them, to say what is asked"),
        (TYPOS | {"test_rows": None}, "give templates or test_rows, one of them, to say what is asked"),
        (TYPOS | {"change": {}}, "nothing is given; give one change for each test"),
        (TYPOS | {"change": {"typos": 1, "case": "upper"}}, "typos and case is given; give one change for each test"),
        (TYPOS | {"name": "Typos"}, "may hold small letters, digits and single hyphens"),
        (TYPOS | {"change": {"words": "good food"}}, "may hold small letters, digits and underscores"),
        (TYPOS | {"change": {"words": "names"}}, "tests[0] uses the lexicon names, but lexicons has first_name, good"),
        (TYPOS | {"change": {"columns": {"area": {"add": 1}}}}, "does not fit: the model reads a text"),
        (PRAISE | {"templates": ["a {bad} film"]}, "tests[0] uses the lexicon bad, but lexicons has first_name, good"),
        (PRAISE | {"expect": None}, "so expect is needed: what must be answered"),
        (PRAISE | {"expect": {"label": "fine"}}, "names 'fine', but the model answers bad, good"),
        (PRAISE | {"expect": {"labels": []}}, "needs label, and nothing else, since the task is binary"),
        (PRAISE | {"expect": {}}, "needs label, and nothing else, since the task is binary"),
        (PRAISE | {"tolerance": 0.1}, "tolerance has no meaning for minimum_functionality"),
        (MORE | {"expect": {"direction": "not_lower"}}, "needs direction and of, and nothing else"),
        (MORE | {"expect": {"direction": "not_lower", "of": "fine"}}, "names 'fine', but the model answers bad, good"),
        (MORE | {"expect": {"label": "good"}}, "needs direction and of, and nothing else, for a directional test"),
    ],
)
def test_a_test_of_texts_that_cannot_be_made_is_refused(
    recipes: dict[str, Recipe], test: dict[str, Any], sentence: str
) -> None:
    assert sentence in refusal(recipes["binary"], test)


def column(**change: Any) -> dict[str, Any]:
    [name] = change
    return {**BIGGER, "change": {"columns": {name: change[name]}}}


@pytest.mark.parametrize(
    ("test", "sentence"),
    [
        (BIGGER | {"change": {"typos": 1}}, "does not fit: the model reads a table; give columns"),
        (BIGGER | {"templates": ["a"], "test_rows": None}, "are texts, and the model reads a table; give test_rows"),
        (column(pool={"add": 1}), "columns.pool: the model does not read this column"),
        (column(street={"add": 1}), "columns.street: the column holds words; change them by replace, to or missing"),
        (column(area={"replace": {"a": "b"}}), "columns.area: the column holds numbers; change them by add"),
        (column(area={"to": "large"}), "columns.area.to must be a number"),
        (column(street={"to": 1}), 'columns.street.to must be a word, such as "1" in quotes'),
        (column(area={}), "nothing is given; give one of add, multiply, replace, to or missing"),
        (column(area={"add": 1, "multiply": 2}), "add and multiply is given; give one of"),
        (
            column(street={"missing": True, "minimum": 1}),
            "minimum and maximum go with add or multiply, not with missing",
        ),
        (BIGGER | {"expect": {"direction": "not_lower", "of": "x"}}, "needs direction, and nothing else"),
        (
            {"name": "m", "kind": "minimum_functionality", "test_rows": 5, "expect": {"minimum": 2, "maximum": 1}},
            "expect.minimum is above its maximum",
        ),
    ],
)
def test_a_test_of_a_table_that_cannot_be_made_is_refused(
    recipes: dict[str, Recipe], test: dict[str, Any], sentence: str
) -> None:
    assert sentence in refusal(recipes["regression"], test)


@pytest.mark.parametrize(
    ("expect", "sentence"),
    [
        ({"label": "rude"}, "needs labels, or includes and excludes, and nothing else, since the task is multi_label"),
        ({"labels": [], "excludes": ["rude"]}, "needs labels, or includes and excludes"),
        ({"includes": ["rude"], "excludes": ["rude"]}, "both includes and excludes 'rude'"),
    ],
)
def test_labels_are_expected_in_one_way(recipes: dict[str, Recipe], expect: dict[str, Any], sentence: str) -> None:
    assert sentence in refusal(recipes["multi_label"], PRAISE | {"expect": expect})


def test_what_would_take_too_long_or_says_things_twice_is_refused(recipes: dict[str, Recipe]) -> None:
    recipe = recipes["binary"]
    assert "two tests are called typos" in refusal(recipe, TYPOS, TYPOS)
    many = [{**TYPOS, "name": f"t{n}", "test_rows": 2000} for n in range(11)]
    assert "the tests make up to 22,000 cases, and 20,000 are allowed" in refusal(recipe, *many)
    words = {"good": [f"g{n}" for n in range(400)], "film": [f"f{n}" for n in range(400)]}
    product = refusal(recipe, PRAISE | {"templates": ["a {good} {film}"]}, lexicons=words)
    assert "tests[0].templates makes 160,000 texts, and 100,000 are allowed; shorten the lexicons" in product
    assert "lexicons.good needs 1 to 500 words, each once" in refusal(recipe, lexicons={"good": ["a", "a"]})
    assert "lexicons.good needs 1 to 500 words, each once" in refusal(recipe, lexicons={"good": []})
    alone = refusal(recipe, TYPOS | {"change": {"words": "good"}}, lexicons={"good": ["good"]})
    assert "the lexicon good has no other word to take" in alone


def test_the_key_of_an_unknown_key_is_named(recipes: dict[str, Recipe]) -> None:
    assert refusal(recipes["binary"], TYPOS | {"tolerence": 1}).startswith("behaviour.tests[0].tolerence: unknown key")


def test_words_of_yaml_that_are_no_words_are_refused(recipes: dict[str, Recipe]) -> None:
    lexicons = yaml.safe_load("{good: [yes, great]}")
    assert "behaviour.lexicons.good[0]" in refusal(recipes["binary"], PRAISE, lexicons=lexicons)
