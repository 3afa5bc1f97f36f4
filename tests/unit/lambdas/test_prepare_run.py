from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from lambdas.prepare_run.handler import prepare_run
from lambdas.prepare_run.reading import PrepareRunInput, PrepareRunSettings
from steps.code_manifest import CodeManifest
from steps.contracts import LiveVersion, PrepareRunResult
from steps.errors import DataUnavailableError, PriceMissingError, RecipeInvalidError
from steps.ports import ArtifactStore, JobHistory, JobKind, Lock, ReleaseRecords, Workflow
from steps.prepare_run import Facts

CODE = "s3://bucket/code/c0de"
DATA = b"text,label\nfine,1\n"
INCOMING = "s3://bucket/incoming/reviews/2026-03-01.csv"


@pytest.fixture
def environment(facts: Facts) -> PrepareRunSettings:
    return PrepareRunSettings.model_validate(
        {
            "ARTIFACT_BUCKET": "bucket",
            "RELEASE_TABLE": "table",
            "STACK_NAME": "greenlight",
            "CODE_URI": CODE,
            "TENSORFLOW_TRAINING_IMAGE": facts.tensorflow_training_image,
            "TENSORFLOW_INFERENCE_IMAGE": facts.tensorflow_inference_image,
            "SCIKIT_LEARN_IMAGE": facts.scikit_learn_image,
            "XGBOOST_IMAGE": facts.xgboost_image,
            "AWS_REGION": "us-east-1",
        }
    )


@pytest.fixture(autouse=True)
def deployed(objects: dict[str, bytes], facts: Facts, recipe_text: str) -> None:
    """The published code with one recipe, and one file of data."""
    code: CodeManifest = facts.code
    objects[f"{CODE}/manifest.json"] = code.model_dump_json().encode()
    objects[f"{CODE}/source/recipes/reviews/recipe.yaml"] = recipe_text.encode()
    objects[INCOMING] = DATA


class Release:
    """Starts runs of one recipe against the fakes."""

    def __init__(
        self,
        *,
        environment: PrepareRunSettings,
        artifacts: ArtifactStore,
        records: ReleaseRecords,
        jobs: JobHistory,
        executions: Workflow,
        now: datetime,
    ) -> None:
        self._environment = environment
        self._ports: dict[str, Any] = {
            "artifacts": artifacts,
            "records": records,
            "jobs": jobs,
            "executions": executions,
        }
        self._now = now

    def move(self, environment: PrepareRunSettings) -> None:
        """Start the next runs with another environment."""
        self._environment = environment

    def start(self, run_id: str = "run-1", **given: Any) -> PrepareRunResult:
        request = PrepareRunInput(
            run_id=run_id,
            execution_arn=f"arn:{run_id}",
            state_machine_arn="arn:machine",
            started_at=self._now,
            input={"recipe": "reviews", **given},
        )
        return prepare_run(request, self._environment, now=self._now, **self._ports)


@pytest.fixture
def release(
    *,
    environment: PrepareRunSettings,
    artifacts: ArtifactStore,
    records: ReleaseRecords,
    jobs: JobHistory,
    executions: Workflow,
    now: datetime,
) -> Release:
    return Release(
        environment=environment, artifacts=artifacts, records=records, jobs=jobs, executions=executions, now=now
    )


def test_the_plan_says_why_rejected_metrics_are_overridden(release: Release) -> None:
    plan = release.start(requested_by="ann", override_reason="It is urgent.")
    assert (plan.requested_by, plan.override_reason) == ("ann", "It is urgent.")


@pytest.mark.parametrize("reason", ["", " \n", "x" * 301])
def test_an_override_needs_a_reason_that_can_be_read(release: Release, reason: str) -> None:
    with pytest.raises(RecipeInvalidError, match="override_reason: String should"):
        release.start(override_reason=reason)


