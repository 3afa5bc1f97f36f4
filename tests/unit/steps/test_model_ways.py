"""A model is trained, searched for or brought along: what each way does to a recipe, a plan and its requests."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore import session

from local.service_models import broken_constraints
from steps.contracts import LiveVersion, PrepareRunResult, StepPlan
from steps.errors import RecipeInvalidError
from steps.names import tuning_job_name
from steps.ports import StepRecord
from steps.prepare_run import EarlierStep, Facts, compare_with_live, is_nothing_new, lock_deadline, plan_run, step_keys
from steps.recipe import Recipe, parse_recipe
from steps.report_fault import report_fault

SEARCH = """
tuning:
  max_jobs: 4
  max_parallel_jobs: 2
  ranges:
    l2: {minimum: 0.01, maximum: 1, scaling: Logarithmic}
    epochs: {minimum: 2, maximum: 9, whole: true}
    kind: {values: [a, 2]}
training:
  max_runtime_seconds: 600
  hyperparameters: {l2: 0.5, batch_size: 32}
"""
IMPORT = "\nimport_model: {}\n"


@pytest.fixture
def searching(facts: Facts, recipe_text: str) -> Facts:
    return replace(facts, recipe=parse_recipe(recipe_text + SEARCH, where="recipe.yaml"))


@pytest.fixture
def importing(facts: Facts, recipe_text: str) -> Facts:
    recipe = parse_recipe(recipe_text + IMPORT, where="recipe.yaml")
    return replace(facts, recipe=recipe, model_uri="s3://bucket/models/d/model.tar.gz", model_digest="d" * 64)


def model_step(plan: PrepareRunResult) -> StepPlan:
    assert plan.train_model
    return plan.train_model


class TestSearch:
    def test_its_request_holds_the_ranges_as_sagemaker_takes_them(self, searching: Facts) -> None:
        step = model_step(plan_run(searching, {}))
        config = step.parameters["HyperParameterTuningJobConfig"]
        assert config["ParameterRanges"] == {
            "IntegerParameterRanges": [{"Name": "epochs", "MinValue": "2", "MaxValue": "9", "ScalingType": "Auto"}],
            "ContinuousParameterRanges": [
                {"Name": "l2", "MinValue": "0.01", "MaxValue": "1.0", "ScalingType": "Logarithmic"}
            ],
            "CategoricalParameterRanges": [{"Name": "kind", "Values": ['"a"', "2"]}],
        }
        assert config["ResourceLimits"] == {"MaxNumberOfTrainingJobs": 4, "MaxParallelTrainingJobs": 2}
        assert config["HyperParameterTuningJobObjective"] == {"Type": "Minimize", "MetricName": "validation_loss"}
        static = step.parameters["HyperParameters"]
        assert static["batch_size"] == "32"
        assert not {"l2", "epochs", "kind"} & set(static)
        assert step.parameters["TimeoutSeconds"] == 4 * (600 + 900)

    def test_its_request_is_legal_by_the_service_model(self, searching: Facts) -> None:
        plan = plan_run(searching, {})
        parameters = model_step(plan).parameters
        request = {
            "HyperParameterTuningJobName": model_step(plan).job_name,
            "HyperParameterTuningJobConfig": parameters["HyperParameterTuningJobConfig"],
            "TrainingJobDefinition": {
                "RoleArn": "arn:aws:iam::123456789012:role/job",
                "AlgorithmSpecification": {
                    "TrainingImage": parameters["TrainingImage"],
                    "TrainingInputMode": "File",
                    "MetricDefinitions": parameters["MetricDefinitions"],
                },
                "StaticHyperParameters": parameters["HyperParameters"],
                **{
                    name: parameters[name]
                    for name in (
                        *("Environment", "InputDataConfig", "OutputDataConfig"),
                        *("ResourceConfig", "StoppingCondition"),
                    )
                },
            },
        }
        model = session.get_session().get_service_model("sagemaker")
        shape = model.operation_model("CreateHyperParameterTuningJob").input_shape
        assert list(broken_constraints(shape, request)) == []

    @pytest.mark.parametrize(
        ("line", "found"),
        [
            ("objective validation_loss=0.1234", "0.1234"),
            ("objective validation_loss=-3.5e-05", "-3.5e-05"),
            ("objective validation_loss=nan", None),
            ("epoch 3 validation_loss=0.2", None),
        ],
    )
    def test_the_line_that_compares_is_found_and_no_other(self, searching: Facts, line: str, found: str | None) -> None:
        (definition,) = model_step(plan_run(searching, {})).parameters["MetricDefinitions"]
        match = re.search(definition["Regex"], line)
        assert (match[1] if match else None) == found

    def test_its_name_is_short_and_its_model_has_a_place(self, searching: Facts) -> None:
        plan = plan_run(searching, {})
        step = model_step(plan)
        assert plan.how_to_get_model == "tune"
        assert step.job_name == tuning_job_name(searching.run_id)
        assert step.output_uri == f"{plan.run_uri}/adopt_model/model.tar.gz"
        assert step.parameters["OutputDataConfig"]["S3OutputPath"] == f"{plan.run_uri}/tune_model"
        assert plan.evaluate_model
        inputs = {each["InputName"]: each["S3Input"] for each in plan.evaluate_model.parameters["ProcessingInputs"]}
        assert inputs["candidate"]["S3Uri"] == step.output_uri

    @pytest.mark.parametrize("run_id", ["r", "reviews-20260101-120000-ab12", "r" * 80, "a_b.c-1"])
    def test_a_name_has_at_most_32_characters_and_is_legal(self, run_id: str) -> None:
        name = tuning_job_name(run_id)
        assert len(name) <= 32
        assert name.endswith("-tune")
        assert name.replace("-", "").isalnum()
        assert name != tuning_job_name(run_id + "x")

    def test_a_search_of_the_same_inputs_is_reused_and_another_range_is_another_search(
        self, searching: Facts, facts: Facts, recipe_text: str
    ) -> None:
        other = replace(searching, recipe=parse_recipe(recipe_text + SEARCH.replace("0.01", "0.02"), where="r"))
        keys = [step_keys(each)["train_model"] for each in (searching, other, facts)]
        assert len(set(keys)) == 3
        earlier = {
            step: EarlierStep(StepRecord("before", f"before-{step}", f"s3://bucket/runs/before/{step}"), usable=True)
            for step in ("preprocess", "train_model")
        }
        plan = plan_run(searching, earlier)  # type: ignore[arg-type]  # names of steps
        assert plan.how_to_get_model == "reuse"
        assert model_step(plan).job_name == "before-train_model"

    def test_the_lock_outlives_every_training(self, searching: Facts, facts: Facts) -> None:
        now = datetime(2026, 1, 1, tzinfo=UTC)
        alone = facts.recipe.model_copy(update={"training": searching.recipe.training})
        more = lock_deadline(searching.recipe, now) - lock_deadline(alone, now)
        assert more == timedelta(seconds=3 * (600 + 900))


class TestImport:
    def test_its_job_reads_the_archive_and_trains_nothing(self, importing: Facts) -> None:
        plan = plan_run(importing, {})
        step = model_step(plan)
        assert plan.how_to_get_model == "import"
        inputs = {each["InputName"]: each["S3Input"]["S3Uri"] for each in step.parameters["ProcessingInputs"]}
        assert inputs["archive"] == importing.model_uri
        assert "/opt/ml/processing/input/archive/model.tar.gz" in step.parameters["ContainerArguments"]
        assert step.output_uri == f"{plan.run_uri}/import_model/model.tar.gz"
        assert step.job_name.endswith("-import")

    def test_another_archive_is_something_new(self, importing: Facts, live: LiveVersion) -> None:
        same = live.model_copy(
            update={
                "data_digest": importing.data_digest,
                "recipe_digest": importing.recipe_digest,
                "code_digest": importing.code_digest,
                "model_digest": importing.model_digest,
            }
        )
        assert is_nothing_new(replace(importing, live=same))
        changed = replace(importing, live=same.model_copy(update={"model_digest": "e" * 64}))
        assert compare_with_live(changed)["model"] == "changed"
        assert not is_nothing_new(changed)
        assert compare_with_live(importing)["model"] == "first release"

    def test_its_key_follows_from_the_archive_and_not_from_a_training_script(self, importing: Facts) -> None:
        other = replace(importing, model_digest="e" * 64)
        script = replace(importing, code=importing.code.model_copy(update={"scripts": {}}))
        key = step_keys(importing)["train_model"]
        assert step_keys(other)["train_model"] != key
        assert step_keys(script)["train_model"] == key
        assert script.code_digest == importing.code_digest

    def test_the_import_s_code_is_no_matter_to_those_who_train(self, facts: Facts, importing: Facts) -> None:
        steps = {**facts.code.steps, "import_model": "changed"}
        code = facts.code.model_copy(update={"steps": steps})
        assert replace(facts, code=code).code_digest == facts.code_digest
        assert replace(importing, code=code).code_digest != importing.code_digest


RANGE = "ranges: {l2: {minimum: 0.1, maximum: 1}}"


@pytest.mark.parametrize(
    ("section", "words"),
    [
        (f"tuning: {{{RANGE}}}\nimport_model: {{}}", "exclude each other"),
        (
            f"tuning: {{max_jobs: 100, {RANGE}}}\ntraining: {{max_runtime_seconds: 86400}}",
            "a search may take 2,592,000",
        ),
        (f"tuning: {{max_jobs: 2, max_parallel_jobs: 3, {RANGE}}}", "max_parallel_jobs is 3, but max_jobs is 2"),
        ("tuning: {ranges: {sagemaker_program: {values: [a]}}}", "cannot be searched for"),
        ("tuning: {ranges: {class_names: {values: [a]}}}", "cannot be searched for"),
        (f"tuning: {{ranges: {{a: {{values: [{'v' * 300}]}}}}}}", "256 characters for a value"),
        ("tuning: {ranges: {a: {values: [1, 1]}}}", "stands there twice"),
        ("tuning: {ranges: {a: {minimum: 2, maximum: 1}}}", "minimum below a maximum"),
        ("tuning: {ranges: {}}", "at least 1 item"),
        ("import_model: {model_uri: model.tar.gz}", "must be one object in S3"),
    ],
)
def test_a_recipe_that_cannot_be_searched_or_imported_says_why(recipe_text: str, section: str, words: str) -> None:
    with pytest.raises(RecipeInvalidError, match=words):
        parse_recipe(f"{recipe_text}\n{section}\n", where="recipe.yaml")


def test_all_hyperparameters_together_fit_into_the_run_s_state(recipe_text: str) -> None:
    ranges = {f"r{number}": {"values": [letter * 200 for letter in "abcdefg"]} for number in range(6)}
    training = {"hyperparameters": {"long": "v" * 2400, "longer": "w" * 2400}}
    text = f"{recipe_text}\ntuning: {json.dumps({'ranges': ranges})}\ntraining: {json.dumps(training)}\n"
    with pytest.raises(RecipeInvalidError, match="characters together, and 10000 are allowed"):
        parse_recipe(text, where="recipe.yaml")


def test_a_table_s_model_is_not_imported() -> None:
    document = Recipe.model_validate(
        {
            "name": "t",
            "description": "d",
            "task": "regression",
            "data": {"features": {"numeric": ["a"]}, "target_column": "y"},
            "metrics": {"gates": [{"name": "r2", "floor": 0.1}]},
            "approval": {"approvers": ["a@example.com"]},
            "smoke": {"cases": [{"row": {"a": 1}, "minimum": 0}]},
        }
    ).model_dump()
    with pytest.raises(ValueError, match="reads a table; train that model"):
        Recipe.model_validate({**document, "import_model": {}})


@pytest.mark.parametrize(
    ("state", "failed"),
    [
        ({"prepare_run": {"how_to_get_model": "tune"}, "validate_data": {}}, "TuneModel"),
        ({"prepare_run": {"how_to_get_model": "tune"}, "validate_data": {}, "tune_model": {}}, "AdoptModel"),
        ({"prepare_run": {"how_to_get_model": "import"}, "validate_data": {}}, "ImportModel"),
        ({"prepare_run": {"how_to_get_model": "train"}, "validate_data": {}}, "TrainModel"),
        (
            {"prepare_run": {"how_to_get_model": "import"}, "adopt_model": {"verdict": "rejected"}},
            "WriteRejectionReport",
        ),
        ({"prepare_run": {"how_to_get_model": "import"}, "adopt_model": {"verdict": "adopted"}}, "EvaluateModel"),
    ],
)
def test_a_fault_names_the_state_on_the_run_s_own_way(state: dict[str, Any], failed: str) -> None:
    assert report_fault({**state, "fault": {"Error": "Broken", "Cause": "x"}}).state == failed


def test_a_failed_search_is_named_by_its_description() -> None:
    cause = {"HyperParameterTuningJobName": "a-tune", "FailureReason": "All training jobs failed."}
    reported = report_fault({"fault": {"Error": "States.TaskFailed", "Cause": json.dumps(cause)}})
    assert (reported.state, reported.cause) == ("TuneModel", "All training jobs failed.")


def test_a_stopped_search_is_named_by_its_status() -> None:
    reported = report_fault({"tune_model": {"HyperParameterTuningJobStatus": "Stopped"}})
    assert (reported.error, reported.state) == ("JobStopped", "TuneModel")
