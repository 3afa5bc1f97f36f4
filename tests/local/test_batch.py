"""`greenlight predict RECIPE --file FILE --out FILE`, through the deployed state machine and a real transform job."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

RECIPE = "review-snippets"
WAIT_SECONDS = 120
Batch = Callable[..., Any]

pytestmark = pytest.mark.usefixtures("first_release")


def read(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def write(file: Path, *rows: str) -> Path:
    file.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return file


@pytest.fixture
def batch(laptop: Any, tmp_path: Path) -> Batch:
    """Ask about a file; the predictions go to out.csv beside it."""

    def ask(file: Path, *options: str) -> Any:
        return laptop.call("predict", RECIPE, "--file", str(file), "--out", str(tmp_path / "out.csv"), *options)

    return ask


def execute(laptop: Any, name: str, given: dict[str, Any]) -> str:
    """Start a batch as another program would; returns its execution."""
    arn: str = laptop.client("stepfunctions").start_execution(
        stateMachineArn=f"{laptop.machine('batch')}:live", name=name, input=json.dumps(given)
    )["executionArn"]
    return arn


def ended(laptop: Any, execution: str) -> dict[str, Any]:
    deadline = time.monotonic() + WAIT_SECONDS
    while (found := laptop.client("stepfunctions").describe_execution(executionArn=execution))["status"] == "RUNNING":
        assert time.monotonic() < deadline, found
        time.sleep(0.3)
    described: dict[str, Any] = found
    return described


def upload(laptop: Any, name: str, body: str) -> str:
    bucket = laptop.call("status").document["bucket"]
    laptop.client("s3").put_object(Bucket=bucket, Key=f"batches/{name}/rows/rows.csv", Body=body.encode())
    return f"s3://{bucket}/batches/{name}/rows/rows.csv"


def test_every_row_of_a_real_file_is_answered_in_its_place_as_the_endpoint_answers(
    laptop: Any, shared_data: Path, batch: Batch, tmp_path: Path
) -> None:
    file = shared_data / "disaster-tweets" / "test.csv"
    answer = batch(file)
    assert answer.code == 0, answer.errors
    given, rows = read(file), read(tmp_path / "out.csv")
    assert [{name: row[name] for name in given[0]} for row in rows] == given
    document = answer.document
    assert document["out"] == str(tmp_path / "out.csv")
    assert (document["outcome"], document["rows"], document["answered"]) == ("BatchDone", len(given), len(given))
    version = laptop.call("models", RECIPE).document[0]["version"]
    assert {row["model_version"] for row in rows} == {document["model_version"]} == {version}
    some = [0, 1, 1500, len(rows) - 1]
    online = laptop.call("predict", RECIPE, *(given[number]["text"] for number in some)).document["predictions"]
    for number, prediction in zip(some, online, strict=True):
        assert rows[number]["label"] == prediction["label"]
        assert float(rows[number]["probability"]) == pytest.approx(prediction["probability"], abs=1e-5)
    for state in ("PrepareBatch", "SplitRows", "CheckRows", "TransformRows", "JoinPredictions", "BatchDone"):
        assert state in answer.errors


def test_bad_rows_keep_their_place_and_say_why(batch: Batch, tmp_path: Path) -> None:
    rows = ['1,"a fine\nfilm"', "2,", "3,dull,and more", "4,wonderful"]
    answer = batch(write(tmp_path / "mine.csv", "id,review", *rows), "--text-column", "review")
    assert answer.code == 0, answer.errors
    assert answer.document["errors"] == {"empty_text": 1, "unreadable": 1}
    assert [(row["id"], bool(row["label"]), bool(row["error"])) for row in read(tmp_path / "out.csv")] == [
        ("1", True, False),
        ("2", False, True),
        ("", False, True),
        ("4", True, False),
    ]


def test_a_file_of_bad_rows_alone_ends_as_a_no_and_says_why_for_each(batch: Batch, tmp_path: Path) -> None:
    answer = batch(write(tmp_path / "mine.csv", "id,text", "1,", "2,  "))
    assert (answer.code, answer.document["outcome"]) == (1, "NoRowAnswered")
    assert [row["error"] for row in read(tmp_path / "out.csv")] == ["The text is empty."] * 2
    assert "TransformRows" not in answer.errors


def test_a_file_that_breaks_off_is_refused_and_nothing_is_written(batch: Batch, tmp_path: Path) -> None:
    answer = batch(write(tmp_path / "mine.csv", "text", "fine", '"never', "closed"))
    assert answer.code == 2
    assert "mine.csv: the quotes of row 2 (line 3) do not match" in answer.document["error"]
    assert not (tmp_path / "out.csv").exists()


def test_what_cannot_work_is_said_before_anything_is_sent(laptop: Any, batch: Batch, tmp_path: Path) -> None:
    file = write(tmp_path / "mine.csv", "id,review", "1,fine")
    for options, words in (
        ((), "mine.csv has no column 'text' (it has 'id', 'review')"),
        (("--text-column", "review", "--version", "99"), "there is no version 99 of review-snippets; there are: "),
    ):
        answer = batch(file, *options)
        assert (answer.code, words in answer.document["error"]) == (2, True), answer.document
        assert "Uploading" not in answer.errors
    for recipe, words in (
        ("no-such", "no such recipe: no-such"),
        ("name-gender", "nothing of name-gender is live; release it first"),
    ):
        answer = laptop.call("predict", recipe, "--file", str(file), "--out", str(tmp_path / "out.csv"))
        assert (answer.code, words in answer.document["error"]) == (2, True), answer.document


@pytest.fixture
def interruptible() -> Iterator[None]:
    """A child of a shell's background job would ignore SIGINT, as the shell has it do."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_stops_the_batch_and_its_job(laptop: Any, tmp_path: Path) -> None:
    file = write(tmp_path / "mine.csv", "text", *(f"a fine film number {number}" for number in range(20_000)))
    process: subprocess.Popen[str] = laptop.start(
        "predict", RECIPE, "--file", str(file), "--out", str(tmp_path / "out.csv"), "--json"
    )
    stepfunctions, machine = laptop.client("stepfunctions"), laptop.machine("batch")
    deadline = time.monotonic() + WAIT_SECONDS
    while not (running := stepfunctions.list_executions(stateMachineArn=machine, statusFilter="RUNNING")["executions"]):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    name = running[0]["name"]
    laptop.wait_for_state(name, "TransformRows", kind="batch")
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=WAIT_SECONDS)
    assert process.returncode == 130, errors
    assert f"the batch {name} is stopped, and nothing was written" in json.loads(output)["error"]
    assert stepfunctions.describe_execution(executionArn=running[0]["executionArn"])["status"] == "ABORTED"
    assert [each.name for each in tmp_path.iterdir()] == ["mine.csv"]
    sagemaker = laptop.client("sagemaker")
    [job] = sagemaker.list_transform_jobs(NameContains=name)["TransformJobSummaries"]
    while (status := job["TransformJobStatus"]) != "Stopped":
        assert status in {"InProgress", "Stopping"}
        assert time.monotonic() < deadline + WAIT_SECONDS
        time.sleep(0.3)
        job = sagemaker.describe_transform_job(TransformJobName=job["TransformJobName"])