class TestCeiling:
    """A recipe that says what a run may cost."""

    @pytest.fixture
    def limit(self, objects: dict[str, bytes], recipe_text: str) -> Callable[[str], None]:
        """Sets the deployed recipe's ceilings."""

        def write(section: str) -> None:
            objects[f"{CODE}/source/recipes/reviews/recipe.yaml"] = f"{recipe_text}cost: {section}\n".encode()

        return write

    def test_a_run_that_could_cost_more_is_refused_with_the_numbers_and_begins_nothing(
        self, release: Release, limit: Callable[[str], None], records: ReleaseRecords
    ) -> None:
        limit("{max_run_usd: 0.5}")
        plan = release.start()
        assert plan.decision == "too_expensive"
        assert plan.cost is not None
        assert f"The run can cost {plan.cost.run_usd} USD and the recipe allows 0.5" in plan.reason
        assert "Prices of us-east-1 as of " in plan.reason
        assert plan.preprocess is not None
        assert records.step("reviews", "preprocess", plan.preprocess.key) is None
        holder = records.lock("reviews")
        assert holder is not None, "CloseRun frees it"
        assert holder.run_id == plan.run_id

    def test_an_endpoint_that_costs_more_is_refused_too(self, release: Release, limit: Callable[[str], None]) -> None:
        limit("{max_endpoint_usd_per_month: 80}")
        plan = release.start()
        assert plan.decision == "too_expensive"
        assert "The endpoint costs 83.95 USD a month and the recipe allows 80" in plan.reason

    def test_a_run_within_its_ceilings_goes_on_and_its_plan_holds_the_sums(
        self, release: Release, limit: Callable[[str], None]
    ) -> None:
        limit("{max_run_usd: 50, max_endpoint_usd_per_month: 83.95}")
        plan = release.start()
        assert plan.decision == "go"
        assert plan.cost is not None
        assert (plan.cost.region, str(plan.cost.endpoint_usd_per_month)) == ("us-east-1", "83.95")

    def test_another_ceiling_alone_is_nothing_new(
        self,
        *,
        release: Release,
        limit: Callable[[str], None],
        records: ReleaseRecords,
        live: LiveVersion,
    ) -> None:
        make_live(records, live, release.start())
        limit("{max_run_usd: 0.5}")
        assert release.start("run-2").decision == "nothing_new"

    def test_a_ceiling_in_a_region_without_prices_is_a_fault_that_says_what_to_do(
        self, release: Release, limit: Callable[[str], None], environment: PrepareRunSettings
    ) -> None:
        limit("{max_run_usd: 50}")
        release.move(environment.model_copy(update={"aws_region": "eu-north-1"}))
        with pytest.raises(
            PriceMissingError, match=r"recipe\.yaml sets a cost ceiling, but there are no prices for the "
        ):
            release.start()

    def test_without_a_ceiling_a_region_without_prices_is_no_obstacle(
        self, release: Release, environment: PrepareRunSettings
    ) -> None:
        release.move(environment.model_copy(update={"aws_region": "eu-north-1"}))
        plan = release.start()
        assert (plan.decision, plan.cost) == ("go", None)


def make_live(records: ReleaseRecords, live: LiveVersion, plan: PrepareRunResult) -> None:
    """Record that what was planned is live now, and end its run."""
    digests = {name: getattr(plan, name) for name in ("data_digest", "recipe_digest", "code_digest")}
    records.set_live("reviews", live.model_copy(update=digests))
    records.free_lock("reviews", plan.run_id)


def test_the_newest_incoming_file_is_digested_and_planned_with(release: Release, objects: dict[str, bytes]) -> None:
    objects["s3://bucket/incoming/reviews/2026-03-02.csv"] = DATA + b"dull,0\n"
    plan = release.start()
    assert plan.decision == "go"
    assert plan.data_uri == "s3://bucket/incoming/reviews/2026-03-02.csv"
    assert plan.data_digest == hashlib.sha256(DATA + b"dull,0\n").hexdigest()


def test_a_digest_noted_at_the_upload_is_taken_over(release: Release, notes: dict[str, str]) -> None:
    notes[INCOMING] = "f" * 64
    assert release.start().data_digest == "f" * 64


