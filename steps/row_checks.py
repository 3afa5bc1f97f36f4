"""Rows as callers send them, checked one by one against what a model takes, so that a bad one spoils no other."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from steps.answers import Row
from steps.model_card import ModelInput
from steps.recipe_sections.data import FeaturesSection

# What xgboost keeps numbers in; a greater one would be infinite there, and the model refuse the rows around it too.
GREATEST_NUMBER = 3.4028234e38
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.IGNORECASE | re.ASCII)
_NAMED_COLUMNS = 3
_NAME_CHARACTERS = 60


@dataclass(frozen=True)
class BadRow:
    """Why a row cannot be answered. index: its place among the rows that came with it, from 0"""

    index: int
    reason: str


@dataclass(frozen=True)
class CheckedRows:
    """The rows that can be answered, the place of each among all, and the others. Both are in order."""

    rows: list[Row]
    places: list[int]
    errors: list[BadRow]


class _Refused(Exception):  # noqa: N818 - it never leaves this module
    """A row is none that the model takes; the message is the reason."""


def check_rows(instances: Sequence[object], wanted: ModelInput) -> CheckedRows:
    """Divide what came as rows into those that the model takes, in its own types, and the others.

    instances: anything that JSON or a CSV can hold
    """
    checked = CheckedRows([], [], [])
    for index, instance in enumerate(instances):
        try:
            row = _text(instance, wanted) if wanted.features is None else _table_row(instance, wanted.features, wanted)
        except _Refused as refused:
            checked.errors.append(BadRow(index, str(refused)))
        else:
            checked.rows.append(row)
            checked.places.append(index)
    return checked


def _text(instance: object, wanted: ModelInput) -> str:
    if not isinstance(instance, str):
        raise _Refused(f"is {_kind(instance)}; this model takes a text")
    if not instance.strip():
        raise _Refused("is an empty text")
    return _fitting(instance, "has", wanted.max_text_characters)


def _table_row(instance: object, features: FeaturesSection, wanted: ModelInput) -> Row:
    if not isinstance(instance, Mapping):
        raise _Refused(f"is {_kind(instance)}; this model takes an object with a value for each column")
    missing = [name for name in features.columns if name not in instance]
    if missing:
        raise _Refused(_missing_columns(missing, [key for key in instance if key not in features.columns]))
    numbers = {name: _number(name, instance[name], features) for name in features.numeric}
    words = {name: _word(name, instance[name], features, wanted) for name in features.categorical}
    return {**numbers, **words}


def _number(name: str, value: object, features: FeaturesSection) -> float | None:
    if value is None:
        return None
    if isinstance(value, str):
        text = value.strip()
        if text in features.missing_values or not text:
            return None
        if not _NUMBER.fullmatch(text):
            raise _Refused(f"column {name} is a text that is no number; send a number, or null where there is none")
        value = float(text)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _Refused(f"column {name} is {_kind(value)}; send a number, or null where there is none")
    if not abs(value) <= GREATEST_NUMBER:  # NaN is not either
        raise _Refused(f"column {name} is no finite number that fits into 32 bits")
    return float(value)


def _word(name: str, value: object, features: FeaturesSection, wanted: ModelInput) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise _Refused(f"column {name} is {_kind(value)}; send a text, or null where there is none")
    if isinstance(value, int | float):
        if not abs(value) <= GREATEST_NUMBER:  # NaN is not either
            raise _Refused(f"column {name} is no finite number that fits into 32 bits")
        # A file says 60 where some callers say 60.0.
        value = str(int(value)) if value == int(value) else repr(value)
    if value in features.missing_values or not value.strip():
        return None
    return _fitting(value, f"column {name} has", wanted.max_text_characters)


def _fitting(text: str, what_has: str, most: int) -> str:
    if len(text) > most:
        raise _Refused(f"{what_has} {len(text):,} characters; at most {most:,} are taken")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _Refused(f"{what_has} half of a character (a lone surrogate)") from None
    return text


def _missing_columns(missing: list[str], unknown: list[object]) -> str:
    names = [_with_near_miss(name, unknown) for name in missing[:_NAMED_COLUMNS]]
    more = len(missing) - len(names)
    words = "; ".join(names) + (f"; and {more} more" if more else "")
    what = "a column is" if len(missing) == 1 else f"{len(missing)} columns are"
    return f"{what} missing: {words}; send null where there is no value"


def _with_near_miss(name: str, unknown: list[object]) -> str:
    names = [str(key)[:_NAME_CHARACTERS].encode(errors="replace").decode() for key in unknown[:1000]]
    lower = {each.lower(): each for each in names}
    close = difflib.get_close_matches(name.lower(), lower, n=1, cutoff=0.75)
    return f"{name} (is '{lower[close[0]]}' meant for it?)" if close else name


def _kind(value: object) -> str:
    """What JSON calls a value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "a text"
    return "a list" if isinstance(value, Sequence) else "an object"
