"""The text recipes from their real rows to a live endpoint, with the gates they ship with."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.local.conftest import PROJECT, Laptop


def quicker(folder: Path, name: str, **hyperparameters: Any) -> str:
    """A copy of a recipe that trains for less time; what it must reach stays."""
    recipe = yaml.safe_load((PROJECT / "recipes" / name / "recipe.yaml").read_text())
    recipe["training"]["hyperparameters"] |= hyperparameters
    recipe["smoke"]["max_latency_ms"] = 30_000
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


def test_a_recipe_whose_rows_are_not_to_be_had_is_skipped_with_the_way_to_them(
    laptop: Laptop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if any((PROJECT / ".cache/data").glob("kaggle-jigsaw*")):
        pytest.skip("the rows of Kaggle's competition were fetched here before")
    for name in ("KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    answer = laptop.call("recipes", "release", "toxic-comments", "--data", str(tmp_path))
    assert answer.code == 0, answer.errors
    (line,) = answer.document
    assert line["outcome"] == "skipped"
    assert "greenlight data get toxic-comments --from FILE" in line["reason"]
