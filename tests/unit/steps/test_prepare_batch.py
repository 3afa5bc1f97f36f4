"""A batch's plan by value, the verdict on its rows, and the name of its fault."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from steps.batch_contracts import BatchInput, SplitReport
from steps.check_rows import check_rows
from steps.prepare_batch import BatchFacts, plan_batch
from steps.report_batch_fault import report_batch_fault

FACTS = BatchFacts(
    batch_id="reviews-batch-20260302-090000-ab12",
    request=BatchInput(recipe="reviews", rows_uri="s3://bucket/batches/b/rows/", file_name="mine.csv"),
    model_version="3",
    model_name="greenlight-reviews-run",
    card_uri="s3://bucket/runs/run/record_release/model_card.json",
    rows_bytes=1_000_000,
    code_uri="s3://bucket/code/c0de",
    bucket="bucket",
    image="image",
)


def arguments(job: Any) -> list[str]:
    found: list[str] = job.parameters["ContainerArguments"]
    return found


def test_a_plan_names_the_model_and_a_folder_of_the_batchs_own() -> None:
    plan = plan_batch(FACTS)
    folder = "s3://bucket/batches/reviews-batch-20260302-090000-ab12"
    assert (plan.decision, plan.model_name, plan.model_version) == ("go", "greenlight-reviews-run", "3")
    assert plan.split_rows is not None
    assert plan.transform_rows is not None
    assert plan.join_predictions is not None
    assert plan.split_rows.job_name.endswith("-split")
    transform = plan.transform_rows.parameters
    assert transform["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"] == f"{folder}/requests/"
    assert transform["TransformOutput"]["S3OutputPath"] == plan.answers_uri == f"{folder}/answers"
    # A line is a request of its own, whatever serves.
    assert (transform["BatchStrategy"], transform["TransformInput"]["SplitType"]) == ("SingleRecord", "Line")
    inputs = plan.join_predictions.parameters["ProcessingInputs"]
    assert {each["InputName"]: each["S3Input"]["S3Uri"] for each in inputs} == {
        "code": "s3://bucket/code/c0de/source/",
        "rows": "s3://bucket/batches/b/rows/",
        "card": FACTS.card_uri,
        "answers": f"{folder}/answers/",
    }
    assert "--file-name=mine.csv" in arguments(plan.split_rows)


def test_a_texts_column_is_handed_on_even_when_it_looks_like_an_option() -> None:
    request = FACTS.request.model_copy(update={"text_column": "--text"})
    plan = plan_batch(replace(FACTS, request=request))
    assert "--text-column=--text" in arguments(plan.split_rows)
    assert not any("--text-column" in each for each in arguments(plan_batch(FACTS).split_rows))


@pytest.mark.parametrize(("rows_bytes", "disk_gb"), [(1, 30), (10_000_000_000, 110), (10**15, 16_384)])
def test_the_disk_grows_with_the_file(rows_bytes: int, disk_gb: int) -> None:
    plan = plan_batch(replace(FACTS, rows_bytes=rows_bytes))
    for job in (plan.split_rows, plan.join_predictions):
        assert job is not None
        assert job.parameters["ProcessingResources"]["ClusterConfig"]["VolumeSizeInGB"] == disk_gb


@pytest.mark.parametrize(
    ("report", "verdict", "words"),
    [
        (SplitReport(rows=1200, answerable=1200, parts=1), "answerable", "1,200 of 1,200 rows can be answered."),
        (
            SplitReport(rows=3, answerable=1, parts=1, set_aside={"empty_text": 2}),
            "answerable",
            "1 of 3 rows can be answered; set aside: 2 empty_text.",
        ),
        (
            SplitReport(rows=2, set_aside={"empty_text": 1, "unreadable": 1}),
            "none_answerable",
            "None of the 2 rows can be answered: 1 empty_text, 1 unreadable.",
        ),
        (
            SplitReport(rows=2, answerable=2, parts=1, problem="mine.csv breaks off."),
            "rejected",
            "mine.csv breaks off.",
        ),
    ],
)
def test_the_verdict_on_the_rows(report: SplitReport, verdict: str, words: str) -> None:
    result = check_rows(report)
    assert (result.verdict, result.reason) == (verdict, words)


def fault(cause: object) -> dict[str, Any]:
    return {"fault": {"Error": "States.TaskFailed", "Cause": cause if isinstance(cause, str) else json.dumps(cause)}}


DONE = {"ProcessingJobStatus": "Completed"}


@pytest.mark.parametrize(
    ("state", "failed", "words"),
    [
        (fault({"errorMessage": "no table"}), "PrepareBatch", "no table"),
        (
            {"prepare_batch": {}, **fault({"TransformJobName": "b-transform", "FailureReason": "Bad HTTP status"})},
            "TransformRows",
            "Bad HTTP status",
        ),
        (
            {"prepare_batch": {}, **fault({"ProcessingJobName": "b-join", "ExitMessage": "PredictionError: lost"})},
            "JoinPredictions",
            "PredictionError: lost",
        ),
        ({"prepare_batch": {}, "split_rows": DONE, **fault("plain words")}, "CheckRows", "plain words"),
        (
            {
                "prepare_batch": {},
                "split_rows": DONE,
                "check_rows": {"verdict": "none_answerable"},
                **fault("no disk"),
            },
            "JoinPredictions",
            "no disk",
        ),
        (
            {"prepare_batch": {}, "split_rows": {"ProcessingJobStatus": "Stopped"}},
            "SplitRows",
            "The job ended Stopped: it was stopped, or ran out of its time",
        ),
        ({"prepare_batch": {"decision": "maybe"}}, "SplitRows", "an answer the workflow does not know"),
    ],
)
def test_a_fault_is_told_by_its_state_and_its_own_words(state: dict[str, Any], failed: str, words: str) -> None:
    reported = report_batch_fault(state)
    assert reported.state == failed
    assert words in reported.cause
