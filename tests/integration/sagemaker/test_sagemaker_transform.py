"""Transform jobs: a model is asked about every line of every input, and the answers lie beside each other in S3."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from local.home import Home

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

ROLE = "arn:aws:iam::123456789012:role/hosting"
IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/tensorflow-inference:2.19.0-cpu"
ENDED = {"Completed", "Failed", "Stopped"}

Transform = Callable[..., dict[str, Any]]


def lengths_model(folder: Path) -> bytes:
    """model.tar.gz of a model that gives [length] for a text."""
    import tensorflow as tf  # noqa: PLC0415 - slow to load; only these tests need it

    class Lengths(tf.Module):  # type: ignore[misc]
        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")])  # type: ignore[untyped-decorator]
        def serve(self, text: Any) -> Any:
            return {"length": tf.cast(tf.strings.length(text), tf.float32)[:, tf.newaxis]}

    module = Lengths()
    tf.saved_model.save(module, str(folder / "1"), signatures={"serving_default": module.serve})
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        archive.add(folder / "1", "1")
    return buffer.getvalue()


@pytest.fixture(scope="module")
def model(sagemaker: SageMakerClient, bucket: Any, tmp_path_factory: pytest.TempPathFactory) -> str:
    archive = bucket.put("transformed/model.tar.gz", lengths_model(tmp_path_factory.mktemp("lengths")))
    container = {"Image": IMAGE, "ModelDataUrl": archive}
    sagemaker.create_model(ModelName="lengths", ExecutionRoleArn=ROLE, PrimaryContainer=container)  # type: ignore[arg-type]
    return "lengths"


def request_of(name: str, model: str, **changes: Any) -> dict[str, Any]:
    return {
        "TransformJobName": name,
        "ModelName": model,
        "BatchStrategy": "SingleRecord",
        "MaxConcurrentTransforms": 2,
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://artifacts/asked/{name}/"}},
            "ContentType": "application/json",
            "SplitType": "Line",
        },
        "TransformOutput": {
            "S3OutputPath": f"s3://artifacts/answered/{name}",
            "Accept": "application/json",
            "AssembleWith": "Line",
        },
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        **changes,
    }


@pytest.fixture
def transform(sagemaker: SageMakerClient, model: str, eventually: Callable[..., Any]) -> Transform:
    """Run a job to its end; returns its description."""

    def run(name: str, **changes: Any) -> dict[str, Any]:
        sagemaker.create_transform_job(**request_of(name, model, **changes))
        described: dict[str, Any] = eventually(
            lambda: sagemaker.describe_transform_job(TransformJobName=name),
            lambda job: job["TransformJobStatus"] in ENDED,
        )
        return described

    return run


def line(*texts: str) -> str:
    return json.dumps({"instances": list(texts)})


def documents(body: bytes) -> list[Any]:
    return [json.loads(text)["predictions"] for text in body.decode().splitlines()]


def test_each_line_is_answered_in_its_place_and_each_input_has_its_output(
    sagemaker: SageMakerClient, home: Home, bucket: Any, transform: Transform
) -> None:
    lines = [line(*("x" * (number % 7) for _ in range(1 + number % 3))) for number in range(50)]
    bucket.put("asked/lines/part-0.jsonl", "\n".join(lines) + "\n")
    bucket.put("asked/lines/deeper/part-1.jsonl", line("one", "three"))
    job = transform("lines", Tags=[{"Key": "run", "Value": "r1"}])
    assert job["TransformJobStatus"] == "Completed", job
    assert job["TransformStartTime"] <= job["TransformEndTime"]
    assert (job["ModelName"], job["BatchStrategy"], "FailureReason" in job) == ("lengths", "SingleRecord", False)
    assert bucket.keys("answered/lines/") == [
        "answered/lines/deeper/part-1.jsonl.out",
        "answered/lines/part-0.jsonl.out",
    ]
    answers = documents(bucket.read("answered/lines/part-0.jsonl.out"))
    assert answers == [[[float(len(text))] for text in json.loads(each)["instances"]] for each in lines]
    assert documents(bucket.read("answered/lines/deeper/part-1.jsonl.out")) == [[[3.0], [5.0]]]
    assert not (home.jobs / "transform-job" / "lines").exists()
    assert not (home.endpoints / "lines").exists()
    assert sagemaker.list_tags(ResourceArn=job["TransformJobArn"])["Tags"] == [{"Key": "run", "Value": "r1"}]
    listed = sagemaker.list_transform_jobs(NameContains="lines")["TransformJobSummaries"]
    assert [each["TransformJobName"] for each in listed] == ["lines"]


def test_a_whole_file_is_one_request_unless_it_is_split(bucket: Any, transform: Transform) -> None:
    bucket.put("asked/whole/rows.json", json.dumps({"instances": ["a", "bb"]}, indent=1))
    source = {"S3DataType": "S3Prefix", "S3Uri": "s3://artifacts/asked/whole/rows.json"}
    job = transform("whole", TransformInput={"DataSource": {"S3DataSource": source}, "ContentType": "application/json"})
    assert job["TransformJobStatus"] == "Completed", job
    assert documents(bucket.read("answered/whole/rows.json.out")) == [[[1.0], [2.0]]]


def test_what_the_model_refuses_fails_the_job_with_its_words(bucket: Any, transform: Transform) -> None:
    bucket.put("asked/refused/part.jsonl", line("fine") + '\n{"instances": [[1, 2]]}\n')
    job = transform("refused")
    assert job["TransformJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("AlgorithmError: part.jsonl: Bad HTTP status received from algorithm: 400, ")
    assert bucket.keys("answered/refused/") == []


def test_a_record_larger_than_the_payload_fails_the_job(bucket: Any, transform: Transform) -> None:
    bucket.put("asked/large/part.jsonl", line("x" * 1_100_000))
    job = transform("large", MaxPayloadInMB=1)
    assert job["TransformJobStatus"] == "Failed"
    assert job["FailureReason"] == "ClientError: part.jsonl: Too much data for max payload size, 1 MB"


def test_nothing_to_ask_about_and_a_model_that_does_not_load_fail_the_job(
    sagemaker: SageMakerClient, bucket: Any, transform: Transform, eventually: Callable[..., Any]
) -> None:
    assert transform("nothing")["FailureReason"].endswith("no object is stored under s3://artifacts/asked/nothing/")
    broken = {"Image": IMAGE, "ModelDataUrl": bucket.put("transformed/broken.tar.gz", b"no archive")}
    sagemaker.create_model(ModelName="broken-transform", ExecutionRoleArn=ROLE, PrimaryContainer=broken)  # type: ignore[arg-type]
    bucket.put("asked/broken/part.jsonl", line("x"))
    sagemaker.create_transform_job(**request_of("broken", "broken-transform"))
    job = eventually(
        lambda: sagemaker.describe_transform_job(TransformJobName="broken"),
        lambda job: job["TransformJobStatus"] in ENDED,
    )
    assert job["FailureReason"].startswith("ClientError: The model could not be brought up: The archive cannot be")


def test_a_stopped_job_ends_stopped_and_leaves_no_server(
    sagemaker: SageMakerClient, home: Home, bucket: Any, model: str, eventually: Callable[..., Any]
) -> None:
    bucket.put("asked/stopped/part.jsonl", "\n".join([line(*["x" * 50] * 500)] * 4000))
    sagemaker.create_transform_job(**request_of("stopped", model))
    sagemaker.stop_transform_job(TransformJobName="stopped")
    job = eventually(
        lambda: sagemaker.describe_transform_job(TransformJobName="stopped"),
        lambda job: job["TransformJobStatus"] in ENDED,
    )
    assert job["TransformJobStatus"] == "Stopped"
    eventually(lambda: list((home.endpoints / "stopped").glob("*")), lambda left: not left)
    with pytest.raises(ClientError, match="is in status Stopped"):
        sagemaker.stop_transform_job(TransformJobName="stopped")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"ModelName": "no-such"}, "Could not find model"),
        ({"TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 2}}, "a laptop is one host"),
        ({"DataProcessing": {"JoinSource": "Input"}}, "does not support DataProcessing"),
        ({"MaxConcurrentTransforms": 20, "MaxPayloadInMB": 6}, "must be at most 100 MB"),
        ({"BatchStrategy": "AllAtOnce"}, "AllAtOnce"),
    ],
)
def test_what_cannot_be_done_is_refused_when_the_job_is_created(
    sagemaker: SageMakerClient, model: str, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(ClientError, match=words):
        sagemaker.create_transform_job(**request_of("refused-at-once", model, **changes))
