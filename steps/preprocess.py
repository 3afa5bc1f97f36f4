"""Preprocess: read the run's CSV once, map its answers, split it, and count what ValidateData judges.

Reads   --data DIR     one CSV, plain or gzipped, with the recipe's columns
        --recipe FILE  the recipe
Writes  --output DIR   train.csv, validation.csv, test.csv; their columns are the inputs (`text`, or those of the
                       table), then the answers: `label` (a class name), a 0 or 1 for each label, or the number
                       schema.json (FeaturesSection; for a table)
                       profile.json (DataProfile)
Run     python -m steps.preprocess --data DIR --recipe FILE --output DIR

Bad data is a result: the profile says what is wrong, and the script still ends with 0. Texts are written as
they are, since cleaning belongs to the served model. Rows without an input, with an unknown answer or that cannot
be read are left out of the splits.
"""

from __future__ import annotations

import argparse
import csv
import logging
import re
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from steps.csv_rows import CsvRow, CsvRows, UnreadableFileError, open_csv
from steps.exit_message import own_error_as_exit_message
from steps.profile import PROFILE, DataProfile, FileProblem
from steps.profiler import Profiler, RowSink
from steps.recipe import Recipe, parse_recipe
from steps.row_reader import RowReader
from steps.split import SPLITS
from steps.text_profiler import TextProfiler

if TYPE_CHECKING:
    from collections.abc import Sequence

logger = logging.getLogger("preprocess")

# Rows that are read and checked at once.
BATCH_ROWS = 5000
BATCH_CHARACTERS = 500_000
# A file that was uploaded under its digest is called by the digest's first characters.
UPLOADED_NAME = re.compile(r"^([0-9a-f]{12})[0-9a-f]{52}\.csv$")


def profile_file(path: Path, recipe: Recipe, keep: RowSink, *, with_texts: bool = True) -> DataProfile:
    """Read one file and hand its usable rows to `keep`; what is wrong with the file is in the profile.

    with_texts: look at the texts too, which takes longer than to count rows
    """
    texts = TextProfiler() if with_texts and recipe.data.features is None else None
    profiler = Profiler(recipe, keep, texts)
    name = UPLOADED_NAME.sub(r"\1….csv", path.name)
    header: list[str] = []
    first_bad_byte = None
    problems: list[FileProblem] = []
    with open_csv(path) as stream:
        try:
            rows = CsvRows(stream, name)
            reader = RowReader(recipe, rows)
            header = rows.header
            try:
                _read_rows(rows, reader, profiler)
            finally:
                first_bad_byte = rows.first_bad_byte
            if not profiler.rows:
                sentence = f"{name} has a header but no rows. Add rows."
                if profiler.ignored_rows:
                    sentence = f"{name} has only rows of labels that data.ignored_labels leaves out. Add others."
                problems.append(FileProblem(kind="no_rows", sentence=sentence))
        except UnreadableFileError as error:
            problems.append(error.problem)
    profile = profiler.profile(name, header, problems)
    return profile.model_copy(update={"first_bad_byte": first_bad_byte})


def _read_rows(rows: CsvRows, reader: RowReader, profiler: Profiler) -> None:
    """Hand all rows to the profiler, some thousands at a time: pandera is quick about many and slow about one."""
    batch: list[CsvRow] = []
    characters = 0
    try:
        for row in rows:
            batch.append(row)
            characters += sum(map(len, row.fields or ()))
            if len(batch) == BATCH_ROWS or characters >= BATCH_CHARACTERS:
                _profile_batch(batch, reader, profiler)
                batch, characters = [], 0
    finally:
        # What was read before the file broke off counts too.
        _profile_batch(batch, reader, profiler)


def _profile_batch(batch: Sequence[CsvRow], reader: RowReader, profiler: Profiler) -> None:
    read = reader.read([row.fields for row in batch if row.fields is not None])
    for row in batch:
        if row.fields is None:
            profiler.add_unreadable(row.place, is_utf8=row.is_utf8)
        else:
            profiler.add(row.place, next(read))


def preprocess(data: Path, recipe: Recipe, output: Path) -> DataProfile:
    """Split the one file in `data` into three CSV files in `output`, and profile it."""
    files = sorted(path for path in data.glob("*") if path.is_file() and not path.name.startswith("."))
    if recipe.data.features is not None:
        (output / "schema.json").write_text(recipe.data.features.model_dump_json(indent=2), encoding="utf-8")
    with ExitStack() as stack:
        writers = {}
        for split in SPLITS:
            file = stack.enter_context((output / f"{split}.csv").open("w", encoding="utf-8", newline=""))
            writers[split] = csv.writer(file, lineterminator="\n")
            writers[split].writerow(recipe.data.prepared_columns)
        if len(files) == 1:
            return profile_file(files[0], recipe, lambda split, cells: writers[split].writerow(cells))
    sentence = f"Expected one CSV file in the run's data, found {len(files)}. Give the run one file."
    profiler = Profiler(recipe, lambda *_: None)
    return profiler.profile(data.name, [], [FileProblem(kind="not_one_file", sentence=sentence)])


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
    (args.output / PROFILE).write_text(profile.model_dump_json(), encoding="utf-8")
    logger.info(
        "rows read: %d, usable: %d, problems with the file: %d",
        profile.rows,
        profile.usable_rows,
        len(profile.problems),
    )


if __name__ == "__main__":
    with own_error_as_exit_message():
        main()
