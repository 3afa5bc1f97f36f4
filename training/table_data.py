"""Prepared rows of a table, read one by one into columns that take eight bytes a cell."""

from __future__ import annotations

import csv
import sys
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from serving.table_rows import Schema, read_category, read_number
from serving.unusable_input import UnusableInputError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray


class TableDataError(ValueError):
    """The prepared rows cannot be trained on."""


@dataclass(frozen=True)
class Table:
    """Rows with their answers.

    frame: columns as the model's transformer reads them
    answers: (rows,) numbers to predict or class numbers; (rows, labels) of 0 and 1 for several labels
    """

    frame: pd.DataFrame
    answers: NDArray[np.float64]

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.frame)


def read_table(file: Path, schema: Schema, task: str, class_names: Sequence[str]) -> Table:
    """Read a prepared CSV: the model's columns, then the answers.

    Raises TableDataError naming the line that cannot be read, a class that does not occur, or the lack of rows.
    """
    csv.field_size_limit(sys.maxsize)
    numeric = {name: array("d") for name in schema.numeric}
    categorical: dict[str, list[str]] = {name: [] for name in schema.categorical}
    answers = array("d")
    with file.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        answer_columns = _answer_columns(file.name, list(reader.fieldnames or []), schema, task, class_names)
        for row in reader:
            where = f"{file.name}, line {reader.line_num}"
            try:
                for name, numbers in numeric.items():
                    numbers.append(read_number(row[name], schema, f"{where}, column {name}"))
                for name, texts in categorical.items():
                    # One text is kept once, however many rows hold it.
                    texts.append(sys.intern(read_category(row[name], schema, f"{where}, column {name}")))
                answers.extend(_answers(row, answer_columns, task, class_names, where))
            except UnusableInputError as error:
                raise TableDataError(str(error)) from error
    columns: dict[str, pd.Series] = {name: pd.Series(np.array(numbers)) for name, numbers in numeric.items()}
    columns |= {name: pd.Series(texts, dtype="object") for name, texts in categorical.items()}
    if not answers:
        raise TableDataError(f"{file.name} has no rows; training needs some")
    shaped = np.array(answers).reshape(-1, len(answer_columns)) if task == "multi_label" else np.array(answers)
    _check_every_answer_occurs(file.name, shaped, task, class_names)
    return Table(pd.DataFrame(columns), shaped)


def joined(first: Table, second: Table) -> Table:
    """The rows of both."""
    frame = pd.concat([first.frame, second.frame], ignore_index=True)
    return Table(frame, np.concatenate([first.answers, second.answers]))


def _answer_columns(name: str, header: list[str], schema: Schema, task: str, class_names: Sequence[str]) -> list[str]:
    inputs = {*schema.numeric, *schema.categorical}
    others = [column for column in header if column not in inputs]
    wanted = list(class_names) if task == "multi_label" else others[-1:] if task == "regression" else ["label"]
    absent = sorted(inputs - set(header)) + [column for column in wanted if column not in others]
    if absent or not wanted:
        raise TableDataError(f"{name} lacks the column {absent[0] if absent else 'with the number to predict'}")
    return wanted


def _answers(row: dict[str, str], columns: list[str], task: str, class_names: Sequence[str], where: str) -> list[float]:
    cells = [row[column] for column in columns]
    if task in {"binary", "multi_class"}:
        if cells[0] not in class_names:
            raise TableDataError(f"{where}: its label is none of --class_names")
        return [float(class_names.index(cells[0]))]
    try:
        numbers = [float(cell) for cell in cells]
    except (TypeError, ValueError) as error:
        raise TableDataError(f"{where}: the column {columns[0]} holds no number to learn from") from error
    if not np.isfinite(numbers).all():
        raise TableDataError(f"{where}: the column {columns[0]} holds no finite number to learn from")
    return numbers


def _check_every_answer_occurs(name: str, answers: NDArray[np.float64], task: str, class_names: Sequence[str]) -> None:
    if task == "regression":
        return
    occurs = answers.any(axis=0) if task == "multi_label" else np.isin(np.arange(len(class_names)), answers)
    absent = [class_name for class_name, found in zip(class_names, occurs, strict=True) if not found]
    if absent:
        raise TableDataError(f"{name} has no row of {', '.join(absent)}; each needs some")
