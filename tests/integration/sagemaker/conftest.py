"""The laptop's SageMaker behind a real port: jobs are processes, endpoints are servers, clients are boto3's."""

from __future__ import annotations

import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest
from botocore.config import Config
from moto.core.config import default_user_config
from moto.moto_server import werkzeug_app
from moto.sagemaker import urls as sagemaker_urls
from moto.sagemakerruntime import urls as runtime_urls
from werkzeug.serving import make_server

from local import iam, interpreter, stepfunctions
from local.home import Home
from local.lambda_runtime import LambdaRuntime
from local.processes import ProcessRegistry
from local.sagemaker import SageMaker

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient

ROLE = "arn:aws:iam::123456789012:role/jobs"
TRAINING_IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/tensorflow-training:2.19.0-cpu-py312"


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        home = Home(tmp_path_factory.mktemp("home"), probe.getsockname()[1])
    home.temporary.mkdir()
    return home


@pytest.fixture(scope="session")
def processes(home: Home) -> ProcessRegistry:
    return ProcessRegistry(home.processes)


@pytest.fixture(scope="session")
def subsystem(home: Home, processes: ProcessRegistry) -> SageMaker:
    subsystem = SageMaker(home, processes)
    subsystem.start()
    return subsystem


@pytest.fixture(scope="module", autouse=True)
def extended_moto(home: Home, subsystem: SageMaker) -> Iterator[None]:
    """moto with the laptop's SageMaker in it, and clients that reach it; other tests of this process meet neither."""
    with pytest.MonkeyPatch.context() as moto:
        for name, value in {"MOTO_PORT": str(home.port), **home.client_environment()}.items():
            moto.setenv(name, value)
        for module in (sagemaker_urls, runtime_urls):
            moto.setattr(module, "url_paths", dict(module.url_paths))
        subsystem.install()
        yield


@pytest.fixture(scope="session", autouse=True)
def server(home: Home, subsystem: SageMaker, processes: ProcessRegistry) -> Iterator[None]:
    interpreter.install()
    stepfunctions.install(subsystem)
    functions = LambdaRuntime(home, processes)
    functions.install()
    functions.start()
    default_user_config["stepfunctions"] = {"execute_state_machine": True}
    default_user_config["lambda"] = {"use_docker": False}
    iam.install()
    application = iam.Gate(werkzeug_app.DomainDispatcherApplication(werkzeug_app.create_backend_app))
    server = make_server(
        "127.0.0.1", home.port, application, threaded=True, request_handler=werkzeug_app.MotoRequestHandler
    )
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield
    subsystem.stop()
    functions.stop()
    server.shutdown()


@pytest.fixture(scope="session")
def client(home: Home, make_role: Callable[..., str]) -> Callable[[str], Any]:
    session = boto3.Session(aws_access_key_id="laptop", aws_secret_access_key="laptop", region_name="us-east-1")
    config = Config(read_timeout=90, retries={"total_max_attempts": 1})

    def make(service: str) -> Any:
        return cast("Any", session).client(service, endpoint_url=home.endpoint_url, config=config)

    for name, service in {
        "jobs": "sagemaker",
        "hosting": "sagemaker",
        "workflow": "states",
        "functions": "lambda",
    }.items():
        make_role(make("iam"), name, f"{service}.amazonaws.com")
    return make


class Bucket:
    """One bucket of the laptop's S3."""

    def __init__(self, s3: S3Client) -> None:
        self._s3 = s3
        s3.create_bucket(Bucket="artifacts")

    def put(self, key: str, body: str | bytes) -> str:
        """Store an object; returns its URI."""
        self._s3.put_object(Bucket="artifacts", Key=key, Body=body)
        return f"s3://artifacts/{key}"

    def keys(self, prefix: str) -> list[str]:
        return [
            entry["Key"] for entry in self._s3.list_objects_v2(Bucket="artifacts", Prefix=prefix).get("Contents", [])
        ]

    def read(self, key: str) -> bytes:
        return self._s3.get_object(Bucket="artifacts", Key=key)["Body"].read()


