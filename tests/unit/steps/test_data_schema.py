from __future__ import annotations

from collections.abc import Callable

from steps.data_schema import DataSchema, WrongCell
from steps.recipe import Recipe

MakeRecipe = Callable[..., Recipe]


def test_the_first_wrong_cell_of_each_row_is_found_answers_before_inputs(houses: Recipe) -> None:
    schema = DataSchema(houses)
    assert schema.columns == ["price", "area", "rooms"]
    prices = ["100", "cheap", "300", "inf", "5e5", ""]
    areas = ["10", "wide", "NA", "1", "1_000", "7"]
    rooms = ["1", "2", "many", "4", "none", "6"]
    assert schema.wrong_cells([prices, areas, rooms]) == {
        1: WrongCell("bad_cell", "price", "no number"),
        2: WrongCell("bad_cell", "rooms", "no number"),
        3: WrongCell("bad_cell", "price", "no number"),
        4: WrongCell("bad_cell", "area", "no number"),
        5: WrongCell("bad_cell", "price", "no number"),
    }


def test_a_label_is_one_that_the_recipe_knows_or_ignores(make_recipe: MakeRecipe) -> None:
    recipe = make_recipe(data={"labels": {"0": "bad", "1": "good"}, "ignored_labels": ["?"]})
    assert DataSchema(recipe).wrong_cells([["0", "1", "?", "2", ""]]) == {
        3: WrongCell("unknown_label", "label"),
        4: WrongCell("unknown_label", "label"),
    }


def test_each_of_several_labels_is_0_or_1(comments: Recipe) -> None:
    wrong = DataSchema(comments).wrong_cells([["0", "1", "x"], ["1", "2", "y"]])
    assert wrong == {
        1: WrongCell("bad_cell", "threat", "neither 0 nor 1"),
        2: WrongCell("bad_cell", "rude", "neither 0 nor 1"),
    }


def test_no_rows_have_no_wrong_cells(comments: Recipe) -> None:
    assert DataSchema(comments).wrong_cells([[], []]) == {}
