"""Which slices a recipe may name, and what is said of those it may not."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from steps.recipe import Recipe


def with_slices(recipe: Recipe, *slices: dict[str, Any]) -> Recipe:
    return Recipe.model_validate(recipe.model_dump(mode="json") | {"slices": list(slices)})


def test_a_slice_has_a_minimum_count_and_decides_nothing_unless_it_is_critical(opinions: Recipe) -> None:
    [one] = with_slices(opinions, {"name": "questions", "pattern": r"\?\s*$"}).slices
    assert (one.min_rows, one.critical, one.margin) == (50, False, 0.02)


def test_rows_are_told_by_text_by_column_and_by_what_is_to_be_answered(recipes: dict[str, Recipe]) -> None:
    texts = with_slices(
        recipes["binary"],
        {"name": "short", "text_characters": {"below": 40}},
        {"name": "sequels", "words": ["sequel", "remake"], "label": "bad"},
    )
    table = with_slices(
        recipes["regression"],
        {"name": "large", "column": "area", "number": {"at_least": 100}},
        {"name": "no fence", "column": "fence", "values": [None]},
        {"name": "dear", "target": {"at_least": 1e6}, "critical": True, "margin": 0.1},
    )
    labels = with_slices(recipes["multi_label"], {"name": "threats", "label": "threat", "critical": True})
    assert [len(each.slices) for each in (texts, table, labels)] == [2, 3, 1]


@pytest.mark.parametrize(
    ("task", "asked", "says"),
    [
        ("binary", {}, "the slice 'some' says of no row that it belongs; add one of values"),
        ("binary", {"pattern": "("}, "it is no regular expression of Python: missing"),
        ("binary", {"label": "fine"}, r"slices\[0\]\.label is 'fine', which is none of bad, good"),
        ("regression", {"label": "fine"}, r"slices\[0\]\.label is 'fine', but task regression has no labels"),
        ("binary", {"target": {"below": 1}}, r"slices\[0\]\.target has no meaning, since task is binary"),
        ("binary", {"column": "area", "values": ["x"]}, r"slices\[0\]\.column has no meaning for a text"),
        ("regression", {"words": ["x"]}, r"slices\[0\]\.words has no meaning for a table"),
        ("regression", {"column": "area", "values": ["x"]}, "is 'area', which is not in data.features.categorical"),
        ("regression", {"column": "street", "number": {"below": 1}}, "which is not in data.features.numeric"),
        ("regression", {"column": "street"}, "says of no row that it belongs"),
        ("regression", {"column": "street", "target": {"below": 1}}, "the slice 'some' needs values or number too"),
        ("regression", {"values": ["x"]}, "the slice 'some' needs column too"),
        ("binary", {"text_characters": {}}, "give at_least, below or both"),
        ("binary", {"text_characters": {"at_least": 9, "below": 9}}, "at_least 9 is not below 9"),
    ],
)
def test_a_slice_that_no_row_can_be_in_is_refused(
    recipes: dict[str, Recipe], task: str, asked: dict[str, Any], says: str
) -> None:
    with pytest.raises(ValidationError, match=says):
        with_slices(recipes[task], {"name": "some"} | asked)


def test_numbers_are_the_text_that_a_file_holds_and_what_yaml_misreads_is_told(
    houses: Recipe, opinions: Recipe
) -> None:
    [one] = with_slices(houses, {"name": "some", "column": "street", "values": [20, "RL", None]}).slices
    assert one.values == ["20", "RL", None]
    with pytest.raises(ValidationError, match="put it in quotes, since YAML reads yes, no, true and false otherwise"):
        with_slices(opinions, {"name": "some", "words": ["not", False]})


def test_two_slices_of_one_name_are_refused(opinions: Recipe) -> None:
    with pytest.raises(ValidationError, match="slices has 'short' more than once"):
        with_slices(opinions, *[{"name": "short", "text_characters": {"below": 40}}] * 2)


def test_a_critical_slice_of_one_class_needs_a_metric_that_one_class_has(opinions: Recipe) -> None:
    asked = {"name": "good ones", "label": "good", "critical": True}
    assert with_slices(opinions, asked).slices[0].critical
    ranked = opinions.model_dump(mode="json") | {"metrics": {"gates": [{"name": "roc_auc", "floor": 0.5}]}}
    with pytest.raises(
        ValidationError, match=r"roc_auc, the first of metrics\.gates, cannot be measured on rows of one"
    ):
        with_slices(Recipe.model_validate(ranked), asked)
