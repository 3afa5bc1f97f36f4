"""What Preprocess found in a data file: the numbers that ValidateData judges.

Rows are counted from 1 after the header; lines are counted from 1 with the header, as an editor shows them.
Nothing here holds a row's text.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from steps.contracts import Contract

# How many places a profile names for each kind of trouble.
EXAMPLES = 3

ProblemKind = Literal["not_one_file", "unpackable", "not_text", "empty", "no_column", "no_rows", "open_quote"]


class Place(Contract):
    """Where a row begins."""

    row: int
    line: int

    def __str__(self) -> str:
        return f"row {self.row} (line {self.line})"


class RowsFound(Contract):
    """Rows of one kind: how many, and where the first few are."""

    count: int = 0
    places: tuple[Place, ...] = ()


class BadByte(Contract):
    """A byte that cannot be part of UTF-8 text; `byte` counts from 1 in its line."""

    line: int
    byte: int
    value: int

    def __str__(self) -> str:
        return f"line {self.line}, byte {self.byte} is 0x{self.value:02x}"


class UnknownLabel(Contract):
    """A value of the label column that the recipe does not know, in quotes; of a long one only that it is long."""

    value: str
    rows: RowsFound


class TextLengths(Contract):
    """Quantiles of the text's length in characters, empty texts left out; all 0 without rows."""

    median: int = 0
    p95: int = 0
    p99: int = 0
    maximum: int = 0


class FileProblem(Contract):
    """Why the file cannot be read as the recipe's data, as a sentence that says what to do."""

    kind: ProblemKind
    sentence: str


class DataProfile(Contract):
    """The counts of one data file; `rows` = usable + empty texts + unreadable rows + unknown labels."""

    file: str
    columns: tuple[str, ...] = ()
    rows: int = 0
    usable_rows: int = 0
    distinct_texts: int = 0
    rows_per_label: dict[str, int]
    rows_per_split: dict[str, dict[str, int]]
    empty_texts: RowsFound = RowsFound()
    duplicates: RowsFound = RowsFound()
    conflicting_labels: RowsFound = RowsFound()
    too_long: RowsFound = RowsFound()
    unreadable_rows: RowsFound = RowsFound()
    not_utf8_rows: RowsFound = Field(
        default=RowsFound(), description="Those of the unreadable rows that are not UTF-8."
    )
    first_bad_byte: BadByte | None = None
    unknown_labels: RowsFound = RowsFound()
    unknown_label_values: tuple[UnknownLabel, ...] = ()
    text_lengths: TextLengths = TextLengths()
    problems: tuple[FileProblem, ...] = ()
