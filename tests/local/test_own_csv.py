"""Somebody's own CSV, from the file to an answer, with no recipe written by hand."""

from __future__ import annotations

import csv
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from greenlight.target import PROJECT

# A folder in recipes/ that no recipe of ours has.
NAME = "written-by-a-test"


@pytest.fixture(autouse=True)
def written() -> Iterator[Path]:
    folder = PROJECT / "recipes" / NAME
    shutil.rmtree(folder, ignore_errors=True)
    yield folder / "recipe.yaml"
    shutil.rmtree(folder, ignore_errors=True)


def write(file: Path, header: list[str], rows: list[list[object]]) -> Path:
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
    return file


def test_texts_of_three_skewed_classes_are_released_and_asked(laptop: Any, tmp_path: Path, written: Path) -> None:
    words = {"sport": "the match was won by the team", "money": "the bank raised its rates", "food": "boil the rice"}
    rows: list[list[object]] = [
        [f"{words[name]}, number {number} of many", name]
        for name, count in (("sport", 150), ("money", 60), ("food", 25))
        for number in range(count)
    ]
    file = write(tmp_path / "news.csv", ["body", "desk"], rows)
    wanted = ["--text-column", "body", "--label-column", "desk", "--name", NAME]
    released = laptop.call("run", "--data", str(file), *wanted, "--approve")
    assert (released.code, released.document["outcome"]) == (0, "Released"), released.errors
    assert "10 of 10 rows answered as evaluated" in released.errors
    assert "label_column: desk" in written.read_text()
    answer = laptop.call("predict", NAME, "the team won the match").document
    assert answer["predictions"][0]["label"] == "sport"
    again = laptop.call("run", NAME, "--data", str(file))
    assert again.document["outcome"] == "NothingNew", "the recipe that was kept is the one that was released"


def test_a_table_with_gaps_is_released(laptop: Any, tmp_path: Path) -> None:
    dice = random.Random(7)  # noqa: S311 - rows to learn from, no secret
    rows: list[list[object]] = []
    for number in range(400):
        area, side = dice.randint(30, 200), dice.choice(["north", "south"])
        rent = 8 * area + (250 if side == "south" else 0) + dice.randint(0, 40)
        rows.append([number + 1, "NA" if number % 11 == 0 else area, "" if number % 13 == 0 else side, rent])
    file = write(tmp_path / "flats.csv", ["id", "area", "side", "rent"], rows)
    released = laptop.call("run", "--data", str(file), "--target-column", "rent", "--name", NAME, "--approve")
    assert (released.code, released.document["outcome"]) == (0, "Released"), released.errors
    assert "left out, numbers the rows only: id" in released.errors
    assert released.document["metrics"]["r2"] > 0.7


def test_a_file_that_cannot_be_learned_from_leaves_nothing(laptop: Any, tmp_path: Path, written: Path) -> None:
    file = write(tmp_path / "one.csv", ["body", "desk"], [[f"text {number}", "same"] for number in range(90)])
    wanted = ["--text-column", "body", "--label-column", "desk", "--name", NAME]
    refused = laptop.call("run", "--data", str(file), *wanted)
    assert refused.code == 2
    assert "one value in every row" in refused.document["error"]
    assert not written.parent.exists()
