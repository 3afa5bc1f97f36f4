from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

Client = Callable[[str], Any]

QUEUE = """
    Resources:
      Queue: {Type: AWS::SQS::Queue}
    """


def test_an_unknown_resource_type_fails_the_deployment_by_name(stacks: Any) -> None:
    change_set = stacks.change(
        "unknown-type", "Resources: {Lake: {Type: AWS::Foo::Bar}, Queue: {Type: AWS::SQS::Queue}}"
    )
    assert change_set["Status"] == "FAILED"
    assert change_set["StatusReason"] == "Template format error: Unrecognized resource types: [AWS::Foo::Bar]"


def test_an_unknown_resource_type_in_a_nested_stack_fails_the_deployment_by_name(client: Client, stacks: Any) -> None:
    url = stacks.upload("unknown.template", "Resources: {Lake: {Type: AWS::Foo::Bar}}")
    template = f"""
        Resources:
          Queue: {{Type: AWS::SQS::Queue, Properties: {{QueueName: short-lived}}}}
          Inner: {{Type: AWS::CloudFormation::Stack, DependsOn: Queue, Properties: {{TemplateURL: "{url}"}}}}
        """
    assert stacks.deploy("unknown-inside", template)["StackStatus"] == "ROLLBACK_COMPLETE"
    reason = "Template format error: Unrecognized resource types: [AWS::Foo::Bar]"
    assert stacks.failures("unknown-inside")["Inner"] == reason
    with pytest.raises(client("sqs").exceptions.QueueDoesNotExist):
        client("sqs").get_queue_url(QueueName="short-lived")


def test_an_invalid_sam_template_is_refused_in_sams_words(stacks: Any) -> None:
    template = """
        Transform: AWS::Serverless-2016-10-31
        Resources: {Painter: {Type: AWS::Serverless::Function, Properties: {Handler: 1, Colour: red}}}
        """
    change_set = stacks.change("invalid-sam", template)
    assert change_set["Status"] == "FAILED"
    assert "Painter" in change_set["StatusReason"]
    assert "Invalid Serverless Application Specification document" in change_set["StatusReason"]


@pytest.mark.parametrize(
    ("template", "parameters", "reason"),
    [
        ("Resources: {}", {}, "At least one Resources member must be defined"),
        ("Resources: {A: {Type: AWS::SQS::Queue, Properties: {QueueName: !Ref B}}}", {}, "dependencies [B]"),
        ("Resources: {A: {Type: AWS::SQS::Queue, DependsOn: B}}", {}, "dependencies [B]"),
        ("Parameters: {P: {Type: String}}\nResources: {A: {Type: AWS::SQS::Queue}}", {}, "[P] must have values"),
        ("Parameters: {P: {Type: Number, MinValue: 3}}\nResources: {A: {Type: AWS::SQS::Queue}}", {"P": "2"}, "'P'"),
        ("Resources: {A: {Type: AWS::SQS::Queue}}", {"Q": "2"}, "[Q] do not exist in the template"),
        ("Resources: [", {}, "Template format error"),
        ("Resources: {A: {Type: AWS::SQS::Queue}, A: {Type: AWS::SQS::Queue}}", {}, "given twice"),
    ],
)
def test_a_wrong_template_is_refused_with_the_reason(
    stacks: Any, template: str, parameters: dict[str, str], reason: str
) -> None:
    change_set = stacks.change("wrong-template", template, **parameters)
    assert change_set["Status"] == "FAILED"
    assert reason in change_set["StatusReason"]


def test_a_circle_of_resources_is_refused(stacks: Any) -> None:
    template = """
        Resources:
          A: {Type: AWS::SQS::Queue, Properties: {QueueName: !GetAtt B.QueueName}}
          B: {Type: AWS::SQS::Queue, Properties: {QueueName: !GetAtt A.QueueName}}
        """
    stacks.deploy("circle", template)
    assert "Circular dependency between resources: [A, B]" in stacks.wait("circle")["StackStatusReason"]


