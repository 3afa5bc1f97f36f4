"""Events that reach their targets and schedules that fire, on the laptop's server through its APIs."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

PATIENCE_SECONDS = 30.0

TEMPLATE = """
AWSTemplateFormatVersion: "2010-09-09"
Resources:
  Bucket:
    Type: AWS::S3::Bucket
    Properties:
      VersioningConfiguration: {Status: Enabled}
      NotificationConfiguration: {EventBridgeConfiguration: {EventBridgeEnabled: true}}
  Silent:
    Type: AWS::S3::Bucket
  Heard:
    Type: AWS::SQS::Queue
  Dead:
    Type: AWS::SQS::Queue
  QueuePolicy:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref Heard, !Ref Dead]
      PolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Principal: {Service: events.amazonaws.com}
            Action: sqs:SendMessage
            Resource: [!GetAtt Heard.Arn, !GetAtt Dead.Arn]
            Condition:
              ArnLike:
                aws:SourceArn: !Sub arn:aws:events:${AWS::Region}:${AWS::AccountId}:rule/events-*
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Principal:
              Service: [events.amazonaws.com, lambda.amazonaws.com, scheduler.amazonaws.com, states.amazonaws.com]
            Action: sts:AssumeRole
      Policies:
        - PolicyName: all
          PolicyDocument:
            Version: "2012-10-17"
            Statement:
              - Effect: Allow
                Action: ["lambda:InvokeFunction", "sqs:SendMessage", "states:StartExecution", "logs:*"]
                Resource: "*"
  Function:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: python3.12
      Handler: index.handler
      Role: !GetAtt Role.Arn
      Code:
        ZipFile: |
          def handler(event, context):
              raise ValueError("this one never works")
  Failures:
    Type: AWS::Lambda::EventInvokeConfig
    Properties:
      FunctionName: !Ref Function
      Qualifier: $LATEST
      MaximumRetryAttempts: 0
      DestinationConfig: {OnFailure: {Destination: !GetAtt Dead.Arn}}
  Permission:
    Type: AWS::Lambda::Permission
    Properties:
      FunctionName: !Ref Function
      Action: lambda:InvokeFunction
      Principal: events.amazonaws.com
      SourceArn: !GetAtt OrderRule.Arn
  Machine:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      RoleArn: !GetAtt Role.Arn
      Definition:
        StartAt: Wait
        States: {Wait: {Type: Wait, SecondsPath: $.seconds, End: true}}
  UploadRule:
    Type: AWS::Events::Rule
    Properties:
      EventPattern:
        source: [aws.s3]
        detail-type: [Object Created]
        detail: {bucket: {name: [!Ref Bucket, !Ref Silent]}, object: {key: [prefix: incoming/]}}
      Targets:
        - {Id: heard, Arn: !GetAtt Heard.Arn}
  EndRule:
    Type: AWS::Events::Rule
    Properties:
      EventPattern:
        source: [aws.states]
        detail: {stateMachineArn: [!Ref Machine], status: [SUCCEEDED, ABORTED]}
      Targets:
        - {Id: heard, Arn: !GetAtt Heard.Arn, InputPath: $.detail}
  OrderRule:
    Type: AWS::Events::Rule
    Properties:
      EventPattern: {source: [shop], detail: {kind: [order]}}
      Targets:
        - {Id: function, Arn: !GetAtt Function.Arn, InputPath: $.detail}
        - Id: machine
          Arn: !Ref Machine
          RoleArn: !GetAtt Role.Arn
          InputTransformer:
            InputPathsMap: {number: $.detail.number}
            InputTemplate: '{"order": <number>, "text": "order <number>", "seconds": 0}'
  Topic:
    Type: AWS::SNS::Topic
    Properties:
      Subscription:
        - {Protocol: sqs, Endpoint: !GetAtt Heard.Arn}
  TopicPolicy:
    Type: AWS::SNS::TopicPolicy
    Properties:
      Topics: [!Ref Topic]
      PolicyDocument:
        Version: "2012-10-17"
        Statement:
          - {Effect: Allow, Principal: {Service: events.amazonaws.com}, Action: "sns:Publish", Resource: !Ref Topic}
  NewsRule:
    Type: AWS::Events::Rule
    Properties:
      EventPattern: {source: [shop], detail: {kind: [news]}}
      Targets:
        - {Id: topic, Arn: !Ref Topic, Input: '"There is news."'}
  NoRole:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Principal: {Service: [events.amazonaws.com, scheduler.amazonaws.com]}
            Action: sts:AssumeRole
      Policies:
        - PolicyName: letters
          PolicyDocument:
            Version: "2012-10-17"
            Statement:
              - {Effect: Allow, Action: "sqs:SendMessage", Resource: !GetAtt Dead.Arn}
  ForbiddenRule:
    Type: AWS::Events::Rule
    Properties:
      EventPattern: {source: [shop], detail: {kind: [forbidden]}}
      Targets:
        - {Id: function, Arn: !GetAtt Function.Arn, DeadLetterConfig: {Arn: !GetAtt Dead.Arn}}
        - {Id: machine, Arn: !Ref Machine, RoleArn: !GetAtt NoRole.Arn, DeadLetterConfig: {Arn: !GetAtt Dead.Arn}}
  ReturnRule:
    Type: AWS::Events::Rule
    Properties:
      EventPattern: {source: [shop], detail: {kind: [return]}}
      Targets:
        - Id: gone
          Arn: !Sub arn:aws:states:${AWS::Region}:${AWS::AccountId}:stateMachine:no-such-machine
          RoleArn: !GetAtt Role.Arn
          RetryPolicy: {MaximumRetryAttempts: 3, MaximumEventAgeInSeconds: 60}
          DeadLetterConfig: {Arn: !GetAtt Dead.Arn}
