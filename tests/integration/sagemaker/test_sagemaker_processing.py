from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from local.home import Home

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

Request = Callable[..., dict[str, Any]]
Finished = Callable[[str], dict[str, Any]]

COPY = """
import json, os, pathlib, sys
data, output = map(pathlib.Path, sys.argv[1:])
print("reading", data.name)
text = next(data.iterdir()).read_text()
(output / "deep").mkdir()
(output / "deep" / "copy.txt").write_text(text.upper())
(output / "link.txt").symlink_to(output / "deep" / "copy.txt")
config = json.loads(pathlib.Path(os.environ["CONFIG"]).read_text())
(output / "config.json").write_text(json.dumps(config["AppSpecification"]["ContainerArguments"]))
pathlib.Path(output.parent.parent / "output" / "message").write_text("copied one file")
"""


def test_a_job_turns_its_inputs_into_its_outputs(
    sagemaker: SageMakerClient,
    home: Home,
    bucket: Any,
    processing_request: Request,
    finished: Finished,
) -> None:
    request = processing_request(
        "copy", COPY, "/opt/ml/processing/input/data", "/opt/ml/processing/output", Tags=[{"Key": "run", "Value": "r1"}]
    )
    request["Environment"]["CONFIG"] = "/opt/ml/config/processingjobconfig.json"
    data = bucket.put("data/one.csv", "text,label")
    bucket.put("data/one.csv.other", "not part of the data")
    source = {"S3Uri": data, "LocalPath": "/opt/ml/processing/input/data", "S3DataType": "S3Prefix"}
    request["ProcessingInputs"].append({"InputName": "data", "S3Input": {**source, "S3InputMode": "File"}})

    arn = sagemaker.create_processing_job(**request)["ProcessingJobArn"]
    job = finished("copy")

    assert arn == job["ProcessingJobArn"] == "arn:aws:sagemaker:us-east-1:123456789012:processing-job/copy"
    assert job["ProcessingJobStatus"] == "Completed", job
    assert job["ExitMessage"] == "copied one file"
    assert "FailureReason" not in job
    assert job["ProcessingStartTime"] <= job["ProcessingEndTime"]
    assert job["Environment"] == request["Environment"]
    assert job["ProcessingResources"] == request["ProcessingResources"]
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "run", "Value": "r1"}]
    keys = bucket.keys("out/copy/")
    assert keys == ["out/copy/config.json", "out/copy/deep/copy.txt"]
    body = bucket.read("out/copy/config.json")
    assert json.loads(body) == ["/opt/ml/processing/input/data", "/opt/ml/processing/output"]
    assert not (home.jobs / "processing-job" / "copy").exists()


def test_a_failed_job_says_what_its_script_said_and_uploads_nothing(
    sagemaker: SageMakerClient,
    bucket: Any,
    client: Callable[[str], Any],
    processing_request: Request,
    finished: Finished,
) -> None:
    script = "print('first line')\nopen('/opt/ml/x', 'w') if 0 else None\nraise ValueError('no column label')"
    sagemaker.create_processing_job(**processing_request("failing", script))

    job = finished("failing")

    assert job["ProcessingJobStatus"] == "Failed"
    assert job["FailureReason"] == "AlgorithmError: ValueError: no column label, exit code: 1"
    assert not bucket.keys("out/failing/")
    logs = client("logs")
    streams = logs.describe_log_streams(logGroupName="/aws/sagemaker/ProcessingJobs", logStreamNamePrefix="failing/")
    events = logs.get_log_events(
        logGroupName="/aws/sagemaker/ProcessingJobs", logStreamName=streams["logStreams"][0]["logStreamName"]
    )["events"]
    messages = [event["message"] for event in events]
    assert (messages[0], messages[-1]) == ("first line", "ValueError: no column label")


def test_code_published_with_the_job_wins_over_the_installed_project_and_nothing_else_of_it_is_found(
    sagemaker: SageMakerClient, bucket: Any, processing_request: Request, finished: Finished
) -> None:
    bucket.put("code/published/steps/__init__.py", "WHOSE = 'the job'")
    script = """
import steps
try:
    import local
except ModuleNotFoundError:
    found = "nothing"
else:
    found = local.__file__
raise SystemExit(f"steps of {steps.WHOSE}, {found} of local")
"""
    sagemaker.create_processing_job(**processing_request("published", script))

    assert finished("published")["FailureReason"].startswith("AlgorithmError: steps of the job, nothing of local")


def test_a_missing_input_fails_the_job_by_name(
    sagemaker: SageMakerClient, processing_request: Request, finished: Finished
) -> None:
    request = processing_request("nothing", "pass")
    request["ProcessingInputs"][0]["S3Input"]["S3Uri"] = "s3://artifacts/there/is/none"
    sagemaker.create_processing_job(**request)

    reason = finished("nothing")["FailureReason"]
    assert reason == "ClientError: Data download failed: no object is stored under s3://artifacts/there/is/none"


