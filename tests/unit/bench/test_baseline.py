from __future__ import annotations

import csv
import json
import random
from pathlib import Path
from typing import Any

import pytest
import yaml

from bench.baseline import baseline, main, prepared
from steps.recipe import Recipe, parse_recipe

COMMON: dict[str, Any] = {
    "name": "small",
    "description": "Small.",
    "data_rules": {"min_rows": 10, "min_rows_per_label": 2},
    "approval": {"approvers": ["approver@example.com"]},
}
NEUTRAL = ["a", "film", "with", "some", "people", "and", "a", "town"]


def recipe_of(task: str, data: dict[str, Any], metric: str, case: dict[str, Any]) -> Recipe:
    document = COMMON | {
        "task": task,
        "data": data,
        "metrics": {"gates": [{"name": metric, "floor": 0.5}]},
        "smoke": {"cases": [case]},
    }
    return parse_recipe(yaml.safe_dump(document), where="recipe.yaml")


def write(folder: Path, rows: list[dict[str, Any]]) -> Path:
    file = folder / "rows.csv"
    with file.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return file


def measured(folder: Path, recipe: Recipe, rows: list[dict[str, Any]]) -> Any:
    (folder / "prepared").mkdir()
    parts = prepared(write(folder, rows), recipe, folder / "prepared")
    return baseline(recipe, parts["train"], parts["test"])


@pytest.fixture
def chance() -> random.Random:
    return random.Random(7)  # noqa: S311 - data, not a secret


def test_sentences_are_known_by_their_words(tmp_path: Path, chance: random.Random) -> None:
    rows = [
        {"text": " ".join([*chance.choices(NEUTRAL, k=6), word, str(number)]), "label": word}
        for number, word in enumerate(["good", "bad"] * 150)
    ]
    recipe = recipe_of("binary", {"labels": {"good": "good", "bad": "bad"}}, "accuracy", {"text": "a", "label": "bad"})
    found = measured(tmp_path, recipe, rows)
    assert found.name == "TF-IDF (words, 1-2) + logistic regression"
    assert found.metrics["accuracy"] > 0.95
    assert 10 < found.rows < found.training_rows


def test_single_words_are_known_by_their_characters(tmp_path: Path, chance: random.Random) -> None:
    rows = [
        {"text": "".join(chance.choices("bcdfgklmnprst", k=7)) + ending, "label": ending}
        for ending in ["ina", "ord"] * 150
    ]
    recipe = recipe_of("binary", {"labels": {"ina": "ina", "ord": "ord"}}, "accuracy", {"text": "a", "label": "ina"})
    found = measured(tmp_path, recipe, rows)
    assert found.name == "TF-IDF (characters, 1-4) + logistic regression"
    assert found.metrics["accuracy"] > 0.95


def test_each_label_has_a_model_of_its_own(tmp_path: Path, chance: random.Random) -> None:
    rows = []
    for number in range(400):
        dark, wet = chance.random() < 0.5, chance.random() < 0.3
        words = [*chance.choices(NEUTRAL, k=5), *(["night"] if dark else []), *(["rain"] if wet else []), str(number)]
        rows.append({"text": " ".join(words), "dark": int(dark), "wet": int(wet)})
    recipe = recipe_of("multi_label", {"label_columns": ["dark", "wet"]}, "roc_auc", {"text": "a", "labels": []})
    assert measured(tmp_path, recipe, rows).metrics["roc_auc"] > 0.95


def test_numbers_follow_from_columns_with_gaps_and_words(tmp_path: Path, chance: random.Random) -> None:
    rows = []
    for _ in range(400):
        area, street = chance.uniform(50, 200), chance.choice(["Elm", "Oak"])
        price = area * 1000 * (2 if street == "Oak" else 1)
        rows.append(
            {"area [m2]": f"{area:.1f}", "street": street, "age": chance.choice(["", "3", "9"]), "price": price}
        )
    features = {"numeric": ["area [m2]", "age"], "categorical": ["street"]}
    case = {"row": {"area [m2]": 100, "age": None, "street": "Elm"}, "minimum": 1}
    recipe = recipe_of("regression", {"features": features, "target_column": "price"}, "r2", case)
    found = measured(tmp_path, recipe, rows)
    assert found.name == "xgboost, 400 trees, one-hot"
    assert found.metrics["r2"] > 0.95
    assert found.metrics["root_mean_squared_log_error"] < 0.1


def test_it_prints_one_document(tmp_path: Path, chance: random.Random, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"text": f"{chance.choice(NEUTRAL)} {word} {n}", "label": word} for n, word in enumerate(["xx", "yy"] * 50)]
    file = write(tmp_path, rows)
    recipe = COMMON | {
        "task": "binary",
        "data": {"labels": {"xx": "xx", "yy": "yy"}},
        "metrics": {"gates": [{"name": "accuracy", "floor": 0.5}]},
        "smoke": {"cases": [{"text": "a", "label": "xx"}]},
    }
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    main(["--data", str(file), "--recipe", str(tmp_path / "recipe.yaml")])
    document = json.loads(capsys.readouterr().out)
    assert document["all_rows"] == 100
    assert document["metrics"]["accuracy"] > 0.9
