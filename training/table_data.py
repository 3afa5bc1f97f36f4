"""Prepared rows of a table, read one by one into columns that take eight bytes a cell."""

from __future__ import annotations

import sys
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from serving.table_rows import Schema, read_category, read_number
from serving.unusable_input import UnusableInputError
from training.prepared_rows import PreparedRows, TrainingDataError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray


@dataclass(frozen=True)
class Table:
    """Rows with their answers.

    frame: columns as the model's transformer reads them
    answers: (rows,) class numbers or numbers to predict; (rows, labels) of 0 and 1 for several labels
    """

    frame: pd.DataFrame
    answers: NDArray[Any]

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.frame)


def read_table(file: Path, schema: Schema, task: str, class_names: Sequence[str]) -> Table:
    """Read a prepared CSV; raises TrainingDataError naming what is wrong with it."""
    rows = PreparedRows(file, task, class_names, schema.numeric)
    absent = sorted({*schema.numeric, *schema.categorical} - set(rows.input_columns))
    if absent:
        raise TrainingDataError(f"{file.name} lacks the column {absent[0]} of schema.json")
    numeric = {name: array("d") for name in schema.numeric}
    categorical: dict[str, list[str]] = {name: [] for name in schema.categorical}
    for number, row in enumerate(rows.inputs(), start=1):
        assert not isinstance(row, str)  # noqa: S101 - a table's rows have columns
        where = f"{file.name}, row {number}, column"
        try:
            for name, numbers in numeric.items():
                numbers.append(read_number(row[name], schema, f"{where} {name}"))
            for name, texts in categorical.items():
                # One text is kept once, however many rows hold it.
                texts.append(sys.intern(read_category(row[name], schema, f"{where} {name}")))
        except UnusableInputError as error:
            raise TrainingDataError(str(error)) from error
    columns: dict[str, pd.Series] = {name: pd.Series(np.array(numbers)) for name, numbers in numeric.items()}
    columns |= {name: pd.Series(texts, dtype="object") for name, texts in categorical.items()}
    return Table(pd.DataFrame(columns), rows.answers())


def joined(first: Table, second: Table) -> Table:
    """The rows of both."""
    frame = pd.concat([first.frame, second.frame], ignore_index=True)
    return Table(frame, np.concatenate([first.answers, second.answers]))
