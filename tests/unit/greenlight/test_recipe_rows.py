from __future__ import annotations

import gzip
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from greenlight.errors import WrongUseError
from greenlight.recipe_rows import rows_for_run, take_own_file
from greenlight.recipes import load_recipe
from greenlight.target import PROJECT
from steps.errors import DataUnavailableError
from steps.recipe import Recipe

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ROWS = [f'"a quiet day,\nnumber {number}",{number % 2}' for number in range(1200)]
CSV = "\n".join(["text,target", *ROWS, ""])


def quiet(_words: str) -> None:
    """Takes no notes."""


@pytest.fixture
def recipe() -> Recipe:
    return load_recipe(PROJECT, "disaster-tweets").recipe


def test_rows_of_kaggle_that_were_not_fetched_are_told_with_both_ways(recipe: Recipe, tmp_path: Path) -> None:
    with pytest.raises(WrongUseError, match=r"`greenlight data get disaster-tweets` .* or give a file: --data FILE"):
        rows_for_run(recipe, tmp_path, quiet)


def test_a_recipe_without_a_source_wants_a_file(recipe: Recipe, tmp_path: Path) -> None:
    own = recipe.model_copy(update={"data": recipe.data.model_copy(update={"source": None})})
    with pytest.raises(WrongUseError, match="has no data of its own; give a file: --data FILE"):
        rows_for_run(own, tmp_path, quiet)


def packed(folder: Path, kind: str) -> Path:
    """The rows as a person may have them."""
    file = folder / f"train.csv{kind}"
    if kind == ".gz":
        file.write_bytes(gzip.compress(CSV.encode()))
    elif kind == ".zip":
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("sample_submission.csv", "id,target\n1,0\n")
            archive.writestr("train.csv", CSV)
    else:
        file.write_text(CSV)
    return file


@pytest.mark.parametrize("kind", ["", ".gz", ".zip"])
def test_a_file_of_ones_own_is_kept_and_used_by_later_runs(recipe: Recipe, tmp_path: Path, kind: str) -> None:
    notes: list[str] = []
    taken = take_own_file(recipe, packed(tmp_path, kind), tmp_path / "cache", NOW)
    assert taken.rows == 1200
    assert taken.file.read_text() == CSV
    assert rows_for_run(recipe, tmp_path / "cache", notes.append) == taken.file
    assert notes == [f"data: your own file train.csv{kind}, taken on 2026-03-01"]


def test_a_file_that_is_not_the_recipes_is_not_kept(recipe: Recipe, tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataUnavailableError, match="has no column 'text'"):
        take_own_file(recipe, tmp_path / "mine.csv", tmp_path / "cache", NOW)
    with pytest.raises(DataUnavailableError, match="does not exist"):
        take_own_file(recipe, tmp_path / "nothing.csv", tmp_path / "cache", NOW)
    assert list((tmp_path / "cache" / "own").iterdir()) == []


def test_an_archive_of_several_files_none_of_them_the_recipes_is_named(recipe: Recipe, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("a.csv", CSV)
        archive.writestr("b.csv", CSV)
    with pytest.raises(WrongUseError, match=r"all\.zip holds 2 CSV files and none is called train\.csv"):
        take_own_file(recipe, tmp_path / "all.zip", tmp_path / "cache", NOW)
