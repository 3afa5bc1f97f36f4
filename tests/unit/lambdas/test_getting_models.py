from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from lambdas.adopt_model.handler import AdoptModelInput, adopt_model
from lambdas.artifacts import model_origin
from lambdas.prepare_run.reading import PrepareRunInput, PrepareRunSettings, read_facts
from steps.close_run import close_run
from steps.contracts import ImportReport, LiveVersion, PrepareRunResult, RunState, SearchReport, Trial
from steps.errors import ModelUnavailableError, NoModelFoundError
from steps.ports import ArtifactStore, JobHistory, ReleaseRecords
from steps.prepare_run import Facts, plan_run
from steps.recipe import parse_recipe

SEARCH = "tuning: {ranges: {l2: {minimum: 0.1, maximum: 1}}}\n"
IMPORT = "import_model: {}\n"


def request(facts: Facts, objects: dict[str, bytes], text: str) -> AdoptModelInput:
    objects[facts.recipe_uri] = text.encode()
    recipe = parse_recipe(text, where="recipe.yaml")
    changed = replace(facts, recipe=recipe)
    if recipe.import_model:
        changed = replace(changed, model_uri="s3://bucket/m.tar.gz", model_digest="d")
    return AdoptModelInput(run_id=facts.run_id, plan=plan_run(changed, {}))


@pytest.fixture
def plan_with(facts: Facts, objects: dict[str, bytes], recipe_text: str) -> Callable[[str], AdoptModelInput]:
    """The event of a run whose recipe has another section."""
    return lambda section: request(facts, objects, recipe_text + section)


def test_the_best_training_s_model_is_copied_and_every_trial_is_kept(
    plan_with: Callable[[str], AdoptModelInput],
    objects: dict[str, bytes],
    trials: dict[str, list[Trial]],
    artifacts: ArtifactStore,
    jobs: JobHistory,
) -> None:
    asked = plan_with(SEARCH)
    step = asked.plan.train_model
    assert step
    trials[step.job_name] = [
        Trial(training_job=name, status="Completed", objective=value, hyperparameters={"l2": str(value)})
        for name, value in (("worse", 0.5), ("better", 0.25))
    ]
    objects[f"{asked.plan.run_uri}/tune_model/better/output/model.tar.gz"] = b"the better one"

    adopted = adopt_model(asked, artifacts, jobs)

    assert adopted.verdict == "adopted"
    assert objects[step.output_uri] == b"the better one"
    assert adopted.search
    kept = SearchReport.model_validate_json(objects[adopted.search.trials_uri])
    assert [trial.training_job for trial in kept.trials] == ["better", "worse"]
    assert adopt_model(asked, artifacts, jobs) == adopted
    recipe = parse_recipe(objects[asked.plan.recipe_uri].decode(), where="recipe.yaml")
    assert model_origin(recipe, asked.plan, artifacts) == adopted.reason


def test_a_search_without_a_model_is_a_fault(
    plan_with: Callable[[str], AdoptModelInput], artifacts: ArtifactStore, jobs: JobHistory
) -> None:
    with pytest.raises(NoModelFoundError, match="none of the search's 0 trainings"):
        adopt_model(plan_with(SEARCH), artifacts, jobs)


def imported(plan: PrepareRunResult, verdict: str, objects: dict[str, bytes]) -> None:
    report = ImportReport.model_validate({"verdict": verdict, "reason": "It is so.", "digest": "d", "archive_bytes": 1})
    objects[f"{plan.run_uri}/import_model/report.json"] = report.model_dump_json().encode()


def test_an_import_is_adopted_and_the_approver_told_so(
    plan_with: Callable[[str], AdoptModelInput], objects: dict[str, bytes], artifacts: ArtifactStore, jobs: JobHistory
) -> None:
    asked = plan_with(IMPORT)
    imported(asked.plan, "accepted", objects)
    assert adopt_model(asked, artifacts, jobs).verdict == "adopted"
    recipe = parse_recipe(objects[asked.plan.recipe_uri].decode(), where="recipe.yaml")
    assert model_origin(recipe, asked.plan, artifacts) == "This model was imported, not trained. It is so."


def test_a_refused_archive_ends_the_run_with_its_sentence(
    plan_with: Callable[[str], AdoptModelInput], objects: dict[str, bytes], artifacts: ArtifactStore, jobs: JobHistory
) -> None:
    asked = plan_with(IMPORT)
    imported(asked.plan, "rejected", objects)
    adopted = adopt_model(asked, artifacts, jobs)
    assert adopted.verdict == "rejected"
    closed = close_run(RunState(recipe="reviews", adopt_model=adopted))
    assert (closed.outcome, closed.reason) == ("ModelRejected", "It is so.")


