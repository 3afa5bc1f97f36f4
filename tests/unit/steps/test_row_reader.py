from __future__ import annotations

import io
from collections.abc import Callable, Sequence

import pytest

from steps.csv_rows import CsvRows, UnreadableFileError
from steps.data_schema import finite_number
from steps.recipe import Recipe
from steps.row_reader import PreparedRow, RowReader, UnusableRow

COMMENTS = ["id", "comment", "rude", "threat"]
HOUSES = ["street", "area", "fence", "rooms", "price", "seller"]


def read(recipe: Recipe, header: Sequence[str], fields: Sequence[str]) -> PreparedRow | UnusableRow:
    [row] = RowReader(recipe, CsvRows(io.BytesIO(",".join(header).encode()), "f.csv")).read([fields])
    return row


def read_usable(recipe: Recipe, header: Sequence[str], fields: Sequence[str]) -> PreparedRow:
    row = read(recipe, header, fields)
    assert isinstance(row, PreparedRow), row
    return row


def test_a_class_is_given_its_name_and_the_text_stays_as_it_is(make_recipe: Callable[..., Recipe]) -> None:
    row = read_usable(make_recipe(), ["text", "label"], ["  So <b>GOOD</b> ", " 1 "])
    assert (row.cells, row.labels, row.characters) == (["  So <b>GOOD</b> ", "good"], ["good"], 17)


def test_a_label_that_the_recipe_ignores_is_neither_known_nor_bad(make_recipe: Callable[..., Recipe]) -> None:
    recipe = make_recipe(data={"labels": {"0": "bad", "1": "good"}, "ignored_labels": ["?"]})
    assert read(recipe, ["text", "label"], ["", "?"]) == UnusableRow("ignored")
    assert read(recipe, ["text", "label"], ["a", "2"]) == UnusableRow("unknown_label", "label", "'2'")


@pytest.mark.parametrize(
    ("cells", "labels"), [(["0", "0"], []), (["1", " 1"], ["rude", "threat"]), (["0", "1"], ["threat"])]
)
def test_a_row_counts_for_each_of_its_labels(comments: Recipe, cells: list[str], labels: list[str]) -> None:
    row = read_usable(comments, COMMENTS, ["7", "a text", *cells])
    assert row.cells == ["a text", *(cell.strip() for cell in cells)]
    assert list(row.labels) == labels


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("2", "'2'"),
        ("", "an empty cell"),
        ("yes", "'yes'"),
        ("1.0", "'1.0'"),
        ("x" * 21, "a value too long for a label"),
    ],
)
def test_a_label_column_holds_0_or_1_and_nothing_else(comments: Recipe, cell: str, told: str) -> None:
    row = read(comments, COMMENTS, ["7", "a text", "1", cell])
    assert row == UnusableRow("bad_cell", "threat", told, "neither 0 nor 1")


def test_a_tables_cells_come_numbers_first_and_missing_ones_are_empty(houses: Recipe) -> None:
    row = read_usable(houses, HOUSES, ["Pave", " 1200 ", "NA", "", "181000.5", "somebody"])
    assert row.cells == ["1200", "", "Pave", "", "181000.5"]
    assert (row.number, row.characters, list(row.labels)) == (181000.5, 4, [])


@pytest.mark.parametrize("cell", ["big", "nan", "NaN", "inf", "-Infinity", "1e999", "1_000", "1,000", "٣", "0x10"])
def test_a_cell_that_holds_no_number_is_told_with_its_column_alone(houses: Recipe, cell: str) -> None:
    row = read(houses, HOUSES, ["Pave", cell, "NA", "3", "181000", "somebody"])
    assert row == UnusableRow("bad_cell", "area", "the value", "no number")


@pytest.mark.parametrize(
    ("cell", "told"), [("cheap", "'cheap'"), ("", "an empty cell"), ("NA", "'NA'"), ("nan", "'nan'")]
)
def test_the_number_to_predict_must_be_one(houses: Recipe, cell: str, told: str) -> None:
    row = read(houses, HOUSES, ["Pave", "1", "NA", "3", cell, "somebody"])
    assert row == UnusableRow("bad_cell", "price", told, "no number")


def test_a_table_row_without_any_value_is_empty(houses: Recipe) -> None:
    assert read(houses, HOUSES, ["NA", "", " ", "NA", "1", "somebody"]) == UnusableRow("empty")


def test_rows_are_equal_when_the_model_sees_the_same(houses: Recipe) -> None:
    first = read_usable(houses, HOUSES, ["Pave", "1200", "NA", "3", "5", "somebody"])
    same = read_usable(houses, HOUSES, ["Pave", "1200.0", "", "3", "6", "somebody else"])
    moved = read_usable(houses, HOUSES, ["Pave", "3", "NA", "1200", "5", "somebody"])
    assert first.identity == same.identity != moved.identity


@pytest.mark.parametrize(("text", "number"), [("-1.5e3", -1500.0), (".5", 0.5), ("7", 7.0), ("+2", 2.0)])
def test_numbers_are_read_as_csv_files_write_them(text: str, number: float) -> None:
    assert finite_number(text) == number


def test_a_feature_that_is_no_column_is_named(houses: Recipe) -> None:
    with pytest.raises(UnreadableFileError, match="no column 'rooms'"):
        read(houses, [name for name in HOUSES if name != "rooms"], [])
