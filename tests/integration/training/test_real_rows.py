"""The text recipes on some of their real rows: better than the plain model that sees the same ones."""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
import sys
from pathlib import Path

import pytest

from bench.baseline import baseline, prepared
from greenlight.recipes import load_recipe
from greenlight.target import PROJECT
from serving.model import load_model
from training import text_classifier
from training.evaluation.asked_model import predict
from training.metrics import measure


def some_rows(file: Path, count: int, target: Path) -> None:
    """Real rows, always the same."""
    csv.field_size_limit(sys.maxsize)
    body = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    rows = list(csv.DictReader(io.StringIO(body.decode("utf-8"), newline="")))
    with target.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows(random.Random(7).sample(rows, count))  # noqa: S311 - a sample, not a secret


@pytest.mark.parametrize(
    ("name", "file", "rows", "gains"),
    [
        ("disaster-tweets", "disaster-tweets/train.csv", 4000, {"accuracy": 0.0, "f1": 0.0}),
        ("toxic-comments", "toxic-comments/train.csv.gz", 2500, {"roc_auc": 0.01, "f1": 0.05}),
        ("name-gender", "name-gender/us_names.csv.gz", 20_000, {"accuracy": 0.0, "roc_auc": 0.0}),
    ],
)
def test_a_text_recipe_is_better_than_a_plain_model_of_the_same_rows(
    shared_data: Path, tmp_path: Path, *, name: str, file: str, rows: int, gains: dict[str, float]
) -> None:
    recipe = load_recipe(PROJECT, name).recipe
    some_rows(shared_data / file, rows, tmp_path / "rows.csv")
    (tmp_path / "parts").mkdir()
    parts = prepared(tmp_path / "rows.csv", recipe, tmp_path / "parts")
    given = {**recipe.training.hyperparameters, "seed": recipe.training.seed, "task": recipe.task}
    channels = ["--train", str(tmp_path / "parts"), "--validation", str(tmp_path / "parts")]
    outputs = ["--model-dir", str(tmp_path / "model"), "--output-data-dir", str(tmp_path / "report")]
    names = ["--class_names", json.dumps(recipe.data.class_names)]
    arguments = [text for key, value in given.items() for text in (f"--{key}", str(value))]
    text_classifier.main([*channels, *outputs, *names, *arguments])
    own = measure(recipe.task, predict(load_model(tmp_path / "model"), parts["test"], recipe), parts["test"].answers())
    plain = baseline(recipe, parts["train"], parts["test"]).metrics
    for metric, gain in gains.items():
        assert own[metric] > plain[metric] + gain, metric
    if recipe.task == "multi_label":
        return
    odd = ["", "Zoë", "李雷 👩‍👩‍👧", "x" * 500]
    assert [len(output.values) for output in load_model(tmp_path / "model").predict(odd)] == [2] * len(odd)
