"""Rows of the data file as the recipe reads them: what the model sees and shall answer, or why a row is of no use.

Texts and words are handed on as they are, since cleaning belongs to the served model; numbers lose the spaces around
them, and a cell that holds one of the recipe's missing values becomes empty.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from steps.data_schema import DataSchema
from steps.split import normalised_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from steps.csv_rows import CsvRows
    from steps.data_schema import WrongCell
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
        self._inputs = [rows.column(name) for name in data.input_columns]
        self._answers = [rows.column(name) for name in data.answer_columns]
        self._answer_names = data.answer_columns
        self._schema = DataSchema(recipe)
        self._checked = [rows.column(name) for name in self._schema.columns]
        self._position = dict(zip(self._schema.columns, self._checked, strict=True))

    def read(self, rows: Sequence[Sequence[str]]) -> Iterator[PreparedRow | UnusableRow]:
        """What each row is, in order; a row has as many fields as the file's header."""
        wrong = self._schema.wrong_cells([[fields[place].strip() for fields in rows] for place in self._checked])
        for number, fields in enumerate(rows):
            if self._ignored and fields[self._answers[0]].strip() in self._ignored:
                yield UnusableRow("ignored")
            elif number in wrong:
                yield self._unusable(fields, wrong[number])
            else:
                yield self._usable(fields)

    def _unusable(self, fields: Sequence[str], cell: WrongCell) -> UnusableRow:
        position = self._position[cell.column]
        # What a model sees is not repeated: it may be anything about anybody.
        value = told(fields[position].strip()) if position in self._answers else "the value"
        return UnusableRow(cell.why, cell.column, value, cell.wanted)

    def _usable(self, fields: Sequence[str]) -> PreparedRow | UnusableRow:
        answers = [fields[position].strip() for position in self._answers]
        if self._task == "multi_label":
            names = [name for name, raw in zip(self._answer_names, answers, strict=True) if raw == "1"]
            return self._with_inputs(fields, answers, names, "".join(answers))
        if self._task == "regression":
            return self._with_inputs(fields, answers, [], "", float(answers[0]))
        name = self._labels[answers[0]]
        return self._with_inputs(fields, [name], [name], name)

    def _with_inputs(
        self,
        fields: Sequence[str],
        answers: Sequence[str],
        labels: Sequence[str],
        answer: str,
        number: float | None = None,
    ) -> PreparedRow | UnusableRow:
        if self._is_text:
            text = fields[self._inputs[0]]
            if not text.strip():
                return UnusableRow("empty")
            return PreparedRow([text, *answers], labels, answer, normalised_text(text), len(text), number)
        cells: list[str] = []
        seen: list[float | str | None] = []
        longest = 0
        for index, position in enumerate(self._inputs):
            raw = fields[position]
            bare = raw.strip()
            if bare in self._missing or not bare:
                cells.append("")
                seen.append(None)
            elif index < self._n_numeric:
                cells.append(bare)
                seen.append(float(bare))
            else:
                cells.append(raw)
                seen.append(bare)
                longest = max(longest, len(raw))
        if not any(cells):
            return UnusableRow("empty")
        return PreparedRow([*cells, *answers], labels, answer, json.dumps(seen), longest, number, seen)


def told(value: str) -> str:
    """A cell as it may be repeated: a longer value is perhaps a text, whose place is enough."""
    if not value:
        return "an empty cell"
    return f"'{value}'" if len(value) <= MAX_LABEL_CHARACTERS else "a value too long for a label"