def test_a_model_that_was_just_trained_has_no_origin_to_tell(facts: Facts, artifacts: ArtifactStore) -> None:
    assert model_origin(facts.recipe, plan_run(facts, {}), artifacts) == ""


@pytest.fixture
def read(
    facts: Facts, recipe_text: str, objects: dict[str, bytes], artifacts: ArtifactStore, records: ReleaseRecords
) -> Callable[..., Facts]:
    """Reads the facts of a run that names a model."""

    def call(section: str, **given: str) -> Facts:
        uri = f"s3://{facts.bucket}/recipes/mine.yaml"
        objects[uri] = (recipe_text + section).encode()
        objects[facts.data_uri] = b"text,label"
        settings = PrepareRunSettings.model_validate(
            {
                "ARTIFACT_BUCKET": facts.bucket,
                "RELEASE_TABLE": "table",
                "STACK_NAME": facts.stack,
                "CODE_URI": facts.code_uri,
                "TENSORFLOW_TRAINING_IMAGE": facts.tensorflow_training_image,
                "TENSORFLOW_INFERENCE_IMAGE": facts.tensorflow_inference_image,
                "SCIKIT_LEARN_IMAGE": facts.scikit_learn_image,
                "XGBOOST_IMAGE": facts.xgboost_image,
                "AWS_REGION": facts.region,
            }
        )
        objects[f"{settings.code_uri}/manifest.json"] = facts.code.model_dump_json().encode()
        asked = {"recipe": facts.recipe.name, "recipe_uri": uri, "data_uri": facts.data_uri, **given}
        event = PrepareRunInput(
            run_id="r", execution_arn="e", state_machine_arn="m", started_at=facts.started_at, input=asked
        )
        return read_facts(event, settings, artifacts, records)

    return call


def test_the_run_s_archive_comes_before_the_recipe_s_and_is_digested(
    read: Callable[..., Facts], facts: Facts, objects: dict[str, bytes], notes: dict[str, str]
) -> None:
    for name in ("one", "other"):
        objects[f"s3://{facts.bucket}/{name}.tar.gz"] = name.encode()
    notes[f"s3://{facts.bucket}/other.tar.gz"] = "noted"
    section = f"import_model: {{model_uri: 's3://{facts.bucket}/one.tar.gz'}}\n"
    from_recipe = read(section)
    assert from_recipe.model_uri == f"s3://{facts.bucket}/one.tar.gz"
    assert from_recipe.model_digest
    assert len(from_recipe.model_digest) == 64
    from_run = read(section, model_uri=f"s3://{facts.bucket}/other.tar.gz")
    assert (from_run.model_uri, from_run.model_digest) == (f"s3://{facts.bucket}/other.tar.gz", "noted")


def test_a_run_that_names_no_archive_measures_the_live_one_anew(
    read: Callable[..., Facts], live: LiveVersion, records: ReleaseRecords, objects: dict[str, bytes]
) -> None:
    records.set_live("reviews", live.model_copy(update={"model_data_uri": "s3://bucket/runs/before/model.tar.gz"}))
    objects["s3://bucket/runs/before/model.tar.gz"] = b"live"
    assert read(IMPORT).model_uri == "s3://bucket/runs/before/model.tar.gz"


@pytest.mark.parametrize(
    ("section", "given", "words"),
    [
        (IMPORT, {}, "nothing names one; start the run with `greenlight run reviews --model FILE`"),
        (IMPORT, {"model_uri": "s3://elsewhere/model.tar.gz"}, "in a bucket the jobs may not read; copy it into s3://"),
        (IMPORT, {"model_uri": "s3://bucket/none.tar.gz"}, "there is no model archive at s3://bucket/none.tar.gz"),
        (IMPORT, {"model_uri": f"s3://bucket/{'m' * 201}"}, "a name of more than 200 characters"),
        ("", {"model_uri": "s3://bucket/model.tar.gz"}, "the recipe reviews trains one; leave model_uri out"),
    ],
)
def test_an_archive_that_cannot_be_imported_is_told_in_a_sentence(
    read: Callable[..., Facts], section: str, given: dict[str, str], words: str
) -> None:
    with pytest.raises(ModelUnavailableError) as told:
        read(section, **given)
    assert words in str(told.value)
