"""An inference pipeline on the laptop: two real containers, called one after the other, with a real archive."""

from __future__ import annotations

import io
import json
import os
import signal
import tarfile
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from local.sagemaker import SageMaker
from serving.model import load_model
from tests.small_table import ROW, archive, unpack

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

ROLE = "arn:aws:iam::123456789012:role/hosting"
REGISTRY = "683313688378.dkr.ecr.us-east-1.amazonaws.com"
IMAGES = (f"{REGISTRY}/sagemaker-scikit-learn:1.4-2-cpu-py3", f"{REGISTRY}/sagemaker-xgboost:3.0-5")
SCRIPTS = ("transform_rows.py", "score_rows.py")
SHARED = {
    "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
    "PYTHONPATH": "/opt/ml/model/code:/opt/ml/model/code/lib",
}

Settled = Callable[[str], dict[str, Any]]


def containers(uri: str, scripts: tuple[str, ...] = SCRIPTS) -> list[dict[str, Any]]:
    return [
        {"Image": image, "ModelDataUrl": uri, "Environment": {**SHARED, "SAGEMAKER_PROGRAM": script}}
        for image, script in zip(IMAGES, scripts, strict=True)
    ]


@pytest.fixture
def settled(sagemaker: SageMakerClient, eventually: Callable[..., Any]) -> Settled:
    def wait(name: str) -> Any:
        return eventually(
            lambda: sagemaker.describe_endpoint(EndpointName=name),
            lambda endpoint: endpoint["EndpointStatus"] in {"InService", "Failed"},
        )

    return wait


@pytest.fixture
def deploy(sagemaker: SageMakerClient, settled: Settled) -> Callable[..., dict[str, Any]]:
    """Bring up an endpoint of these containers; returns its description."""

    def create(name: str, defined: list[dict[str, Any]]) -> dict[str, Any]:
        sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, Containers=defined)  # type: ignore[arg-type]  # dicts as they are sent
        sagemaker.create_endpoint_config(
            EndpointConfigName=name,
            ProductionVariants=[
                {
                    "VariantName": "primary",
                    "ModelName": name,
                    "InstanceType": "ml.m5.large",
                    "InitialInstanceCount": 1,
                }
            ],
        )
        sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
        return settled(name)

    return create


@pytest.fixture(scope="module")
def table(bucket: Any) -> str:
    uri: str = bucket.put("served/table.tar.gz", archive())
    return uri


@pytest.fixture
def ask(client: Callable[[str], Any]) -> Callable[..., Any]:
    runtime = client("sagemaker-runtime")

    def invoke(endpoint: str, body: str, content_type: str = "application/json") -> Any:
        answer = runtime.invoke_endpoint(EndpointName=endpoint, Body=body, ContentType=content_type)
        assert answer["ContentType"] == "application/json"
        return json.loads(answer["Body"].read())

    return invoke


@pytest.fixture
def houses(
    deploy: Callable[..., dict[str, Any]], table: str, sagemaker: SageMakerClient, deleted: Callable[[str], None]
) -> Iterator[str]:
    """Name of an endpoint that answers for the made-up table."""
    described = deploy("houses", containers(table))
    assert described["EndpointStatus"] == "InService", described.get("FailureReason")
    yield "houses"
    sagemaker.delete_endpoint(EndpointName="houses")
    deleted("houses")
    sagemaker.delete_endpoint_config(EndpointConfigName="houses")
    sagemaker.delete_model(ModelName="houses")


@pytest.fixture
def deleted(sagemaker: SageMakerClient, eventually: Callable[..., Any]) -> Callable[[str], None]:
    """Wait until an endpoint is gone."""

    def wait(name: str) -> None:
        eventually(
            lambda: [each["EndpointName"] for each in sagemaker.list_endpoints()["Endpoints"]],
            lambda names: name not in names,
        )

    return wait


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    return [ROW, {**ROW, "street": "Maple"}, {**ROW, "age": None}]


