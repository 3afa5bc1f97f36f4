"""house-prices released on the laptop: real rows, real training, an inference pipeline of two containers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from steps.recipe import Recipe, parse_recipe

PROJECT = Path(__file__).parents[2]
ENDPOINT = "greenlight-house-prices"


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    file = PROJECT / "recipes/house-prices/recipe.yaml"
    return parse_recipe(file.read_text(), where=file.name)


@pytest.fixture(scope="module")
def released(laptop: Any, shared_data: Path) -> Any:
    data = shared_data / "house-prices/train.csv"
    answer = laptop.call("run", "house-prices", "--data", str(data), "--approve")
    assert (answer.code, answer.document["outcome"]) == (0, "Released"), answer.errors
    return answer.document


def test_the_model_is_at_least_as_good_as_is_known_to_be_possible(released: Any) -> None:
    assert released["metrics"]["root_mean_squared_log_error"] < 0.13
    assert released["metrics"]["r2"] > 0.85


def test_the_registered_version_and_the_model_have_both_containers(laptop: Any, released: Any) -> None:
    sagemaker = laptop.client("sagemaker")
    run = released["run_id"]
    (version,) = sagemaker.list_model_packages(ModelPackageGroupName=ENDPOINT)["ModelPackageSummaryList"]
    package = sagemaker.describe_model_package(ModelPackageName=version["ModelPackageArn"])
    registered = package["InferenceSpecification"]["Containers"]
    assert [each["Environment"]["SAGEMAKER_PROGRAM"] for each in registered] == ["transform_rows.py", "score_rows.py"]
    assert len({each["ModelDataUrl"] for each in registered}) == 1
    config = sagemaker.describe_endpoint(EndpointName=ENDPOINT)["EndpointConfigName"]
    assert run in config
    (variant,) = sagemaker.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"]
    containers = sagemaker.describe_model(ModelName=variant["ModelName"])["Containers"]
    assert [(each["Image"], each["Environment"]) for each in containers] == [
        (each["Image"], each["Environment"]) for each in registered
    ]


def test_raw_rows_are_answered_and_a_category_never_seen_is_named(laptop: Any, released: Any, recipe: Recipe) -> None:
    assert released
    (ordinary, grand, small) = (case.row for case in recipe.smoke.cases)
    assert ordinary is not None
    rows = [ordinary, grand, small, {**ordinary, "Neighborhood": "Atlantis"}]
    answer = laptop.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=ENDPOINT, Body=json.dumps({"instances": rows}), ContentType="application/json"
    )
    document = json.loads(answer["Body"].read())
    of_ordinary, of_grand, of_small, of_unknown = (value for (value,) in document["predictions"])
    assert of_small < of_ordinary < of_grand
    assert of_unknown == pytest.approx(of_ordinary, rel=0.5)
    assert document["warnings"] == [
        [],
        [],
        [],
        ["column Neighborhood: 'Atlantis' was never seen in training; answered as unknown"],
    ]


def test_the_same_again_is_nothing_new(laptop: Any, released: Any, shared_data: Path) -> None:
    assert released
    again = laptop.call("run", "house-prices", "--data", str(shared_data / "house-prices/train.csv"))
    assert again.document["outcome"] == "NothingNew"