def test_a_recipe_file_of_ones_own_is_used(release: Release, objects: dict[str, bytes], recipe_text: str) -> None:
    objects["s3://bucket/recipes/reviews/abc.yaml"] = recipe_text.replace("floor: 0.7", "floor: 0.8").encode()
    before, after = release.start(), release.start(recipe_uri="s3://bucket/recipes/reviews/abc.yaml")
    assert after.recipe_uri == "s3://bucket/recipes/reviews/abc.yaml"
    assert after.recipe_digest != before.recipe_digest


def test_nothing_new_takes_no_lock(release: Release, records: ReleaseRecords, live: LiveVersion) -> None:
    make_live(records, live, release.start())
    again = release.start("run-2")
    assert again.decision == "nothing_new"
    assert again.compared == {"data": "unchanged", "recipe": "unchanged", "code": "unchanged"}
    assert records.lock("reviews") is None


def test_a_release_that_ends_while_the_next_run_takes_the_lock_is_seen(
    release: Release, records: ReleaseRecords, live: LiveVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = release.start()
    take_lock = records.take_lock

    def after_the_other_has_ended(recipe: str, lock: Lock, *, now: datetime, instead_of: str | None = None) -> bool:
        make_live(records, live, plan)
        return take_lock(recipe, lock, now=now, instead_of=instead_of)

    monkeypatch.setattr(records, "take_lock", after_the_other_has_ended)
    assert release.start("run-2").decision == "nothing_new"
    assert records.lock("reviews") is None


def test_a_forced_run_goes_on_though_nothing_is_new(
    release: Release, records: ReleaseRecords, live: LiveVersion
) -> None:
    make_live(records, live, release.start())
    assert release.start("run-2", force=True).decision == "go"


def test_a_second_run_of_the_recipe_stands_back(release: Release, running: set[str]) -> None:
    release.start()
    running.add("arn:run-1")
    second = release.start("run-2")
    assert second.decision == "already_running"
    assert second.reason == "Run run-1 of this recipe is under way; try again when it has ended."


def test_a_lock_whose_owner_is_over_is_taken_over(release: Release, records: ReleaseRecords) -> None:
    release.start()
    assert release.start("run-2").decision == "go"
    lock = records.lock("reviews")
    assert lock is not None
    assert lock.run_id == "run-2"


def test_a_lock_past_its_deadline_is_taken_over_though_its_owner_runs(
    release: Release, records: ReleaseRecords, running: set[str], now: datetime
) -> None:
    running.add("arn:stuck")
    old = Lock("stuck", "arn:stuck", now - timedelta(seconds=1))
    assert records.take_lock("reviews", old, now=now - timedelta(days=9))
    assert release.start().decision == "go"


def test_a_repeated_call_gives_the_same_plan(release: Release, running: set[str]) -> None:
    first = release.start()
    running.add("arn:run-1")
    assert release.start() == first


def test_a_run_after_a_failed_one_reuses_what_completed(
    release: Release, objects: dict[str, bytes], completed_jobs: set[tuple[JobKind, str]]
) -> None:
    first = release.start()
    assert first.preprocess is not None
    assert first.train_model is not None
    for kind, step in (("processing", first.preprocess), ("training", first.train_model)):
        completed_jobs.add((kind, step.job_name))  # type: ignore[arg-type]  # the kinds are literals
    objects[f"{first.preprocess.output_uri}/profile.json"] = b"{}"
    objects[first.train_model.output_uri] = b"archive"
    second = release.start("run-2")
    assert second.preprocess is not None
    assert second.evaluate_model is not None
    assert second.how_to_get_model == "reuse"
    assert second.preprocess.output_uri == first.preprocess.output_uri
    assert "run run-1 began it" in second.evaluate_model.reason


def test_a_completed_job_whose_output_is_gone_is_not_reused(
    release: Release, completed_jobs: set[tuple[JobKind, str]]
) -> None:
    first = release.start()
    assert first.preprocess is not None
    completed_jobs.add(("processing", first.preprocess.job_name))
    second = release.start("run-2")
    assert second.preprocess is not None
    assert not second.preprocess.reuse


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"recipe": "revews"}, "there is no recipe 'revews'; the deployed recipes are: reviews"),
        ({"recipe_uri": "s3://bucket/recipes/no.yaml"}, "there is no recipe at s3://bucket/recipes/no.yaml"),
        ({"recipe": "names", "recipe_uri": f"{CODE}/source/recipes/reviews/recipe.yaml"}, "is the recipe 'reviews'"),
        ({"data": "x"}, "data: Extra inputs are not permitted"),
        ({"recipe": 5}, "recipe: Input should be a valid string"),
    ],
)
def test_a_wrong_recipe_or_input_is_told_in_a_sentence(release: Release, given: dict[str, Any], words: str) -> None:
    with pytest.raises(RecipeInvalidError, match=words.replace("(", r"\(")):
        release.start(**given)