Outputs:
  Bucket: {Value: !Ref Bucket}
  Silent: {Value: !Ref Silent}
  Heard: {Value: !Ref Heard}
  Dead: {Value: !Ref Dead}
  DeadArn: {Value: !GetAtt Dead.Arn}
  Function: {Value: !GetAtt Function.Arn}
  Machine: {Value: !Ref Machine}
  Role: {Value: !GetAtt Role.Arn}
  NoRole: {Value: !GetAtt NoRole.Arn}
"""


@pytest.fixture(scope="module")
def outputs(stacks: Any) -> dict[str, str]:
    stack = stacks.deploy("events", TEMPLATE)
    assert stack["StackStatus"] == "CREATE_COMPLETE", stacks.failures("events")
    given: dict[str, str] = stacks.outputs("events")
    return given


@pytest.fixture
def messages(client: Callable[[str], Any]) -> Callable[[str, int], list[dict[str, Any]]]:
    """Take messages out of a queue until there are as many as expected, and no more for a moment."""
    sqs = client("sqs")

    def take(queue: str, count: int) -> list[dict[str, Any]]:
        taken: list[dict[str, Any]] = []
        deadline = time.monotonic() + PATIENCE_SECONDS
        while len(taken) < count and time.monotonic() < deadline:
            answer = sqs.receive_message(
                QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1, MessageAttributeNames=["All"]
            )
            for message in answer.get("Messages", []):
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
                taken.append(message)
        assert len(taken) == count, taken
        assert "Messages" not in sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1)
        return taken

    return take


def executions(client: Callable[[str], Any], machine: str, count: int, **wanted: object) -> list[dict[str, Any]]:
    """Inputs of the executions that hold the wanted values, as soon as there are as many as expected."""
    stepfunctions = client("stepfunctions")
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        arns = [each["executionArn"] for each in stepfunctions.list_executions(stateMachineArn=machine)["executions"]]
        inputs = [json.loads(stepfunctions.describe_execution(executionArn=arn)["input"]) for arn in arns]
        found = [each for each in inputs if wanted.items() <= each.items()]
        if len(found) >= count or time.monotonic() > deadline:
            assert len(found) == count, inputs
            return found
        time.sleep(0.1)


def test_an_object_is_told_of_however_it_was_written(
    client: Callable[[str], Any], outputs: dict[str, str], messages: Callable[[str, int], list[dict[str, Any]]]
) -> None:
    s3, bucket = client("s3"), outputs["Bucket"]
    put = s3.put_object(Bucket=bucket, Key="incoming/reviews/a b.csv", Body=b"text")
    s3.copy_object(Bucket=bucket, Key="incoming/reviews/c.csv", CopySource=f"{bucket}/incoming/reviews/a b.csv")
    upload = s3.create_multipart_upload(Bucket=bucket, Key="incoming/reviews/m.csv")["UploadId"]
    part = s3.upload_part(Bucket=bucket, Key="incoming/reviews/m.csv", UploadId=upload, PartNumber=1, Body=b"more")
    s3.complete_multipart_upload(
        Bucket=bucket,
        Key="incoming/reviews/m.csv",
        UploadId=upload,
        MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]},
    )
    # Neither another folder, nor a deletion, nor a bucket that was not told to.
    s3.put_object(Bucket=bucket, Key="data/reviews/a.csv", Body=b"text")
    s3.put_object(Bucket=outputs["Silent"], Key="incoming/reviews/a.csv", Body=b"text")
    s3.delete_object(Bucket=bucket, Key="incoming/reviews/c.csv")
    heard = [json.loads(message["Body"]) for message in messages(outputs["Heard"], 3)]
    by_reason = {event["detail"]["reason"]: event for event in heard}
    assert set(by_reason) == {"PutObject", "CopyObject", "CompleteMultipartUpload"}
    event = by_reason["PutObject"]
    assert (event["source"], event["detail-type"]) == ("aws.s3", "Object Created")
    assert event["resources"] == [f"arn:aws:s3:::{bucket}"]
    assert datetime.strptime(event["time"], "%Y-%m-%dT%H:%M:%S%z").utcoffset() == timedelta(0)
    stored = event["detail"]["object"]
    assert stored.pop("sequencer")
    assert stored == {
        "key": "incoming/reviews/a b.csv",
        "size": 4,
        "etag": put["ETag"].strip('"'),
        "version-id": put["VersionId"],
    }
    assert event["detail"]["bucket"] == {"name": bucket}
    assert by_reason["CompleteMultipartUpload"]["detail"]["object"]["key"] == "incoming/reviews/m.csv"


def test_an_event_starts_a_state_machine_and_a_function_whose_failure_is_kept(
    client: Callable[[str], Any], outputs: dict[str, str], messages: Callable[[str, int], list[dict[str, Any]]]
) -> None:
    detail = {"kind": "order", "number": 7}
    entries = [
        {"Source": "shop", "DetailType": "Order", "Detail": json.dumps(detail)},
        {"Source": "shop", "DetailType": "Order", "Detail": json.dumps({"kind": "question", "number": 8})},
    ]
    assert client("events").put_events(Entries=entries)["FailedEntryCount"] == 0
    assert executions(client, outputs["Machine"], 1, order=7) == [{"order": 7, "text": "order 7", "seconds": 0}]
    [message] = messages(outputs["Dead"], 1)
    record = json.loads(message["Body"])
    assert record["requestPayload"] == detail
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 1
    assert record["responsePayload"]["errorType"] == "ValueError"
    # Two executions ended: this one, and none other.
    [ended] = messages(outputs["Heard"], 1)
    assert json.loads(ended["Body"])["status"] == "SUCCEEDED"


def test_an_event_is_published_to_a_topic(
    client: Callable[[str], Any], outputs: dict[str, str], messages: Callable[[str, int], list[dict[str, Any]]]
) -> None:
    entry = {"Source": "shop", "DetailType": "News", "Detail": json.dumps({"kind": "news"})}
    client("events").put_events(Entries=[entry])
    [message] = messages(outputs["Heard"], 1)
    assert json.loads(message["Body"])["Message"] == '"There is news."'


def test_an_event_that_cannot_be_delivered_is_a_dead_letter(
    client: Callable[[str], Any], outputs: dict[str, str], messages: Callable[[str, int], list[dict[str, Any]]]
) -> None:
    entry = {"Source": "shop", "DetailType": "Return", "Detail": json.dumps({"kind": "return"})}
    client("events").put_events(Entries=[entry])
    [message] = messages(outputs["Dead"], 1)
    assert json.loads(message["Body"])["detail"] == {"kind": "return"}
    attributes = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert attributes["ERROR_CODE"] == "StateMachineDoesNotExist"
    assert attributes["RETRY_ATTEMPTS"] == "0"
    assert attributes["TARGET_ARN"].endswith(":stateMachine:no-such-machine")


def test_an_event_reaches_nobody_who_has_not_allowed_it(
    client: Callable[[str], Any], outputs: dict[str, str], messages: Callable[[str, int], list[dict[str, Any]]]
) -> None:
    entry = {"Source": "shop", "DetailType": "Forbidden", "Detail": json.dumps({"kind": "forbidden"})}
    client("events").put_events(Entries=[entry])
    codes = {}
    for message in messages(outputs["Dead"], 2):
        attributes = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
        codes[attributes["TARGET_ARN"]] = attributes["ERROR_CODE"]
    # The function's policy is for another rule, and the role of the target may not start the state machine.
    assert codes == {outputs["Function"]: "NO_PERMISSIONS", outputs["Machine"]: "AccessDeniedException"}


def test_the_end_of_an_execution_is_an_event(
    client: Callable[[str], Any], outputs: dict[str, str], messages: Callable[[str, int], list[dict[str, Any]]]
) -> None:
    stepfunctions = client("stepfunctions")
    begun = stepfunctions.start_execution(stateMachineArn=outputs["Machine"], name="stopped", input='{"seconds": 600}')
    stepfunctions.stop_execution(executionArn=begun["executionArn"], error="Test", cause="enough")
    [message] = messages(outputs["Heard"], 1)
    detail = json.loads(message["Body"])
    assert {
        name: detail[name] for name in ("name", "status", "executionArn", "stateMachineArn", "input", "output")
    } == {
        "name": "stopped",
        "status": "ABORTED",
        "executionArn": begun["executionArn"],
        "stateMachineArn": outputs["Machine"],
        "input": '{"seconds": 600}',
        "output": None,
    }
    assert detail["stopDate"] >= detail["startDate"]


def test_a_schedule_fires_and_is_gone_and_what_its_role_may_not_do_is_a_dead_letter(
    client: Callable[[str], Any], outputs: dict[str, str], messages: Callable[[str, int], list[dict[str, Any]]]
) -> None:
    scheduler = client("scheduler")
    soon = datetime.now(UTC) + timedelta(seconds=2)
    when = f"{soon:%Y-%m-%dT%H:%M:%S}"
    for name, role in {"starts": outputs["Role"], "fails": outputs["NoRole"]}.items():
        scheduler.create_schedule(
            Name=name,
            ScheduleExpression=f"at({when})",
            FlexibleTimeWindow={"Mode": "OFF"},
            ActionAfterCompletion="DELETE",
            Target={
                "Arn": outputs["Machine"],
                "RoleArn": role,
                "Input": '{"seconds": 0, "at": "<aws.scheduler.scheduled-time>", "by": "<aws.scheduler.schedule-arn>"}',
                "DeadLetterConfig": {"Arn": outputs["DeadArn"]},
            },
        )
    [started] = executions(client, outputs["Machine"], 1, at=f"{when}Z")
    assert started["by"] == "arn:aws:scheduler:us-east-1:123456789012:schedule/default/starts"
    [dead] = messages(outputs["Dead"], 1)
    assert json.loads(dead["Body"])["at"] == f"{when}Z"
    assert dead["MessageAttributes"]["SCHEDULE_ARN"]["StringValue"].endswith("/fails")
    assert dead["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "AccessDeniedException"
    assert scheduler.list_schedules(GroupName="default")["Schedules"] == []
    messages(outputs["Heard"], 1)


def test_a_bad_expression_fails_the_deployment_by_name(stacks: Any, outputs: dict[str, str]) -> None:
    template = f"""
        Resources:
          Weekly:
            Type: AWS::Scheduler::Schedule
            Properties:
              ScheduleExpression: cron(0 25 ? * MON *)
              FlexibleTimeWindow: {{Mode: "OFF"}}
              Target: {{Arn: "{outputs["Machine"]}", RoleArn: "{outputs["Role"]}"}}
    """
    assert stacks.deploy("badcron", template)["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "Invalid Schedule Expression cron(0 25 ? * MON *)." in stacks.failures("badcron")["Weekly"]


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ({"source": [{"starts-with": "aws"}]}, 'source: the comparison {"starts-with": "aws"} is not known'),
        ({"source": "aws.s3"}, "source must be an object or an array"),
    ],
)
def test_a_rule_with_a_pattern_that_nobody_knows_is_refused(
    client: Callable[[str], Any], pattern: dict[str, Any], words: str
) -> None:
    with pytest.raises(ClientError) as refused:
        client("events").put_rule(Name="odd", EventPattern=json.dumps(pattern))
    assert refused.value.response["Error"]["Code"] == "InvalidEventPatternException"
    assert words in refused.value.response["Error"]["Message"]


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ({"Arn": "arn:aws:logs:us-east-1:123456789012:log-group:g"}, "call lambda, states, sqs, sns only"),
        ({"Arn": "arn:aws:states:us-east-1:123456789012:stateMachine:m"}, "RoleArn is required"),
        (
            {"Arn": "arn:aws:sqs:us-east-1:123456789012:q", "Input": "{}", "InputPath": "$.detail"},
            "Only one of Input, InputPath, or InputTransformer",
        ),
    ],
)
def test_a_target_that_the_laptop_does_not_call_is_refused(
    client: Callable[[str], Any], target: dict[str, Any], words: str
) -> None:
    events = client("events")
    events.put_rule(Name="targets", EventPattern='{"source": ["nobody"]}')
    with pytest.raises(ClientError, match=words):
        events.put_targets(Rule="targets", Targets=[{"Id": "t", **target}])
