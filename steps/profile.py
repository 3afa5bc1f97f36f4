"""What Preprocess found in a data file: the numbers that ValidateData judges.

Rows are counted from 1 after the header; lines are counted from 1 with the header, as an editor shows them.
Nothing here holds a row's text.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from steps.contracts import Contract
from steps.distributions import Distributions

# What Preprocess calls it, in its output's folder.
PROFILE = "profile.json"
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


class Tally:
    """Counts rows of one kind and remembers where the first few are."""

    def __init__(self) -> None:
        self._count = 0
        self._places: list[Place] = []

    def add(self, place: Place) -> None:
        """Count one row."""
        self._count += 1
        if len(self._places) < EXAMPLES:
            self._places.append(place)

    def found(self) -> RowsFound:
        """What was counted so far."""
        return RowsFound(count=self._count, places=tuple(self._places))


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


class LanguageProfile(Contract):
    """Languages of some texts, spread evenly over the file; only those that are long and clear enough are told."""

    texts: int = Field(default=0, description="Texts whose language was told.")
    expected: tuple[str, ...] = Field(default=(), description="The recipe's, or else the one of most texts.")
    counts: dict[str, int] = Field(default={}, description="Language code -> texts, of the ten most frequent.")
    others: RowsFound = Field(default=RowsFound(), description="Texts in a language that is not expected.")


class TextProfile(Contract):
    """What was found in the texts of the usable rows."""

    comparable: int = Field(default=0, description="Texts long enough to be compared with others.")
    looked_at: int = Field(default=0, description="The first of them, as many as there was room for.")
    compared: int = Field(default=0, description="Those of them whose text occurred in no earlier row.")
    compared_held_back: int = Field(default=0, description="Those of them in the parts for validation and test.")
    near_duplicates: RowsFound = Field(default=RowsFound(), description="Nearly the same as an earlier one.")
    leaked: RowsFound = Field(
        default=RowsFound(), description="Held back, and nearly the same as one of an earlier part (train, validation)."
    )
    languages: LanguageProfile = LanguageProfile()
    broken_encoding: RowsFound = RowsFound()
    markup: RowsFound = RowsFound()


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
        default=None,
        description="Different words apart from case, counted to one beyond ten million; None of a table.",
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
    texts: TextProfile | None = Field(default=None, description="None for a table, and where only rows were counted.")
    distributions: Distributions = Distributions()
    problems: tuple[FileProblem, ...] = ()
