from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steps.model_card import ModelInput
from steps.recipe_sections.data import FeaturesSection
from steps.row_checks import GREATEST_NUMBER, BadRow, CheckedRows, check_rows

TEXT = ModelInput(text_column="text", features=None, max_text_characters=10)
HOUSE = ModelInput(
    text_column=None,
    features=FeaturesSection(numeric=["LotArea", "GrLivArea"], categorical=["Street"]),
    max_text_characters=10,
)
GOOD = {"LotArea": 8450, "GrLivArea": 1710.5, "Street": "Pave"}


def house(**changes: object) -> dict[str, object]:
    return {**GOOD, **changes}


def reason(instance: object, wanted: ModelInput = HOUSE) -> str:
    [error] = check_rows([instance], wanted).errors
    return error.reason


def row(instance: object, wanted: ModelInput = HOUSE) -> object:
    checked = check_rows([instance], wanted)
    assert checked.errors == []
    return checked.rows[0]


def test_good_rows_go_on_and_bad_ones_are_told_by_their_place() -> None:
    assert check_rows(["fine", "", "good", 5], TEXT) == CheckedRows(
        rows=["fine", "good"],
        places=[0, 2],
        errors=[BadRow(1, "is an empty text"), BadRow(3, "is a number; this model takes a text")],
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is an empty text"),
        (" \t\n", "is an empty text"),
        ("x" * 11, "has 11 characters; at most 10 are taken"),
        ("half \ud800", "lone surrogate"),
        (None, "is null; this model takes a text"),
        (True, "is true or false"),
        (["a"], "is a list"),
        ({"text": "a"}, "is an object"),
    ],
)
def test_a_text_that_the_model_does_not_take_is_told_why(text: object, words: str) -> None:
    assert words in reason(text, TEXT)


def test_the_longest_text_is_taken() -> None:
    assert row("é" * 10, TEXT) == "é" * 10


def test_a_table_row_comes_in_the_models_types_without_what_it_does_not_know() -> None:
    assert row(house(LotArea="8450", Street=60.0, Id=1)) == {"LotArea": 8450.0, "GrLivArea": 1710.5, "Street": "60"}


@pytest.mark.parametrize(
    ("given_value", "number"), [(0, 0.0), (-1.5, -1.5), (" 12 ", 12.0), ("1e3", 1000.0), (".5", 0.5), ("3.", 3.0)]
)
def test_a_number_may_be_written_as_text(given_value: object, number: float) -> None:
    assert row(house(LotArea=given_value)) == {**GOOD, "LotArea": number}


@pytest.mark.parametrize("empty", [None, "", "  ", "NA"])
def test_a_value_may_be_missing(empty: object) -> None:
    assert row(house(LotArea=empty, Street=empty)) == {**GOOD, "LotArea": None, "Street": None}


@pytest.mark.parametrize(
    "wrong",
    ["many", "1_000", "nan", "inf", "0x10", "\uff11", math.nan, math.inf, "1e999", 1e39, 10**400, True, [1], {}],
)
def test_what_is_no_number_is_refused(wrong: object) -> None:
    assert reason(house(LotArea=wrong)).startswith("column LotArea is ")


@pytest.mark.parametrize("wrong", [True, [], {}, math.nan, -math.inf, 10**400])
def test_what_is_no_word_is_refused(wrong: object) -> None:
    assert reason(house(Street=wrong)).startswith("column Street is ")


def test_the_greatest_number_is_taken() -> None:
    assert row(house(LotArea=GREATEST_NUMBER)) == {**GOOD, "LotArea": GREATEST_NUMBER}


def test_a_misspelt_column_is_named_beside_the_one_it_should_be() -> None:
    instance = {"LotArea": 1, "grlivaera": 2, "Street": None}
    assert reason(instance) == (
        "a column is missing: GrLivArea (is 'grlivaera' meant for it?); send null where there is no value"
    )


def test_of_many_missing_columns_a_few_are_named() -> None:
    wide = HOUSE.model_copy(update={"features": FeaturesSection(numeric=[f"c{n}" for n in range(79)])})
    assert reason({}, wide) == "79 columns are missing: c0; c1; c2; and 76 more; send null where there is no value"


@pytest.mark.parametrize("instance", ["a text", 5, None, [1, 2]])
def test_a_table_takes_objects_only(instance: object) -> None:
    assert "this model takes an object with a value for each column" in reason(instance)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
ROWS = st.lists(JSON | st.fixed_dictionaries({"LotArea": JSON, "GrLivArea": JSON, "Street": JSON}), max_size=6)


@given(ROWS, st.sampled_from([TEXT, HOUSE]))
def test_every_row_is_answered_for_once_whatever_it_is(instances: list[object], wanted: ModelInput) -> None:
    checked = check_rows(instances, wanted)
    assert sorted([*checked.places, *(error.index for error in checked.errors)]) == list(range(len(instances)))
    assert len(checked.rows) == len(checked.places)
