from __future__ import annotations

import functools
import io
import json
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from botocore.exceptions import ClientError

from local import daemon
from local.home import Home
from local.snapshot import DELAY_SECONDS

ROLE = "arn:aws:iam::123456789012:role/machine"
FUNCTION_ROLE = "arn:aws:iam::123456789012:role/kept"
MODEL_ROLE = "arn:aws:iam::123456789012:role/models"
SCHEDULE_ROLE = "arn:aws:iam::123456789012:role/schedules"
BODY = b"0123456789abcdef" * 10_000
TEMPLATE = json.dumps(
    {
        "Resources": {
            "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "kept"}},
            "Machine": {
                "Type": "AWS::StepFunctions::StateMachine",
                "Properties": {
                    "StateMachineName": "deployed",
                    "RoleArn": ROLE,
                    "DefinitionString": json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}),
                },
            },
        },
        "Outputs": {"Machine": {"Value": {"Ref": "Machine"}}},
    }
)

Clients = Callable[[str], Any]


@pytest.fixture
def clients(home: Home, project: Path, client_of: Callable[[Home, str], Any], make_role: Callable[..., str]) -> Clients:
    """Clients of a running server that knows the roles of its state machines, functions, models and schedules."""
    daemon.up(home, project)
    clients: Clients = functools.cache(lambda service: client_of(home, service))
    assert make_role(clients("iam"), "machine", "states.amazonaws.com") == ROLE
    assert make_role(clients("iam"), "kept", "lambda.amazonaws.com") == FUNCTION_ROLE
    assert make_role(clients("iam"), "models", "sagemaker.amazonaws.com") == MODEL_ROLE
    assert make_role(clients("iam"), "schedules", "scheduler.amazonaws.com") == SCHEDULE_ROLE
    return clients


def restart(home: Home, project: Path) -> daemon.UpResult:
    daemon.down(home)
    return daemon.up(home, project)


def package() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("app.py", "def handler(event, context):\n    return event\n")
        archive.writestr("blob", BODY)
    return file.getvalue()


def fill(clients: Clients) -> None:
    s3 = clients("s3")
    s3.create_bucket(Bucket="kept")
    s3.put_object(Bucket="kept", Key="small", Body=b"small", Metadata={"owner": "team"})
    s3.put_object(Bucket="kept", Key="large", Body=BODY, ContentType="application/x-model")
    table = {"KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST"}
    clients("dynamodb").create_table(
        TableName="kept", AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}], **table
    )
    clients("dynamodb").put_item(TableName="kept", Item={"pk": {"S": "a"}, "n": {"N": "1.5"}})
    clients("lambda").create_function(
        FunctionName="kept",
        Runtime="python3.12",
        Role=FUNCTION_ROLE,
        Handler="app.handler",
        Code={"ZipFile": package()},
    )
    clients("logs").create_log_group(logGroupName="kept")
    clients("logs").create_log_stream(logGroupName="kept", logStreamName="stream")
    clients("logs").put_log_events(
        logGroupName="kept",
        logStreamName="stream",
        logEvents=[{"timestamp": int(time.time() * 1000), "message": "a line"}],
    )
    clients("events").put_rule(Name="kept", ScheduleExpression="rate(1 day)")
    clients("scheduler").create_schedule(
        Name="kept",
        ScheduleExpression="cron(0 6 ? * MON *)",
        ScheduleExpressionTimezone="Europe/Berlin",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": "arn:aws:lambda:us-east-1:123456789012:function:kept", "RoleArn": SCHEDULE_ROLE},
    )
    clients("cloudformation").create_stack(StackName="kept", TemplateBody=TEMPLATE)
    clients("cloudformation").get_waiter("stack_create_complete").wait(StackName="kept", WaiterConfig={"Delay": 1})
    sagemaker = clients("sagemaker")
    sagemaker.create_model(
        ModelName="kept",
        ExecutionRoleArn=MODEL_ROLE,
        PrimaryContainer={"Image": "image", "ModelDataUrl": "s3://kept/large"},
    )
    variant = {"VariantName": "all", "ModelName": "kept", "InitialInstanceCount": 1, "InstanceType": "ml.t2.medium"}
    sagemaker.create_endpoint_config(EndpointConfigName="kept", ProductionVariants=[variant])
    sagemaker.create_model_package_group(ModelPackageGroupName="kept")
    sagemaker.create_model_package(ModelPackageGroupName="kept", ModelApprovalStatus="PendingManualApproval")
    clients("sesv2").create_email_identity(EmailIdentity="sender@example.com")
    clients("sesv2").send_email(
        FromEmailAddress="sender@example.com",
        Destination={"ToAddresses": ["reader@example.com"]},
        Content={"Simple": {"Subject": {"Data": "Kept"}, "Body": {"Text": {"Data": "text"}}}},
    )


