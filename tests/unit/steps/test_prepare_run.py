from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from steps.contracts import LiveVersion, StepPlan
from steps.errors import RecipeInvalidError
from steps.model_card import input_digest, split_digest
from steps.ports import StepRecord
from steps.prepare_run import (
    EarlierStep,
    Facts,
    StepName,
    compare_with_live,
    is_nothing_new,
    lock_deadline,
    nothing_new_reason,
    plan_run,
    step_keys,
)
from steps.recipe import Recipe, parse_recipe
from steps.recipe_sections.data import FeaturesSection


def with_live(facts: Facts, live: LiveVersion, **changes: Any) -> Facts:
    """The same run, with a live version made from the same inputs but for the changes."""
    same = {
        "data_digest": facts.data_digest,
        "recipe_digest": facts.recipe_digest,
        "code_digest": facts.code_digest,
    }
    return replace(facts, live=live.model_copy(update={**same, **changes}))


def earlier_of(*steps: StepName, usable: bool = True) -> dict[StepName, EarlierStep]:
    return {
        step: EarlierStep(StepRecord("before", f"before-{step}", f"s3://bucket/runs/before/{step}"), usable)
        for step in steps
    }


def edited(recipe_text: str, old: str, new: str) -> Recipe:
    assert old in recipe_text
    return parse_recipe(recipe_text.replace(old, new), where="recipe.yaml")


def planned(step: StepPlan | None) -> StepPlan:
    assert step is not None
    return step


def test_a_live_version_from_the_same_inputs_means_nothing_is_new(facts: Facts, live: LiveVersion) -> None:
    same = with_live(facts, live)
    assert compare_with_live(same) == {"data": "unchanged", "recipe": "unchanged", "code": "unchanged"}
    assert is_nothing_new(same)
    assert nothing_new_reason(live).startswith("Nothing is new: version 1, live since 2026-02-01 08:30 UTC")


@pytest.mark.parametrize("name", ["data", "recipe", "code"])
def test_one_changed_input_is_enough_to_go_on(facts: Facts, live: LiveVersion, name: str) -> None:
    different = with_live(facts, live, **{f"{name}_digest": "other"})
    assert not is_nothing_new(different)
    assert plan_run(different, {}).reason == f"Changed since version 1: {name}."


def test_a_forced_run_goes_on_though_nothing_is_new(facts: Facts, live: LiveVersion) -> None:
    forced = replace(with_live(facts, live), force=True)
    assert not is_nothing_new(forced)
    assert "every step was asked for anew" in plan_run(forced, {}).reason


def test_the_first_release_says_so(facts: Facts) -> None:
    assert plan_run(facts, {}).reason == "First release of this recipe."
    assert set(compare_with_live(facts).values()) == {"first release"}


def test_a_comment_or_the_order_of_keys_in_a_recipe_is_no_change(facts: Facts, recipe_text: str) -> None:
    commented = replace(facts, recipe=edited(recipe_text, "task: binary", "task: binary  # yes or no"))
    assert commented.recipe_digest == facts.recipe_digest


