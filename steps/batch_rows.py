"""A file's rows as a model takes them, or why it cannot take one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from steps.csv_rows import CsvRow, what_is_there
from steps.row_checks import check_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from steps.answers import Row
    from steps.model_card import ModelInput
    from steps.recipe_sections.data import FeaturesSection

Reason = Literal["unreadable", "not_utf8", "empty_text", "text_too_long", "bad_value", "too_large"]
NAMED_COLUMNS = 20


@dataclass(frozen=True)
class SetAside:
    """Why a row is not asked about: a word to count by, and a sentence that repeats none of its values."""

    reason: Reason
    sentence: str


class WrongColumnsError(Exception):
    """The file has not the columns that the model looks at; the message names them."""


class BatchRows:
    """Reads the rows of one file; what a model takes is decided where the prediction API decides it.

    header: the file's columns;  file: what sentences call it;  text_column: the text's column, if not the card's
    Raises WrongColumnsError when a column is missing or there twice, or a text's column is named for a table.
    """

    def __init__(self, model: ModelInput, header: Sequence[str], *, file: str, text_column: str | None = None) -> None:
        self._model = model
        columns = _columns(model, text_column)
        _check(columns, header, file, is_text=model.features is None)
        self._positions = {name: list(header).index(name) for name in columns}

    def read(self, row: CsvRow) -> Row | SetAside:
        """The model's row, or why there is none."""
        if row.fields is None:
            if not row.is_utf8:
                return SetAside("not_utf8", "The row holds bytes that are not UTF-8.")
            return SetAside("unreadable", "The row's quotes or its number of fields do not fit the header.")
        if self._model.features is not None:
            return self._table_row(row.fields, self._model.features)
        [position] = self._positions.values()
        text = row.fields[position]
        if not text.strip():
            return SetAside("empty_text", "The text is empty.")
        checked = check_rows([text], self._model)
        return SetAside("text_too_long", f"The text {checked.errors[0].reason}.") if checked.errors else text

    def _table_row(self, fields: Sequence[str], table: FeaturesSection) -> Row | SetAside:
        missing = frozenset(table.missing_values)
        cells = {name: fields[position] for name, position in self._positions.items()}
        checked = check_rows(
            [{name: None if cell.strip() in missing else cell for name, cell in cells.items()}], self._model
        )
        return SetAside("bad_value", f"In the row, {checked.errors[0].reason}.") if checked.errors else checked.rows[0]


def _columns(model: ModelInput, text_column: str | None) -> list[str]:
    if model.features is None:
        return [text_column or model.text_column or "text"]
    if text_column is not None:
        raise WrongColumnsError("This model looks at the columns of a table, so there is no text's column to name.")
    return model.features.columns


def _check(columns: Sequence[str], header: Sequence[str], file: str, *, is_text: bool) -> None:
    missing = [name for name in columns if name not in header]
    if missing:
        named = ", ".join(f"'{name}'" for name in missing[:NAMED_COLUMNS])
        more = f" and {len(missing) - NAMED_COLUMNS} more" if len(missing) > NAMED_COLUMNS else ""
        advice = "name the text's column with --text-column" if is_text else "the model was trained with them"
        kind = "column" if len(missing) == 1 else "columns"
        raise WrongColumnsError(f"{file} has no {kind} {named}{more} ({what_is_there(list(header))}); {advice}.")
    twice = sorted({name for name in columns if list(header).count(name) > 1})
    if twice:
        raise WrongColumnsError(f"{file} has more than one column named '{twice[0]}'. Keep one of them.")
