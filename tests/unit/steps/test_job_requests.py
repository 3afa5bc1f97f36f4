"""Every part of a request is legal by AWS's own model of it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from steps.contracts import LiveVersion, PrepareRunResult, StepPlan
from steps.job_requests import training_request
from steps.prepare_run import Facts, plan_run
from steps.recipe_sections.training import PretrainedSection

ROLE = "arn:aws:iam::123456789012:role/greenlight-job"


def problems(operation: str, request: dict[str, Any]) -> str:
    model = botocore.session.get_session().get_service_model("sagemaker").operation_model(operation)
    assert model.input_shape is not None
    return str(ParamValidator().validate(request, model.input_shape).generate_report())


def planned(step: StepPlan | None) -> StepPlan:
    assert step is not None
    return step


def processing_job(step: StepPlan, module: str) -> dict[str, Any]:
    part = dict(step.parameters)
    assert part.pop("TimeoutSeconds") > part["StoppingCondition"]["MaxRuntimeInSeconds"]
    application = {
        "ImageUri": part.pop("ImageUri"),
        "ContainerEntrypoint": ["python3", "-m", module],
        "ContainerArguments": part.pop("ContainerArguments"),
    }
    return {"ProcessingJobName": step.job_name, "RoleArn": ROLE, "AppSpecification": application, **part}


def test_the_preprocessing_request_is_legal(plan: PrepareRunResult) -> None:
    assert not problems("CreateProcessingJob", processing_job(planned(plan.preprocess), "steps.preprocess"))


def test_the_evaluation_request_is_legal_and_names_the_champion(facts: Facts, live: LiveVersion) -> None:
    step = planned(plan_run(replace(facts, live=live), {}).evaluate_model)
    request = processing_job(step, "training.evaluate_model")
    assert not problems("CreateProcessingJob", request)
    arguments = request["AppSpecification"]["ContainerArguments"]
    assert arguments[arguments.index("--champion") + 1] == "/opt/ml/processing/input/champion"
    places = {item["InputName"]: item["S3Input"]["S3Uri"] for item in request["ProcessingInputs"]}
    assert places["champion"] == live.model_data_uri
    assert places["test"].endswith("/preprocess/test.csv")


def test_the_evaluation_is_told_the_thresholds_of_the_champion_and_where_to_choose_its_own(
    facts: Facts, live: LiveVersion
) -> None:
    champion = live.model_copy(update={"card_uri": "s3://bucket/runs/run-0/record_release/model_card.json"})
    metrics = facts.recipe.metrics.model_copy(update={"thresholds": "validation"})
    recipe = facts.recipe.model_copy(update={"metrics": metrics})
    step = planned(plan_run(replace(facts, live=champion, recipe=recipe), {}).evaluate_model)
    request = processing_job(step, "training.evaluate_model")
    assert not problems("CreateProcessingJob", request)
    arguments = request["AppSpecification"]["ContainerArguments"]
    given = dict(zip(arguments[::2], arguments[1::2], strict=True))
    assert given["--champion-card"] == "/opt/ml/processing/input/champion_card/model_card.json"
    assert given["--validation"] == "/opt/ml/processing/input/validation"
    places = {item["InputName"]: item["S3Input"]["S3Uri"] for item in request["ProcessingInputs"]}
    assert places["champion_card"] == champion.card_uri
    assert places["validation"].endswith("/preprocess/validation.csv")


def test_every_path_in_the_arguments_is_an_input_or_the_output(plan: PrepareRunResult) -> None:
    for step in (planned(plan.preprocess), planned(plan.evaluate_model)):
        mounted = [item["S3Input"]["LocalPath"] for item in step.parameters["ProcessingInputs"]]
        mounted += [item["S3Output"]["LocalPath"] for item in step.parameters["ProcessingOutputConfig"]["Outputs"]]
        paths = [argument for argument in step.parameters["ContainerArguments"] if argument.startswith("/")]
        assert all(any(path == place or path.startswith(place + "/") for place in mounted) for path in paths)


def test_a_recipe_file_keeps_its_own_name(facts: Facts) -> None:
    uploaded = replace(facts, recipe_uri="s3://bucket/recipes/reviews/abc.yaml")
    arguments = planned(plan_run(uploaded, {}).preprocess).parameters["ContainerArguments"]
    assert arguments[arguments.index("--recipe") + 1] == "/opt/ml/processing/input/recipe/abc.yaml"


def test_the_training_request_is_legal(plan: PrepareRunResult) -> None:
    step = planned(plan.train_model)
    part = dict(step.parameters)
    part.pop("TimeoutSeconds")
    algorithm = {"TrainingImage": part.pop("TrainingImage"), "TrainingInputMode": "File"}
    request = {"TrainingJobName": step.job_name, "RoleArn": ROLE, "AlgorithmSpecification": algorithm, **part}
    assert not problems("CreateTrainingJob", request)


def test_the_training_request_is_legal_with_pretrained_weights(facts: Facts) -> None:
    training = facts.recipe.training.model_copy(update={"pretrained": PretrainedSection(sha256="5" * 64)})
    recipe = facts.recipe.model_copy(update={"training": training})
    part = dict(planned(plan_run(replace(facts, recipe=recipe), {}).train_model).parameters)
    del part["TimeoutSeconds"]
    algorithm = {"TrainingImage": part.pop("TrainingImage"), "TrainingInputMode": "File"}
    request = {"TrainingJobName": "job", "RoleArn": ROLE, "AlgorithmSpecification": algorithm, **part}
    assert problems("CreateTrainingJob", request) == ""


def test_sagemaker_writes_the_archive_where_the_plan_says(plan: PrepareRunResult) -> None:
    step = planned(plan.train_model)
    folder = step.parameters["OutputDataConfig"]["S3OutputPath"]
    assert step.output_uri == f"{folder}/{step.job_name}/output/model.tar.gz"


@pytest.mark.parametrize(
    ("name", "given", "decoded"),
    [
        ("units", 64, 64),
        ("rate", 0.001, 0.001),
        ("bigrams", True, True),
        ("optimizer", "adam", "adam"),
    ],
)
def test_a_hyperparameter_arrives_as_it_was_written(facts: Facts, name: str, given: Any, decoded: object) -> None:
    training = facts.recipe.training.model_copy(update={"hyperparameters": {name: given}})
    request = training_request(
        facts.recipe.model_copy(update={"training": training}),
        image="image",
        region="us-east-1",
        code_uri="s3://bucket/code/c0de",
        rows_uri="s3://bucket/rows",
        output_uri="s3://bucket/out",
    )
    # The training toolkit decodes each value once.
    assert json.loads(request["HyperParameters"][name]) == decoded


def test_the_class_names_reach_the_script_as_one_json_argument(plan: PrepareRunResult) -> None:
    value = planned(plan.train_model).parameters["HyperParameters"]["class_names"]
    assert json.loads(json.loads(value)) == ["negative", "positive"]


def test_the_script_is_told_the_task(plan: PrepareRunResult) -> None:
    assert json.loads(planned(plan.train_model).parameters["HyperParameters"]["task"]) == "binary"
