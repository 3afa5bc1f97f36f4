from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from local.template_syntax import parse_template
from serving.model import load_model
from steps.recipe import parse_recipe

PROJECT = Path(__file__).parents[2]
TEMPLATES = sorted((PROJECT / "infra/sam").glob("*.yaml"))
RECIPES = sorted((PROJECT / "recipes").glob("name-gender*/recipe.yaml"))


def routes() -> list[tuple[str, str, str, dict[str, Any]]]:
    """Template, method, path and API of every route."""
    found = []
    for template in TEMPLATES:
        resources = parse_template(template.read_text())["Resources"]
        for resource in resources.values():
            for event in resource.get("Properties", {}).get("Events", {}).values():
                if event["Type"] == "HttpApi":
                    route = event["Properties"]
                    api = resources[route["ApiId"]["Ref"]]["Properties"]
                    found.append((template.stem, route["Method"].upper(), route["Path"], {**api, "route": route}))
    return found


def test_bug_every_route_was_get_those_that_write_included() -> None:
    methods = {(template, path): method for template, method, path, _ in routes()}
    assert methods["serving", "/models/{recipe}/predictions"] == "POST"
    assert [key for key, method in methods.items() if method != "GET"]
    assert not [path for (_, path), method in methods.items() if method == "GET" and path.endswith(("/runs", "/keys"))]


def test_bug_anybody_could_ask_for_predictions() -> None:
    [api] = [api for template, _, path, api in routes() if template == "serving" and path.endswith("/predictions")]
    assert api["Auth"]["DefaultAuthorizer"]
    assert "Auth" not in api["route"] or api["route"]["Auth"].get("Authorizer") != "NONE"


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
