"""The rows that Preprocess wrote, for those who train on them and measure with them.

A prepared file's columns are the inputs, then the answers: `label`, a 0 or 1 for each label, or one number. It is read
anew each time it is asked, so that a large file is never held as a whole unless somebody wants it so.
"""

from __future__ import annotations

import csv
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from steps.answers import Row

MULTI_LABEL = "multi_label"
REGRESSION = "regression"


class TrainingDataError(ValueError):
    """The prepared rows cannot be trained on or measured with."""


class PreparedRows:
    """The rows of one prepared file."""

    def __init__(
        self, file: Path, task: str, class_names: Sequence[str], numeric: Collection[str] | None = None
    ) -> None:
        """Read the header; raises TrainingDataError when it is none of this task's.

        task: as in the recipe;  class_names: classes or labels in the order of the outputs, none for a regression
        numeric: a table's columns that hold numbers; None for texts
        """
        self._file = file
        self._task = task
        self._class_names = list(class_names)
        self._numeric = None if numeric is None else frozenset(numeric)
        csv.field_size_limit(sys.maxsize)
        with file.open(encoding="utf-8", newline="") as stream:
            header = next(csv.reader(stream), [])
        n_answers = len(self._class_names) if task == MULTI_LABEL else 1
        self.input_columns, answers = header[:-n_answers], header[-n_answers:]
        wanted = {MULTI_LABEL: self._class_names, REGRESSION: answers}.get(task, ["label"])
        if answers != wanted or not self.input_columns or (numeric is None and self.input_columns != ["text"]):
            raise TrainingDataError(
                f"{file.name} has the columns {', '.join(header) or 'of no row'}, which are not those of {task} rows "
                f"with the answers {', '.join(wanted)}"
            )

    def answers(self) -> NDArray[Any]:
        """What the model shall answer.

        binary, multi_class: (rows,) int64 class numbers, each class at least once
        multi_label: (rows, labels) int64, 0 and 1 at least once for each label;  regression: (rows,) float64
        """
        if self._task == REGRESSION:
            numbers = np.array([float(cells[-1]) for cells in self._rows()], dtype=np.float64)
            if not len(numbers):
                raise TrainingDataError(f"{self._file.name} has no rows")
            return numbers
        if self._task == MULTI_LABEL:
            n_labels = len(self._class_names)
            flat = np.fromiter((int(cell) for cells in self._rows() for cell in cells[-n_labels:]), dtype=np.int64)
            marks = flat.reshape(-1, n_labels)
            self._want_all(marks.any(axis=0))
            for name, is_everywhere in zip(self._class_names, marks.all(axis=0), strict=True):
                if is_everywhere:
                    raise TrainingDataError(f"{self._file.name} has no row without {name}; each label needs some")
            return marks
        numbers_of = {name: number for number, name in enumerate(self._class_names)}
        # A name that nobody knows gets a number of its own, beyond those of the classes.
        numbers = np.fromiter(
            (numbers_of.setdefault(cells[-1], len(numbers_of)) for cells in self._rows()), dtype=np.int64
        )
        unknown = sorted(numbers_of.keys() - set(self._class_names))
        if unknown:
            raise TrainingDataError(f"{self._file.name} holds labels that --class_names does not: {', '.join(unknown)}")
        self._want_all(np.bincount(numbers, minlength=len(self._class_names)) > 0)
        return numbers

    def inputs(self) -> Iterator[Row]:
        """What the model sees, row by row: a text, or a table's row as column -> value, None where there is none."""
        n_inputs = len(self.input_columns)
        for cells in self._rows():
            yield cells[0] if self._numeric is None else self._table_row(cells[:n_inputs])

    def texts(self) -> list[str]:
        """All texts at once."""
        return [str(row) for row in self.inputs()]

    def batches(self, size: int) -> Iterator[list[Row]]:
        """The inputs in lists of at most `size` rows."""
        batch: list[Row] = []
        for row in self.inputs():
            batch.append(row)
            if len(batch) == size:
                yield batch
                batch = []
        if batch:
            yield batch

    def _table_row(self, cells: Sequence[str]) -> dict[str, str | float | None]:
        numeric = self._numeric or frozenset()
        return {
            name: None if not cell else float(cell) if name in numeric else cell
            for name, cell in zip(self.input_columns, cells, strict=True)
        }

    def _want_all(self, found: NDArray[np.bool_]) -> None:
        absent = [name for name, is_there in zip(self._class_names, found, strict=True) if not is_there]
        if absent:
            raise TrainingDataError(f"{self._file.name} has no row labelled {', '.join(absent)}; each needs some")

    def _rows(self) -> Iterator[list[str]]:
        with self._file.open(encoding="utf-8", newline="") as stream:
            reader = csv.reader(stream)
            next(reader)
            yield from reader