def test_another_image_is_a_change_of_code(facts: Facts) -> None:
    assert replace(facts, tensorflow_inference_image="own/serving:1").code_digest != facts.code_digest


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("0: negative, 1: positive", "1: positive, 0: negative", {"preprocess", "train_model", "evaluate_model"}),
        ("task: binary", "task: binary\nsplit: {seed: 8}", {"preprocess", "train_model", "evaluate_model"}),
        ("task: binary", "task: binary\ntraining: {seed: 8}", {"train_model", "evaluate_model"}),
        (
            "task: binary",
            "task: binary\ndata_rules: {max_text_characters: 9}",
            {"preprocess", "train_model", "evaluate_model"},
        ),
        (
            "task: binary",
            "task: binary\ndata_rules: {languages: [de]}",
            {"preprocess", "train_model", "evaluate_model"},
        ),
        ("task: binary", "task: binary\ndata_rules: {max_text_characters: {severity: warn}}", set()),
        ("task: binary", "task: binary\ndata_rules: {min_rows: 10}", set()),
        ("floor: 0.7", "floor: 0.71", set()),
        ("{name: accuracy, floor: 0.7}", "{name: f1, floor: 0.7}", {"evaluate_model"}),
        ("metrics:", "metrics:\n  thresholds: validation", {"evaluate_model"}),
        ("task: binary", "task: binary\nslices: [{name: short, text_characters: {below: 9}}]", {"evaluate_model"}),
        ("smoke:", "smoke:\n  evaluated_rows: 7", {"evaluate_model"}),
        ("Wonderful.", "Delightful.", set()),
    ],
)
def test_a_change_in_the_recipe_changes_the_keys_of_the_steps_it_concerns(
    facts: Facts, recipe_text: str, old: str, new: str, changed: set[str]
) -> None:
    before, after = step_keys(facts), step_keys(replace(facts, recipe=edited(recipe_text, old, new)))
    assert {step for step in before if before[step] != after[step]} == changed


def test_how_a_slice_is_judged_does_not_measure_it_anew(facts: Facts, recipe_text: str) -> None:
    slices = "task: binary\nslices: [{name: short, text_characters: {below: 9}, critical: %s, margin: %s}]"
    light, strict = (edited(recipe_text, "task: binary", slices % each) for each in (("false", 0.1), ("true", 0.0)))
    assert step_keys(replace(facts, recipe=light)) == step_keys(replace(facts, recipe=strict))


def test_a_champion_that_answers_by_other_thresholds_is_measured_anew(facts: Facts, live: LiveVersion) -> None:
    other = live.model_copy(update={"card_uri": "s3://bucket/runs/other/record_release/model_card.json"})
    before, after = (step_keys(replace(facts, live=each)) for each in (live, other))
    assert {step for step in before if before[step] != after[step]} == {"evaluate_model"}


def test_another_champion_changes_only_the_evaluation(facts: Facts, live: LiveVersion) -> None:
    before, after = step_keys(facts), step_keys(replace(facts, live=live))
    assert {step for step in before if before[step] != after[step]} == {"evaluate_model"}


@pytest.mark.parametrize("task", ["", "binary", "multi_class"])
def test_a_live_version_of_the_same_classes_is_measured_too(facts: Facts, live: LiveVersion, task: str) -> None:
    compared = replace(facts, live=live.model_copy(update={"task": task}))
    assert compared.comparable_champion == compared.live


@pytest.mark.parametrize(
    "change", [{"task": "multi_label"}, {"input_digest": "of a table"}, {"class_names": ["positive", "negative"]}]
)
def test_a_live_version_of_other_answers_or_inputs_cannot_be_measured(
    facts: Facts, live: LiveVersion, change: dict[str, Any]
) -> None:
    other = replace(facts, live=live.model_copy(update=change))
    assert other.comparable_champion is None
    assert "--champion" not in planned(plan_run(other, {}).evaluate_model).parameters["ContainerArguments"]


def test_a_live_version_that_was_trained_on_rows_held_back_now_is_not_measured(
    facts: Facts, recipe_text: str, live: LiveVersion
) -> None:
    noted = replace(facts, live=live.model_copy(update={"split_digest": split_digest(facts.recipe)}))
    assert noted.comparable_champion == noted.live
    divided = replace(noted, recipe=edited(recipe_text, "task: binary", "task: binary\nsplit: {seed: 8}"))
    assert divided.comparable_champion is None
    # Nobody noted how the rows of older versions were divided.
    assert replace(divided, live=live).comparable_champion == live


def test_tables_are_compared_when_they_have_the_same_columns(facts: Facts, live: LiveVersion, houses: Recipe) -> None:
    number = live.model_copy(update={"task": "regression", "class_names": [], "input_digest": input_digest(houses)})
    assert replace(facts, recipe=houses, live=number).comparable_champion == number
    renamed = houses.model_copy(
        update={"data": houses.data.model_copy(update={"features": FeaturesSection(numeric=["area"])})}
    )
    assert replace(facts, recipe=renamed, live=number).comparable_champion is None


