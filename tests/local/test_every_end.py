"""Each named end of a release is reached on the laptop stack with real jobs, mails and endpoints."""

from __future__ import annotations

import csv
import json
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Rows = list[dict[str, str]]
WriteRows = Callable[[str, Rows], str]
WriteRecipe = Callable[..., str]

GOOD = "a wonderful, moving and funny film with terrific performances"
BAD = "dull, lifeless and a complete waste of time"


def probabilities(laptop: Any, recipe: str) -> list[float]:
    answer = laptop.call("predict", recipe, GOOD, BAD)
    assert answer.code == 0, answer.errors
    return [prediction["probability"] for prediction in answer.document["predictions"]]


def states_of(document: dict[str, Any]) -> list[str]:
    return [state["name"] for state in document["states"]]


def artifact_bucket(s3: Any) -> str:
    return next(str(each["Name"]) for each in s3.list_buckets()["Buckets"] if "artifact" in each["Name"])


def release(laptop: Any, recipe: str, data: str, *options: str) -> Any:
    return laptop.call("run", recipe, "--data", data, "--approve", *options)


class TestReleased:
    """The default recipe, from the published rows to predictions, twice."""

    def test_the_first_release_trains_asks_updates_tests_and_serves(self, laptop: Any, first_release: Any) -> None:
        run = first_release
        assert run.code == 0, run.errors
        assert run.document["outcome"] == "Released"
        assert {"TrainModel", "EvaluateModel", "RequestApproval", "RunSmokeTests"} <= set(states_of(run.document))
        assert run.document["metrics"]["accuracy"] > 0.7
        assert run.document["reused"] == []
        assert laptop.locks() == []
        answer = laptop.call("predict", "review-snippets", GOOD, BAD)
        assert answer.document["model_version"] == "1"
        assert [prediction["label"] for prediction in answer.document["predictions"]] == ["positive", "negative"]

    def test_the_same_again_is_nothing_new_and_says_what_it_compared(self, laptop: Any) -> None:
        run = laptop.call("run", "review-snippets", "--approve")
        assert run.code == 0
        assert run.document["outcome"] == "NothingNew"
        assert laptop.call("show", run.document["run_id"]).document["cause"] == run.document["cause"]
        assert "data, recipe and code" in run.document["cause"]

    def test_forced_it_releases_a_second_version_over_the_first_and_can_be_rolled_back(self, laptop: Any) -> None:
        run = laptop.call("run", "review-snippets", "--approve", "--force")
        assert run.document["outcome"] == "Released", run.errors
        assert run.document["reused"] == []
        s3, key = laptop.client("s3"), f"runs/{run.document['run_id']}/validate_data/drift.json"
        drift = json.loads(s3.get_object(Bucket=artifact_bucket(s3), Key=key)["Body"].read())
        assert (drift["live_model_version"], {each["kind"] for each in drift["comparisons"]}) == (
            "1",
            {"text_length", "vocabulary", "label"},
        )
        assert not any(each["is_drifted"] for each in drift["comparisons"])
        assert laptop.call("predict", "review-snippets", GOOD).document["model_version"] == "2"
        assert laptop.call("rollback", "review-snippets", "--yes").code == 0
        assert laptop.call("predict", "review-snippets", GOOD).document["model_version"] == "1"

    def test_the_bytes_served_give_the_predictions_that_evaluation_measured(self, laptop: Any, tmp_path: Path) -> None:
        run = next(run for run in laptop.call("runs").document if run["outcome"] == "Released")
        s3 = laptop.client("s3")
        bucket = artifact_bucket(s3)
        for key in ("preprocess/test.csv", "evaluate_model/predictions.csv"):
            s3.download_file(bucket, f"runs/{run['run_id']}/{key}", str(tmp_path / Path(key).name))
        with (tmp_path / "test.csv").open(newline="") as stream:
            texts = [row["text"] for row in csv.DictReader(stream)][:50]
        with (tmp_path / "predictions.csv").open(newline="") as stream:
            measured = list(csv.DictReader(stream))[:50]
        served = laptop.call("predict", "review-snippets", *texts).document["predictions"]
        assert [prediction["label"] for prediction in served] == [row["answered"] for row in measured]
        for label in ("negative", "positive"):
            assert [prediction["probabilities"][label] for prediction in served] == pytest.approx(
                [float(row[f"probability_{label}"]) for row in measured], abs=2e-6
            )


