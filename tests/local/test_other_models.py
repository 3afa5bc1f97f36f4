"""A model that is searched for, taken out of the registry, brought along to another recipe, or refused."""

from __future__ import annotations

import gzip
import hashlib
import io
import pickle
import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Rows = list[dict[str, str]]
WriteRows = Callable[[str, Rows], str]
WriteRecipe = Callable[..., str]

SEARCH = {
    "max_jobs": 2,
    "max_parallel_jobs": 1,
    "ranges": {
        "l2": {"minimum": 0.05, "maximum": 1.0, "scaling": "Logarithmic"},
        "epochs": {"minimum": 2, "maximum": 4, "whole": True},
    },
}


def states_of(document: dict[str, Any]) -> list[str]:
    return [state["name"] for state in document["states"]]


@pytest.fixture(scope="module")
def data(few_rows: Rows, write_rows: WriteRows) -> str:
    return write_rows("rows.csv", few_rows)


@pytest.fixture(scope="module")
def searching(write_recipe: WriteRecipe) -> str:
    return write_recipe("reviews-searched", {"tuning": SEARCH})


@pytest.fixture(scope="module")
def searched(laptop: Any, searching: str, data: str) -> Any:
    """What the release of a searched model ended with."""
    return laptop.call("run", searching, "--data", data, "--approve")


@pytest.fixture(scope="module")
def archive(laptop: Any, searched: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """That model, taken out of the registry."""
    assert searched.code == 0, searched.errors
    out = tmp_path_factory.mktemp("downloads") / "model.tar.gz"
    taken = laptop.call("models", "download", "reviews-searched", "--out", str(out))
    assert taken.code == 0, taken.errors
    assert taken.document["sha256"] == hashlib.sha256(out.read_bytes()).hexdigest()
    return out


@pytest.fixture(scope="module")
def importing(write_recipe: WriteRecipe) -> str:
    return write_recipe("reviews-imported", {"import_model": {"max_bytes": 5_000_000}})


def test_a_search_releases_its_best_model_and_tells_what_it_tried(laptop: Any, searched: Any) -> None:
    assert searched.code == 0, searched.errors
    assert searched.document["outcome"] == "Released"
    assert {"TuneModel", "AdoptModel"} <= set(states_of(searched.document))
    assert "TrainModel" not in states_of(searched.document)
    shown = laptop.call("show", searched.document["run_id"]).document
    values = [trial["objective"] for trial in shown["trials"]]
    assert len(values) == 2
    assert values == sorted(values)
    best = shown["model"]["search"]["best"]
    assert best["objective"] == values[0]
    assert set(best["hyperparameters"]) == {"l2", "epochs"}
    asked = next(mail for mail in laptop.mails() if mail["subject"].startswith("Approve reviews-searched"))
    assert shown["model"]["reason"] in asked["text"]


def test_the_same_search_again_is_reused(laptop: Any, searched: Any, searching: str, data: str) -> None:
    assert searched.code == 0
    # Another cost ceiling is nothing new, another smoke test is; neither is an input of the search.
    changed = Path(searching, "recipe.yaml").read_text().replace("max_latency_ms: 30000", "max_latency_ms: 29000")
    other = Path(searching).parent / "again"
    other.mkdir()
    (other / "recipe.yaml").write_text(changed)
    run = laptop.call("run", str(other), "--data", data, "--approve")
    assert run.document["outcome"] == "Released", run.errors
    reused = {each["state"] for each in run.document["reused"]}
    assert {"Preprocess", "TuneModel"} <= reused
    assert "TuneModel" not in states_of(run.document)


def test_a_model_taken_out_of_the_registry_is_not_written_over_anything(laptop: Any, archive: Path) -> None:
    before = archive.read_bytes()
    again = laptop.call("models", "download", "reviews-searched", "--out", str(archive))
    assert again.code == 2
    assert "is there already" in again.document["error"]
    assert archive.read_bytes() == before
    assert [file.name for file in archive.parent.iterdir()] == [archive.name]
    unknown = laptop.call("models", "download", "reviews-searched", "--version", "99", "--out", str(archive))
    assert unknown.document["error"].startswith("there is no version 99 of reviews-searched; there are: ")


def test_a_run_that_is_stopped_while_it_searches_stops_the_search(
    laptop: Any, write_recipe: WriteRecipe, data: str
) -> None:
    recipe = write_recipe("reviews-stopped", {"tuning": {**SEARCH, "max_jobs": 20}})
    run_id = laptop.call("run", recipe, "--data", data, "--detach").document["run_id"]
    laptop.wait_for_state(run_id, "TuneModel")
    sagemaker, stepfunctions = laptop.client("sagemaker"), laptop.client("stepfunctions")
    deadline = time.monotonic() + 60
    while not (
        found := sagemaker.list_hyper_parameter_tuning_jobs(NameContains="reviews-st")[
            "HyperParameterTuningJobSummaries"
        ]
    ):
        assert time.monotonic() < deadline
        time.sleep(0.5)
    machines = [each["stateMachineArn"] for each in stepfunctions.list_state_machines()["stateMachines"]]
    (machine,) = (arn for arn in machines if arn.endswith("-release"))
    stepfunctions.stop_execution(executionArn=f"{machine.replace(':stateMachine:', ':execution:')}:{run_id}")
    name = found[0]["HyperParameterTuningJobName"]
    while (
        status := sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)[
            "HyperParameterTuningJobStatus"
        ]
    ) != "Stopped":
        assert time.monotonic() < deadline, status
        time.sleep(0.5)
    # The next run takes over the lock that the stopped one left, and frees it when it may not cost so much.
    assert [lock["run_id"]["S"] for lock in laptop.locks()] == [run_id]
    dear = write_recipe("reviews-stopped", {"tuning": SEARCH, "cost.max_run_usd": 0.01})
    assert laptop.call("run", dear, "--data", data, "--approve").document["outcome"] == "CostRejected"
    assert laptop.locks() == []