def test_steps_with_a_usable_result_are_reused_with_its_job_and_folder(facts: Facts) -> None:
    plan = plan_run(facts, earlier_of("preprocess", "train_model"))
    preprocess, train_model, evaluate = map(planned, (plan.preprocess, plan.train_model, plan.evaluate_model))
    assert (preprocess.reuse, train_model.reuse, evaluate.reuse) == (True, True, False)
    assert preprocess.output_uri == "s3://bucket/runs/before/preprocess"
    assert train_model.job_name == "before-train_model"
    assert train_model.reason == "Reused from run before: same data, recipe and code."
    assert plan.how_to_get_model == "reuse"
    candidate = next(item for item in evaluate.parameters["ProcessingInputs"] if item["InputName"] == "candidate")
    assert candidate["S3Input"]["S3Uri"] == "s3://bucket/runs/before/train_model"


def test_a_step_whose_job_did_not_complete_is_run_and_says_so(facts: Facts) -> None:
    plan = plan_run(facts, earlier_of("preprocess", usable=False))
    assert not planned(plan.preprocess).reuse
    assert "run before began it with the same inputs" in planned(plan.preprocess).reason


def test_nothing_after_a_step_that_runs_is_reused(facts: Facts) -> None:
    plan = plan_run(facts, earlier_of("preprocess", "evaluate_model"))
    assert planned(plan.evaluate_model).reason == "Run, because train_model is run."
    assert plan.how_to_get_model == "train"


def test_a_forced_run_reuses_nothing(facts: Facts) -> None:
    plan = plan_run(replace(facts, force=True), earlier_of("preprocess", "train_model", "evaluate_model"))
    assert {planned(step).reason for step in (plan.preprocess, plan.train_model, plan.evaluate_model)} == {
        "Run anew, as asked."
    }


def test_every_artifact_lies_under_the_run(facts: Facts) -> None:
    plan = plan_run(facts, {})
    run = "s3://bucket/runs/reviews-20260302-090000-ab12"
    assert plan.run_uri == run
    assert planned(plan.preprocess).output_uri == f"{run}/preprocess"
    assert planned(plan.evaluate_model).output_uri == f"{run}/evaluate_model"
    archive = f"{run}/train_model/reviews-20260302-090000-ab12-train/output/model.tar.gz"
    assert planned(plan.train_model).output_uri == archive


def test_a_champion_with_other_classes_is_kept_but_not_measured(facts: Facts, live: LiveVersion) -> None:
    other = live.model_copy(update={"class_names": ["bad", "good"]})
    plan = plan_run(replace(facts, live=other), {})
    assert plan.champion == other
    assert "--champion" not in planned(plan.evaluate_model).parameters["ContainerArguments"]


def test_a_recipe_with_images_of_its_own_uses_them(facts: Facts, recipe_text: str) -> None:
    own = "task: binary\ntraining: {image: own/train:1}\nendpoint: {image: own/serve:1}"
    plan = plan_run(replace(facts, recipe=edited(recipe_text, "task: binary", own)), {})
    assert planned(plan.train_model).parameters["TrainingImage"] == "own/train:1"
    assert plan.endpoint is not None
    assert plan.endpoint.image_uri == "own/serve:1"


def a_table(facts: Facts, recipe_text: str) -> Facts:
    """The same run of a recipe whose rows are a table's."""
    table = recipe_text.replace(
        "task: binary",
        "task: binary\ntraining: {image: sagemaker-scikit-learn, script: training/text_classifier.py}\n"
        "endpoint: {image: inference-pipeline}",
    )
    return replace(facts, recipe=parse_recipe(table, where="recipe.yaml"))


