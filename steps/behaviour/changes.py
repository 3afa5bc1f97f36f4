"""What a test's `change` makes of one row, a text or a table's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import TYPE_CHECKING

from steps.behaviour import text_changes
from steps.behaviour.words import FIRST_NAMES
from steps.recipe_sections.behaviour import FIRST_NAME

if TYPE_CHECKING:
    from steps.answers import Row
    from steps.recipe_sections.behaviour import Change, ColumnChange

Value = str | float | None
Lexicons = Mapping[str, Sequence[str]]


def all_lexicons(own: Lexicons) -> Lexicons:
    """The recipe's, and that which comes with the code."""
    return {FIRST_NAME: FIRST_NAMES, **own}


def changed(row: Row, change: Change, lexicons: Lexicons, rng: Random) -> Row | None:
    """The changed row; None when there is nothing in it to change, or it cannot be changed so.

    lexicons: as all_lexicons gives them
    """
    if isinstance(row, str):
        text = _changed_text(row, change, lexicons, rng)
        return None if text == row else text
    return _changed_columns(row, change.columns or {})


def _changed_text(text: str, change: Change, lexicons: Lexicons, rng: Random) -> str:
    if change.typos is not None:
        text = text_changes.with_typos(text, change.typos, rng)
    elif change.words is not None:
        text = text_changes.with_other_words(text, lexicons[change.words], rng)
    elif change.punctuation is not None:
        text = text_changes.with_other_punctuation(text, change.punctuation)
    elif change.case is not None:
        text = text.lower() if change.case == "lower" else text.upper()
    elif change.contractions is not None:
        text = text_changes.with_contractions(text, change.contractions)
    elif change.numbers is not None:
        text = text_changes.with_other_numbers(text, change.numbers, rng)
    elif change.prefix is not None:
        text = rng.choice(change.prefix) + text
    elif change.suffix is not None:
        text += rng.choice(change.suffix)
    return text


def _changed_columns(row: Mapping[str, Value], columns: Mapping[str, ColumnChange]) -> Row | None:
    """All columns change, or the row does not count."""
    cells = dict(row)
    for column, change in columns.items():
        value = row[column]
        cells[column] = None if change.missing else _changed_value(value, change)
        if cells[column] == value or (cells[column] is None and not change.missing):
            return None
    return cells


def _changed_value(value: Value, change: ColumnChange) -> Value:
    """The new value; None when there is none."""
    if change.to is not None:
        return change.to
    if change.replace is not None:
        return change.replace.get(value) if isinstance(value, str) else None
    if value is None or isinstance(value, str):
        return None
    number = value + change.add if change.add is not None else value * (change.multiply or 0.0)
    below = change.minimum is not None and number < change.minimum
    above = change.maximum is not None and number > change.maximum
    return None if below or above else number
