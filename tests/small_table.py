"""A small made-up table, prepared and trained on: what tests of tables share."""

from __future__ import annotations

import csv
import io
import json
import random
import tarfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from training.table_model import main

SCHEMA = {"numeric": ["area", "age"], "categorical": ["street", "heating"], "missing_values": ["", "NA"]}
STREETS = {"Pine": 1.0, "Elm": 1.5, "Oak": 2.0}
ROW: dict[str, str | float | None] = {"area": 100.0, "age": 10.0, "street": "Elm", "heating": "gas"}
QUICK = ("--num_boost_round", "60", "--early_stopping_rounds", "10", "--learning_rate", "0.2")


def price(area: float, street: str) -> float:
    """What a row's answer follows from; age and heating tell nothing."""
    return area * 1000 * STREETS[street]


def write_rows(folder: Path, *, task: str = "regression", rows: int = 300) -> list[str]:
    """Put train.csv, validation.csv and schema.json into a folder; returns the class names."""
    rng = random.Random(7)  # noqa: S311 - made-up rows
    names = {
        "binary": ["cheap", "dear"],
        "multi_class": list(STREETS),
        "multi_label": ["large", "on_oak"],
        "regression": [],
    }[task]
    answers = names if task == "multi_label" else ["price"] if task == "regression" else ["label"]
    folder.mkdir(parents=True, exist_ok=True)
    for part, count in (("train", rows), ("validation", rows // 3)):
        with (folder / f"{part}.csv").open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow([*SCHEMA["numeric"], *SCHEMA["categorical"], *answers])
            for number in range(count):
                street = list(STREETS)[number % 3]
                area = round(rng.uniform(50, 200), 1)
                worth = price(area, street)
                answer_of: dict[str, Sequence[str | float]] = {
                    "binary": ["dear" if worth > 180_000 else "cheap"],
                    "multi_class": [street],
                    "multi_label": [int(area > 125), int(street == "Oak")],
                    "regression": [worth],
                }
                age = "" if number % 10 == 0 else number % 40
                writer.writerow([area, age, street, rng.choice(["gas", "oil", ""]), *answer_of[task]])
    (folder / "schema.json").write_text(json.dumps(SCHEMA), encoding="utf-8")
    return names


def train(folder: Path, *hyperparameters: str, task: str = "regression") -> Path:
    """Write rows and train on them; returns the folder that becomes model.tar.gz."""
    names = write_rows(folder / "rows", task=task)
    rows, model, output = (str(folder / name) for name in ("rows", "model", "output"))
    channels = ["--train", rows, "--validation", rows, "--schema", rows, "--model-dir", model]
    given = ["--output-data-dir", output, "--task", task, "--class_names", json.dumps(names)]
    main([*channels, *given, *QUICK, *hyperparameters])
    return folder / "model"


@cache
def archive() -> bytes:
    """model.tar.gz of a regression."""
    with TemporaryDirectory() as scratch:
        model = train(Path(scratch), "--log_target", "true")
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w:gz") as packed:
            packed.add(model, ".")
        return buffer.getvalue()


def unpack(folder: Path) -> Path:
    """The regression's files in a folder of their own."""
    with tarfile.open(fileobj=io.BytesIO(archive())) as packed:
        packed.extractall(folder, filter="data")
    return folder