def answers(clients: Clients) -> dict[str, Any]:
    """What the filled services say about what they keep, without what belongs to the single answer."""
    bodies = {key: clients("s3").get_object(Bucket="kept", Key=key) for key in ("small", "large")}
    given = {
        "objects": {key: (answer.pop("Body").read(), answer) for key, answer in bodies.items()},
        "items": clients("dynamodb").scan(TableName="kept"),
        "table": clients("dynamodb").describe_table(TableName="kept"),
        "role": clients("iam").get_role(RoleName="kept"),
        "function": clients("lambda").get_function(FunctionName="kept"),
        "log": clients("logs").get_log_events(logGroupName="kept", logStreamName="stream")["events"],
        "rule": clients("events").describe_rule(Name="kept"),
        "schedule": clients("scheduler").get_schedule(Name="kept"),
        "stack": clients("cloudformation").describe_stacks(StackName="kept"),
        "resources": clients("cloudformation").describe_stack_resources(StackName="kept"),
        "model": clients("sagemaker").describe_model(ModelName="kept"),
        "config": clients("sagemaker").describe_endpoint_config(EndpointConfigName="kept"),
        "packages": clients("sagemaker").list_model_packages(ModelPackageGroupName="kept"),
        "identity": clients("sesv2").get_email_identity(EmailIdentity="sender@example.com"),
        "machine": clients("stepfunctions").list_state_machines(),
    }
    kept: dict[str, Any] = without_metadata(given)
    return kept


def without_metadata(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_metadata(item) for key, item in value.items() if key != "ResponseMetadata"}
    if isinstance(value, list | tuple):
        return [without_metadata(item) for item in value]
    return value


def start(clients: Clients, states: dict[str, Any], name: str) -> str:
    stepfunctions = clients("stepfunctions")
    definition = json.dumps({"StartAt": next(iter(states)), "States": states})
    machine = stepfunctions.create_state_machine(name=name, definition=definition, roleArn=ROLE)["stateMachineArn"]
    arn: str = stepfunctions.start_execution(stateMachineArn=machine, name=name, input='{"a":1}')["executionArn"]
    return arn


def execution(clients: Clients, arn: str) -> dict[str, Any]:
    stepfunctions = clients("stepfunctions")
    described = without_metadata(stepfunctions.describe_execution(executionArn=arn))
    listed = stepfunctions.list_executions(stateMachineArn=described["stateMachineArn"])["executions"]
    history = stepfunctions.get_execution_history(executionArn=arn)["events"]
    return {"described": described, "listed": listed, "history": history}


def when_ended(clients: Clients, arn: str) -> dict[str, Any]:
    while (ended := execution(clients, arn))["described"]["status"] == "RUNNING":
        time.sleep(0.02)
    return ended


def test_every_service_gives_the_same_answers_after_a_restart(home: Home, project: Path, clients: Clients) -> None:
    fill(clients)
    before = answers(clients)
    result = restart(home, project)
    assert result.notes == ()
    assert answers(clients) == before
    assert before["objects"]["large"][0] == BODY
    assert (
        clients("cloudformation")
        .describe_stacks(StackName="kept")["Stacks"][0]["Outputs"][0]["OutputValue"]
        .endswith("stateMachine:deployed")
    )


