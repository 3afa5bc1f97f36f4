from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from training.prepared_rows import PreparedRows, TrainingDataError


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str], Path]:
    def write(content: str) -> Path:
        path = tmp_path / "train.csv"
        path.write_text(content, encoding="utf-8", newline="")
        return path

    return write


File = Callable[[str], Path]


def test_texts_come_with_their_class_numbers(file: File) -> None:
    rows = PreparedRows(file('text,label\n"two\nlines, ""quoted""",good\nb,bad\n'), "binary", ["bad", "good"])
    assert rows.texts() == ['two\nlines, "quoted"', "b"]
    assert rows.answers().tolist() == [1, 0]
    assert rows.answers().dtype == np.int64


def test_several_labels_are_a_row_of_marks(file: File) -> None:
    rows = PreparedRows(file("text,rude,threat\na,1,0\nb,0,0\nc,1,1\n"), "multi_label", ["rude", "threat"])
    assert rows.answers().tolist() == [[1, 0], [0, 0], [1, 1]]
    assert rows.texts() == ["a", "b", "c"]


def test_a_tables_rows_are_mappings_with_numbers_words_and_gaps(file: File) -> None:
    rows = PreparedRows(
        file("area,rooms,street,price\n12.5,,Pave,100\n7,3,,1e3\n"), "regression", [], ["area", "rooms"]
    )
    assert list(rows.inputs()) == [
        {"area": 12.5, "rooms": None, "street": "Pave"},
        {"area": 7.0, "rooms": 3.0, "street": None},
    ]
    assert rows.answers().tolist() == [100.0, 1000.0]


def test_a_table_may_have_classes_and_a_column_called_text(file: File) -> None:
    rows = PreparedRows(file("text,label\nPave,good\nGrvl,bad\n"), "binary", ["bad", "good"], [])
    assert list(rows.inputs()) == [{"text": "Pave"}, {"text": "Grvl"}]
    assert rows.answers().tolist() == [1, 0]


def test_rows_come_in_batches_in_their_order(file: File) -> None:
    rows = PreparedRows(file("text,price\n" + "".join(f"t{n},{n}\n" for n in range(5))), "regression", [])
    assert [len(batch) for batch in rows.batches(2)] == [2, 2, 1]
    assert [row for batch in rows.batches(2) for row in batch] == [f"t{n}" for n in range(5)]
    assert [len(batch) for batch in rows.batches(5)] == [5]


@pytest.mark.parametrize(
    ("content", "task", "names", "says"),
    [
        ("", "binary", ["bad", "good"], "train.csv has the columns of no row"),
        ("text,verdict\na,good\n", "binary", ["bad", "good"], "not those of binary rows with the answers label"),
        ("text,threat,rude\na,1,1\n", "multi_label", ["rude", "threat"], "with the answers rude, threat"),
        ("body,price\na,1\n", "regression", [], "has the columns body, price"),
        ("label\ngood\n", "binary", ["bad", "good"], "has the columns label,"),
    ],
)
def test_another_tasks_file_is_told_by_its_columns(
    file: File, content: str, task: str, names: list[str], says: str
) -> None:
    with pytest.raises(TrainingDataError, match=says):
        PreparedRows(file(content), task, names)


@pytest.mark.parametrize(
    ("content", "task", "says"),
    [
        ("text,label\na,rude\nb,kind\nc,threat\n", "multi_class", "holds labels that --class_names does not: kind"),
        ("text,label\na,rude\n", "multi_class", "has no row labelled threat; each needs some"),
        ("text,rude,threat\na,1,0\n", "multi_label", "has no row labelled threat"),
        ("text,rude,threat\n", "multi_label", "has no row labelled rude, threat"),
        ("text,rude,threat\na,1,0\nb,1,1\n", "multi_label", "has no row without rude; each label needs some"),
        ("text,price\n", "regression", "has no rows"),
    ],
)
def test_answers_that_cannot_be_learned_are_an_error(file: File, content: str, task: str, says: str) -> None:
    rows = PreparedRows(file(content), task, [] if task == "regression" else ["rude", "threat"])
    with pytest.raises(TrainingDataError, match=says):
        rows.answers()
