"""Which columns of a table a model may look at, and which are left out because they would teach it nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from greenlight.errors import WrongUseError
from greenlight.own_data.survey import Column, Survey
from greenlight.own_data.wishes import Wishes

# A column of words that differ in more rows than this share holds names or texts, not categories.
MOST_DIFFERENT_SHARE = 0.5
MOST_CATEGORIES = 200
MOST_COLUMNS = 500
LONGEST_COLUMN_NAME = 100
# How a column is called that only numbers the rows.
ROW_NUMBERS = frozenset({"id", "index", "row", "rowid", "row_id", "uuid", "unnamed: 0"})


@dataclass(frozen=True)
class Features:
    """The features section, and a note for each column that was left out."""

    section: dict[str, Any]
    notes: list[str] = field(default_factory=list)


def find_features(survey: Survey, wishes: Wishes) -> Features:
    """Divide the columns beside the target into numeric and categorical ones.

    Raises WrongUseError when there is none, or more than a model takes.
    """
    for name in wishes.ignored_columns:
        survey.column(name)
    numeric: list[str] = []
    categorical: list[str] = []
    left_out: dict[str, list[str]] = {}
    markers: set[str] = {""}
    for column in survey.columns.values():
        if column.name == wishes.target_column or column.name in wishes.ignored_columns:
            continue
        why = _why_left_out(column, survey.rows)
        if why is not None:
            left_out.setdefault(why, []).append(column.name or "(without a name)")
            continue
        (numeric if column.is_numeric else categorical).append(column.name)
        markers |= set(column.missing)
    if not numeric and not categorical:
        raise WrongUseError(
            f"{survey.file.name} has no column beside '{wishes.target_column}' that a model could learn from"
        )
    if max(len(numeric), len(categorical)) > MOST_COLUMNS:
        raise WrongUseError(
            f"{survey.file.name} has {len(numeric)} numeric and {len(categorical)} categorical columns, and at most "
            f"{MOST_COLUMNS} of each are taken; leave some out: --ignore-column NAME"
        )
    section: dict[str, Any] = {}
    if numeric:
        section["numeric"] = numeric
    if categorical:
        section["categorical"] = categorical
    section["missing_values"] = sorted(markers)
    return Features(section, [f"left out, {why}: {', '.join(names)}" for why, names in left_out.items()])


def _why_left_out(column: Column, rows: int) -> str | None:
    if not column.name or len(column.name) > LONGEST_COLUMN_NAME:
        return f"without a name of at most {LONGEST_COLUMN_NAME} characters"
    classes = column.classes
    if not column.present or (classes is not None and len(classes) == 1 and not column.missing):
        return "the same in every row"
    if column.is_numeric:
        numbers_rows = column.name.lower() in ROW_NUMBERS or (column.counts_up and column.present == rows)
        return "numbers the rows only" if numbers_rows else None
    if classes is None or len(classes) > MOST_CATEGORIES or len(classes) > MOST_DIFFERENT_SHARE * rows:
        return "different in too many rows to be a category"
    return None
