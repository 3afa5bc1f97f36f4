"""How a file's values are distributed, in a size that does not grow with its rows, to compare two files by.

Numbers are kept as a sample of rows, words of a table as counts, the words of texts as counts of 256 buckets. Nothing
here holds a text. Rows are counted from 1 after the header.
"""

from __future__ import annotations

from pydantic import Field

from steps.contracts import Contract

# Enough for a test to see the differences that a rule would mind, and 500 columns still take a few megabytes.
SAMPLE_ROWS = 1000
# Categories of a column that are counted one by one; of more only the buckets are counted.
MAX_CATEGORIES = 1000
CATEGORY_BUCKETS = 64
WORD_BUCKETS = 256
NAMED_ROWS = 3


class ValueAt(Contract):
    """A number and the row it stands in."""

    value: float
    row: int


class NumberSummary(Contract):
    """The numbers of one column."""

    rows: int = Field(description="With a number.")
    missing: int = Field(default=0, description="Rows without.")
    sample: tuple[float, ...] = Field(
        max_length=SAMPLE_ROWS, description="Those of rows drawn evenly at random, to seven digits, in order."
    )
    lowest: tuple[ValueAt, ...] = Field(max_length=NAMED_ROWS, description="The smallest, the very smallest first.")
    highest: tuple[ValueAt, ...] = Field(max_length=NAMED_ROWS, description="The largest, the very largest first.")


class CategoryCount(Contract):
    """One word of a column."""

    key: str = Field(description="Digest of the word, equal for equal words.")
    name: str | None = Field(description="None where the word is rare or long, since it may say whose row it is.")
    rows: int
    first_rows: tuple[int, ...] = Field(max_length=NAMED_ROWS)
    is_trained: bool = Field(description="Whether a row of the training part has it.")


class CategorySummary(Contract):
    """The words of one column."""

    rows: int = Field(description="With a word.")
    missing: int = Field(default=0, description="Rows without.")
    categories: tuple[CategoryCount, ...] | None = Field(
        max_length=MAX_CATEGORIES, description="The most frequent first; None when there are too many to count."
    )
    buckets: tuple[int, ...] = Field(
        min_length=CATEGORY_BUCKETS, max_length=CATEGORY_BUCKETS, description="Rows by a hash of their word."
    )


class Distributions(Contract):
    """Those of a file's usable rows; a table has columns, texts have a length and words."""

    numeric: dict[str, NumberSummary] = Field(default={}, description="Column -> its numbers.")
    categorical: dict[str, CategorySummary] = Field(default={}, description="Column -> its words.")
    text_length: NumberSummary | None = Field(default=None, description="In characters.")
    words: tuple[int, ...] = Field(
        default=(),
        max_length=WORD_BUCKETS,
        description="Texts by a hash of one of their words, drawn by a hash of the text: one, since the words of a "
        "text are not independent of each other.",
    )
    target: NumberSummary | None = Field(default=None, description="The numbers to predict, of a regression.")


def seven_digits(number: float) -> float:
    """The number as a sample keeps it."""
    return float(f"{number:.7g}")
