"""Jobs and endpoints act as the role that their request names."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

Request = Callable[..., dict[str, Any]]
Finished = Callable[[str], dict[str, Any]]

WHO_AM_I = """
import boto3, pathlib
pathlib.Path("/opt/ml/output/message".replace("/opt/ml", str(pathlib.Path.cwd()))).write_text(
    boto3.client("sts").get_caller_identity()["Arn"]
)
"""
CODE = "arn:aws:s3:::artifacts/code/cannot-read/job_script.py"
SERVICE = "sagemaker.amazonaws.com"
ECR = {"Effect": "Allow", "Action": "ecr:*", "Resource": "*"}
READ = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": "*"}


@pytest.fixture(scope="module")
def role(client: Callable[[str], Any], make_role: Callable[..., str]) -> Callable[..., str]:
    """Creates a role that SageMaker can assume, with these statements."""
    return lambda name, *statements: make_role(client("iam"), name, SERVICE, *statements)


def test_a_job_is_its_role(
    sagemaker: SageMakerClient, processing_request: Request, finished: Finished, role: Callable[..., str]
) -> None:
    arn = role("may-read", ECR, READ)
    sagemaker.create_processing_job(**processing_request("identity", WHO_AM_I, RoleArn=arn))
    job = finished("identity")
    assert job["ProcessingJobStatus"] == "Completed", job
    assert job["ExitMessage"] == "arn:aws:sts::123456789012:assumed-role/may-read/SageMaker"


@pytest.mark.parametrize(
    "case",
    [
        ("cannot-read", [ECR, {**READ, "Action": "s3:ListBucket"}], f"s3:GetObject on resource: {CODE}"),
        ("cannot-pull", [READ], "ecr:GetAuthorizationToken"),
    ],
)
def test_a_job_whose_role_may_not_fails_with_awss_words(
    sagemaker: SageMakerClient,
    processing_request: Request,
    finished: Finished,
    role: Callable[..., str],
    case: tuple[str, list[dict[str, Any]], str],
) -> None:
    name, statements, what = case
    sagemaker.create_processing_job(**processing_request(name, "print()", RoleArn=role(name, *statements)))
    job = finished(name)
    assert job["ProcessingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("ClientError: ")
    who = f"User: arn:aws:sts::123456789012:assumed-role/{name}/SageMaker is not authorized to perform: {what}"
    because = f"because no identity-based policy allows the {what.split()[0]} action"
    assert f"{who} {because}" in job["FailureReason"]


def test_a_job_that_may_not_log_runs_unseen(
    sagemaker: SageMakerClient,
    client: Callable[[str], Any],
    processing_request: Request,
    finished: Finished,
    role: Callable[..., str],
) -> None:
    arn = role("cannot-log", ECR, READ)
    sagemaker.create_processing_job(**processing_request("unseen", "print('a line')", RoleArn=arn))
    assert finished("unseen")["ProcessingJobStatus"] == "Completed"
    logs = client("logs")
    groups = logs.describe_log_groups(logGroupNamePrefix="/aws/sagemaker/ProcessingJobs")["logGroups"]
    streams = [
        stream["logStreamName"]
        for group in groups
        for stream in logs.describe_log_streams(logGroupName=group["logGroupName"])["logStreams"]
    ]
    assert not [stream for stream in streams if stream.startswith("unseen/")]


def test_a_role_that_sagemaker_cannot_assume_is_refused(
    client: Callable[[str], Any], make_role: Callable[..., str], processing_request: Request
) -> None:
    arn, sagemaker = make_role(client("iam"), "of-lambda", "lambda.amazonaws.com"), client("sagemaker")
    container = {"Image": "image", "ModelDataUrl": "s3://artifacts/model.tar.gz"}
    for create, request in (
        (sagemaker.create_processing_job, processing_request("refused", "print()", RoleArn=arn)),
        (sagemaker.create_model, {"ModelName": "refused", "ExecutionRoleArn": arn, "PrimaryContainer": container}),
    ):
        with pytest.raises(ClientError, match=f"Could not assume role {arn}") as refused:
            create(**request)
        assert refused.value.response["Error"]["Code"] == "ValidationException"


def test_an_endpoint_reads_its_model_as_the_models_role(
    sagemaker: SageMakerClient, bucket: Any, eventually: Callable[..., Any], role: Callable[..., str]
) -> None:
    name = "cannot-serve"
    model = bucket.put("served/secret.tar.gz", b"no archive")
    image = "763104351884.dkr.ecr.us-east-1.amazonaws.com/tensorflow-inference:2.19.0-cpu"
    container: Any = {"Image": image, "ModelDataUrl": model}
    sagemaker.create_model(ModelName=name, ExecutionRoleArn=role(name, ECR), PrimaryContainer=container)
    variant: Any = {"VariantName": "all", "ModelName": name, "InstanceType": "ml.t2.medium", "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    endpoint = eventually(
        lambda: sagemaker.describe_endpoint(EndpointName=name), lambda found: found["EndpointStatus"] != "Creating"
    )
    assert endpoint["EndpointStatus"] == "Failed"
    assert f"assumed-role/{name}/SageMaker is not authorized to perform: s3:GetObject" in endpoint["FailureReason"]