def test_a_broken_recipe_is_told_by_its_key(release: Release, objects: dict[str, bytes]) -> None:
    objects[f"{CODE}/source/recipes/reviews/recipe.yaml"] = b"name: reviews\nflor: 1\n"
    with pytest.raises(RecipeInvalidError, match="flor: unknown key"):
        release.start()


@pytest.mark.parametrize(
    ("data_uri", "words"),
    [
        ("s3://bucket/data/reviews/no.csv", "there is no data at s3://bucket/data/reviews/no.csv"),
        ("s3://elsewhere/f.csv", "copy it into s3://bucket/"),
    ],
)
def test_data_that_cannot_be_read_is_told_in_a_sentence(release: Release, data_uri: str, words: str) -> None:
    with pytest.raises(DataUnavailableError, match=words):
        release.start(data_uri=data_uri)


def test_no_data_at_all_says_where_to_put_some(release: Release, objects: dict[str, bytes]) -> None:
    del objects[INCOMING]
    with pytest.raises(DataUnavailableError, match="put a CSV under s3://bucket/incoming/reviews/"):
        release.start()


class TestPretrained:
    """A recipe whose training starts from published weights."""

    SHA256 = "5" * 64

    @pytest.fixture(autouse=True)
    def recipe(self, objects: dict[str, bytes], recipe_text: str) -> None:
        section = f"training: {{pretrained: {{sha256: '{self.SHA256}'}}}}\n"
        objects[f"{CODE}/source/recipes/reviews/recipe.yaml"] = (recipe_text + section).encode()

    def test_weights_that_are_not_there_end_the_run_with_what_to_do(
        self, release: Release, objects: dict[str, bytes]
    ) -> None:
        # An upload that was interrupted leaves some of the files.
        objects[f"s3://bucket/pretrained/{self.SHA256}/model.safetensors"] = b"tensors"
        with pytest.raises(
            DataUnavailableError, match=r"there are none at .*; start the run once with `greenlight run reviews`"
        ):
            release.start()

    def test_training_gets_them_as_a_channel(self, release: Release, objects: dict[str, bytes]) -> None:
        folder = f"s3://bucket/pretrained/{self.SHA256}/"
        objects[f"{folder}config.json"] = b"{}"
        plan = release.start()
        assert plan.train_model is not None
        channels = {
            channel["ChannelName"]: channel["DataSource"]["S3DataSource"]["S3Uri"]
            for channel in plan.train_model.parameters["InputDataConfig"]
        }
        assert channels["pretrained"] == folder
        assert set(channels) == {"train", "validation", "pretrained"}

    def test_other_weights_are_another_training_on_the_same_prepared_rows(
        self, release: Release, objects: dict[str, bytes], recipe_text: str
    ) -> None:
        keys = []
        for digit in "56":
            objects[f"s3://bucket/pretrained/{digit * 64}/config.json"] = b"{}"
            section = f"training: {{pretrained: {{sha256: '{digit * 64}'}}}}\n"
            objects[f"{CODE}/source/recipes/reviews/recipe.yaml"] = (recipe_text + section).encode()
            plan = release.start("run-1")
            assert plan.preprocess is not None
            assert plan.train_model is not None
            keys.append((plan.preprocess.key, plan.train_model.key))
        assert keys[0][0] == keys[1][0]
        assert keys[0][1] != keys[1][1]