@pytest.fixture(scope="session")
def bucket(client: Callable[[str], Any]) -> Bucket:
    return Bucket(cast("S3Client", client("s3")))


@pytest.fixture(scope="session")
def sagemaker(client: Callable[[str], Any]) -> SageMakerClient:
    return cast("SageMakerClient", client("sagemaker"))


@pytest.fixture
def processing_request(bucket: Bucket) -> Callable[..., dict[str, Any]]:
    """A CreateProcessingJob request whose container runs the given script."""

    def request(name: str, script: str, *arguments: str, **changes: Any) -> dict[str, Any]:
        code = bucket.put(f"code/{name}/job_script.py", script)
        return {
            "ProcessingJobName": name,
            "RoleArn": ROLE,
            "AppSpecification": {
                "ImageUri": TRAINING_IMAGE,
                "ContainerEntrypoint": ["python3", "-m", "job_script"],
                "ContainerArguments": list(arguments) or ["none"],
            },
            "Environment": {"PYTHONPATH": "/opt/ml/processing/input/code"},
            "ProcessingInputs": [
                {
                    "InputName": "code",
                    "S3Input": {
                        "S3Uri": code.rpartition("/")[0],
                        "LocalPath": "/opt/ml/processing/input/code",
                        "S3DataType": "S3Prefix",
                        "S3InputMode": "File",
                    },
                }
            ],
            "ProcessingOutputConfig": {
                "Outputs": [
                    {
                        "OutputName": "output",
                        "S3Output": {
                            "S3Uri": f"s3://artifacts/out/{name}",
                            "LocalPath": "/opt/ml/processing/output",
                            "S3UploadMode": "EndOfJob",
                        },
                    }
                ]
            },
            "ProcessingResources": {
                "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 10}
            },
            "StoppingCondition": {"MaxRuntimeInSeconds": 60},
            **changes,
        }

    return request


@pytest.fixture
def training_request() -> Callable[..., dict[str, Any]]:
    """A CreateTrainingJob request for the code at a URI."""

    def request(name: str, code_uri: str, program: str, **changes: Any) -> dict[str, Any]:
        return {
            "TrainingJobName": name,
            "RoleArn": ROLE,
            "AlgorithmSpecification": {"TrainingImage": TRAINING_IMAGE, "TrainingInputMode": "File"},
            "HyperParameters": {
                "sagemaker_program": program,
                "sagemaker_submit_directory": code_uri,
                "sagemaker_region": "us-east-1",
                "epochs": "3",
                "class_names": json.dumps(["no", "yes"]),
            },
            "OutputDataConfig": {"S3OutputPath": f"s3://artifacts/models/{name}"},
            "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 10},
            "StoppingCondition": {"MaxRuntimeInSeconds": 120},
            **changes,
        }

    return request


@pytest.fixture(scope="session")
def eventually() -> Callable[..., Any]:
    """Call until the answer satisfies the condition; returns it."""

    def wait(ask: Callable[[], Any], satisfied: Callable[[Any], bool], seconds: float = 90) -> Any:
        deadline = time.monotonic() + seconds
        while not satisfied(answer := ask()):
            assert time.monotonic() < deadline, answer
            time.sleep(0.02)
        return answer

    return wait


@pytest.fixture(scope="session")
def finished(sagemaker: SageMakerClient, eventually: Callable[..., Any]) -> Callable[[str], dict[str, Any]]:
    """Wait for the end of a job of either kind; returns its description."""

    def wait(name: str) -> dict[str, Any]:
        ended = {"Completed", "Failed", "Stopped"}
        if sagemaker.list_processing_jobs(NameContains=name)["ProcessingJobSummaries"]:
            return cast(
                "dict[str, Any]",
                eventually(
                    lambda: sagemaker.describe_processing_job(ProcessingJobName=name),
                    lambda job: job["ProcessingJobStatus"] in ended,
                ),
            )
        return cast(
            "dict[str, Any]",
            eventually(
                lambda: sagemaker.describe_training_job(TrainingJobName=name),
                lambda job: job["TrainingJobStatus"] in ended,
            ),
        )

    return wait
