from __future__ import annotations

import functools
import json
import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.home import Home

ROLE = "arn:aws:iam::123456789012:role/machine"
PASS = {"A": {"Type": "Pass", "End": True}}

Clients = Callable[[str], Any]


@pytest.fixture(scope="module")
def clients(served: Home, client_of: Callable[[Home, str], Any], make_role: Callable[..., str]) -> Clients:
    clients: Clients = functools.cache(lambda service: client_of(served, service))
    assert make_role(clients("iam"), "machine", "states.amazonaws.com") == ROLE
    return clients


@pytest.fixture(scope="module")
def waiting(clients: Clients) -> dict[str, Any]:
    """States that send a task token to a queue and wait for the answer."""
    queue = clients("sqs").create_queue(QueueName="tokens")["QueueUrl"]
    return {
        "A": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "Parameters": {"QueueUrl": queue, "MessageBody.$": "$$.Task.Token"},
            "TimeoutSeconds": 600,
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "B"}],
            "Next": "B",
        },
        "B": {"Type": "Pass", "End": True},
    }


def start(clients: Clients, states: dict[str, Any], **top: Any) -> str:
    definition = json.dumps({"StartAt": "A", "States": states, **top})
    machine = clients("stepfunctions").create_state_machine(
        name=f"m-{uuid.uuid4()}", definition=definition, roleArn=ROLE
    )["stateMachineArn"]
    arn: str = clients("stepfunctions").start_execution(stateMachineArn=machine)["executionArn"]
    return arn


def next_token(clients: Clients) -> str:
    queue = clients("sqs").get_queue_url(QueueName="tokens")["QueueUrl"]
    while not (messages := clients("sqs").receive_message(QueueUrl=queue).get("Messages")):
        time.sleep(0.02)
    clients("sqs").delete_message(QueueUrl=queue, ReceiptHandle=messages[0]["ReceiptHandle"])
    token: str = messages[0]["Body"]
    return token


def when_ended(clients: Clients, arn: str) -> dict[str, Any]:
    while (described := clients("stepfunctions").describe_execution(executionArn=arn))["status"] == "RUNNING":
        time.sleep(0.02)
    kept: dict[str, Any] = described
    return kept


def history(clients: Clients, arn: str, **options: Any) -> list[str]:
    events = clients("stepfunctions").get_execution_history(executionArn=arn, **options)["events"]
    return [event["type"] for event in events]


def test_an_execution_without_a_name_gets_one(clients: Clients) -> None:
    ended = when_ended(clients, start(clients, PASS))
    assert str(uuid.UUID(ended["name"])) == ended["name"]
    assert ended["executionArn"].endswith(ended["name"])


def test_the_history_of_an_ended_execution_can_be_read_backwards(clients: Clients) -> None:
    arn = start(clients, PASS)
    when_ended(clients, arn)
    forwards = ["ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"]
    assert history(clients, arn) == forwards
    assert history(clients, arn, reverseOrder=True) == forwards[::-1]


def test_a_task_calls_another_service_of_the_laptop(clients: Clients) -> None:
    clients("ssm").put_parameter(Name="greeting", Value="hello", Type="String")
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:ssm:getParameter",
        "Parameters": {"Name": "greeting"},
        "ResultSelector": {"value.$": "$.Parameter.Value"},
        "End": True,
    }
    assert when_ended(clients, start(clients, {"A": task}))["output"] == '{"value": "hello"}'


def test_stopping_an_execution_ends_it_although_its_task_still_waits(clients: Clients, waiting: dict[str, Any]) -> None:
    arn = start(clients, waiting)
    token = next_token(clients)
    clients("stepfunctions").stop_execution(executionArn=arn, error="Changed", cause="Somebody changed their mind.")
    described = clients("stepfunctions").describe_execution(executionArn=arn)
    assert (described["status"], described["error"], described["cause"]) == (
        "ABORTED",
        "Changed",
        "Somebody changed their mind.",
    )
    assert described["stopDate"] >= described["startDate"]
    assert history(clients, arn)[-1] == "ExecutionAborted"
    with pytest.raises(ClientError, match="TaskTimedOut"):
        clients("stepfunctions").send_task_success(taskToken=token, output="{}")
    assert clients("stepfunctions").describe_execution(executionArn=arn)["status"] == "ABORTED"
    assert history(clients, arn)[-1] == "ExecutionAborted"


def test_stopping_an_ended_execution_changes_nothing(clients: Clients) -> None:
    arn = start(clients, PASS)
    ended = when_ended(clients, arn)
    stopped = clients("stepfunctions").stop_execution(executionArn=arn, cause="Too late.")
    assert stopped["stopDate"] == ended["stopDate"]
    assert clients("stepfunctions").describe_execution(executionArn=arn)["status"] == "SUCCEEDED"


def test_a_task_token_delivers_its_output(clients: Clients, waiting: dict[str, Any]) -> None:
    arn = start(clients, waiting)
    clients("stepfunctions").send_task_success(taskToken=next_token(clients), output='{"approved": true}')
    assert when_ended(clients, arn)["output"] == '{"approved": true}'


def test_a_failed_task_keeps_its_cause(clients: Clients, waiting: dict[str, Any]) -> None:
    arn = start(clients, waiting)
    clients("stepfunctions").send_task_failure(taskToken=next_token(clients), error="Refused", cause="Not today.")
    assert json.loads(when_ended(clients, arn)["output"]) == {"Error": "Refused", "Cause": "Not today."}


def test_an_execution_that_takes_too_long_says_so_in_its_history(clients: Clients) -> None:
    arn = start(clients, {"A": {"Type": "Wait", "Seconds": 300, "End": True}}, TimeoutSeconds=1)
    assert when_ended(clients, arn)["status"] == "TIMED_OUT"
    assert history(clients, arn)[-1] == "ExecutionTimedOut"


def test_a_state_machine_from_cloudformation_is_executed(clients: Clients) -> None:
    definition = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": 7, "End": True}}})
    properties = {"StateMachineName": "deployed", "RoleArn": ROLE, "DefinitionString": definition}
    resource = {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties}
    template = {"Resources": {"Machine": resource}, "Outputs": {"Arn": {"Value": {"Ref": "Machine"}}}}
    clients("cloudformation").create_stack(StackName="machines", TemplateBody=json.dumps(template))
    clients("cloudformation").get_waiter("stack_create_complete").wait(
        StackName="machines", WaiterConfig={"Delay": 1, "MaxAttempts": 20}
    )
    (stack,) = clients("cloudformation").describe_stacks(StackName="machines")["Stacks"]
    machine = stack["Outputs"][0]["OutputValue"]
    arn = clients("stepfunctions").start_execution(stateMachineArn=machine)["executionArn"]
    assert when_ended(clients, arn)["output"] == "7"