class TestImport:
    """The same archive under another recipe, and every one that may not be taken."""

    def test_a_brought_model_is_measured_approved_and_served_without_training(
        self, laptop: Any, importing: str, archive: Path, data: str
    ) -> None:
        run = laptop.call("run", importing, "--data", data, "--model", str(archive), "--approve")
        assert run.code == 0, run.errors
        assert run.document["outcome"] == "Released"
        assert {"ImportModel", "AdoptModel", "EvaluateModel", "RequestApproval"} <= set(states_of(run.document))
        assert not {"TrainModel", "TuneModel"} & set(states_of(run.document))
        (version,) = laptop.call("models", "reviews-imported").document
        assert version["live"]
        out = archive.with_name("again.tar.gz")
        taken = laptop.call("models", "download", "reviews-imported", "--out", str(out))
        assert taken.code == 0, taken.errors
        assert out.read_bytes() == archive.read_bytes()
        text = "a wonderful, moving and funny film with terrific performances"
        answers = [laptop.call("predict", name, text).document for name in ("reviews-searched", "reviews-imported")]
        assert answers[0]["predictions"][0]["probabilities"] == answers[1]["predictions"][0]["probabilities"]
        asked = next(mail for mail in laptop.mails() if mail["subject"].startswith("Approve reviews-imported"))
        assert "This model was imported, not trained." in asked["text"]

    def test_the_same_archive_again_is_nothing_new(self, laptop: Any, importing: str, archive: Path, data: str) -> None:
        run = laptop.call("run", importing, "--data", data, "--model", str(archive), "--approve")
        assert run.document["outcome"] == "NothingNew", run.errors

    def test_a_wrong_archive_is_rejected_with_its_sentence_and_serves_nothing(
        self, laptop: Any, importing: str, archive: Path, data: str, tmp_path: Path
    ) -> None:
        bad = tmp_path / "model.tar.gz"
        with tarfile.open(archive) as good, tarfile.open(bad, "w:gz") as tar:
            for member in good:
                tar.addfile(member, good.extractfile(member))
            content = pickle.dumps({"words": ["a"]})
            pickled = tarfile.TarInfo("1/assets/tokenizer.bin")
            pickled.size = len(content)
            tar.addfile(pickled, io.BytesIO(content))
        run = laptop.call("run", importing, "--data", data, "--model", str(bad), "--approve")
        assert run.code == 1, run.errors
        assert run.document["outcome"] == "ModelRejected"
        assert "The archive holds '1/assets/tokenizer.bin', a pickle by its content" in run.document["cause"]
        assert "EvaluateModel" not in states_of(run.document)
        assert laptop.locks() == []
        assert laptop.mails()[0]["subject"] == "reviews-imported: the archive was refused"
        assert len(laptop.call("models", "reviews-imported").document) == 1

    def test_what_is_wrong_with_an_archive_before_anything_starts_is_told_at_once(
        self, laptop: Any, importing: str, searching: str, data: str, tmp_path: Path
    ) -> None:
        text = tmp_path / "model.tar.gz"
        text.write_text("no archive")
        packed = tmp_path / "packed.tar.gz"
        packed.write_bytes(gzip.compress(b"x"))
        for recipe, model, words in (
            (importing, str(text), "is no gzip-compressed tar archive"),
            (importing, str(tmp_path / "none"), "there is no file"),
            (importing, "s3://another-bucket/model.tar.gz", "and s3://another-bucket/model.tar.gz is elsewhere"),
            (searching, str(packed), "trains its model; leave --model out"),
        ):
            run = laptop.call("run", recipe, "--data", data, "--model", model)
            assert run.code == 2
            assert words in run.document["error"]