def test_a_table_is_answered_by_two_containers_that_share_an_archive(facts: Facts, recipe_text: str) -> None:
    endpoint = plan_run(a_table(facts, recipe_text), {}).endpoint
    assert endpoint is not None
    assert endpoint.is_pipeline
    shared = {
        "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
        "PYTHONPATH": "/opt/ml/model/code:/opt/ml/model/code/lib",
    }
    assert [(each.image_uri, each.environment) for each in endpoint.containers] == [
        (facts.scikit_learn_image, {**shared, "SAGEMAKER_PROGRAM": "transform_rows.py"}),
        (facts.xgboost_image, {**shared, "SAGEMAKER_PROGRAM": "score_rows.py"}),
    ]
    assert endpoint.image_uri == facts.scikit_learn_image


def test_a_text_is_answered_by_one_container(facts: Facts) -> None:
    endpoint = plan_run(facts, {}).endpoint
    assert endpoint is not None
    assert (endpoint.is_pipeline, endpoint.containers) == (False, [])
    assert endpoint.image_uri == facts.tensorflow_inference_image


def test_the_jobs_of_a_table_run_where_python_is_older_with_wheels_for_it(facts: Facts, recipe_text: str) -> None:
    plan = plan_run(a_table(facts, recipe_text), {})
    for step in (plan.preprocess, plan.train_model, plan.evaluate_model):
        parameters = planned(step).parameters
        assert parameters.get("ImageUri", parameters.get("TrainingImage")) == facts.scikit_learn_image
        assert parameters["Environment"]["PYTHONPATH"].endswith("/code/lib-py310")
    for step in (plan_run(facts, {}).preprocess, plan_run(facts, {}).train_model):
        assert planned(step).parameters["Environment"]["PYTHONPATH"].endswith("/code/lib")


def test_another_image_of_the_pipeline_is_other_code(facts: Facts, recipe_text: str) -> None:
    table = a_table(facts, recipe_text)
    assert table.code_digest != replace(table, xgboost_image="me/xgboost:1").code_digest


def test_a_region_without_images_for_tables_says_so_to_their_recipes_only(facts: Facts, recipe_text: str) -> None:
    none = "none.dkr.ecr.mx-central-1.amazonaws.com/sagemaker-xgboost:3.0-5"
    absent = replace(facts, xgboost_image=none, scikit_learn_image=none)
    for recipe in (a_table(absent, recipe_text), replace(a_table(absent, recipe_text), scikit_learn_image="me/own:1")):
        with pytest.raises(RecipeInvalidError, match=r"no image sagemaker-xgboost in this region.*XGBoostImage"):
            plan_run(recipe, {})
    assert plan_run(absent, {}).endpoint is not None


def test_a_training_script_that_is_not_deployed_is_an_invalid_recipe(facts: Facts, recipe_text: str) -> None:
    lost = replace(
        facts, recipe=edited(recipe_text, "task: binary", "task: binary\ntraining: {script: training/no.py}")
    )
    with pytest.raises(RecipeInvalidError, match=r"training\.script is 'training/no\.py'"):
        step_keys(lost)


def test_the_lock_outlasts_every_wait_of_the_run(reviews: Recipe, now: datetime) -> None:
    longest = reviews.training.max_runtime_seconds + reviews.approval.deadline_seconds + 2 * 3600
    assert lock_deadline(reviews, now) > now + timedelta(seconds=longest)


@pytest.mark.parametrize(("started_by", "refused"), [("ann", True), ("bob", False), ("schedule", False)])
def test_a_run_that_nobody_else_could_approve_is_refused_before_anything_is_paid_for(
    facts: Facts, started_by: str, refused: bool
) -> None:
    alone = facts.recipe.approval.model_copy(update={"approvers": ["ann@example.com"]})
    asked = replace(facts, requested_by=started_by, recipe=facts.recipe.model_copy(update={"approval": alone}))
    if not refused:
        assert plan_run(asked, {}).decision == "go"
        return
    with pytest.raises(RecipeInvalidError, match="nobody approves a run of their own alone; name somebody else"):
        plan_run(asked, {})
    nobody_is_asked = alone.model_copy(update={"policy": "never"})
    free = replace(asked, recipe=asked.recipe.model_copy(update={"approval": nobody_is_asked}))
    assert plan_run(free, {}).decision == "go"
