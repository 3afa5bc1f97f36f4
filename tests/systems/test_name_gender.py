from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local.template_syntax import parse_template
from serving.model import load_model
from steps.recipe import parse_recipe

PROJECT = Path(__file__).parents[2]
TEMPLATES = sorted((PROJECT / "infra/sam").glob("*.yaml"))
RECIPES = sorted((PROJECT / "recipes").glob("name-gender*/recipe.yaml"))


ASK = ("/models/reviews/predictions", '{"instances": ["Alex"]}')
JSON = {"content-type": "application/json"}


def test_bug_every_route_was_get_those_that_write_included(prediction_api: Callable[..., dict[str, Any]]) -> None:
    assert prediction_api("POST", *ASK, headers=JSON)["statusCode"] == 200
    assert prediction_api("GET", *ASK, headers=JSON)["statusCode"] == 405
    for template in TEMPLATES:
        for name, resource in parse_template(template.read_text())["Resources"].items():
            for event in resource.get("Properties", {}).get("Events", {}).values():
                if event["Type"] == "HttpApi" and event["Properties"]["Path"].endswith("/runs"):
                    assert event["Properties"]["Method"] == "POST", name


@pytest.mark.parametrize("prediction_api", ["IAM", "API_KEY"], indirect=True)
def test_bug_anybody_could_ask_for_predictions(prediction_api: Callable[..., dict[str, Any]]) -> None:
    assert prediction_api("POST", *ASK, headers=JSON, signed=False)["statusCode"] in {401, 403}


@pytest.mark.parametrize(
    "name", ["Zoë", "Þórdís", "李雷", "O'Neil-Smith", "Maximiliane-Charlotte-Alexandra", "x" * 500, "👩‍👩‍👧", "A", "Ω"]
)
def test_bug_the_model_failed_on_letters_outside_a_to_z_and_on_long_names(tweets: Any, name: str) -> None:
    [output] = load_model(tweets.model).predict([name])
    assert sum(output.values) == pytest.approx(1, abs=1e-5)


def test_bug_nobody_said_that_a_name_is_no_proof_of_anybodys_gender() -> None:
    assert RECIPES
    for file in RECIPES:
        assert "no proof" in parse_recipe(file.read_text(), where=file.name).not_for
