from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

ROLE = "arn:aws:iam::123456789012:role/workflow"
MODEL_ROLE = "arn:aws:iam::123456789012:role/hosting"
Request = Callable[..., dict[str, Any]]
Execute = Callable[..., dict[str, Any]]


class Machines:
    """State machines and their executions."""

    def __init__(self, client: Any, eventually: Callable[..., Any]) -> None:
        self.client = client
        self._eventually = eventually
        self._count = 0

    def create(self, states: dict[str, Any], **fields: Any) -> str:
        self._count += 1
        definition = {"StartAt": next(iter(states)), "States": states, **fields}
        arn: str = self.client.create_state_machine(
            name=f"machine-{self._count}", definition=json.dumps(definition), roleArn=ROLE
        )["stateMachineArn"]
        return arn

    def start(self, states: dict[str, Any], given: Any = None, **fields: Any) -> str:
        arn: str = self.client.start_execution(
            stateMachineArn=self.create(states, **fields), input=json.dumps(given or {})
        )["executionArn"]
        return arn

    def end(self, execution: str) -> dict[str, Any]:
        ended: dict[str, Any] = self._eventually(
            lambda: self.client.describe_execution(executionArn=execution), lambda answer: answer["status"] != "RUNNING"
        )
        return ended

    def run(self, states: dict[str, Any], given: Any = None) -> dict[str, Any]:
        return self.end(self.start(states, given))

    def events(self, execution: str) -> list[str]:
        return [event["type"] for event in self.client.get_execution_history(executionArn=execution)["events"]]


@pytest.fixture(scope="module")
def machines(client: Callable[[str], Any], eventually: Callable[..., Any]) -> Machines:
    return Machines(client("stepfunctions"), eventually)


@pytest.fixture(scope="module")
def make_function(client: Callable[[str], Any]) -> Callable[[str, str], str]:
    """Create a function from its source; returns its ARN."""

    def make(name: str, source: str) -> str:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("code_under_test.py", source)
        arn: str = client("lambda").create_function(
            FunctionName=name,
            Runtime="python3.12",
            Role="arn:aws:iam::123456789012:role/functions",
            Handler="code_under_test.handler",
            Code={"ZipFile": buffer.getvalue()},
        )["FunctionArn"]
        return arn

    return make


def task(action: str, parameters: dict[str, Any], **fields: Any) -> dict[str, Any]:
    resource = f"arn:aws:states:::sagemaker:{action}"
    return {"Type": "Task", "Resource": resource, "Parameters": parameters, "End": True, **fields}


def test_a_sync_task_gives_the_finished_job_s_description(machines: Machines, processing_request: Request) -> None:
    request = processing_request("sync-good", "print('done')", Tags=[{"Key": "run", "Value": "r1"}])
    execution = machines.start({"Run": task("createProcessingJob.sync", request, TimeoutSeconds=60)})

    ended = machines.end(execution)

    assert ended["status"] == "SUCCEEDED", ended
    output = json.loads(ended["output"])
    assert output["ProcessingJobName"] == "sync-good"
    assert output["ProcessingJobStatus"] == "Completed"
    assert output["AppSpecification"] == request["AppSpecification"]
    assert isinstance(output["ProcessingEndTime"], int)
    assert "ResponseMetadata" not in output
    assert [kind for kind in machines.events(execution) if kind.startswith("Task")] == [
        "TaskStateEntered",
        "TaskScheduled",
        "TaskStarted",
        "TaskSubmitted",
        "TaskSucceeded",
        "TaskStateExited",
    ]


def test_a_failed_job_fails_the_task_with_its_description_as_the_cause(
    machines: Machines, processing_request: Request
) -> None:
    request = processing_request("sync-bad", "raise KeyError('label')")
    catch = [{"ErrorEquals": ["States.TaskFailed"], "ResultPath": "$.fault", "Next": "Caught"}]
    run = task("createProcessingJob.sync", request, Catch=catch)

    ended = machines.run({"Run": run, "Caught": {"Type": "Pass", "End": True}})

    fault = json.loads(ended["output"])["fault"]
    assert fault["Error"] == "States.TaskFailed"
    cause = json.loads(fault["Cause"])
    assert cause["ProcessingJobStatus"] == "Failed"
    assert cause["FailureReason"] == "AlgorithmError: KeyError: 'label', exit code: 1"


