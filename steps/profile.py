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


class BadCell(Contract):
    """A value that is not of its column's kind, in quotes or in words, and what it is instead: `no number`."""

    column: str
    value: str
    wanted: str
    rows: RowsFound


class NumberRange(Contract):
    """Smallest and largest number to predict."""

    minimum: float
    maximum: float


class TextLengths(Contract):
    """Quantiles of the text's length (of a table row's longest word) in characters; all 0 without rows."""

    median: int = 0
    p95: int = 0
    p99: int = 0
    maximum: int = 0


class FileProblem(Contract):
    """Why the file cannot be read as the recipe's data, as a sentence that says what to do."""

    kind: ProblemKind
    sentence: str


class DataProfile(Contract):
    """The counts of one data file; `rows` = usable + empty + unreadable rows + unknown labels + rows with a bad cell.

    The names speak of texts; in a table, a row's input cells together are its text. In multi_label a row counts for
    each of its labels.
    """

    file: str
    columns: tuple[str, ...] = ()
    rows: int = 0
    ignored_rows: int = Field(default=0, description="Rows of labels that the recipe ignores; not among `rows`.")
    usable_rows: int = 0
    distinct_texts: int = 0
    rows_per_label: dict[str, int]
    rows_per_split: dict[str, dict[str, int]]
    split_rows: dict[str, int] = Field(default={}, description="All usable rows of each part.")
    empty_texts: RowsFound = RowsFound()
    duplicates: RowsFound = RowsFound()
    conflicting_labels: RowsFound = RowsFound()
    too_long: RowsFound = RowsFound()
    short_texts: int = Field(default=0, description="Texts below the recipe's short_text_characters.")
    vocabulary_words: int | None = Field(
        default=None, description="Different words, counted to one beyond the recipe's limit; None without a limit."
    )
    unreadable_rows: RowsFound = RowsFound()
    not_utf8_rows: RowsFound = Field(
        default=RowsFound(), description="Those of the unreadable rows that are not UTF-8."
    )
    first_bad_byte: BadByte | None = None
    unknown_labels: RowsFound = RowsFound()
    unknown_label_values: tuple[UnknownLabel, ...] = ()
    bad_cells: RowsFound = RowsFound()
    bad_cell_values: tuple[BadCell, ...] = ()
    text_lengths: TextLengths = TextLengths()
    target: NumberRange | None = Field(default=None, description="Of a regression with rows.")
    problems: tuple[FileProblem, ...] = ()
