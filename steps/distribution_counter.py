"""Counts how a file's values are distributed, row by row, in memory that does not grow with the rows."""

from __future__ import annotations

import hashlib
import math
import random
from collections import Counter
from heapq import nsmallest
from typing import TYPE_CHECKING, cast
from zlib import crc32

from steps.distributions import (
    CATEGORY_BUCKETS,
    MAX_CATEGORIES,
    NAMED_ROWS,
    SAMPLE_ROWS,
    WORD_BUCKETS,
    CategoryCount,
    CategorySummary,
    Distributions,
    NumberSummary,
    ValueAt,
    seven_digits,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from steps.recipe import Recipe
    from steps.row_reader import PreparedRow
    from steps.split import Split

    Number = float | None
    Word = str | None
    _Numeric = tuple[Number, ...]

MAX_CATEGORIES_IN_ALL = 20_000
# A word that fewer rows share, or that is longer, may say whose row it is.
LEAST_ROWS_TO_NAME = 5
MAX_NAME_CHARACTERS = 40
# Begins what stands for a longer word; a cell that holds it cannot be read.
LONG = "\0"
ROWS_AT_A_TIME = 500


class DistributionCounter:
    """Takes usable rows one by one and ends in their Distributions.

    Rows are counted many at a time, column by column, since that takes a fraction of the time.
    """

    def __init__(self, recipe: Recipe) -> None:
        features = recipe.data.features
        self._is_text = features is None
        self._numeric = list(features.numeric) if features else []
        self._categorical = list(features.categorical) if features else []
        most = min(MAX_CATEGORIES, MAX_CATEGORIES_IN_ALL // max(1, len(self._categorical)))
        # The target, the length of texts, and the columns.
        self._all_numbers = [_Numbers() for _ in range(2 + len(self._numeric))]
        self._words = [_Words(most) for _ in self._categorical]
        self._word_buckets = [0] * WORD_BUCKETS
        self._sampler = _Sampler()
        self._sample: list[_Numeric] = []
        self._waiting: list[_Numeric] = []
        self._waiting_words: list[Sequence[Word]] = []
        self._places: list[int] = []
        self._are_trained: list[bool] = []

    def add(self, number: int, row: PreparedRow, split: Split) -> None:
        """Count one row. number: its place among the file's rows"""
        numeric = (row.number, row.characters, *cast("Sequence[Number]", row.values[: len(self._numeric)]))
        slot = self._sampler.slot()
        if slot is not None:
            self._sample[slot : slot + 1] = [numeric]
        if self._is_text:
            self._draw_word(row.identity)
        self._waiting.append(numeric)
        words = cast("Sequence[Word]", row.values[len(self._numeric) :])
        self._waiting_words.append(
            [_short(word) if word and len(word) > MAX_NAME_CHARACTERS else word for word in words]
        )
        self._places.append(number)
        self._are_trained.append(split == "train")
        if len(self._waiting) == ROWS_AT_A_TIME:
            self._count()

    def _draw_word(self, text: str) -> None:
        if words := text.split():
            drawn = words[crc32(text.encode()) % len(words)]
            self._word_buckets[crc32(drawn.encode()) % WORD_BUCKETS] += 1

    def _count(self) -> None:
        for numbers, values in zip(self._all_numbers, zip(*self._waiting, strict=True), strict=True):
            numbers.add(values, self._places)
        for words, cells in zip(self._words, zip(*self._waiting_words, strict=True), strict=True):
            words.add(cells, self._places, self._are_trained)
        self._waiting, self._waiting_words, self._places, self._are_trained = [], [], [], []

    def distributions(self) -> Distributions:
        """What was counted so far."""
        if self._waiting:
            self._count()
        samples = list(zip(*self._sample, strict=True)) or [()] * len(self._all_numbers)
        target, length, *numeric = [
            numbers.summary(sample) for numbers, sample in zip(self._all_numbers, samples, strict=True)
        ]
        return Distributions(
            numeric=dict(zip(self._numeric, numeric, strict=True)),
            categorical={name: words.summary() for name, words in zip(self._categorical, self._words, strict=True)},
            text_length=length if self._is_text else None,
            words=tuple(self._word_buckets) if self._is_text else (),
            target=target if target.rows else None,
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
        self._rows = 0
        self._missing = 0
        # From the outermost inwards, the earlier of equal ones first; the highest as their negatives.
        self._lowest: list[tuple[float, int]] = []
        self._highest: list[tuple[float, int]] = []

    def add(self, values: Sequence[Number], places: Sequence[int]) -> None:
        there = _numbers(values)
        self._rows += len(there)
        self._missing += len(values) - len(there)
        if not there:
            return
        if len(self._lowest) < NAMED_ROWS or min(there) < self._lowest[-1][0]:
            self._lowest = nsmallest(NAMED_ROWS, [*self._lowest, *_placed(values, places, 1)])
        if len(self._highest) < NAMED_ROWS or -max(there) < self._highest[-1][0]:
            self._highest = nsmallest(NAMED_ROWS, [*self._highest, *_placed(values, places, -1)])

    def summary(self, sample: Sequence[Number]) -> NumberSummary:
        return NumberSummary(
            rows=self._rows,
            missing=self._missing,
            sample=tuple(sorted(seven_digits(number) for number in _numbers(sample))),
            lowest=tuple(ValueAt(value=number, row=row) for number, row in self._lowest),
            highest=tuple(ValueAt(value=-number, row=row) for number, row in self._highest),
        )


class _Words:
    """One column's words."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._rows = 0
        self._missing = 0
        self._counts: Counter[str] | None = Counter()
        self._first_rows: dict[str, list[int]] = {}
        self._trained: set[str] = set()
        self._buckets = [0] * CATEGORY_BUCKETS

    def add(self, values: Sequence[Word], places: Sequence[int], are_trained: Sequence[bool]) -> None:
        everything = Counter(values)
        missing = everything.pop(None, 0)
        counts = cast("Counter[str]", everything)
        self._rows += len(values) - missing
        self._missing += missing
        if self._counts is None:
            _count_buckets(self._buckets, counts)
            return
        # Few words are of interest after a while: those seen in fewer than three rows, or in no training row yet.
        rare = {word for word in counts if self._counts[word] < NAMED_ROWS or word not in self._trained}
        self._counts.update(counts)
        if len(self._counts) > self._most:
            _count_buckets(self._buckets, self._counts)
            self._counts, self._first_rows, self._trained = None, {}, set()
        elif rare:
            self._note(rare, values, places, are_trained)

    def _note(
        self, words: set[str], values: Sequence[Word], places: Sequence[int], are_trained: Sequence[bool]
    ) -> None:
        """Which rows have these words, and which of them the training part has."""
        for value, place, is_trained in zip(values, places, are_trained, strict=True):
            if value is not None and value in words:
                rows = self._first_rows.setdefault(value, [])
                if len(rows) < NAMED_ROWS:
                    rows.append(place)
                if is_trained:
                    self._trained.add(value)

    def summary(self) -> CategorySummary:
        buckets, counted = list(self._buckets), None
        if self._counts is not None:
            _count_buckets(buckets, self._counts)
            counted = tuple(
                CategoryCount(
                    key=_key(word),
                    name=None if count < LEAST_ROWS_TO_NAME or word.startswith(LONG) else word,
                    rows=count,
                    first_rows=tuple(self._first_rows[word]),
                    is_trained=word in self._trained,
                )
                for word, count in sorted(self._counts.items(), key=lambda each: (-each[1], each[0]))
            )
        return CategorySummary(rows=self._rows, missing=self._missing, categories=counted, buckets=tuple(buckets))


def _numbers(values: Sequence[Number]) -> list[float]:
    return [value for value in values if value is not None]


def _placed(values: Sequence[Number], places: Sequence[int], sign: int) -> Iterator[tuple[float, int]]:
    for value, place in zip(values, places, strict=True):
        if value is not None:
            yield sign * value, place


def _count_buckets(buckets: list[int], counts: Counter[str]) -> None:
    for word, count in counts.items():
        buckets[crc32(word.encode()) % CATEGORY_BUCKETS] += count


def _short(word: str) -> str:
    """What stands for a word too long to be kept; equal for equal words."""
    return LONG + _key(word)


def _key(word: str) -> str:
    return hashlib.blake2b(word.encode(), digest_size=8).hexdigest()
