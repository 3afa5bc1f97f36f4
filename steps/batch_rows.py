"""A file's rows as a model takes them, or why it cannot take one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from steps.csv_rows import CsvRow, what_is_there

if TYPE_CHECKING:
    from collections.abc import Sequence

    from steps.answers import Row
    from steps.model_card import ModelInput
    from steps.recipe_sections.data import FeaturesSection

Reason = Literal["unreadable", "not_utf8", "empty_text", "text_too_long", "not_a_number", "too_large", "no_answer"]


@dataclass(frozen=True)
class BadRow:
    """Why a row is not asked about: a word to count by, and a sentence that repeats none of its values."""

    reason: Reason
    sentence: str


class WrongColumnsError(Exception):
    """The file has not the columns that the model looks at; the message names them."""


class RowReader:
    """Reads the rows of one file.

    header: the file's columns;  file: what sentences call it;  text_column: the text's column, if not the card's
    Raises WrongColumnsError when a column is missing or there twice, or a text's column is named for a table.
    """

    def __init__(self, model: ModelInput, header: Sequence[str], *, file: str, text_column: str | None = None) -> None:
        self._model = model
        columns = _columns(model, text_column)
        _check(columns, header, file, is_text=model.features is None)
        self._positions = {name: header.index(name) for name in columns}

    def read(self, row: CsvRow) -> Row | BadRow:
        """The model's row, or why there is none."""
        if row.fields is None:
            if not row.is_utf8:
                return BadRow("not_utf8", "The row holds bytes that are not UTF-8.")
            return BadRow("unreadable", "The row's quotes or its number of fields do not fit the header.")
        if self._model.features is not None:
            return self._table_row(row.fields, self._model.features)
        [position] = self._positions.values()
        return self._text(row.fields[position])

    def _text(self, text: str) -> Row | BadRow:
        if not text.strip():
            return BadRow("empty_text", "The text is empty.")
        longest = self._model.max_text_characters
        if len(text) > longest:
            return BadRow("text_too_long", f"The text has {len(text):,} characters; the model takes {longest:,}.")
        return text

    def _table_row(self, fields: Sequence[str], table: FeaturesSection) -> Row | BadRow:
        missing = set(table.missing_values)
        cells = {name: fields[position].strip() for name, position in self._positions.items()}
        values: dict[str, str | float | None] = {}
        for name in table.numeric:
            value = None if cells[name] in missing else number(cells[name])
            if value is None and cells[name] not in missing:
                return BadRow("not_a_number", f"The column '{name}' holds no number.")
            values[name] = value
        values |= {name: None if cells[name] in missing else cells[name] for name in table.categorical}
        return values


def number(text: str) -> float | None:
    """A finite number as people and programs write it; None for anything else."""
    try:
        value = float(text)
    except ValueError:
        return None
    # Python alone reads 1_000 as a thousand.
    return value if math.isfinite(value) and "_" not in text else None


def _columns(model: ModelInput, text_column: str | None) -> list[str]:
    if model.features is None:
        return [text_column or model.text_column or "text"]
    if text_column is not None:
        raise WrongColumnsError("This model looks at the columns of a table, so there is no text's column to name.")
    return model.features.columns


def _check(columns: Sequence[str], header: Sequence[str], file: str, *, is_text: bool) -> None:
    missing = [name for name in columns if name not in header]
    if missing:
        named = ", ".join(f"'{name}'" for name in missing[:20]) + (" and more" if len(missing) > 20 else "")  # noqa: PLR2004 - as many as fit a sentence
        advice = "name the text's column with --text-column" if is_text else "the model was trained with them"
        kind = "column" if len(missing) == 1 else "columns"
        raise WrongColumnsError(f"{file} has no {kind} {named} ({what_is_there(list(header))}); {advice}.")
    twice = sorted({name for name in columns if list(header).count(name) > 1})
    if twice:
        raise WrongColumnsError(f"{file} has more than one column named '{twice[0]}'. Keep one of them.")
