"""One row of the data file as the recipe reads it: what the model sees and shall answer, or why it is of no use.

Texts and words are handed on as they are, since cleaning belongs to the served model; numbers lose the spaces around
them, and a cell that holds one of the recipe's missing values becomes empty.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from steps.split import normalised_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from steps.csv_rows import CsvRows
    from steps.recipe import Recipe

MAX_LABEL_CHARACTERS = 20


@dataclass(frozen=True)
class PreparedRow:
    """A row that can be learned from.

    cells: inputs, then answers, in the order of the prepared files' columns
    labels: names of the classes or labels it counts for, none for a number
    answer: all that it shall answer, as one text that is equal for equal answers
    identity: equal for rows that the model cannot tell apart
    characters: length of the text, or of a table's longest word
    values: of a table's columns, in the recipe's order: a number, a word, or None where there is no value
    """

    cells: list[str]
    labels: Sequence[str]
    answer: str
    identity: str
    characters: int
    number: float | None = None
    values: Sequence[float | str | None] = ()


@dataclass(frozen=True)
class UnusableRow:
    """A row that cannot be learned from, and the cell that is to blame.

    value: the cell in quotes, or in words when it may not be repeated
    """

    why: Literal["ignored", "unknown_label", "bad_cell", "empty"]
    column: str = ""
    value: str = ""
    wanted: str = ""


class RowReader:
    """Reads the rows of one file; raises UnreadableFileError, when made, for a column that is not there."""

    def __init__(self, recipe: Recipe, rows: CsvRows) -> None:
        data = recipe.data
        self._task = recipe.task
        self._labels = data.labels
        self._ignored = frozenset(data.ignored_labels)
        self._is_text = data.features is None
        self._missing = frozenset(data.features.missing_values if data.features else ())
        self._n_numeric = len(data.features.numeric) if data.features else 0
        self._inputs = [(name, rows.column(name)) for name in data.input_columns]
        self._answers = [(name, rows.column(name)) for name in data.answer_columns]

    def read(self, fields: Sequence[str]) -> PreparedRow | UnusableRow:
        """The row of these fields, as many as the file's header has."""
        if self._task == "multi_label":
            return self._read_labels(fields)
        if self._task == "regression":
            return self._read_number(fields)
        [(column, position)] = self._answers
        raw = fields[position].strip()
        if raw in self._ignored:
            return UnusableRow("ignored")
        name = self._labels.get(raw)
        if name is None:
            return UnusableRow("unknown_label", column, told(raw))
        return self._with_inputs(fields, [name], [name], name)

    def _read_labels(self, fields: Sequence[str]) -> PreparedRow | UnusableRow:
        answers = []
        for column, position in self._answers:
            raw = fields[position].strip()
            if raw not in {"0", "1"}:
                return UnusableRow("bad_cell", column, told(raw), "neither 0 nor 1")
            answers.append(raw)
        names = [name for (name, _), raw in zip(self._answers, answers, strict=True) if raw == "1"]
        return self._with_inputs(fields, answers, names, "".join(answers))

    def _read_number(self, fields: Sequence[str]) -> PreparedRow | UnusableRow:
        [(column, position)] = self._answers
        raw = fields[position].strip()
        number = finite_number(raw)
        if number is None:
            return UnusableRow("bad_cell", column, told(raw), "no number")
        return self._with_inputs(fields, [raw], [], "", number)

    def _with_inputs(
        self,
        fields: Sequence[str],
        answers: Sequence[str],
        labels: Sequence[str],
        answer: str,
        number: float | None = None,
    ) -> PreparedRow | UnusableRow:
        if self._is_text:
            text = fields[self._inputs[0][1]]
            if not text.strip():
                return UnusableRow("empty")
            return PreparedRow([text, *answers], labels, answer, normalised_text(text), len(text), number)
        cells: list[str] = []
        seen: list[float | str | None] = []
        longest = 0
        for index, (column, position) in enumerate(self._inputs):
            raw = fields[position]
            bare = raw.strip()
            if bare in self._missing or not bare:
                cells.append("")
                seen.append(None)
            elif index < self._n_numeric:
                value = finite_number(bare)
                if value is None:
                    return UnusableRow("bad_cell", column, "the value", "no number")
                cells.append(bare)
                seen.append(value)
            else:
                cells.append(raw)
                seen.append(bare)
                longest = max(longest, len(raw))
        if not any(cells):
            return UnusableRow("empty")
        return PreparedRow([*cells, *answers], labels, answer, json.dumps(seen), longest, number, seen)


def finite_number(text: str) -> float | None:
    """The number that a cell holds, written as CSV files write numbers; None for any other text."""
    try:
        number = float(text)
    except ValueError:
        return None
    # Python reads 1_000 and digits of other scripts too, which those who read the file next do not.
    return number if math.isfinite(number) and text.isascii() and "_" not in text else None


def told(value: str) -> str:
    """A cell as it may be repeated: a longer value is perhaps a text, whose place is enough."""
    if not value:
        return "an empty cell"
    return f"'{value}'" if len(value) <= MAX_LABEL_CHARACTERS else "a value too long for a label"