def test_a_stopped_job_ends_the_task_with_its_status(
    machines: Machines, sagemaker: SageMakerClient, processing_request: Request, eventually: Callable[..., Any]
) -> None:
    execution = machines.start(
        {"Run": task("createProcessingJob.sync", processing_request("sync-stop", "import time; time.sleep(60)"))}
    )
    eventually(lambda: sagemaker.list_processing_jobs(NameContains="sync-stop")["ProcessingJobSummaries"], bool)
    sagemaker.stop_processing_job(ProcessingJobName="sync-stop")

    assert json.loads(machines.end(execution)["output"])["ProcessingJobStatus"] == "Stopped"


def test_a_task_that_times_out_by_path_stops_its_job(
    machines: Machines, processing_request: Request, finished: Callable[[str], dict[str, Any]]
) -> None:
    request = processing_request("sync-late", "import time; time.sleep(60)")
    run = task(
        "createProcessingJob.sync",
        request,
        TimeoutSecondsPath="$.seconds",
        Catch=[{"ErrorEquals": ["States.Timeout"], "ResultPath": "$.fault", "Next": "Late"}],
    )

    ended = machines.run({"Run": run, "Late": {"Type": "Pass", "End": True}}, {"seconds": 1})

    assert json.loads(ended["output"])["fault"]["Error"] == "States.Timeout"
    assert finished("sync-late")["ProcessingJobStatus"] == "Stopped"


def test_stopping_an_execution_stops_its_job(
    machines: Machines,
    sagemaker: SageMakerClient,
    processing_request: Request,
    finished: Callable[[str], dict[str, Any]],
    eventually: Callable[..., Any],
) -> None:
    request = processing_request("sync-abort", "import time; time.sleep(60)")
    execution = machines.start({"Run": task("createProcessingJob.sync", request)})
    eventually(lambda: sagemaker.list_processing_jobs(NameContains="sync-abort")["ProcessingJobSummaries"], bool)

    machines.client.stop_execution(executionArn=execution)

    assert machines.end(execution)["status"] == "ABORTED"
    assert finished("sync-abort")["ProcessingJobStatus"] == "Stopped"


@pytest.mark.parametrize(
    ("action", "parameters", "error", "cause"),
    [
        (
            "updateEndpoint",
            {"EndpointName": "no", "EndpointConfigName": "no"},
            "AmazonSageMakerException",
            "Could not find",
        ),
        (
            "createModel",
            {"ModelName": "a_b", "ExecutionRoleArn": MODEL_ROLE},
            "AmazonSageMakerException",
            "Member must satisfy",
        ),
        (
            "createModel",
            {"ModelName": "m", "ExecutionRoleArn": ROLE, "PrimaryContainer": {"ImageUri": "i"}},
            "AmazonSageMakerException",
            "Unknown parameter in input of 'primaryContainer': \"ImageUri\", must be one of: ContainerHostname, Image",
        ),
        (
            "createEndpoint",
            {"EndpointName": "e", "EndpointConfigName": 7},
            "AmazonSageMakerException",
            "NUMBER_VALUE at 'endpointConfigName' can not be converted to String",
        ),
    ],
)
def test_errors_of_the_service_have_their_names(
    machines: Machines, action: str, parameters: dict[str, Any], error: str, cause: str
) -> None:
    ended = machines.run({"Change": task(action, parameters)})

    assert ended["error"] == f"SageMaker.{error}"
    assert cause in ended["cause"]


def test_a_job_s_name_used_twice_has_its_own_error(machines: Machines, processing_request: Request) -> None:
    states = {"Run": task("createProcessingJob.sync", processing_request("sync-twice", "pass"))}

    assert machines.run(states)["status"] == "SUCCEEDED"
    assert machines.run(states)["error"] == "SageMaker.ResourceInUseException"


def test_a_model_config_and_endpoint_are_made_without_waiting(machines: Machines, sagemaker: SageMakerClient) -> None:
    container = {"Image": "unknown:1", "ModelDataUrl": "s3://artifacts/none"}
    variant = {"VariantName": "all", "ModelName": "flow", "InstanceType": "ml.t2.medium", "InitialInstanceCount": 1}
    states = {
        "Model": task(
            "createModel", {"ModelName": "flow", "ExecutionRoleArn": MODEL_ROLE, "PrimaryContainer": container}
        ),
        "Config": task("createEndpointConfig", {"EndpointConfigName": "flow", "ProductionVariants": [variant]}),
        "Endpoint": task("createEndpoint", {"EndpointName": "flow", "EndpointConfigName": "flow"}),
    }
    for name, following in (("Model", "Config"), ("Config", "Endpoint")):
        del states[name]["End"]
        states[name] |= {"Next": following, "ResultPath": None}

    ended = machines.run(states)

    assert json.loads(ended["output"]) == {"EndpointArn": "arn:aws:sagemaker:us-east-1:123456789012:endpoint/flow"}
    sagemaker.describe_endpoint(EndpointName="flow")


