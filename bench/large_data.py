"""How much memory and time Preprocess needs for files of millions of rows.

Makes a CSV of texts of about 110 characters, or a table of six columns, in which every 50th row repeats an earlier one
and every 50th is nearly the same as one. Preprocess reads it in a process of its own, whose peak memory Linux
tells. The rows of the last size are held against 2 GiB.

Run     python -m bench.large_data                     ten million texts, about a quarter of an hour and 3 GB of disk
        python -m bench.large_data --rows 500000 1000000
        python -m bench.large_data --kind table
"""

from __future__ import annotations

import argparse
import csv
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import yaml
from rich.console import Console
from rich.table import Table

from greenlight.target import PROJECT
from steps.profile import DataProfile

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Kind = Literal["text", "table"]
CEILING_BYTES = 2 * 1024**3
PLANTED_EVERY = 50
WORDS_A_TEXT = 17
VOCABULARY = 60_000
# Rows that are made at once, and that repeated ones are taken from.
BLOCK = 10_000
SYLLABLES = ("ka", "to", "ri", "mel", "son", "ba", "ver", "lin", "do", "shi", "par", "un", "gre", "fa", "tol", "wen")
TEXT_RECIPE = {"text_column": "text", "labels": {"0": "no", "1": "yes"}}
TABLE_RECIPE = {
    "features": {"numeric": ["width", "height", "weight"], "categorical": ["colour", "place"]},
    "target_column": "price",
}


@dataclass(frozen=True)
class Measured:
    """One file's reading.

    seconds: of one processor core, whatever else the machine does;  peak: bytes
    duplicates, near: rows found; one in PLANTED_EVERY of either kind was planted
    """

    rows: int
    file_bytes: int
    seconds: float
    peak: int
    duplicates: int
    near: int | None


def text_rows(rows: int, generator: np.random.Generator) -> Iterator[list[str]]:
    """Texts whose words are as frequent as words are (Zipf), each with a label."""
    words = np.array(["".join(generator.choice(SYLLABLES, generator.integers(1, 5))) for _ in range(VOCABULARY)])
    shares = 1 / np.arange(1, VOCABULARY + 1)
    limits = np.cumsum(shares / shares.sum())
    for start in range(0, rows, BLOCK):
        count = min(BLOCK, rows - start)
        drawn = words[np.minimum(np.searchsorted(limits, generator.random((count, WORDS_A_TEXT))), VOCABULARY - 1)]
        texts = [f"{' '.join(row)} {start + number}" for number, row in enumerate(drawn.tolist())]
        for number in range(PLANTED_EVERY, count, PLANTED_EVERY):
            texts[number] = texts[number - 1]
            texts[number - 10] = texts[number - 11] + " so"
        labels = generator.integers(0, 2, count).tolist()
        yield from ([text, str(label)] for text, label in zip(texts, labels, strict=True))


def table_rows(rows: int, generator: np.random.Generator) -> Iterator[list[str]]:
    """Three numbers, two words and a number to predict."""
    for start in range(0, rows, BLOCK):
        count = min(BLOCK, rows - start)
        numbers = generator.normal(100, 20, (count, 4)).round(3).astype(str).tolist()
        words = generator.choice(SYLLABLES, (count, 2)).tolist()
        for number in range(PLANTED_EVERY, count, PLANTED_EVERY):
            numbers[number][:3], words[number] = numbers[number - 1][:3], words[number - 1]
        yield from ([*number[:3], *word, number[3]] for number, word in zip(numbers, words, strict=True))


def make_file(file: Path, kind: Kind, rows: int) -> None:
    """Write the CSV; the same rows each time."""
    generator = np.random.default_rng(7)
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        if kind == "text":
            writer.writerow(["text", "label"])
            writer.writerows(text_rows(rows, generator))
        else:
            writer.writerow(["width", "height", "weight", "colour", "place", "price"])
            writer.writerows(table_rows(rows, generator))


def recipe_text(kind: Kind) -> str:
    """The recipe that such a file is read with."""
    is_text = kind == "text"
    return yaml.safe_dump(
        {
            "name": "large-data",
            "description": "Made rows.",
            "task": "binary" if is_text else "regression",
            "data": TEXT_RECIPE if is_text else TABLE_RECIPE,
            "metrics": {"gates": [{"name": "accuracy" if is_text else "r2", "floor": 0.1}]},
            "approval": {"approvers": ["approver@example.com"]},
            "smoke": {
                "cases": [
                    {"text": "x", "label": "yes"}
                    if is_text
                    else {"row": dict.fromkeys(["width", "height", "weight", "colour", "place"]), "minimum": 0}
                ]
            },
        }
    )


# What the system tells of a child counts its parent's memory too, from before it was a program of its own; Linux tells
# a process's own peak in kB.
_WATCHED = """
import runpy, sys
peak = sys.argv.pop(1)
try:
    runpy.run_module("steps.preprocess", run_name="__main__", alter_sys=True)
finally:
    with open("/proc/self/status") as status, open(peak, "w") as told:
        told.write(next(line.split()[1] for line in status if line.startswith("VmHWM")))
"""


def measure(folder: Path, kind: Kind, rows: int) -> Measured:
    """Make a file of so many rows in the folder and read it."""
    (folder / "data").mkdir()
    file = folder / "data" / "rows.csv"
    make_file(file, kind, rows)
    (folder / "recipe.yaml").write_text(recipe_text(kind), encoding="utf-8")
    command = [sys.executable, "-c", _WATCHED, str(folder / "peak"), "--data", str(folder / "data")]
    command += ["--recipe", str(folder / "recipe.yaml"), "--output", str(folder / "output")]
    process = subprocess.Popen(command, cwd=PROJECT)  # noqa: S603 - our own
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"Preprocess ended with {process.returncode}; its last lines say why.")
    profile = DataProfile.model_validate_json((folder / "output" / "profile.json").read_bytes())
    return Measured(
        rows=profile.usable_rows,
        file_bytes=file.stat().st_size,
        seconds=used.ru_utime + used.ru_stime,
        peak=int((folder / "peak").read_text()) * 1024,
        duplicates=profile.duplicates.count,
        near=profile.texts.near_duplicates.count if profile.texts else None,
    )


def print_measured(console: Console, found: Sequence[Measured]) -> None:
    """One line a file."""
    table = Table(box=None, pad_edge=False)
    for column in ("rows", "file", "CPU seconds", "peak memory", "duplicates", "near-duplicates"):
        table.add_column(column, justify="right")
    for one in found:
        table.add_row(
            f"{one.rows:,}",
            f"{one.file_bytes / 1e6:,.0f} MB",
            f"{one.seconds:,.0f}",
            f"{one.peak / 1024**2:,.0f} MiB",
            f"{one.duplicates:,}",
            "-" if one.near is None else f"{one.near:,}",
        )
    console.print(table)


def main(argv: Sequence[str] | None = None) -> None:
    """Measure each size; exit code 1 when the last needs more than 2 GiB."""
    parser = argparse.ArgumentParser(description="Memory and time of Preprocess for large files.")
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000_000], help="sizes, ascending")
    parser.add_argument("--kind", choices=("text", "table"), default="text", help="what a row is")
    args = parser.parse_args(argv)
    found = []
    for rows in args.rows:
        with tempfile.TemporaryDirectory() as folder:
            found.append(measure(Path(folder), args.kind, rows))
    print_measured(Console(), found)
    if found[-1].peak > CEILING_BYTES:
        raise SystemExit(f"{found[-1].rows:,} rows took more than 2 GiB.")


if __name__ == "__main__":
    main()