def test_stopped_while_it_reads_the_rows_a_batch_stops_that_job(laptop: Any) -> None:
    rows_uri = upload(laptop, "stopped-early", "text\n" + "a fine film\n" * 100_000)
    execution = execute(laptop, "stopped-early", {"recipe": RECIPE, "rows_uri": rows_uri})
    laptop.wait_for_state("stopped-early", "SplitRows", kind="batch")
    sagemaker, deadline = laptop.client("sagemaker"), time.monotonic() + WAIT_SECONDS
    while not sagemaker.list_processing_jobs(NameContains="stopped-early")["ProcessingJobSummaries"]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    laptop.client("stepfunctions").stop_execution(executionArn=execution)
    while (
        sagemaker.describe_processing_job(ProcessingJobName="stopped-early-split")["ProcessingJobStatus"] != "Stopped"
    ):
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_a_version_that_is_not_there_refuses_the_batch_and_a_fault_keeps_its_cause(laptop: Any) -> None:
    rows_uri = upload(laptop, "by-hand", "text\nfine\n")
    refused = ended(laptop, execute(laptop, "unknown", {"recipe": RECIPE, "rows_uri": rows_uri, "version": "99"}))
    prepared = json.loads(refused["output"])["prepare_batch"]
    assert (refused["status"], prepared["decision"]) == ("SUCCEEDED", "refused")
    assert prepared["reason"].startswith("there is no version 99 of review-snippets")
    faulted = ended(laptop, execute(laptop, "faulty", {"recipe": RECIPE}))
    assert (faulted["status"], faulted["error"]) == ("FAILED", "BatchFaulted")
    events = laptop.client("stepfunctions").get_execution_history(
        executionArn=faulted["executionArn"], reverseOrder=True
    )["events"]
    [left] = [each["stateExitedEventDetails"] for each in events if "stateExitedEventDetails" in each][:1]
    reported = json.loads(left["output"])["report_batch_fault"]
    assert reported["state"] == "PrepareBatch"
    assert "rows_uri" in reported["cause"]


def test_as_on_aws_a_file_is_answered_and_all_that_was_made_names_stack_recipe_and_batch(
    laptop: Any, tmp_path: Path
) -> None:
    file, out = write(tmp_path / "mine.csv", "text", "fine"), tmp_path / "out.csv"
    answer = laptop.as_aws().call("predict", RECIPE, "--file", str(file), "--out", str(out))
    assert answer.code == 0, answer.errors
    assert [row["text"] for row in read(out)] == ["fine"]
    name = answer.document["batch_id"]
    sagemaker = laptop.client("sagemaker")
    [transform] = sagemaker.list_transform_jobs(NameContains=name)["TransformJobSummaries"]
    jobs = sagemaker.list_processing_jobs(NameContains=name)["ProcessingJobSummaries"]
    assert len(jobs) == 2
    for arn in (transform["TransformJobArn"], *(job["ProcessingJobArn"] for job in jobs)):
        tags = {tag["Key"]: tag["Value"] for tag in sagemaker.list_tags(ResourceArn=arn)["Tags"]}
        assert tags == {"greenlight:stack": "greenlight", "greenlight:recipe": RECIPE, "greenlight:run": name}