@pytest.fixture(scope="module")
def wanted(rows: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the model answers in one process."""
    outputs = load_model(unpack(tmp_path_factory.mktemp("model"))).predict(rows)
    assert outputs[1].warnings == ["column street: 'Maple' was never seen in training; answered as unknown"]
    return {
        "predictions": [list(output.values) for output in outputs],
        "warnings": [list(output.warnings) for output in outputs],
    }


def test_raw_rows_go_through_both_containers(
    houses: str, ask: Callable[..., Any], rows: list[dict[str, Any]], wanted: dict[str, Any], client: Any
) -> None:
    assert ask(houses, json.dumps({"instances": rows})) == wanted
    assert ask(houses, "\n".join(map(json.dumps, rows)), "application/jsonlines") == wanted
    cells = [",".join("" if cell is None else str(cell) for cell in row.values()) for row in rows]
    assert ask(houses, "\n".join([",".join(ROW), *cells]), "text/csv") == wanted

    # What the first container refuses never gets to the second, and the caller learns who refused it.
    with pytest.raises(ClientError) as refused:
        ask(houses, json.dumps({"instances": [{"area": 1}]}))
    error: Any = refused.value.response
    assert error["OriginalStatusCode"] == 400
    assert "from container-1 with message" in error["Error"]["Message"]
    assert "instances[0] lacks the column age" in json.loads(error["OriginalMessage"])["error"]

    # Each container has a log of its own.
    streams = client("logs").describe_log_streams(logGroupName=f"/aws/sagemaker/Endpoints/{houses}")["logStreams"]
    assert {stream["logStreamName"].rpartition("/")[2] for stream in streams} <= {"container-1", "container-2"}


def test_the_api_tells_of_both_containers(houses: str, sagemaker: SageMakerClient) -> None:
    (variant,) = sagemaker.describe_endpoint(EndpointName=houses)["ProductionVariants"]
    assert [image["SpecifiedImage"] for image in variant["DeployedImages"]] == list(IMAGES)
    assert len(sagemaker.describe_model(ModelName=houses)["Containers"]) == 2


def test_an_instance_whose_container_ends_is_started_again_as_a_whole(
    houses: str, ask: Callable[..., Any], rows: list[Any], subsystem: SageMaker, eventually: Callable[..., Any]
) -> None:
    fleet = subsystem.deployments.fleet_of(houses)
    assert fleet is not None
    _, before = fleet.choose(None)
    os.killpg(before.containers[1].child.pid, signal.SIGKILL)
    eventually(lambda: fleet.choose(None)[1], lambda instance: instance is not before)
    answer = eventually(lambda: _answer_or_error(ask, rows), lambda answer: isinstance(answer, dict))
    assert len(answer["predictions"]) == len(rows)
    assert before.containers[0].child.poll() is not None


def _answer_or_error(ask: Callable[..., Any], rows: list[Any]) -> Any:
    try:
        return ask("houses", json.dumps({"instances": rows}))
    except ClientError as error:
        return error


def test_a_container_that_does_not_come_up_is_named(deploy: Callable[..., dict[str, Any]], table: str) -> None:
    described = deploy("lost", containers(table, ("transform_rows.py", "no_such.py")))
    assert described["EndpointStatus"] == "Failed"
    reason = described["FailureReason"]
    assert reason.startswith("The container-2 container for production variant primary could not be brought up: ")
    assert "SAGEMAKER_PROGRAM is 'no_such.py', but SAGEMAKER_SUBMIT_DIRECTORY holds no such script" in reason


def test_a_script_gets_what_the_archive_holds_and_not_the_project_beside_it(
    deploy: Callable[..., dict[str, Any]], bucket: Any
) -> None:
    script = b"import steps.recipe\n\ndef model_fn(model_dir):\n    return model_dir\n"
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as packed:
        for name in SCRIPTS:
            member = tarfile.TarInfo(f"code/{name}")
            member.size = len(script)
            packed.addfile(member, io.BytesIO(script))
    described = deploy("bare", containers(bucket.put("served/bare.tar.gz", buffer.getvalue())))
    assert described["EndpointStatus"] == "Failed"
    assert "No module named 'steps'" in described["FailureReason"]


def test_an_error_inside_a_script_is_a_server_error_of_its_container(
    deploy: Callable[..., dict[str, Any]], ask: Callable[..., Any], bucket: Any
) -> None:
    first = b"def model_fn(d):\n    pass\n\ndef transform_fn(m, body, kind, accept):\n    return body, 'text/plain'\n"
    second = (
        b"def model_fn(d):\n    pass\n\ndef input_fn(body, kind):\n    raise RuntimeError(kind)\n\n"
        b"def predict_fn(data, m):\n    pass\n\ndef output_fn(data, accept):\n    pass\n"
    )
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as packed:
        for name, script in zip(SCRIPTS, (first, second), strict=True):
            member = tarfile.TarInfo(f"code/{name}")
            member.size = len(script)
            packed.addfile(member, io.BytesIO(script))
    described = deploy("broken", containers(bucket.put("served/broken.tar.gz", buffer.getvalue())))
    assert described["EndpointStatus"] == "InService", described.get("FailureReason")
    with pytest.raises(ClientError) as failed:
        ask("broken", "{}")
    error: Any = failed.value.response
    assert error["OriginalStatusCode"] == 500
    # The type of the first one's answer is the second one's request's.
    assert error["OriginalMessage"].startswith("text/plain")
    assert "from container-2 with message" in error["Error"]["Message"]
