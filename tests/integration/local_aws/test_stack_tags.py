from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

Client = Callable[[str], Any]

INNER = """
    Resources:
      Queue: {Type: AWS::SQS::Queue}
      Topic: {Type: AWS::SNS::Topic, Properties: {Tags: [{Key: team, Value: its own}]}}
      Role:
        Type: AWS::IAM::Role
        Properties:
          AssumeRolePolicyDocument:
            Version: 2012-10-17
            Statement: [{Effect: Allow, Principal: {Service: sqs.amazonaws.com}, Action: sts:AssumeRole}]
      Bucket: {Type: AWS::S3::Bucket}
      Group: {Type: AWS::Scheduler::ScheduleGroup}
      Alarm:
        Type: AWS::CloudWatch::Alarm
        Properties:
          MetricName: m
          Namespace: n
          ComparisonOperator: LessThanThreshold
          EvaluationPeriods: 1
          Period: 60
          Statistic: Sum
          Threshold: 1
      Policy:
        Type: AWS::SNS::TopicPolicy
        Properties: {Topics: [!Ref Topic], PolicyDocument: {Version: 2012-10-17, Statement: []}}
    Outputs:
      Queue: {Value: !Ref Queue}
      Topic: {Value: !Ref Topic}
      Role: {Value: !Ref Role}
      Bucket: {Value: !Ref Bucket}
      Group: {Value: !GetAtt Group.Arn}
      Alarm: {Value: !GetAtt Alarm.Arn}
    """


@pytest.fixture
def deploy(stacks: Any) -> Iterator[Callable[[str], dict[str, str]]]:
    """Deploys a stack with tags around the inner one; returns what the inner one made."""

    def run(team: str) -> dict[str, str]:
        url = stacks.upload("tagged.template", INNER)
        outer = f"""
            Resources:
              Inner:
                Type: AWS::CloudFormation::Stack
                Properties:
                  TemplateURL: "{url}"
                  Tags: [{{Key: team, Value: {team}}}, {{Key: "greenlight:stack", Value: !Ref AWS::StackName}}]
            Outputs:
              Inner: {{Value: !Ref Inner}}
            """
        status = stacks.deploy("tagged", outer)["StackStatus"]
        assert status in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}, stacks.failures("tagged")
        inner: dict[str, str] = stacks.outputs(stacks.outputs("tagged")["Inner"])
        return inner

    yield run
    stack_id = stacks.wait("tagged")["StackId"]
    stacks.cloudformation.delete_stack(StackName="tagged")
    assert stacks.wait(stack_id)["StackStatus"] == "DELETE_COMPLETE"


def tags_of(client: Client, made: dict[str, str]) -> dict[str, dict[str, str]]:
    listed = {
        "Topic": client("sns").list_tags_for_resource(ResourceArn=made["Topic"])["Tags"],
        "Role": client("iam").list_role_tags(RoleName=made["Role"])["Tags"],
        "Bucket": client("s3").get_bucket_tagging(Bucket=made["Bucket"])["TagSet"],
        "Group": client("scheduler").list_tags_for_resource(ResourceArn=made["Group"])["Tags"],
        "Alarm": client("cloudwatch").list_tags_for_resource(ResourceARN=made["Alarm"])["Tags"],
    }
    found = {name: {each["Key"]: each["Value"] for each in tags} for name, tags in listed.items()}
    return {**found, "Queue": client("sqs").list_queue_tags(QueueUrl=made["Queue"])["Tags"]}


def test_a_stacks_tags_reach_everything_in_the_stacks_inside_it_that_takes_tags(
    client: Client, deploy: Callable[[str], dict[str, str]]
) -> None:
    made = deploy("films")
    everywhere = {"team": "films", "greenlight:stack": "tagged"}
    assert tags_of(client, made) == {
        "Queue": everywhere,
        "Topic": {**everywhere, "team": "its own"},
        "Role": everywhere,
        "Bucket": everywhere,
        "Group": everywhere,
        "Alarm": everywhere,
    }
    again = deploy("books")
    assert again == made, "another tag takes no new resource"
    assert tags_of(client, again)["Bucket"]["team"] == "books"