def test_a_run_that_could_cost_more_than_its_recipe_allows_starts_nothing(
    laptop: Any, few_rows: Rows, write_rows: WriteRows, write_recipe: WriteRecipe
) -> None:
    data = write_rows("rows.csv", few_rows)
    recipe = write_recipe("too-expensive", {"cost.max_run_usd": 0.5})
    expected = laptop.call("cost", recipe).document
    assert expected["region"] == "us-east-1"
    assert expected["too_expensive"]
    run = laptop.call("run", recipe, "--data", data, "--approve")
    assert run.code == 1, run.errors
    assert run.document["outcome"] == "CostRejected"
    assert f"can cost {expected['run_usd']} USD and the recipe allows 0.5" in run.document["cause"]
    assert states_of(run.document) == ["PrepareRun", "IsAnythingNew", "CloseRun", "HowItEnded", "CostRejected"]
    assert laptop.locks() == []
    assert laptop.mails()[0]["subject"] == "too-expensive: the run would be too expensive"
    jobs = laptop.client("sagemaker").list_processing_jobs(NameContains="too-expensive")
    assert jobs["ProcessingJobSummaries"] == []


def test_a_damaged_file_ends_in_data_rejected_with_row_numbers(
    laptop: Any, few_rows: Rows, write_rows: WriteRows, write_recipe: WriteRecipe
) -> None:
    file = Path(write_rows("damaged.csv", few_rows))
    lines = file.read_bytes().split(b"\n")
    lines[500] = b'broken "row, with \xff\xfe bytes and, too, many, fields, in, it'
    lines[900] = b"only one field"
    file.write_bytes(b"\n".join(lines))
    run = laptop.call("run", write_recipe("damaged-data"), "--data", str(file), "--approve")
    assert run.code == 1, run.errors
    assert run.document["outcome"] == "DataRejected"
    assert "TrainModel" not in states_of(run.document)
    assert "WriteRejectionReport" in states_of(run.document)
    assert "row" in run.document["cause"]
    assert laptop.locks() == []


def test_shuffled_labels_end_in_metrics_rejected_with_the_number(
    laptop: Any, few_rows: Rows, write_rows: WriteRows, write_recipe: WriteRecipe
) -> None:
    labels = [row["label"] for row in few_rows]
    random.Random(1).shuffle(labels)  # noqa: S311 - a shuffle, not a secret
    shuffled = [{**row, "label": label} for row, label in zip(few_rows, labels, strict=True)]
    recipe, data = write_recipe("shuffled-labels", {"approval.policy": "never"}), write_rows("shuffled.csv", shuffled)
    run = laptop.call("run", recipe, "--data", data, "--approve")
    assert run.code == 1, run.errors
    assert run.document["outcome"] == "MetricsRejected"
    assert "accuracy" in run.document["cause"]
    assert "0.58" in run.document["cause"]
    assert laptop.locks() == []

    # Overridden, a person is asked although the policy asks nobody, and reads who wished it and why.
    overridden = laptop.call("run", recipe, "--data", data, "--reject", "--override-metrics", "It is only a test.")
    assert overridden.document["outcome"] == "ApprovalDenied", overridden.errors
    assert "TrainModel" not in states_of(overridden.document)
    assert overridden.document["override"]["why"] == "It is only a test."
    asked = next(mail for mail in laptop.mails() if mail["subject"].startswith("Approve shuffled-labels"))
    assert "It is only a test." in asked["text"]
    assert "is below its floor" in asked["text"]


def test_a_denied_approval_ends_so_and_started_again_nothing_is_trained_again(
    laptop: Any, few_rows: Rows, write_rows: WriteRows, write_recipe: WriteRecipe
) -> None:
    data = write_rows("rows.csv", few_rows)
    denied = laptop.call("run", write_recipe("denied-reviews"), "--data", data, "--reject")
    assert denied.code == 1, denied.errors
    assert denied.document["outcome"] == "ApprovalDenied"
    assert laptop.locks() == []
    packages = laptop.client("sagemaker").list_model_packages(ModelPackageGroupName="greenlight-denied-reviews")
    assert packages["ModelPackageSummaryList"][0]["ModelApprovalStatus"] == "Rejected"

    recipe = write_recipe("denied-reviews", {"approval.deadline_seconds": 3})
    expired = laptop.call("run", recipe, "--data", data, "--wait")
    assert expired.code == 1, expired.errors
    assert expired.document["outcome"] == "ApprovalExpired"
    assert {"Preprocess", "TrainModel", "EvaluateModel"} <= {reused["state"] for reused in expired.document["reused"]}
    assert "TrainModel" not in states_of(expired.document)
    assert laptop.locks() == []


