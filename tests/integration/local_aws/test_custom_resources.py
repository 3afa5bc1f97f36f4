from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

Client = Callable[[str], Any]

SOURCE = """
import json, urllib.request

def handler(event, context):
    print("asked", json.dumps(event))
    wish = event["ResourceProperties"].get("Wish", "")
    if wish == "silence" and event["RequestType"] != "Delete":
        return
    if wish == "crash" and event["RequestType"] != "Delete":
        raise OSError("the disk is on fire")
    status = "FAILED" if wish == "failure" and event["RequestType"] != "Delete" else "SUCCESS"
    answer = {
        "Status": status, "Reason": "no paint left",
        "PhysicalResourceId": "made-of-" + event["ResourceProperties"]["Name"],
        "StackId": event["StackId"], "RequestId": event["RequestId"], "LogicalResourceId": event["LogicalResourceId"],
        "Data": {"Colour": "green"},
    }
    body = json.dumps(answer).encode()
    request = urllib.request.Request(event["ResponseURL"], body, {"Content-Type": ""}, method="PUT")
    urllib.request.urlopen(request, timeout=10)
"""


def template_of(name: str, wish: str = "") -> str:
    return f"""
        Resources:
          Role:
            Type: AWS::IAM::Role
            Properties:
              AssumeRolePolicyDocument: {{Version: 2012-10-17, Statement:
                [{{Effect: Allow, Principal: {{Service: lambda.amazonaws.com}}, Action: sts:AssumeRole}}]}}
              ManagedPolicyArns: [arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole]
          Painter:
            Type: AWS::Lambda::Function
            Properties:
              Handler: index.handler
              Runtime: python3.12
              Role: !GetAtt Role.Arn
              Timeout: 30
              Code: {{ZipFile: {json.dumps(SOURCE)}}}
          Paint:
            Type: Custom::Paint
            Properties:
              ServiceToken: !GetAtt Painter.Arn
              ServiceTimeout: 1
              Name: {name}
              Wish: "{wish}"
              Number: 3
              Nested: {{Flag: true}}
        Outputs:
          Colour: {{Value: !GetAtt Paint.Colour}}
          Id: {{Value: !Ref Paint}}
        """


@pytest.fixture
def asked(client: Client, stacks: Any) -> Callable[[str], list[dict[str, Any]]]:
    """The requests that a stack's function got so far."""

    def read(stack: str) -> list[dict[str, Any]]:
        group = f"/aws/lambda/{stacks.physical_id(stack, 'Painter')}"
        events = client("logs").filter_log_events(logGroupName=group)["events"]
        lines = [event["message"] for event in events if event["message"].startswith("asked ")]
        return [json.loads(line.removeprefix("asked ")) for line in lines]

    return read


def test_a_custom_resource_is_created_updated_replaced_and_deleted(
    client: Client, stacks: Any, asked: Callable[[str], list[dict[str, Any]]]
) -> None:
    stacks.deploy("painted", template_of("oak"))
    assert stacks.outputs("painted") == {"Colour": "green", "Id": "made-of-oak"}
    created = asked("painted")[0]
    assert created["RequestType"] == "Create"
    assert created["ResourceProperties"]["Number"] == "3"
    assert created["ResourceProperties"]["Nested"] == {"Flag": "true"}
    assert "PhysicalResourceId" not in created
    stacks.deploy("painted", template_of("ash"))
    requests = asked("painted")
    assert [(each["RequestType"], each.get("PhysicalResourceId")) for each in requests] == [
        ("Create", None),
        ("Update", "made-of-oak"),
        ("Delete", "made-of-oak"),
    ]
    assert requests[1]["OldResourceProperties"]["Name"] == "oak"
    assert stacks.outputs("painted")["Id"] == "made-of-ash"
    function = stacks.physical_id("painted", "Painter")
    stack_id = stacks.wait("painted")["StackId"]
    stacks.cloudformation.delete_stack(StackName="painted")
    assert stacks.wait(stack_id)["StackStatus"] == "DELETE_COMPLETE"
    events = client("logs").filter_log_events(logGroupName=f"/aws/lambda/{function}", filterPattern='"Delete"')[
        "events"
    ]
    assert any("made-of-ash" in event["message"] for event in events)
    assert not [bucket for bucket in client("s3").list_buckets()["Buckets"] if "response" in bucket["Name"]]


@pytest.mark.parametrize(
    ("wish", "reason"),
    [
        ("failure", "Message returned: no paint left"),
        ("crash", "failed before it answered: OSError: the disk is on fire"),
        ("silence", "did not receive a response from your Custom Resource"),
    ],
)
def test_a_custom_resource_that_fails_fails_the_deployment_with_its_reason(stacks: Any, wish: str, reason: str) -> None:
    name = f"custom-{wish}"
    assert stacks.deploy(name, template_of("oak", wish))["StackStatus"] == "ROLLBACK_COMPLETE"
    assert reason in stacks.failures(name)["Paint"]
