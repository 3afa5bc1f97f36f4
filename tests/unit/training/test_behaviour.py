from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from serving.unusable_input import UnusableInputError
from steps.answers import Output, Row
from steps.recipe import Recipe
from training.evaluation.asked_model import AskedModel, predict
from training.evaluation.behaviour import report_behaviour
from training.prepared_rows import PreparedRows

MakeRecipe = Callable[..., Recipe]
ROWS = {"good one": "good", "it is good": "good", "bad one": "bad", "it's bad": "bad"}


class Words:
    """Finds a text good when the word is in it; refuses texts with a mark that it does not know."""

    def __init__(self, word: str = "good", refuses: str = "�") -> None:
        self._word = word
        self._refuses = refuses
        self.asked: list[Row] = []

    def predict(self, rows: Sequence[Row]) -> list[Output]:
        self.asked += rows
        if any(self._refuses in str(row) for row in rows):
            raise UnusableInputError("a text holds a mark that the model does not know")
        return [Output([0.1, 0.9] if self._word in str(row) else [0.9, 0.1]) for row in rows]


@pytest.fixture
def rows(tmp_path: Path) -> PreparedRows:
    lines = "".join(f"{text},{label}\n" for text, label in ROWS.items())
    (tmp_path / "test.csv").write_text("text,label\n" + lines)
    return PreparedRows(tmp_path / "test.csv", "binary", ["bad", "good"])


def asked(
    model: Words, rows: PreparedRows, recipe: Recipe, thresholds: Mapping[str, float] | None = None
) -> AskedModel:
    outputs = predict(model, rows, recipe)
    model.asked.clear()
    return AskedModel(Path(), Path(), model, outputs, thresholds or {})


def recipe_with(make_recipe: MakeRecipe, *tests: dict[str, Any]) -> Recipe:
    return make_recipe(behaviour={"tests": list(tests), "lexicons": {"thing": ["film", "book"]}})


CAPITALS: dict[str, Any] = {"name": "capitals", "kind": "invariance", "test_rows": 10, "change": {"case": "upper"}}
GOOD: dict[str, Any] = {
    "name": "good-things",
    "kind": "minimum_functionality",
    "templates": ["a good {thing}", "a fine {thing}"],
    "expect": {"label": "good"},
    "limit": 0.5,
}


def test_a_recipe_without_tests_has_no_report(make_recipe: MakeRecipe, rows: PreparedRows) -> None:
    recipe = make_recipe()
    assert report_behaviour(recipe, rows, asked(Words(), rows, recipe), None) is None


def test_failures_are_counted_and_shown_without_the_text_of_a_held_back_row(
    make_recipe: MakeRecipe, rows: PreparedRows
) -> None:
    recipe = recipe_with(make_recipe, CAPITALS, GOOD)
    report = report_behaviour(recipe, rows, asked(Words(), rows, recipe), None)
    assert report
    capitals, good = report.results
    assert (capitals.cases, capitals.failures, capitals.failure_rate) == (4, 2, 0.5)
    assert [(each.row_number, each.before, each.after) for each in capitals.examples] == [
        (1, None, None),
        (2, None, None),
    ]
    assert capitals.examples[0].expected == "good (0.90), as before"
    assert capitals.examples[0].answered == "bad (0.90)"
    assert (good.cases, good.failures, good.limit, good.severity) == (4, 2, 0.5, "error")
    assert [each.after for each in good.examples] == ["a fine film", "a fine book"]
    assert capitals.champion_failure_rate is None
    words = report.model_dump_json()
    assert not any(text in words for text in ROWS)


def test_the_failures_shown_are_spread_over_all_of_them(make_recipe: MakeRecipe, rows: PreparedRows) -> None:
    recipe = make_recipe(
        behaviour={
            "tests": [{**GOOD, "templates": [f"{n} {{letter}}" for n in range(10)]}],
            "lexicons": {"letter": list("abcdefghij")},
        }
    )
    report = report_behaviour(recipe, rows, asked(Words(), rows, recipe), None)
    assert report
    [result] = report.results
    assert [each.after for each in result.examples] == ["0 a", "2 a", "4 a", "6 a", "8 a"]


