"""How a file's values are distributed, in a size that does not grow with its rows, to compare two files by.

Numbers are kept as a sample of rows, words of a table as counts, the words of texts as counts of 256 buckets. Nothing
here holds a text. Rows are counted from 1 after the header.
"""

from __future__ import annotations

import hashlib
import math
import random
from bisect import insort
from typing import TYPE_CHECKING
from zlib import crc32

from pydantic import Field

from steps.contracts import Contract

if TYPE_CHECKING:
    from steps.recipe import Recipe
    from steps.row_reader import PreparedRow
    from steps.split import Split

# Enough for a test to see the differences that a rule would mind, and 500 columns still take a few megabytes.
SAMPLE_ROWS = 1000
# Categories that are counted one by one, of a column and of all columns; of more only the buckets are counted.
MAX_CATEGORIES = 1000
MAX_CATEGORIES_IN_ALL = 20_000
CATEGORY_BUCKETS = 64
WORD_BUCKETS = 256
NAMED_ROWS = 3
# A word that fewer rows share, or that is longer, may say whose row it is.
LEAST_ROWS_TO_NAME = 5
MAX_NAME_CHARACTERS = 40


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


class DistributionCounter:
    """Takes usable rows one by one and ends in their Distributions."""

    def __init__(self, recipe: Recipe) -> None:
        features = recipe.data.features
        self._is_text = features is None
        self._numeric = {name: _Numbers() for name in features.numeric} if features else {}
        words = features.categorical if features else []
        most = min(MAX_CATEGORIES, MAX_CATEGORIES_IN_ALL // max(1, len(words)))
        self._categorical = {name: _Words(most) for name in words}
        self._columns: list[_Numbers | _Words] = [*self._numeric.values(), *self._categorical.values()]
        self._lengths, self._targets = _Numbers(), _Numbers()
        self._words = [0] * WORD_BUCKETS
        self._sampler = _Sampler()

    def add(self, number: int, row: PreparedRow, split: Split) -> None:
        """Count one row. number: its place among the file's rows"""
        slot = self._sampler.slot()
        for column, value in zip(self._columns, row.values, strict=True):
            column.add(value, number, slot, split)
        if row.number is not None:
            self._targets.add(row.number, number, slot, split)
        if self._is_text:
            self._lengths.add(row.characters, number, slot, split)
            if words := row.identity.split():
                drawn = words[crc32(row.identity.encode()) % len(words)]
                self._words[crc32(drawn.encode()) % WORD_BUCKETS] += 1

    def distributions(self) -> Distributions:
        """What was counted so far."""
        return Distributions(
            numeric={name: numbers.summary() for name, numbers in self._numeric.items()},
            categorical={name: words.summary() for name, words in self._categorical.items()},
            text_length=self._lengths.summary() if self._is_text else None,
            words=tuple(self._words) if self._is_text else (),
            target=self._targets.summary() if self._targets.rows else None,
        )


class _Sampler:
    """Chooses rows evenly at random from a stream of unknown length; the same ones whenever the stream is the same.

    Source: Li, ACM Transactions on Mathematical Software 20 (1994), pp. 481-493, algorithm L, which asks for a random
    number only where a row is taken.
    """

    def __init__(self) -> None:
        self._random = random.Random(0)  # noqa: S311 - draws a sample, no secret
        self._seen = 0
        self._weight = 1.0
        self._next = SAMPLE_ROWS
        self._skip()

    def slot(self) -> int | None:
        """Where in the sample the next row goes, in place of the one that is there; None when it is not taken."""
        index, self._seen = self._seen, self._seen + 1
        if index < SAMPLE_ROWS:
            return index
        if index < self._next:
            return None
        self._next += 1
        self._skip()
        return self._random.randrange(SAMPLE_ROWS)

    def _skip(self) -> None:
        # 1 - random() is never 0, whose logarithm there is not.
        self._weight *= math.exp(math.log(1 - self._random.random()) / SAMPLE_ROWS)
        self._next += int(math.log(1 - self._random.random()) / math.log1p(-self._weight))


class _Numbers:
    """One column's numbers."""

    def __init__(self) -> None:
        self.rows = 0
        self._missing = 0
        self._sample: list[float | None] = []
        # Sorted from the outermost inwards; a number that only equals one there changes nothing.
        self._lowest: list[tuple[float, int]] = []
        self._highest: list[tuple[float, int]] = []

    def add(self, value: float | str | None, row: int, slot: int | None, _split: Split) -> None:
        number = value if isinstance(value, int | float) else None
        if slot is not None:
            if slot < len(self._sample):
                self._sample[slot] = number
            else:
                self._sample.append(number)
        if number is None:
            self._missing += 1
            return
        self.rows += 1
        if len(self._lowest) < NAMED_ROWS or number < self._lowest[-1][0]:
            insort(self._lowest, (number, row))
            del self._lowest[NAMED_ROWS:]
        if len(self._highest) < NAMED_ROWS or -number < self._highest[-1][0]:
            insort(self._highest, (-number, row))
            del self._highest[NAMED_ROWS:]

    def summary(self) -> NumberSummary:
        return NumberSummary(
            rows=self.rows,
            missing=self._missing,
            sample=tuple(sorted(seven_digits(number) for number in self._sample if number is not None)),
            lowest=tuple(ValueAt(value=number, row=row) for number, row in self._lowest),
            highest=tuple(ValueAt(value=-number, row=row) for number, row in self._highest),
        )


class _Words:
    """One column's words."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._rows = 0
        self._missing = 0
        self._counts: dict[str, int] | None = {}
        self._first_rows: dict[str, list[int]] = {}
        self._trained: set[str] = set()
        self._buckets = [0] * CATEGORY_BUCKETS

    def add(self, value: float | str | None, row: int, _slot: int | None, split: Split) -> None:
        if value is None:
            self._missing += 1
            return
        word = str(value)
        self._rows += 1
        if self._counts is None:
            self._buckets[crc32(word.encode()) % CATEGORY_BUCKETS] += 1
            return
        count = self._counts.get(word, 0)
        self._counts[word] = count + 1
        if count < NAMED_ROWS:
            self._first_rows.setdefault(word, []).append(row)
        if split == "train":
            self._trained.add(word)
        if len(self._counts) > self._most:
            self._buckets = self._bucket_counts()
            self._counts = None
            self._first_rows, self._trained = {}, set()

    def summary(self) -> CategorySummary:
        counted = None
        if self._counts is not None:
            ordered = sorted(self._counts.items(), key=lambda each: (-each[1], each[0]))
            counted = tuple(
                CategoryCount(
                    key=_key(word),
                    name=word if count >= LEAST_ROWS_TO_NAME and len(word) <= MAX_NAME_CHARACTERS else None,
                    rows=count,
                    first_rows=tuple(self._first_rows[word]),
                    is_trained=word in self._trained,
                )
                for word, count in ordered
            )
        return CategorySummary(
            rows=self._rows, missing=self._missing, categories=counted, buckets=tuple(self._bucket_counts())
        )

    def _bucket_counts(self) -> list[int]:
        if self._counts is None:
            return self._buckets
        buckets = [0] * CATEGORY_BUCKETS
        for word, count in self._counts.items():
            buckets[crc32(word.encode()) % CATEGORY_BUCKETS] += count
        return buckets


def seven_digits(number: float) -> float:
    """The number as a sample keeps it."""
    return float(f"{number:.7g}")


def _key(word: str) -> str:
    return hashlib.blake2b(word.encode(), digest_size=8).hexdigest()
