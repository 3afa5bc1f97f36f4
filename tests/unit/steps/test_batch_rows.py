"""Rows of a file as a model takes them: what is set aside, and which files cannot be used at all."""

from __future__ import annotations

import io

import pytest

from steps.batch_rows import BatchRows, SetAside, WrongColumnsError
from steps.csv_rows import CsvRows
from steps.model_card import ModelInput
from steps.recipe_sections.data import FeaturesSection

TEXT = ModelInput(text_column="text", features=None, max_text_characters=12)
HOUSE = ModelInput(
    text_column=None, features=FeaturesSection(numeric=["area"], categorical=["street"]), max_text_characters=12
)


def read(file: bytes, model: ModelInput = TEXT, text_column: str | None = None) -> list[object]:
    rows = CsvRows(io.BytesIO(file), "rows.csv")
    reader = BatchRows(model, rows.header, file="rows.csv", text_column=text_column)
    return [reader.read(row) for row in rows]


def test_a_text_is_taken_from_its_column_whatever_else_is_there() -> None:
    assert read(b'id,text,note\n1,"good, really",x\n2,"two\nlines",y\n') == ["good, really", "two\nlines"]
    assert read(b"id,comment\n1,fine\n", text_column="comment") == ["fine"]


def test_a_tables_cells_become_numbers_words_and_gaps() -> None:
    assert read(b"id,street,area\n1,Pave, 12.5 \n2,NA,\n", HOUSE) == [
        {"area": 12.5, "street": "Pave"},
        {"area": None, "street": None},
    ]


@pytest.mark.parametrize(
    ("row", "reason", "words"),
    [
        (b'1,"  "', "empty_text", "is empty"),
        (b"1,a text of 20 letters", "text_too_long", "has 20 characters; at most 12"),
        (b"1,good,more", "unreadable", "number of fields"),
        (b"1,gr\xfc\xdfe", "not_utf8", "not UTF-8"),
        (b'1,"good" or not', "unreadable", "quotes"),
    ],
)
def test_a_bad_row_is_set_aside_with_its_reason_and_the_next_is_read(row: bytes, reason: str, words: str) -> None:
    bad, good = read(b"id,text\n" + row + b"\n2,fine\n")
    assert good == "fine"
    assert isinstance(bad, SetAside)
    assert bad.reason == reason
    assert words in bad.sentence


def test_what_is_no_number_is_set_aside_with_its_column_and_without_its_value() -> None:
    [bad] = read(b"street,area\nPave,enormous\n", HOUSE)
    assert isinstance(bad, SetAside)
    assert bad.reason == "bad_value"
    assert "column area" in bad.sentence
    assert "enormous" not in bad.sentence


@pytest.mark.parametrize(
    ("file", "model", "text_column", "words"),
    [
        (b"id,comment\n1,x\n", TEXT, None, "rows.csv has no column 'text' (it has 'id', 'comment'); name the text's"),
        (b"id,text\n1,x\n", TEXT, "body", "has no column 'body'"),
        (b"text,text\nx,y\n", TEXT, None, "more than one column named 'text'"),
        (b"id\n1\n", HOUSE, None, "has no columns 'area', 'street'"),
        (b"area,street\n1,x\n", HOUSE, "street", "no text's column to name"),
    ],
)
def test_a_file_without_the_models_columns_is_refused_with_their_names(
    file: bytes, model: ModelInput, text_column: str | None, words: str
) -> None:
    with pytest.raises(WrongColumnsError) as refused:
        read(file, model, text_column)
    assert words in str(refused.value)
