from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from steps.answers import Row
from steps.recipe import Recipe
from training.evaluation.resampling import MeasuredRows
from training.evaluation.slices import measure_slices, rows_of_slices

TEXTS = ["A sequel, alas.", "Unsequelled and long enough to be no short text.", "Is it a SEQUEL?", "Why?"]
HOUSES: list[Row] = [
    {"area": 50.0, "rooms": 2.0, "street": "paved", "fence": None},
    {"area": 100.0, "rooms": 3.0, "street": "gravel", "fence": "good"},
    {"area": None, "rooms": 4.0, "street": "paved", "fence": "good"},
]


def with_slices(recipe: Recipe, *slices: dict[str, Any], **sections: Any) -> Recipe:
    named = [{"name": f"slice {number}"} | each for number, each in enumerate(slices)]
    return Recipe.model_validate(recipe.model_dump(mode="json") | {"slices": named} | sections)


def members(recipe: Recipe, inputs: Sequence[Row], answers: Any, asked: dict[str, Any]) -> list[int]:
    [belongs] = rows_of_slices(with_slices(recipe, asked), inputs, np.array(answers))
    return [int(row) for row in np.flatnonzero(belongs)]


@pytest.mark.parametrize(
    ("asked", "rows"),
    [
        ({"words": ["sequel"]}, [0, 2]),
        ({"words": ["why?", "alas"]}, [0, 3]),
        ({"pattern": r"\?\s*$"}, [2, 3]),
        ({"pattern": "sequel"}, [0, 1]),
        ({"text_characters": {"below": 16}}, [0, 2, 3]),
        ({"text_characters": {"at_least": 15, "below": 16}}, [0, 2]),
        ({"label": "good"}, [1, 3]),
        ({"label": "good", "pattern": r"\?"}, [3]),
    ],
)
def test_texts_belong_by_words_pattern_length_and_label(
    opinions: Recipe, asked: dict[str, Any], rows: list[int]
) -> None:
    assert members(opinions, TEXTS, [0, 1, 0, 1], asked) == rows


@pytest.mark.parametrize(
    ("asked", "rows"),
    [
        ({"column": "street", "values": ["paved"]}, [0, 2]),
        ({"column": "fence", "values": [None]}, [0]),
        ({"column": "fence", "values": [None, "good"]}, [0, 1, 2]),
        ({"column": "area", "number": {"at_least": 100}}, [1]),
        ({"column": "area", "number": {"below": 100}}, [0]),
        ({"target": {"at_least": 2e5}}, [1, 2]),
        ({"target": {"at_least": 2e5}, "column": "street", "values": ["paved"]}, [2]),
    ],
)
def test_rows_of_a_table_belong_by_columns_and_by_the_right_number(
    houses: Recipe, asked: dict[str, Any], rows: list[int]
) -> None:
    assert members(houses, HOUSES, [1e5, 2e5, 3e5], asked) == rows


def test_a_row_belongs_to_each_of_its_right_labels(comments: Recipe) -> None:
    assert members(comments, ["a", "b", "c"], [[1, 1], [0, 1], [1, 0]], {"label": "threat"}) == [0, 1]


def answering(answers: list[int], given: list[int]) -> MeasuredRows:
    outputs = np.where(np.eye(2)[given] > 0, 0.9, 0.1)
    return MeasuredRows("binary", outputs, np.array(answers), np.array(given))


def test_each_slice_is_measured_and_compared_on_its_own_rows(opinions: Recipe) -> None:
    recipe = with_slices(opinions, {"words": ["sequel"], "min_rows": 2}, {"pattern": "^Why", "min_rows": 2})
    candidate, champion = answering([0, 1, 0, 1], [0, 1, 1, 1]), answering([0, 1, 0, 1], [0, 0, 0, 0])
    sequels, questions = measure_slices(recipe, TEXTS, candidate, champion, ["accuracy", "f1", "log_loss"])
    assert (sequels.name, sequels.rows, sequels.is_counted) == ("slice 0", 2, True)
    assert sequels.candidate["accuracy"] == 0.5
    assert (sequels.champion or {})["accuracy"] == 1.0
    assert sequels.paired is not None
    assert sequels.paired.gain == -0.5
    # Both rows are of one class, so that there is no f1.
    assert list(sequels.candidate) == ["accuracy", "log_loss"]
    assert (questions.rows, questions.is_counted) == (1, False)
    assert questions.candidate["accuracy"] == 1.0


def test_a_slice_without_rows_is_shown_without_numbers(opinions: Recipe) -> None:
    recipe = with_slices(opinions, {"pattern": "nobody writes this", "min_rows": 1})
    rows = answering([0, 1, 0, 1], [0, 1, 1, 1])
    [empty] = measure_slices(recipe, TEXTS, rows, rows, ["accuracy"])
    assert (empty.rows, empty.is_counted, empty.candidate, empty.champion, empty.paired) == (0, False, {}, {}, None)


def test_a_slice_is_compared_by_the_first_metric_of_the_recipe(opinions: Recipe) -> None:
    gates = {"gates": [{"name": "log_loss", "floor": 1.0}, {"name": "accuracy", "floor": 0.1}]}
    recipe = with_slices(opinions, {"pattern": "."}, metrics=gates)
    rows = answering([0, 1, 0, 1], [0, 1, 1, 1])
    [everything] = measure_slices(recipe, TEXTS, rows, rows, ["accuracy", "log_loss"])
    assert everything.paired is not None
    assert everything.paired.test == "paired_bootstrap"


def test_without_a_champion_a_slice_is_measured_alone(opinions: Recipe) -> None:
    rows = answering([0, 1, 0, 1], [0, 1, 1, 1])
    [alone] = measure_slices(with_slices(opinions, {"pattern": "."}), TEXTS, rows, None, ["accuracy"])
    assert (alone.candidate, alone.champion, alone.paired) == ({"accuracy": 0.75}, None, None)
