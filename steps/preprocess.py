"""Preprocess: read the run's CSV once, map its labels, split it, and count what ValidateData judges.

Reads   --data DIR     one CSV, plain or gzipped, with the recipe's text and label columns
        --recipe FILE  the recipe
Writes  --output DIR   train.csv, validation.csv, test.csv (header `text,label`; class names, raw texts)
                       profile.json (DataProfile)
Run     python -m steps.preprocess --data DIR --recipe FILE --output DIR

Bad data is a result: the profile says what is wrong, and the script still ends with 0. Texts are written as
they are, since cleaning belongs to the served model. Rows without a text, with an unknown label or
that cannot be read are left out of the splits.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import logging
import re
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from steps.csv_rows import CsvRows, UnreadableFileError, open_csv
from steps.exit_message import own_error_as_exit_message
from steps.profile import EXAMPLES, DataProfile, FileProblem, Place, RowsFound, TextLengths, UnknownLabel
from steps.recipe import Recipe, parse_recipe
from steps.split import SPLITS, Split, normalised_text, split_of

if TYPE_CHECKING:
    from collections.abc import Sequence

logger = logging.getLogger("preprocess")

MAX_LABEL_CHARACTERS = 20
# A file that was uploaded under its digest is called by the digest's first characters.
UPLOADED_NAME = re.compile(r"^([0-9a-f]{12})[0-9a-f]{52}\.csv$")


class RowSink(Protocol):
    """Where prepared rows go."""

    def __call__(self, split: Split, text: str, label: str) -> None:
        """Keep one row."""


class _Tally:
    """Counts rows of one kind and remembers where the first few are."""

    def __init__(self) -> None:
        self._count = 0
        self._places: list[Place] = []

    def add(self, place: Place) -> None:
        self._count += 1
        if len(self._places) < EXAMPLES:
            self._places.append(place)

    def found(self) -> RowsFound:
        return RowsFound(count=self._count, places=tuple(self._places))


class Profiler:
    """Takes rows one by one, hands the usable ones on, and ends in a profile.

    Holds a 16-byte digest for each distinct text, never a text.
    """

    def __init__(self, recipe: Recipe, keep: RowSink) -> None:
        self._recipe = recipe
        self._keep = keep
        self.rows = 0
        self._labels: Counter[str] = Counter()
        self._splits: dict[Split, Counter[str]] = {split: Counter() for split in SPLITS}
        self._lengths: Counter[int] = Counter()
        self._label_of: dict[bytes, str] = {}
        self._conflicting: set[bytes] = set()
        self._unknown: dict[str, _Tally] = {}
        self._unknown_rows, self._empty, self._duplicates = _Tally(), _Tally(), _Tally()
        self._conflicts, self._too_long = _Tally(), _Tally()
        self._unreadable, self._not_utf8 = _Tally(), _Tally()

    def add_unreadable(self, place: Place, *, is_utf8: bool) -> None:
        """Count a row whose fields cannot be read."""
        self.rows += 1
        self._unreadable.add(place)
        if not is_utf8:
            self._not_utf8.add(place)

    def add(self, place: Place, text: str, raw_label: str) -> None:
        """Count one row, and keep it when it has a text and a known label."""
        self.rows += 1
        label = self._recipe.data.labels.get(raw_label.strip())
        if label is None:
            self._unknown_rows.add(place)
            value = _told(raw_label.strip())
            if value in self._unknown or len(self._unknown) < EXAMPLES:
                self._unknown.setdefault(value, _Tally()).add(place)
            return
        if not text.strip():
            self._empty.add(place)
            return
        self._lengths[len(text)] += 1
        if len(text) > self._recipe.data_rules.max_text_characters:
            self._too_long.add(place)
        self._compare_with_earlier(place, text, label)
        split = split_of(text, self._recipe.split)
        self._labels[label] += 1
        self._splits[split][label] += 1
        self._keep(split, text, label)

    def _compare_with_earlier(self, place: Place, text: str, label: str) -> None:
        digest = hashlib.blake2b(normalised_text(text).encode(), digest_size=16).digest()
        first_label = self._label_of.get(digest)
        if first_label is None:
            self._label_of[digest] = label
            return
        self._duplicates.add(place)
        if first_label != label and digest not in self._conflicting:
            self._conflicting.add(digest)
            self._conflicts.add(place)

    def profile(self, file: str, columns: Sequence[str], problems: Sequence[FileProblem]) -> DataProfile:
        """What was counted so far."""
        names = self._recipe.data.class_names
        return DataProfile(
            file=file,
            columns=tuple(columns),
            rows=self.rows,
            usable_rows=self._labels.total(),
            distinct_texts=len(self._label_of),
            rows_per_label={name: self._labels[name] for name in names},
            rows_per_split={split: {name: self._splits[split][name] for name in names} for split in SPLITS},
            empty_texts=self._empty.found(),
            duplicates=self._duplicates.found(),
            conflicting_labels=self._conflicts.found(),
            too_long=self._too_long.found(),
            unreadable_rows=self._unreadable.found(),
            not_utf8_rows=self._not_utf8.found(),
            unknown_labels=self._unknown_rows.found(),
            unknown_label_values=tuple(UnknownLabel(value=v, rows=t.found()) for v, t in self._unknown.items()),
            text_lengths=_quantiles(self._lengths),
            problems=tuple(problems),
        )


def profile_file(path: Path, recipe: Recipe, keep: RowSink) -> DataProfile:
    """Read one file and hand its usable rows to `keep`; what is wrong with the file is in the profile."""
    profiler = Profiler(recipe, keep)
    name = UPLOADED_NAME.sub(r"\1….csv", path.name)
    header: list[str] = []
    first_bad_byte = None
    problems: list[FileProblem] = []
    with open_csv(path) as stream:
        try:
            rows = CsvRows(stream, name)
            text, label = rows.column(recipe.data.text_column), rows.column(recipe.data.label_column)
            header = rows.header
            for row in rows:
                if row.fields is None:
                    first_bad_byte = rows.first_bad_byte
                    profiler.add_unreadable(row.place, is_utf8=row.is_utf8)
                else:
                    profiler.add(row.place, row.fields[text], row.fields[label])
            if not profiler.rows:
                sentence = f"{name} has a header but no rows. Add one row a text."
                problems.append(FileProblem(kind="no_rows", sentence=sentence))
        except UnreadableFileError as error:
            problems.append(error.problem)
    profile = profiler.profile(name, header, problems)
    return profile.model_copy(update={"first_bad_byte": first_bad_byte})


def preprocess(data: Path, recipe: Recipe, output: Path) -> DataProfile:
    """Split the one file in `data` into three CSV files in `output`, and profile it."""
    files = sorted(path for path in data.glob("*") if path.is_file() and not path.name.startswith("."))
    with ExitStack() as stack:
        writers = {}
        for split in SPLITS:
            file = stack.enter_context((output / f"{split}.csv").open("w", encoding="utf-8", newline=""))
            writers[split] = csv.writer(file, lineterminator="\n")
            writers[split].writerow(["text", "label"])
        if len(files) == 1:
            return profile_file(files[0], recipe, lambda split, text, label: writers[split].writerow([text, label]))
    sentence = f"Expected one CSV file in the run's data, found {len(files)}. Give the run one file."
    profiler = Profiler(recipe, lambda *_: None)
    return profiler.profile(data.name, [], [FileProblem(kind="not_one_file", sentence=sentence)])


def _told(value: str) -> str:
    """A label as it may be repeated: a longer value is perhaps a text, whose place is enough."""
    return f"'{value}'" if len(value) <= MAX_LABEL_CHARACTERS else "a value too long for a label"


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


def main(argv: Sequence[str] | None = None) -> None:
    """Run the step on folders, as a processing container does."""
    parser = argparse.ArgumentParser(description="Split one CSV and profile it.")
    parser.add_argument("--data", type=Path, required=True, help="folder that holds the CSV")
    parser.add_argument("--recipe", type=Path, required=True, help="recipe.yaml")
    parser.add_argument("--output", type=Path, required=True, help="folder to write into")
    args = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    recipe = parse_recipe(args.recipe.read_text(encoding="utf-8"), where=str(args.recipe))
    args.output.mkdir(parents=True, exist_ok=True)
    profile = preprocess(args.data, recipe, args.output)
    (args.output / "profile.json").write_text(profile.model_dump_json(indent=2), encoding="utf-8")
    logger.info(
        "rows read: %d, usable: %d, problems with the file: %d",
        profile.rows,
        profile.usable_rows,
        len(profile.problems),
    )


if __name__ == "__main__":
    with own_error_as_exit_message():
        main()