@pytest.mark.parametrize(
    ("action", "parameters", "message"),
    [
        (
            "updateEndpoint",
            {"EndpointName": "e", "DeploymentConfig": {}},
            'The field "DeploymentConfig" is not supported',
        ),
        (
            "createTrainingJob.sync",
            {"TrainingJobName": "t", "RetryStrategy.$": "$"},
            'The field "RetryStrategy" is not supported',
        ),
        ("createModel.sync", {"ModelName": "m"}, "is not supported by Step Functions"),
        ("createPipeline", {"PipelineName": "p"}, "not recognized"),
    ],
)
def test_a_definition_that_aws_would_refuse_is_refused(
    machines: Machines, action: str, parameters: dict[str, Any], message: str
) -> None:
    with pytest.raises(ClientError, match=message) as refusal:
        machines.create({"Run": task(action, parameters)})

    assert refusal.value.response["Error"]["Code"] == "InvalidDefinition"


TOKEN_KEEPER = """
import boto3
def handler(event, context):
    boto3.client("s3").put_object(Bucket="artifacts", Key="token", Body=event["token"])
    return "ignored"
"""


def test_a_token_is_answered_once(
    machines: Machines, bucket: Any, make_function: Callable[..., str], eventually: Callable[..., Any]
) -> None:
    wait = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "Parameters": {
            "FunctionName": make_function("keeper", TOKEN_KEEPER),
            "Payload": {"token.$": "$$.Task.Token"},
        },
        "TimeoutSecondsPath": "$.seconds",
        "ResultPath": "$.answer",
        "Next": "Then",
    }
    states = {"Ask": wait, "Then": {"Type": "Wait", "Seconds": 1, "End": True}}
    execution = machines.start(states, {"seconds": 50})
    eventually(lambda: bucket.keys("token"), bool)
    token = bucket.read("token").decode()

    with pytest.raises(machines.client.exceptions.InvalidOutput):
        machines.client.send_task_success(taskToken=token, output="no json")
    machines.client.send_task_success(taskToken=token, output='{"approved": true}')
    with pytest.raises(machines.client.exceptions.TaskTimedOut):
        machines.client.send_task_success(taskToken=token, output='{"approved": false}')
    with pytest.raises(machines.client.exceptions.TaskTimedOut):
        machines.client.send_task_failure(taskToken=token)
    ended = machines.end(execution)
    assert json.loads(ended["output"])["answer"] == {"approved": True}
    with pytest.raises(machines.client.exceptions.TaskTimedOut):
        machines.client.send_task_success(taskToken=token, output="{}")
    with pytest.raises(machines.client.exceptions.InvalidToken):
        machines.client.send_task_success(taskToken="no token", output="{}")

    late = machines.run(states, {"seconds": 1})
    assert late["error"] == "States.Timeout"
    with pytest.raises(machines.client.exceptions.TaskTimedOut):
        machines.client.send_task_success(taskToken=bucket.read("token").decode(), output="{}")


FAILING_TWICE = """
import pathlib, tempfile
class EndpointBusyError(Exception):
    pass
attempts = []
def handler(event, context):
    attempts.append(event)
    if len(attempts) < 3:
        raise EndpointBusyError("busy")
    return {"attempts": len(attempts)}
"""


def test_a_function_s_error_is_retried_by_its_class_name_and_its_value_is_the_result(
    machines: Machines, make_function: Callable[..., str]
) -> None:
    retry = {"ErrorEquals": ["EndpointBusyError"], "IntervalSeconds": 1, "MaxAttempts": 2, "BackoffRate": 1.0}
    state = {
        "Type": "Task",
        "Resource": make_function("busy", FAILING_TWICE),
        "Parameters": {"name": "e"},
        "Retry": [retry | {"JitterStrategy": "FULL", "MaxDelaySeconds": 2}],
        "End": True,
    }
    assert json.loads(machines.run({"Update": state})["output"]) == {"attempts": 3}


def test_a_function_s_error_that_nobody_retries_ends_the_execution_by_its_class_name(
    machines: Machines, make_function: Callable[..., str]
) -> None:
    source = "class ArtifactChangedError(Exception): pass\ndef handler(event, context): raise ArtifactChangedError('x')"
    ended = machines.run({"Update": {"Type": "Task", "Resource": make_function("changed", source), "End": True}})

    assert ended["error"] == "ArtifactChangedError"
    assert json.loads(ended["cause"])["errorMessage"] == "x"
