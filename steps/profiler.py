"""Counts what ValidateData judges, row by row, without keeping a row."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Protocol

from steps.distribution_counter import DistributionCounter
from steps.profile import (
    EXAMPLES,
    BadCell,
    DataProfile,
    FileProblem,
    NumberRange,
    Place,
    Tally,
    TextLengths,
    UnknownLabel,
)
from steps.row_index import RowIndex
from steps.row_reader import PreparedRow, UnusableRow
from steps.split import SPLITS, Split, split_of_identity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from steps.recipe import Recipe
    from steps.text_profiler import TextProfiler


class RowSink(Protocol):
    """Where prepared rows go."""

    def __call__(self, split: Split, cells: Sequence[str]) -> None:
        """Keep one row: its inputs, then its answers."""


class Profiler:
    """Takes rows one by one, hands the usable ones on, and ends in a profile.

    Holds less than 100 bytes of each row, never the row itself.
    texts: looks at each row's text too; without it rows are only counted
    """

    def __init__(self, recipe: Recipe, keep: RowSink, texts: TextProfiler | None = None) -> None:
        self._recipe = recipe
        self._keep = keep
        self._texts = texts
        self.rows = 0
        self.ignored_rows = 0
        self._usable: Counter[Split] = Counter()
        self._labels: Counter[str] = Counter()
        self._splits: dict[Split, Counter[str]] = {split: Counter() for split in SPLITS}
        self._lengths: Counter[int] = Counter()
        self._smallest, self._largest = float("inf"), float("-inf")
        self._index = RowIndex()
        self._distributions = DistributionCounter(recipe)
        self._unknown: dict[str, Tally] = {}
        self._bad_values: dict[tuple[str, str, str], Tally] = {}
        self._unknown_rows, self._bad_rows, self._empty = Tally(), Tally(), Tally()
        self._too_long, self._unreadable, self._not_utf8 = Tally(), Tally(), Tally()

    def add_unreadable(self, place: Place, *, is_utf8: bool) -> None:
        """Count a row whose fields cannot be read."""
        self.rows += 1
        self._unreadable.add(place)
        if not is_utf8:
            self._not_utf8.add(place)

    def add(self, place: Place, row: PreparedRow | UnusableRow) -> None:
        """Count one row, and keep it when it can be learned from."""
        if isinstance(row, UnusableRow):
            self._add_unusable(place, row)
            return
        self.rows += 1
        self._lengths[row.characters] += 1
        if row.characters > self._recipe.data_rules.max_text_characters.limit:
            self._too_long.add(place)
        if row.number is not None:
            self._smallest, self._largest = min(self._smallest, row.number), max(self._largest, row.number)
        split = split_of_identity(row.identity, self._recipe.split)
        number = self._index.add(place, row.identity, row.answer, split)
        if self._texts is not None:
            self._texts.add(number, place, row.cells[0], row.identity)
        self._usable[split] += 1
        self._labels.update(row.labels)
        self._splits[split].update(row.labels)
        self._distributions.add(place.row, row, split)
        self._keep(split, row.cells)

    def _add_unusable(self, place: Place, row: UnusableRow) -> None:
        if row.why == "ignored":
            self.ignored_rows += 1
            return
        self.rows += 1
        if row.why == "empty":
            self._empty.add(place)
        elif row.why == "unknown_label":
            self._unknown_rows.add(place)
            if row.value in self._unknown or len(self._unknown) < EXAMPLES:
                self._unknown.setdefault(row.value, Tally()).add(place)
        else:
            self._bad_rows.add(place)
            cell = (row.column, row.value, row.wanted)
            if cell in self._bad_values or len(self._bad_values) < EXAMPLES:
                self._bad_values.setdefault(cell, Tally()).add(place)

    def profile(self, file: str, columns: Sequence[str], problems: Sequence[FileProblem]) -> DataProfile:
        """What was counted so far."""
        names = self._recipe.data.class_names
        rules = self._recipe.data_rules
        short = rules.short_text_characters or 0
        repeated = self._index.repeated()
        return DataProfile(
            file=file,
            columns=tuple(columns),
            rows=self.rows,
            ignored_rows=self.ignored_rows,
            usable_rows=self._usable.total(),
            distinct_texts=repeated.distinct,
            rows_per_label={name: self._labels[name] for name in names},
            rows_per_split={split: {name: self._splits[split][name] for name in names} for split in SPLITS},
            split_rows={split: self._usable[split] for split in SPLITS},
            empty_texts=self._empty.found(),
            duplicates=repeated.duplicates,
            conflicting_labels=repeated.conflicts,
            too_long=self._too_long.found(),
            short_texts=sum(count for length, count in self._lengths.items() if length < short),
            vocabulary_words=self._texts.words() if self._texts else None,
            unreadable_rows=self._unreadable.found(),
            not_utf8_rows=self._not_utf8.found(),
            unknown_labels=self._unknown_rows.found(),
            unknown_label_values=tuple(UnknownLabel(value=v, rows=t.found()) for v, t in self._unknown.items()),
            bad_cells=self._bad_rows.found(),
            bad_cell_values=tuple(
                BadCell(column=column, value=value, wanted=wanted, rows=tally.found())
                for (column, value, wanted), tally in self._bad_values.items()
            ),
            text_lengths=_quantiles(self._lengths),
            target=NumberRange(minimum=self._smallest, maximum=self._largest)
            if self._smallest <= self._largest
            else None,
            texts=self._texts.profile(self._index, repeated, rules.languages) if self._texts else None,
            distributions=self._distributions.distributions(),
            problems=tuple(problems),
        )


def _quantiles(lengths: Counter[int]) -> TextLengths:
    """Nearest-rank quantiles of counted lengths."""
    total = lengths.total()
    if not total:
        return TextLengths()
    ordered = sorted(lengths.items())

    def at(percent: int) -> int:
        rank = -(-total * percent // 100)
        seen = 0
        for length, count in ordered:
            seen += count
            if seen >= rank:
                return length
        return ordered[-1][0]

    return TextLengths(median=at(50), p95=at(95), p99=at(99), maximum=ordered[-1][0])