def test_a_failed_creation_is_rolled_back_and_says_why(client: Client, stacks: Any) -> None:
    template = """
        Resources:
          Fine: {Type: AWS::SQS::Queue, Properties: {QueueName: rolled-back}}
          Wrong:
            Type: AWS::Lambda::Function
            DependsOn: Fine
            Properties:
              {Role: arn:aws:iam::123456789012:role/nobody, Handler: a.b, Runtime: python3.12, Code: {ZipFile: ""}}
        """
    assert stacks.deploy("failing", template)["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "The role defined for the function cannot be assumed" in stacks.failures("failing")["Wrong"]
    statuses = [(event["LogicalResourceId"], event["ResourceStatus"]) for event in reversed(stacks.events("failing"))]
    assert statuses == [
        ("failing", "REVIEW_IN_PROGRESS"),
        ("failing", "CREATE_IN_PROGRESS"),
        ("Fine", "CREATE_IN_PROGRESS"),
        ("Fine", "CREATE_COMPLETE"),
        ("Wrong", "CREATE_IN_PROGRESS"),
        ("Wrong", "CREATE_FAILED"),
        ("failing", "ROLLBACK_IN_PROGRESS"),
        ("Fine", "DELETE_IN_PROGRESS"),
        ("Fine", "DELETE_COMPLETE"),
        ("failing", "ROLLBACK_COMPLETE"),
    ]
    with pytest.raises(client("sqs").exceptions.QueueDoesNotExist):
        client("sqs").get_queue_url(QueueName="rolled-back")
    with pytest.raises(ClientError, match="ROLLBACK_COMPLETE state and can not be updated"):
        stacks.change("failing", QUEUE)


def test_a_failed_update_leaves_everything_as_it_was(client: Client, stacks: Any) -> None:
    before = """
        Resources:
          Log: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: kept-log, RetentionInDays: 30}}
          Old: {Type: AWS::SQS::Queue, Properties: {QueueName: old-queue}}
        """
    after = """
        Resources:
          Log: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: kept-log, RetentionInDays: 60}}
          Old: {Type: AWS::SQS::Queue, Properties: {QueueName: new-queue}}
          Wrong: {Type: AWS::S3::Bucket, DependsOn: [Log, Old], Properties: {BucketName: "Not a Bucket"}}
        """
    stacks.deploy("careful", before)
    assert stacks.deploy("careful", after)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert client("logs").describe_log_groups(logGroupNamePrefix="kept-log")["logGroups"][0]["retentionInDays"] == 30
    names = [url.rsplit("/", 1)[1] for url in client("sqs").list_queues().get("QueueUrls", [])]
    assert "old-queue" in names
    assert "new-queue" not in names
    assert stacks.change("careful", before)["StatusReason"].startswith(
        "The submitted information didn't contain changes"
    )


def test_what_left_the_template_is_deleted_unless_its_policy_keeps_it(client: Client, stacks: Any) -> None:
    template = """
        Resources:
          Staying: {Type: AWS::SQS::Queue, Properties: {QueueName: staying}}
          Leaving: {Type: AWS::SQS::Queue, Properties: {QueueName: leaving}}
          Kept: {Type: AWS::SQS::Queue, DeletionPolicy: Retain, Properties: {QueueName: retained}}
        """
    stacks.deploy("shrinking", template)
    stacks.deploy("shrinking", "Resources: {Staying: {Type: AWS::SQS::Queue, Properties: {QueueName: staying}}}")
    names = {url.rsplit("/", 1)[1] for url in client("sqs").list_queues()["QueueUrls"]}
    assert names & {"staying", "leaving", "retained"} == {"staying", "retained"}


def test_deleting_a_stack_deletes_what_is_in_it(client: Client, stacks: Any) -> None:
    url = stacks.upload("inner.template", "Resources: {Queue: {Type: AWS::SQS::Queue, Properties: {QueueName: inner}}}")
    template = f"""
        Resources:
          Inner: {{Type: AWS::CloudFormation::Stack, Properties: {{TemplateURL: "{url}"}}}}
          Group: {{Type: AWS::SageMaker::ModelPackageGroup, Properties: {{ModelPackageGroupName: doomed-group}}}}
        """
    stack_id = stacks.deploy("doomed-stack", template)["StackId"]
    stacks.cloudformation.delete_stack(StackName="doomed-stack")
    assert stacks.wait(stack_id)["StackStatus"] == "DELETE_COMPLETE"
    with pytest.raises(ClientError, match="does not exist"):
        stacks.cloudformation.describe_stacks(StackName="doomed-stack")
    with pytest.raises(client("sqs").exceptions.QueueDoesNotExist):
        client("sqs").get_queue_url(QueueName="inner")
    groups = client("sagemaker").list_model_package_groups()["ModelPackageGroupSummaryList"]
    assert "doomed-group" not in [group["ModelPackageGroupName"] for group in groups]


def test_a_bucket_with_data_is_not_deleted(client: Client, stacks: Any) -> None:
    stacks.deploy("hoard", "Resources: {Hoard: {Type: AWS::S3::Bucket, Properties: {BucketName: dragon-hoard}}}")
    client("s3").put_object(Bucket="dragon-hoard", Key="gold", Body=b"1")
    stacks.cloudformation.delete_stack(StackName="hoard")
    assert stacks.wait("hoard")["StackStatus"] == "DELETE_FAILED"
    assert "not empty" in stacks.failures("hoard")["Hoard"]


def test_intrinsic_functions_conditions_and_mappings(client: Client, stacks: Any) -> None:
    template = """
        Parameters:
          Kind: {Type: String, Default: small, AllowedValues: [small, large]}
          Zones: {Type: CommaDelimitedList, Default: "a, b"}
        Mappings: {Sizes: {small: {Days: 30}, large: {Days: 60}}}
        Conditions:
          IsLarge: !Equals [!Ref Kind, large]
          IsSmall: !Not [!Condition IsLarge]
        Resources:
          Log:
            Type: AWS::Logs::LogGroup
            Properties:
              LogGroupName: !Sub
                - "/${AWS::StackName}/${Name}/literal"
                - {Name: !Join ["-", [x, !Select [1, !Ref Zones]]]}
              RetentionInDays: !FindInMap [Sizes, !Ref Kind, Days]
              KmsKeyId: !If [IsLarge, some-key, !Ref AWS::NoValue]
          Extra: {Type: AWS::SQS::Queue, Condition: IsLarge}
        Outputs:
          Split: {Value: !Select [0, !Split ["/", "first/second"]]}
          Encoded: {Value: {Fn::Base64: hello}}
          Literal: {Value: !Sub "${!NotReplaced}"}
          Json: {Value: {Fn::ToJsonString: {a: !Ref Kind}}}
          Partition: {Value: !Sub "${AWS::Partition}:${AWS::Region}:${AWS::AccountId}:${AWS::URLSuffix}"}
          OnlyLarge: {Condition: IsLarge, Value: !Ref Extra}
          LogArn: {Value: !GetAtt Log.Arn, Export: {Name: !Sub "${AWS::StackName}-log"}}
        """
    stacks.deploy("functions", template)
    outputs = stacks.outputs("functions")
    arn = outputs.pop("LogArn")
    assert arn == "arn:aws:logs:us-east-1:123456789012:log-group:/functions/x-b/literal:*"
    assert outputs == {
        "Split": "first",
        "Encoded": "aGVsbG8=",
        "Literal": "${NotReplaced}",
        "Json": '{"a":"small"}',
        "Partition": "aws:us-east-1:123456789012:amazonaws.com",
    }
    group = client("logs").describe_log_groups(logGroupNamePrefix="/functions")["logGroups"][0]
    assert group["retentionInDays"] == 30
    stacks.deploy(
        "importer", "Resources: {Q: {Type: AWS::SQS::Queue}}\nOutputs: {A: {Value: !ImportValue functions-log}}"
    )
    assert stacks.outputs("importer")["A"] == arn
    stacks.deploy("functions", template, Kind="large")
    assert "OnlyLarge" in stacks.outputs("functions")


def test_resources_of_every_other_kind_are_created_updated_and_deleted(client: Client, stacks: Any) -> None:
    template = """
        Parameters: {Days: {Type: String, Default: "30"}}
        Resources:
          Sender: {Type: AWS::SES::EmailIdentity, Properties: {EmailIdentity: sender@example.com}}
          Group: {Type: AWS::SageMaker::ModelPackageGroup, Properties: {ModelPackageGroupName: every-kind}}
          Alarm:
            Type: AWS::CloudWatch::Alarm
            Properties: {Namespace: N, MetricName: M, Statistic: Sum, Period: 60, EvaluationPeriods: 1,
                         Threshold: !Ref Days, ComparisonOperator: GreaterThanThreshold, AlarmActions: [!Ref Topic]}
          Dashboard: {Type: AWS::CloudWatch::Dashboard, Properties: {DashboardName: d, DashboardBody: '{"widgets":[]}'}}
          Topic: {Type: AWS::SNS::Topic}
          Subscription: {Type: AWS::SNS::Subscription,
                         Properties: {TopicArn: !Ref Topic, Protocol: sqs, Endpoint: !GetAtt Queue.Arn}}
          Queue: {Type: AWS::SQS::Queue, Properties: {MessageRetentionPeriod: 3600}}
          QueuePolicy:
            Type: AWS::SQS::QueuePolicy
            Properties:
              Queues: [!Ref Queue]
              PolicyDocument: {Version: 2012-10-17, Statement:
                [{Effect: Allow, Principal: "*", Action: sqs:SendMessage, Resource: "*"}]}
          Role:
            Type: AWS::IAM::Role
            Properties:
              AssumeRolePolicyDocument: {Version: 2012-10-17, Statement:
                [{Effect: Allow, Principal: {Service: [scheduler.amazonaws.com, states.amazonaws.com]},
                  Action: sts:AssumeRole}]}
          Machine:
            Type: AWS::StepFunctions::StateMachine
            Properties: {RoleArn: !GetAtt Role.Arn, Definition: {StartAt: End, States: {End: {Type: Succeed}}}}
          Schedule:
            Type: AWS::Scheduler::Schedule
            Properties:
              ScheduleExpression: !Sub rate(${Days} days)
              FlexibleTimeWindow: {Mode: "OFF"}
              Target: {Arn: !Ref Machine, RoleArn: !GetAtt Role.Arn}
          Rule:
            Type: AWS::Events::Rule
            Properties:
              EventPattern: {source: [aws.s3], detail: {days: [!Ref Days]}}
              Targets: [{Id: queue, Arn: !GetAtt Queue.Arn}]
          Log: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: every-log, RetentionInDays: !Ref Days}}
          Filter:
            Type: AWS::Logs::MetricFilter
            Properties: {LogGroupName: !Ref Log, FilterPattern: "ERROR", MetricTransformations:
              [{MetricName: Errors, MetricNamespace: N, MetricValue: "1"}]}
          Key:
            Type: AWS::KMS::Key
            Properties:
              Description: !Sub for ${Days} days
              EnableKeyRotation: true
              PendingWindowInDays: 7
              KeyPolicy: {Version: 2012-10-17, Statement: [{Sid: !Sub "Days${Days}", Effect: Allow,
                Principal: {AWS: !Sub "arn:aws:iam::${AWS::AccountId}:root"}, Action: "kms:*", Resource: "*"}]}
          Setting: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: !Ref Days}}
        Outputs:
          Schedule: {Value: !Ref Schedule}
          Rule: {Value: !Ref Rule}
          Queue: {Value: !Ref Queue}
          Key: {Value: !Ref Key}
        """
    stack = stacks.deploy("every-kind", template)
    assert stack["StackStatus"] == "CREATE_COMPLETE", stacks.failures("every-kind")
    outputs = stacks.outputs("every-kind")
    schedule = client("scheduler").get_schedule(Name=outputs["Schedule"])
    assert schedule["ScheduleExpression"] == "rate(30 days)"
    stack = stacks.deploy("every-kind", template, Days="60")
    assert stack["StackStatus"] == "UPDATE_COMPLETE", stacks.failures("every-kind")
    assert client("scheduler").get_schedule(Name=outputs["Schedule"])["ScheduleExpression"] == "rate(60 days)"
    rule = client("events").describe_rule(Name=outputs["Rule"])
    assert json.loads(rule["EventPattern"])["detail"]["days"] == ["60"]
    kms, key = client("kms"), outputs["Key"]
    assert stacks.outputs("every-kind")["Key"] == key, "it was changed, not replaced"
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["Description"] == "for 60 days"
    assert "Days60" in kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is True
    assert client("cloudwatch").describe_alarms()["MetricAlarms"][0]["Threshold"] == 60.0
    identity = client("sesv2").get_email_identity(EmailIdentity="sender@example.com")
    assert identity["VerifiedForSendingStatus"] is True
    stacks.cloudformation.delete_stack(StackName=stack["StackId"])
    assert stacks.wait(stack["StackId"])["StackStatus"] == "DELETE_COMPLETE", stacks.failures(stack["StackId"])
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "PendingDeletion"
    assert client("scheduler").list_schedules()["Schedules"] == []
