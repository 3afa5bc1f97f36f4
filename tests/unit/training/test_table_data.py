from __future__ import annotations

from pathlib import Path

import pytest

from serving.table_rows import Schema
from training.prepared_rows import TrainingDataError
from training.table_data import joined, read_table

SCHEMA = Schema(numeric=("area",), categorical=("street",), missing_values=frozenset({"", "NA"}))


def rows(folder: Path, text: str) -> Path:
    file = folder / "train.csv"
    file.write_text(text)
    return file


def test_rows_become_columns_with_their_answers(tmp_path: Path) -> None:
    table = read_table(rows(tmp_path, "area,street,price\n1.5,Elm,10\n,,20\n"), SCHEMA, "regression", [])
    assert table.frame["area"].isna().tolist() == [False, True]
    assert table.frame["street"].tolist() == ["Elm", ""]
    assert table.answers.tolist() == [10, 20]
    assert len(joined(table, table)) == 4


def test_equal_texts_are_kept_once(tmp_path: Path) -> None:
    table = read_table(rows(tmp_path, "area,street,price\n" + "1,Long Street,1\n" * 3), SCHEMA, "regression", [])
    assert len({id(text) for text in table.frame["street"]}) == 1


def test_classes_are_numbered(tmp_path: Path) -> None:
    table = read_table(rows(tmp_path, "area,street,label\n1,a,yes\n2,b,no\n"), SCHEMA, "binary", ["no", "yes"])
    assert table.answers.tolist() == [1, 0]


def test_a_column_of_the_schema_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrainingDataError, match=r"train\.csv lacks the column street of schema\.json"):
        read_table(rows(tmp_path, "area,price\n1,2\n"), SCHEMA, "regression", [])


def test_a_number_that_is_none_names_file_row_and_column(tmp_path: Path) -> None:
    with pytest.raises(TrainingDataError, match=r"^train\.csv, row 2, column area: .* is no finite number"):
        read_table(rows(tmp_path, "area,street,price\n1,a,2\n1e39,b,2\n"), SCHEMA, "regression", [])