def test_what_was_kept_can_be_changed_after_a_restart(home: Home, project: Path, clients: Clients) -> None:
    fill(clients)
    restart(home, project)
    clients("s3").put_object(Bucket="kept", Key="large", Body=b"new")
    clients("dynamodb").put_item(TableName="kept", Item={"pk": {"S": "b"}})
    clients("cloudformation").delete_stack(StackName="kept")
    clients("cloudformation").get_waiter("stack_delete_complete").wait(StackName="kept", WaiterConfig={"Delay": 1})
    restart(home, project)
    assert clients("s3").get_object(Bucket="kept", Key="large")["Body"].read() == b"new"
    assert clients("dynamodb").scan(TableName="kept")["Count"] == 2
    assert clients("stepfunctions").list_state_machines()["stateMachines"] == []


def test_an_ended_execution_keeps_its_description_and_history(home: Home, project: Path, clients: Clients) -> None:
    arn = start(clients, {"A": {"Type": "Pass", "Result": {"b": 2}, "End": True}}, "ended")
    before = when_ended(clients, arn)
    assert before["described"]["output"] == '{"b": 2}'
    restart(home, project)
    assert execution(clients, arn) == before


def test_an_execution_that_a_stop_interrupts_is_aborted_with_the_reason(
    home: Home, project: Path, clients: Clients
) -> None:
    arn = start(clients, {"A": {"Type": "Wait", "Seconds": 300, "End": True}}, "interrupted")
    while len(execution(clients, arn)["history"]) < 2:  # started, and in the Wait state
        time.sleep(0.02)
    restart(home, project)
    after = execution(clients, arn)
    assert after["described"]["status"] == "ABORTED"
    assert after["described"]["cause"] == "The laptop stack was stopped while this execution was running."
    assert [event["type"] for event in after["history"]] == ["ExecutionStarted", "WaitStateEntered", "ExecutionAborted"]


def test_state_and_a_running_execution_survive_a_crash(home: Home, project: Path, clients: Clients) -> None:
    fill(clients)
    arn = start(clients, {"A": {"Type": "Wait", "Seconds": 300, "End": True}}, "crashed")
    before = answers(clients)
    state = home.snapshot / "state"
    written = time.monotonic() + 3 * DELAY_SECONDS
    while time.monotonic() < written or not state.exists():
        time.sleep(0.1)
    server = psutil.Process(daemon.status(home).pid or 0)
    server.kill()
    server.wait()
    daemon.up(home, project)
    assert answers(clients) == before
    described = clients("stepfunctions").describe_execution(executionArn=arn)
    assert (described["status"], described["cause"]) == (
        "ABORTED",
        "The laptop stack ended while this execution was running.",
    )


def test_large_values_are_written_once_and_dropped_when_nothing_holds_them(
    home: Home, project: Path, clients: Clients
) -> None:
    fill(clients)
    daemon.down(home)
    blobs = {file.name: file.stat().st_mtime_ns for file in (home.snapshot / "blobs").iterdir()}
    assert len(blobs) == 2
    daemon.up(home, project)
    clients("dynamodb").put_item(TableName="kept", Item={"pk": {"S": "b"}})
    daemon.down(home)
    assert {file.name: file.stat().st_mtime_ns for file in (home.snapshot / "blobs").iterdir()} == blobs
    daemon.up(home, project)
    clients("s3").delete_object(Bucket="kept", Key="large")
    clients("lambda").delete_function(FunctionName="kept")
    daemon.down(home)
    assert list((home.snapshot / "blobs").iterdir()) == []


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda raw: raw.replace(b'"moto": "', b'"moto": "0.', 1), "was written by moto 0."),
        (lambda raw: raw[: len(raw) // 2], "could not be read"),
        (lambda _: b"garbage", "could not be read"),
    ],
    ids=["another version", "cut short", "no snapshot at all"],
)
def test_a_state_that_cannot_be_used_is_put_aside_and_mentioned(
    home: Home, project: Path, clients: Clients, damage: Callable[[bytes], bytes], reason: str
) -> None:
    clients("s3").create_bucket(Bucket="kept")
    daemon.down(home)
    state = home.snapshot / "state"
    damaged = damage(state.read_bytes())
    state.write_bytes(damaged)
    daemon.up(home, project)
    (note,) = daemon.status(home).notes
    assert reason in note
    assert "has started empty" in note
    (aside,) = home.directory.glob("snapshot-*")
    assert str(aside) in note
    assert (aside / "state").read_bytes() == damaged
    with pytest.raises(ClientError, match="404"):
        clients("s3").head_bucket(Bucket="kept")