def test_a_candidate_that_answers_wrongly_is_rolled_back_and_the_version_before_answers(
    laptop: Any, few_rows: Rows, write_rows: WriteRows, write_recipe: WriteRecipe
) -> None:
    data = write_rows("rows.csv", few_rows)
    first = release(laptop, write_recipe("rolled-back"), data)
    assert first.document["outcome"] == "Released", first.errors
    before = probabilities(laptop, "rolled-back")
    wrong = write_recipe(
        "rolled-back",
        {
            "training.seed": 99,
            "training.hyperparameters.epochs": 1,
            "smoke.cases": [{"text": GOOD, "label": "negative"}],
        },
    )
    second = release(laptop, wrong, data)
    assert second.code == 1, second.errors
    assert second.document["outcome"] == "RolledBack"
    assert {"UpdateEndpoint", "RunSmokeTests", "RollBackEndpoint"} <= set(states_of(second.document))
    assert probabilities(laptop, "rolled-back") == before
    assert laptop.call("predict", "rolled-back", GOOD).document["model_version"] == "1"
    assert laptop.locks() == []


def test_a_first_release_that_answers_wrongly_leaves_no_endpoint(
    laptop: Any, few_rows: Rows, write_rows: WriteRows, write_recipe: WriteRecipe
) -> None:
    wrong = write_recipe("never-released", {"smoke.cases": [{"text": GOOD, "label": "negative"}]})
    run = release(laptop, wrong, write_rows("rows.csv", few_rows))
    assert run.document["outcome"] == "RolledBack", run.errors
    names = [e["EndpointName"] for e in laptop.client("sagemaker").list_endpoints()["Endpoints"]]
    assert "greenlight-never-released" not in names
    assert laptop.call("predict", "never-released", GOOD).code == 2


def test_a_training_script_that_raises_ends_in_faulted_with_its_own_words(
    laptop: Any, few_rows: Rows, write_rows: WriteRows, write_recipe: WriteRecipe
) -> None:
    recipe = write_recipe("faulty-training", {"training.hyperparameters.epochs": 0})
    run = release(laptop, recipe, write_rows("rows.csv", few_rows))
    assert run.code == 3, run.errors
    assert run.document["outcome"] == "Faulted"
    assert "epochs must be at least 1" in run.document["cause"]
    assert laptop.locks() == []
    mail = laptop.mails()[0]
    assert "epochs must be at least 1" in mail["text"]
    assert run.document["run_id"] in mail["subject"] + mail["text"]


def test_a_run_stopped_while_it_waited_leaves_its_work_to_the_next_one(
    laptop: Any, few_rows: Rows, write_rows: WriteRows, write_recipe: WriteRecipe
) -> None:
    recipe, data = write_recipe("stopped-run"), write_rows("rows.csv", few_rows)
    started = laptop.call("run", recipe, "--data", data, "--detach").document["run_id"]
    deadline = time.monotonic() + 120
    while not any(started in mail["text"] + mail["subject"] for mail in laptop.mails()):
        assert time.monotonic() < deadline, laptop.call("show", started).document
        time.sleep(0.5)
    second = laptop.call("run", recipe, "--data", data, "--approve")
    assert second.document["outcome"] == "AlreadyRunning"
    assert second.code == 1

    stepfunctions = laptop.client("stepfunctions")
    machine = laptop.machine()
    execution = next(
        e for e in stepfunctions.list_executions(stateMachineArn=machine)["executions"] if e["name"] == started
    )
    stepfunctions.stop_execution(executionArn=execution["executionArn"])
    third = laptop.call("run", recipe, "--data", data, "--approve")
    assert third.document["outcome"] == "Released", third.errors
    assert {"Preprocess", "TrainModel", "EvaluateModel"} <= {reused["state"] for reused in third.document["reused"]}


@pytest.mark.parametrize("command", ["runs", "inbox", "models", "status"])
def test_every_list_is_one_json_document(laptop: Any, command: str) -> None:
    assert laptop.call(command).code == 0
