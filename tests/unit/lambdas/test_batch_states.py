"""The functions behind a batch's states: which version answers, and what the rows allow."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from lambdas.check_rows.handler import CheckRowsInput, judge_rows
from lambdas.prepare_batch.handler import PrepareBatchInput, PrepareBatchSettings, prepare_batch
from steps.batch_contracts import PrepareBatchResult
from steps.contracts import LiveVersion
from steps.names import model_name
from steps.ports import ArtifactStore, ModelVersions, ObjectSizes, ReleaseRecords

SETTINGS = PrepareBatchSettings(
    ARTIFACT_BUCKET="bucket",
    RELEASE_TABLE="releases",
    STACK_NAME="greenlight",
    CODE_URI="s3://bucket/code/c0de",
    TENSORFLOW_TRAINING_IMAGE="image",
)
ROWS = "s3://bucket/batches/b/rows/"
CARD = "s3://bucket/runs/{}/record_release/model_card.json"


Prepare = Callable[..., PrepareBatchResult]


@pytest.fixture
def prepare(  # noqa: PLR0917 - fixtures
    records: ReleaseRecords,
    artifacts: ArtifactStore,
    objects: dict[str, bytes],
    sizes: ObjectSizes,
    versions: ModelVersions,
    runs_of_packages: dict[str, str],
    model_names: set[str],
    live: LiveVersion,
) -> Prepare:
    """PrepareBatch with version 1 live, version 2 released before it, and version 3 refused by a person."""
    records.set_live("reviews", live)
    objects |= {CARD.format("old"): b"{}", CARD.format("older"): b"{}", f"{ROWS}piece-00000": b"text\nfine\n"}
    group = live.model_package_arn.rpartition("/")[0]
    runs_of_packages |= {f"{group}/2": "older", f"{group}/3": "refused", f"{group}/4": "gone"}
    model_names |= {"greenlight-old", model_name("greenlight", "older"), model_name("greenlight", "refused")}

    def run(**given: Any) -> PrepareBatchResult:
        event = {"run_id": "batch-1", "input": {"recipe": "reviews", "rows_uri": ROWS, **given}}
        return prepare_batch(
            PrepareBatchInput.model_validate(event),
            SETTINGS,
            records=records,
            versions=versions,
            artifacts=artifacts,
            sizes=sizes,
        )

    return run


def test_the_live_version_answers_through_the_model_that_the_endpoint_serves(prepare: Prepare) -> None:
    plan = prepare()
    assert (plan.decision, plan.model_version, plan.model_name) == ("go", "1", "greenlight-old")
    assert plan.split_rows is not None
    [card] = [each for each in plan.split_rows.parameters["ProcessingInputs"] if each["InputName"] == "card"]
    assert card["S3Input"]["S3Uri"] == CARD.format("old")


def test_an_earlier_version_answers_while_its_model_is_there(prepare: Prepare) -> None:
    plan = prepare(version="2")
    assert (plan.decision, plan.model_version, plan.model_name) == ("go", "2", "greenlight-older")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"recipe": "others"}, "nothing of others is live; release it first: greenlight run others"),
        ({"version": "9"}, "there is no version 9 of reviews"),
        ({"version": "3"}, "version 3 of reviews was never live"),
        ({"version": "4"}, "version 4 of reviews has no SageMaker model"),
        ({"rows_uri": "s3://elsewhere/rows.csv"}, "rows_uri must lie in the artifact bucket, below s3://bucket/"),
        ({"rows_uri": "s3://bucket/nothing/", "file_name": "mine.csv"}, "mine.csv is empty"),
    ],
)
def test_what_cannot_be_answered_is_refused_with_a_sentence(
    prepare: Prepare, given: dict[str, Any], words: str
) -> None:
    result = prepare(**given)
    assert result.decision == "refused"
    assert words in result.reason
    assert result.split_rows is None


def test_the_rows_are_judged_by_what_was_counted(prepare: Prepare, artifacts: ArtifactStore) -> None:
    plan = prepare()
    counted = {"rows": 3, "answerable": 2, "parts": 1, "set_aside": {"empty_text": 1}}
    artifacts.write(f"{plan.answers_uri}/split.json", json.dumps(counted).encode())
    result = judge_rows(CheckRowsInput(run_id="batch-1", plan=plan), artifacts)
    assert (result.verdict, result.rows, result.answerable, result.parts) == ("answerable", 3, 2, 1)