def test_an_image_the_laptop_cannot_run_fails_the_job_by_name(
    sagemaker: SageMakerClient, processing_request: Request, finished: Finished
) -> None:
    request = processing_request("image", "pass")
    request["AppSpecification"]["ImageUri"] = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.8.0-cpu"
    sagemaker.create_processing_job(**request)

    reason = finished("image")["FailureReason"]
    assert reason.startswith("ClientError: The laptop cannot run the image '763104351884.dkr.ecr")
    assert "tensorflow-training or tensorflow-inference" in reason


def test_a_job_that_runs_too_long_is_stopped(
    sagemaker: SageMakerClient, processing_request: Request, finished: Finished
) -> None:
    request = processing_request("slow", "import time; time.sleep(60)", StoppingCondition={"MaxRuntimeInSeconds": 1})
    sagemaker.create_processing_job(**request)

    job = finished("slow")

    assert job["ProcessingJobStatus"] == "Stopped"
    assert job["FailureReason"] == "MaxRuntimeExceeded: the job ran longer than MaxRuntimeInSeconds, 1 seconds."


def test_a_job_can_be_stopped_once(
    sagemaker: SageMakerClient, processing_request: Request, finished: Finished, eventually: Callable[..., Any]
) -> None:
    sagemaker.create_processing_job(**processing_request("stopped", "import time; time.sleep(60)"))
    eventually(
        lambda: sagemaker.describe_processing_job(ProcessingJobName="stopped"), lambda job: "ProcessingStartTime" in job
    )

    sagemaker.stop_processing_job(ProcessingJobName="stopped")

    assert finished("stopped")["ProcessingJobStatus"] == "Stopped"
    with pytest.raises(ClientError, match="is in status Stopped"):
        sagemaker.stop_processing_job(ProcessingJobName="stopped")


def test_a_name_is_used_once(sagemaker: SageMakerClient, processing_request: Request, finished: Finished) -> None:
    sagemaker.create_processing_job(**processing_request("once", "pass"))

    with pytest.raises(sagemaker.exceptions.ResourceInUse):
        sagemaker.create_processing_job(**processing_request("once", "pass"))
    assert finished("once")["ProcessingJobStatus"] == "Completed"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"ProcessingJobName": "a_b"},
            "'a_b' at 'processingJobName' failed to satisfy constraint: Member must satisfy",
        ),
        ({"ProcessingJobName": "a" * 64}, "Member must have length less than or equal to 63"),
        ({"RoleArn": "nobody-with-that-name"}, "at 'roleArn' failed to satisfy constraint"),
        ({"StoppingCondition": {"MaxRuntimeInSeconds": 999999}}, "must have value less than or equal to 777600"),
    ],
)
def test_an_illegal_request_is_refused_as_on_aws(
    sagemaker: SageMakerClient, processing_request: Request, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(ClientError, match=message) as refusal:
        sagemaker.create_processing_job(**processing_request("illegal", "pass", **change))

    assert refusal.value.response["Error"]["Code"] == "ValidationException"


def test_what_a_laptop_cannot_do_is_refused(sagemaker: SageMakerClient, processing_request: Request) -> None:
    request = processing_request("two-hosts", "pass")
    request["ProcessingResources"]["ClusterConfig"]["InstanceCount"] = 2
    with pytest.raises(ClientError, match="InstanceCount 2: a laptop is one host"):
        sagemaker.create_processing_job(**request)


def test_jobs_are_listed_newest_first_and_by_filter(
    sagemaker: SageMakerClient, processing_request: Request, finished: Finished
) -> None:
    for name in ("list-a", "list-b", "list-c"):
        sagemaker.create_processing_job(**processing_request(name, "pass"))
        finished(name)

    page = sagemaker.list_processing_jobs(NameContains="list-", MaxResults=2)
    rest = sagemaker.list_processing_jobs(NameContains="list-", MaxResults=2, NextToken=page["NextToken"])
    names = [job["ProcessingJobName"] for job in [*page["ProcessingJobSummaries"], *rest["ProcessingJobSummaries"]]]

    assert names == ["list-c", "list-b", "list-a"]
    assert not sagemaker.list_processing_jobs(NameContains="list-", StatusEquals="Failed")["ProcessingJobSummaries"]


def test_a_job_nobody_made_is_not_found(sagemaker: SageMakerClient) -> None:
    with pytest.raises(sagemaker.exceptions.ResourceNotFound):
        sagemaker.describe_processing_job(ProcessingJobName="never")
