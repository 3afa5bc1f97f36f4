from __future__ import annotations

import io
import json
import re
import tarfile
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

Request = Callable[..., dict[str, Any]]
Finished = Callable[[str], dict[str, Any]]

TRAIN = """
import argparse, json, os, pathlib
import steps
parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int)
arguments, _ = parser.parse_known_args()
model = pathlib.Path(os.environ["SM_MODEL_DIR"])
(model / "1").mkdir()
(model / "1" / "saved_model.pb").write_bytes(b"weights")
rows = pathlib.Path(os.environ["SM_CHANNEL_TRAIN"], "train.csv").read_text()
facts = {
    "epochs": arguments.epochs,
    "classes": json.loads(os.environ["SM_HPS"])["class_names"],
    "rows": rows,
    "steps": steps.WHOSE,
    "job": os.environ["TRAINING_JOB_NAME"],
    "given": os.environ["GIVEN"],
}
pathlib.Path(os.environ["SM_OUTPUT_DATA_DIR"], "facts.json").write_text(json.dumps(facts))
for epoch in range(arguments.epochs):
    print(f"epoch {epoch} accuracy={0.5 + epoch / 10}")
"""


def packed(files: Mapping[str, str]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return buffer.getvalue()


def unpacked(body: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(body)) as archive:
        return {member.name: archive.extractfile(member).read() for member in archive}  # type: ignore[union-attr]


@pytest.fixture(scope="module")
def code(bucket: Any) -> Any:
    files = {"training/fit.py": TRAIN, "training/__init__.py": "", "steps/__init__.py": "WHOSE = 'the job'"}
    return bucket.put("code/training/source.tar.gz", packed(files))


def test_a_script_in_a_subfolder_trains_through_the_toolkit_and_its_model_is_stored(
    sagemaker: SageMakerClient, bucket: Any, code: str, training_request: Request, finished: Finished
) -> None:
    request = training_request("fit", code, "training/fit.py", Environment={"GIVEN": "value"})
    request["AlgorithmSpecification"]["MetricDefinitions"] = [{"Name": "accuracy", "Regex": "accuracy=([0-9.]+)"}]
    source = {"S3DataType": "S3Prefix", "S3Uri": bucket.put("prepared/train.csv", "text,label")}
    request["InputDataConfig"] = [{"ChannelName": "train", "DataSource": {"S3DataSource": source}}]

    arn = sagemaker.create_training_job(**request)["TrainingJobArn"]
    job = finished("fit")

    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Completed", job
    assert job["TrainingJobArn"] == arn
    model_uri = "s3://artifacts/models/fit/fit/output/model.tar.gz"
    assert job["ModelArtifacts"] == {"S3ModelArtifacts": model_uri}
    statuses = [transition["Status"] for transition in job["SecondaryStatusTransitions"]]
    assert statuses == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    assert [(metric["MetricName"], round(metric["Value"], 6)) for metric in job["FinalMetricDataList"]] == [
        ("accuracy", 0.7)
    ]
    assert job["HyperParameters"] == request["HyperParameters"]
    assert job["TrainingTimeInSeconds"] >= 1
    model = bucket.read("models/fit/fit/output/model.tar.gz")
    assert unpacked(model) == {"1/saved_model.pb": b"weights"}
    output = bucket.read("models/fit/fit/output/output.tar.gz")
    assert json.loads(unpacked(output)["facts.json"]) == {
        "epochs": 3,
        "classes": ["no", "yes"],
        "rows": "text,label",
        "steps": "the job",
        "job": "fit",
        "given": "value",
    }


def test_a_failed_script_gives_its_own_error_as_the_reason(
    sagemaker: SageMakerClient, bucket: Any, training_request: Request, finished: Finished
) -> None:
    code = bucket.put(
        "code/broken/source.tar.gz", packed({"fit.py": "raise ValueError('labels without a class: maybe')"})
    )
    sagemaker.create_training_job(**training_request("broken", code, "fit.py"))

    job = finished("broken")

    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Failed"
    assert job["FailureReason"].startswith("AlgorithmError: ")
    # The toolkit may break the line after the error's name.
    assert re.search(r"ValueError(: |\n )labels without a class: maybe", job["FailureReason"])
    assert len(job["FailureReason"]) <= 1024
    assert not bucket.keys("models/broken/")


def test_a_stopped_training_job_keeps_what_it_had_saved(
    sagemaker: SageMakerClient,
    bucket: Any,
    training_request: Request,
    finished: Finished,
) -> None:
    script = "import os, time; open(os.environ['SM_MODEL_DIR'] + '/half', 'w').close(); time.sleep(60)"
    code = bucket.put("code/long/source.tar.gz", packed({"fit.py": script}))
    sagemaker.create_training_job(
        **training_request("long", code, "fit.py", StoppingCondition={"MaxRuntimeInSeconds": 12})
    )

    job = finished("long")

    assert job["TrainingJobStatus"] == "Stopped"
    assert job["SecondaryStatus"] == "MaxRuntimeExceeded"
    model = bucket.read("models/long/long/output/model.tar.gz")
    assert list(unpacked(model)) == ["half"]


def test_a_training_job_can_be_stopped(
    sagemaker: SageMakerClient,
    bucket: Any,
    training_request: Request,
    finished: Finished,
    eventually: Callable[..., Any],
) -> None:
    code = bucket.put("code/sleep/source.tar.gz", packed({"fit.py": "import time; time.sleep(60)"}))
    sagemaker.create_training_job(**training_request("sleep", code, "fit.py"))
    eventually(
        lambda: sagemaker.describe_training_job(TrainingJobName="sleep"),
        lambda job: job["SecondaryStatus"] == "Training",
    )

    sagemaker.stop_training_job(TrainingJobName="sleep")

    assert finished("sleep")["SecondaryStatus"] == "Stopped"


def test_a_training_job_without_a_script_in_its_code_says_so(
    sagemaker: SageMakerClient, code: str, training_request: Request, finished: Finished
) -> None:
    sagemaker.create_training_job(**training_request("no-script", code, "training/none.py"))

    assert "none.py" in finished("no-script")["FailureReason"]
