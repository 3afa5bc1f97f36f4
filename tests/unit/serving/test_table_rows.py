from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from serving.table_rows import Schema, UnsupportedContentTypeError, read_body, read_rows
from serving.unusable_input import UnusableInputError

SCHEMA = Schema(numeric=("area",), categorical=("street", "class"), missing_values=frozenset({"", "NA"}))
ROW: dict[str, Any] = {"area": 8450, "street": "Pave", "class": "60"}


def read_one(**changes: object) -> dict[str, Any]:
    frame = read_rows([{**ROW, **changes}], SCHEMA)
    assert list(frame) == ["area", "street", "class"]
    return {str(name): value for name, value in frame.iloc[0].items()}


def test_the_schema_is_the_recipes_features(tmp_path: Path) -> None:
    file = tmp_path / "schema.json"
    file.write_text(json.dumps({"numeric": ["area"], "categorical": ["street", "class"], "missing_values": ["", "NA"]}))
    assert Schema.read(file) == SCHEMA


@pytest.mark.parametrize("value", [8450, 8450.0, "8450", " 8450.0 ", "8.45e3"])
def test_a_number_may_be_written_as_text(value: object) -> None:
    assert read_one(area=value)["area"] == 8450.0


@pytest.mark.parametrize("value", [None, "", "  ", "NA"])
def test_a_numeric_cell_without_a_value_is_missing(value: object) -> None:
    assert math.isnan(read_one(area=value)["area"])


@pytest.mark.parametrize(
    "value", ["big", "1_000", "nan", "inf", True, [1], {}, math.inf, math.nan, 1e39, "1e39", 10**400]
)
def test_what_is_no_finite_number_names_row_and_column(value: object) -> None:
    with pytest.raises(UnusableInputError, match=r"^instances\[0\], column area: .* is no finite number; give one"):
        read_one(area=value)


@pytest.mark.parametrize(("value", "read"), [("60", "60"), (60, "60"), (60.0, "60"), (60.5, "60.5"), (" x ", "x")])
def test_a_category_may_be_written_as_a_number(value: object, read: str) -> None:
    assert read_one(**{"class": value})["class"] == read


@pytest.mark.parametrize("value", [None, "", "NA", " NA "])
def test_a_category_without_a_value_is_missing(value: object) -> None:
    assert read_one(street=value)["street"] == ""


@pytest.mark.parametrize("value", [True, ["Pave"], {"a": 1}])
def test_what_is_no_category_names_row_and_column(value: object) -> None:
    with pytest.raises(UnusableInputError, match=r"^instances\[0\], column street: .* is no text"):
        read_one(street=value)


def test_a_missing_column_is_an_error_and_not_a_missing_value() -> None:
    rows = [ROW, {"area": 1}]
    with pytest.raises(
        UnusableInputError, match=r"instances\[1\] lacks the column street and 1 more; give it, or null"
    ):
        read_rows(rows, SCHEMA)


def test_a_row_that_is_no_object_is_an_error() -> None:
    with pytest.raises(UnusableInputError, match=r"instances\[1\] must be an object"):
        read_rows([ROW, ["Pave"]], SCHEMA)


def test_a_column_that_the_model_does_not_know_is_left_out() -> None:
    assert "Id" not in read_one(Id=1)


def test_a_long_value_is_not_repeated_in_full() -> None:
    with pytest.raises(UnusableInputError) as raised:
        read_one(area="x" * 10_000)
    assert "x" * 39 + "…" in str(raised.value)
    assert len(str(raised.value)) < 200


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ('{"instances": [{"a": 1}, {"a": null}]}', "application/json"),
        ('{"instances": [{"a": 1}, {"a": null}]}', "application/json; charset=utf-8"),
        ('{"a": 1}\n\n{"a": null}\n', "application/jsonlines"),
    ],
)
def test_rows_are_read_out_of_json(body: str, content_type: str) -> None:
    assert read_body(body, content_type) == [{"a": 1}, {"a": None}]


def test_rows_are_read_out_of_csv_by_its_header() -> None:
    body = 'b,a\r\n1,"x, ""y"""\r\n,\r\n'
    assert read_body(body, "text/csv") == [{"b": "1", "a": 'x, "y"'}, {"b": "", "a": ""}]


@pytest.mark.parametrize(
    ("body", "content_type", "message"),
    [
        ("{", "application/json", "the body is no JSON"),
        ("[" * 100_000, "application/json", "the body is no JSON"),
        ("1" * 10_000, "application/json", "the body is no JSON"),
        ("[]", "application/json", 'the body must be {"instances"'),
        ('{"instances": 1}', "application/json", 'the body must be {"instances"'),
        ("{", "application/jsonlines", "the body is no JSON"),
        ("", "text/csv", "the body is empty"),
        ('a\n"x', "text/csv", "the body is no CSV"),
        ("a,b\n1,2\n3", "text/csv", r"instances[1] has 1 cells, but the header names 2 columns"),
    ],
)
def test_a_body_that_is_not_what_its_type_says_is_an_error(body: str, content_type: str, message: str) -> None:
    with pytest.raises(UnusableInputError) as raised:
        read_body(body, content_type)
    assert message in str(raised.value)


def test_another_type_of_body_is_an_error_of_its_own() -> None:
    with pytest.raises(UnsupportedContentTypeError, match="'image/png' are not read here"):
        read_body("", "image/png")
