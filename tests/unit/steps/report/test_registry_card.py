"""The registry's model card: the report's numbers, within what SageMaker takes."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from steps.evaluation_report import MetricsReport
from steps.recipe import Recipe
from steps.report.registry_card import MAX_CHARACTERS, registry_card
from tests.full_report import FACTS, MEASURED, RECIPE, full_facts


def card(recipe: Recipe = RECIPE, measured: MetricsReport = MEASURED) -> dict[str, Any]:
    text = registry_card(recipe, full_facts(replace(FACTS, recipe=recipe)).plan, measured)
    assert "\n" not in text
    assert len(text) < MAX_CHARACTERS
    document: dict[str, Any] = json.loads(text)
    return document


def groups_of(document: dict[str, Any]) -> dict[str, dict[str, dict[str, Any]]]:
    (evaluation,) = document["evaluation_details"]
    return {
        group["name"]: {each["name"]: each for each in group["metric_data"]} for group in evaluation["metric_groups"]
    }


def test_the_numbers_are_those_of_the_report() -> None:
    groups = groups_of(card())
    accuracy = groups["Candidate"]["accuracy"]
    assert accuracy["value"] == MEASURED.candidate["accuracy"]
    assert accuracy["notes"] == "95 % interval 0.761 to 0.805; must be at least 0.680"
    assert groups["Candidate"]["log_loss"]["notes"].endswith("must be at most 0.600")
    assert groups["Live version 7"]["accuracy"]["value"] == 0.75
    assert list(groups["Slices"]) == ["short texts: accuracy"]
    assert groups["Behaviour"]["typos"]["value"] == 0.122


def test_the_card_says_what_the_model_is_for_and_made_of() -> None:
    document = card()
    assert document["intended_uses"]["purpose_of_model"] == RECIPE.description
    assert "Not for" in document["intended_uses"]["intended_uses"]
    assert document["additional_information"]["custom_details"]["data_digest"] == FACTS.data_digest
    job = document["training_details"]["training_job_details"]
    assert {"name": "epochs", "value": "8"} in job["user_provided_hyper_parameters"]
    assert job["training_environment"]["container_image"][0].endswith("tensorflow-training:2.19.0-cpu-py312")


def test_an_imported_model_was_not_trained() -> None:
    imported = Recipe.model_validate(RECIPE.model_dump(mode="json") | {"import_model": {}})
    plan = full_facts(replace(FACTS, recipe=imported, model_uri="s3://bucket/m.tar.gz", model_digest="0")).plan
    training = json.loads(registry_card(imported, plan, MEASURED))["training_details"]
    assert "not trained here" in training["training_observations"]
    assert "training_job_details" not in training


def test_a_first_release_has_no_group_of_a_live_version() -> None:
    first = MEASURED.model_copy(update={"champion": None, "slices": [], "behaviour": None})
    assert list(groups_of(card(measured=first))) == ["Candidate"]


def test_a_number_that_is_none_is_left_out() -> None:
    broken = MetricsReport.model_construct(
        **{**dict(MEASURED), "candidate": {"accuracy": 0.7, "roc_auc": float("nan")}}
    )
    assert list(groups_of(card(measured=broken))["Candidate"]) == ["accuracy"]


def test_the_largest_recipe_keeps_the_limit() -> None:
    wide = "\N{GRINNING FACE}" * 500
    names = {f"hyperparameter_{number:02}": "v" * 90 for number in range(80)}
    recipe = Recipe.model_validate(
        RECIPE.model_dump(mode="json") | {"description": wide, "not_for": wide, "training": {"hyperparameters": names}}
    )
    part = MEASURED.slices[0].model_copy(update={"name": wide})
    metrics = {f"metric_{number}": 1.2345678901234567e-300 for number in range(50)}
    update = {"candidate": metrics, "champion": metrics, "slices": [part] * 50}
    card(recipe, MEASURED.model_copy(update=update))
