"""What is in a CSV: its columns and what kinds of values they hold, found in one pass without keeping the rows."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from greenlight.errors import WrongUseError
from steps.csv_rows import CsvRows, UnreadableFileError, open_csv

# More different values than this are not told apart: no model has so many classes.
MOST_VALUES = 1000
# How people write that there is no value; an empty cell is one too.
MISSING_MARKERS = frozenset({"", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "none", "?", "-"})
ROWS_BETWEEN_NOTES = 100_000


@dataclass
class Column:
    """One column's values, counted; `values` is None once there are more than MOST_VALUES different ones."""

    name: str
    values: Counter[str] | None = field(default_factory=Counter)
    missing: Counter[str] = field(default_factory=Counter)
    numbers: int = 0
    words: int = 0
    smallest: float = math.inf
    largest: float = -math.inf
    longest: int = 0
    whole: bool = True
    counts_up: bool = True
    _last: float | None = None

    def add(self, cell: str) -> None:
        """Count one cell."""
        value = cell.strip()
        self.longest = max(self.longest, len(value))
        if self.values is not None:
            self.values[value] += 1
            if len(self.values) > MOST_VALUES:
                self.values = None
        if value in MISSING_MARKERS:
            self.missing[value] += 1
            self.counts_up = False
            return
        number = _number(value)
        if number is None:
            self.words += 1
            self.counts_up = False
            return
        self.numbers += 1
        self.smallest, self.largest = min(self.smallest, number), max(self.largest, number)
        self.whole = self.whole and number.is_integer()
        self.counts_up = self.counts_up and (self._last is None or number == self._last + 1)
        self._last = number

    @property
    def present(self) -> int:
        """Cells that hold a value."""
        return self.numbers + self.words

    @property
    def is_numeric(self) -> bool:
        """Whether every value there is, is a number."""
        return self.numbers > 0 and self.words == 0

    @property
    def classes(self) -> dict[str, int] | None:
        """Different values and their rows, those that stand for no value left out; None when there are too many.

        Among words only an empty cell stands for no value: "none" may be a class like any other.
        """
        if self.values is None:
            return None
        nothing = MISSING_MARKERS if self.is_numeric else {""}
        return {value: count for value, count in self.values.items() if value not in nothing}

    @property
    def nothing(self) -> dict[str, int]:
        """What stands for no value beside the classes, and its rows."""
        return dict(self.missing) if self.is_numeric else {m: n for m, n in self.missing.items() if not m}


@dataclass(frozen=True)
class Survey:
    """A file's columns in their order, and how many rows could be read."""

    file: Path
    rows: int
    unreadable: int
    columns: dict[str, Column]

    def column(self, name: str) -> Column:
        """One column; raises WrongUseError that names those there are."""
        if name not in self.columns:
            raise WrongUseError(f"{self.file.name} has no column '{name}'; it has {listed(list(self.columns))}")
        return self.columns[name]


def survey(file: Path, note: Callable[[int], None] = lambda _rows: None) -> Survey:
    """Read a file once.

    note: told every so often how many rows have been read
    Raises WrongUseError when it is missing or cannot be read as a CSV at all, naming the line.
    """
    if not file.is_file():
        raise WrongUseError(f"{file} is no file; give the path of one CSV file")
    rows = unreadable = 0
    try:
        with open_csv(file) as stream:
            table = CsvRows(stream, file.name)
            _check_header(file, table.header)
            columns = [Column(name) for name in table.header]
            for row in table:
                if row.fields is None:
                    unreadable += 1
                    continue
                rows += 1
                for column, cell in zip(columns, row.fields, strict=True):
                    column.add(cell)
                if rows % ROWS_BETWEEN_NOTES == 0:
                    note(rows)
    except UnreadableFileError as error:
        raise WrongUseError(error.problem.sentence) from error
    except OSError as error:
        raise WrongUseError(f"{file} cannot be read: {error.strerror or error}; give a readable file") from error
    if not rows:
        raise WrongUseError(f"{file.name} has no row that can be read; it must have a header and one row an example")
    return Survey(file, rows, unreadable, {column.name: column for column in columns})


def listed(names: list[str], most: int = 20) -> str:
    """`a, b, c and 4 more`."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def _check_header(file: Path, header: list[str]) -> None:
    if len(header) == 1 and (separator := next((mark for mark in ";\t|" if mark in header[0]), None)):
        raise WrongUseError(
            f"{file.name} has one column only; its cells are perhaps separated by {separator!r}: save it with commas"
        )
    twice = sorted({name for name in header if name and header.count(name) > 1})
    if twice:
        raise WrongUseError(f"{file.name} has more than one column '{twice[0]}'; rename one of them")


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    # float() takes 1_000, which no spreadsheet writes.
    return number if math.isfinite(number) and "_" not in text else None