def test_the_live_version_is_put_to_the_same_cases(make_recipe: MakeRecipe, rows: PreparedRows) -> None:
    recipe = recipe_with(make_recipe, CAPITALS, GOOD)
    candidate, live = Words(), Words("o")
    report = report_behaviour(recipe, rows, asked(candidate, rows, recipe), asked(live, rows, recipe))
    assert report
    assert [result.champion_failure_rate for result in report.results] == [0.75, 0.25]
    assert candidate.asked == live.asked


def test_a_row_that_was_measured_is_not_asked_again(make_recipe: MakeRecipe, rows: PreparedRows) -> None:
    recipe = recipe_with(make_recipe, CAPITALS, {**CAPITALS, "name": "capitals-again", "tolerance": 0.1})
    model = Words()
    report_behaviour(recipe, rows, asked(model, rows, recipe), None)
    assert model.asked == [text.upper() for text in ROWS]


def test_a_texts_own_words_are_asked_before_and_after(make_recipe: MakeRecipe, rows: PreparedRows) -> None:
    test = {"name": "things", "kind": "invariance", "templates": ["a {thing}"], "change": {"words": "thing"}}
    recipe = recipe_with(make_recipe, test)
    report = report_behaviour(recipe, rows, asked(Words("book"), rows, recipe), None)
    assert report
    [result] = report.results
    assert [(each.before, each.after) for each in result.examples] == [("a film", "a book"), ("a book", "a film")]


def test_what_a_model_cannot_answer_has_failed_and_spoils_no_other_case(
    make_recipe: MakeRecipe, rows: PreparedRows
) -> None:
    recipe = recipe_with(make_recipe, GOOD | {"templates": ["a good {thing}", "a good � {thing}"]})
    report = report_behaviour(recipe, rows, asked(Words(), rows, recipe), None)
    assert report
    [result] = report.results
    assert (result.cases, result.failures) == (4, 2)
    assert {each.answered for each in result.examples} == {"nothing that can be read as an answer"}


def test_answers_are_read_with_the_thresholds_of_their_version(make_recipe: MakeRecipe, rows: PreparedRows) -> None:
    recipe = recipe_with(make_recipe, GOOD | {"templates": ["a good {thing}"]})
    strict = asked(Words(), rows, recipe, {"good": 0.95})
    report = report_behaviour(recipe, rows, strict, asked(Words(), rows, recipe))
    assert report
    [result] = report.results
    assert (result.failure_rate, result.champion_failure_rate) == (1.0, 0.0)


def test_a_test_that_finds_no_row_to_change_has_no_case(make_recipe: MakeRecipe, rows: PreparedRows) -> None:
    numbers = {"name": "numbers", "kind": "invariance", "test_rows": 10, "change": {"numbers": 0.2}}
    recipe = recipe_with(make_recipe, numbers)
    model = asked(Words(), rows, recipe)
    report = report_behaviour(recipe, rows, model, model)
    assert report
    [result] = report.results
    assert (result.cases, result.failure_rate, result.champion_failure_rate) == (0, 0.0, None)


def test_a_tables_rows_are_changed_by_column(houses: Recipe, tmp_path: Path) -> None:
    features = houses.data.features
    assert features
    target = houses.data.target_column
    (tmp_path / "test.csv").write_text(
        f"{','.join(features.columns)},{target}\n100,3,Elm,,5\n,3,Elm,,6\n300,3,Oak,,7\n"
    )
    rows = PreparedRows(tmp_path / "test.csv", "regression", [], features.numeric)

    class Shrinking:
        def predict(self, rows: Sequence[Row]) -> list[Output]:
            return [Output([1000.0 - float(dict(row)["area"] or 0)]) for row in rows if not isinstance(row, str)]

    test = {
        "name": "larger",
        "kind": "directional",
        "test_rows": 5,
        "change": {"columns": {"area": {"multiply": 1.5}}},
        "expect": {"direction": "not_lower"},
    }
    recipe = Recipe.model_validate(houses.model_dump(mode="json") | {"behaviour": {"tests": [test]}})
    model = Shrinking()
    outputs = np.array([output.values for output in model.predict(list(rows.inputs()))])
    report = report_behaviour(recipe, rows, AskedModel(Path(), Path(), model, outputs, {}), None)
    assert report
    [result] = report.results
    assert (result.cases, result.failures) == (2, 2)
    assert [(each.row_number, each.expected, each.answered) for each in result.examples] == [
        (1, "not lower than 900", "850"),
        (3, "not lower than 700", "550"),
    ]
