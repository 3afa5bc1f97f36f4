"""The text recipes from their real rows to a live endpoint, with the gates they ship with."""

from __future__ import annotations

import csv
import gzip
import random
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.local.conftest import PROJECT, Laptop


def quicker(folder: Path, name: str, gates: list[dict[str, Any]] | None = None, **hyperparameters: Any) -> str:
    """A copy of a recipe that trains for less time; what it must reach stays, unless gates are given."""
    recipe = yaml.safe_load((PROJECT / "recipes" / name / "recipe.yaml").read_text())
    recipe["training"]["hyperparameters"] |= hyperparameters
    recipe["smoke"]["max_latency_ms"] = 30_000
    if gates is not None:
        recipe["metrics"]["gates"] = gates
        for test in recipe["behaviour"]["tests"]:
            test["severity"] = "warn"
    (folder / name).mkdir()
    (folder / name / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    return str(folder / name)


def test_the_tweets_are_released_and_held_against_a_plain_model(
    laptop: Laptop, shared_data: Path, tmp_path: Path
) -> None:
    shutil.copyfile(shared_data / "disaster-tweets/train.csv", tmp_path / "disaster-tweets.csv")
    released = laptop.call("recipes", "release", "disaster-tweets", "--data", str(tmp_path))
    assert released.code == 0, released.errors
    (line,) = released.document
    assert line["outcome"] == "Released"
    assert (line["rows"], line["metric"]) == (7613, "accuracy")
    assert line["baseline_name"] == "TF-IDF (words, 1-2) + logistic regression"
    assert line["value"] > line["baseline"] > 0.75
    assert 100_000 < line["artifact_bytes"] < 5_000_000
    listed = {each["name"]: each for each in laptop.call("recipes").document}
    assert listed["disaster-tweets"]["live_value"] == line["value"]


def test_the_comments_are_released_with_their_six_labels(laptop: Laptop, shared_data: Path, tmp_path: Path) -> None:
    rows = shared_data / "toxic-comments/train.csv.gz"
    recipe = quicker(tmp_path, "toxic-comments", characters=4, epochs=4)
    ended = laptop.call("run", recipe, "--data", str(rows), "--approve")
    assert ended.code == 0, ended.errors
    assert ended.document["outcome"] == "Released"
    assert ended.document["metrics"]["roc_auc"] > 0.93


def test_the_names_are_released_by_their_characters(laptop: Laptop, shared_data: Path, tmp_path: Path) -> None:
    rows = shared_data / "name-gender/us_names.csv.gz"
    recipe = quicker(tmp_path, "name-gender", characters=5, epochs=4, learning_rate=0.03)
    ended = laptop.call("run", recipe, "--data", str(rows), "--approve")
    assert ended.code == 0, ended.errors
    assert ended.document["outcome"] == "Released"
    assert ended.document["metrics"]["accuracy"] > 0.9


def test_the_reviews_are_released_from_published_weights(laptop: Laptop, shared_data: Path, tmp_path: Path) -> None:
    with gzip.open(shared_data / "movie-reviews/imdb.csv.gz", "rt", encoding="utf-8", newline="") as stream:
        csv.field_size_limit(sys.maxsize)
        all_rows = list(csv.DictReader(stream))
    rows = random.Random(7).sample(all_rows, 1050)  # noqa: S311 - a sample, not a secret
    with (tmp_path / "rows.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, ["text", "label"], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    short = {"max_rows": 200, "max_validation_rows": 100, "max_tokens": 48, "head_tokens": 16, "epochs": 1}
    # So few rows and pieces do not make the model that ships; what counts here is the way.
    recipe = quicker(tmp_path, "movie-sentiment", gates=[{"name": "accuracy", "floor": 0.68}], **short)
    ended = laptop.call("run", recipe, "--data", str(tmp_path / "rows.csv"), "--approve")
    assert ended.code == 0, ended.errors
    assert ended.document["outcome"] == "Released"
    answer = laptop.call("predict", "movie-sentiment", "A wonderful film, moving and funny.", "Dull, a waste of time.")
    assert [each["label"] for each in answer.document["predictions"]] == ["positive", "negative"]


def test_a_recipe_whose_rows_are_not_to_be_had_is_skipped_with_the_way_to_them(
    laptop: Laptop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = PROJECT / ".cache/data"
    if any(cache.glob("kaggle-jigsaw*")) or (cache / "own/toxic-comments.csv").exists():
        pytest.skip("the rows were taken here before")
    for name in ("KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    answer = laptop.call("recipes", "release", "toxic-comments", "--data", str(tmp_path))
    assert answer.code == 0, answer.errors
    (line,) = answer.document
    assert line["outcome"] == "skipped"
    assert "greenlight data get toxic-comments --from FILE" in line["reason"]
