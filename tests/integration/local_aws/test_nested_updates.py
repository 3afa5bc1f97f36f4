"""What an update of a stack leaves over stays until the whole deployment has succeeded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Client = Callable[[str], Any]

BEFORE = """
    Resources:
      Replaced: {Type: AWS::SQS::Queue, Properties: {QueueName: first-name}}
      Leaving: {Type: AWS::SQS::Queue, Properties: {QueueName: leaving-nested}}
      Unnamed: {Type: AWS::SQS::Queue}
    Outputs:
      Leaving: {Value: !Ref Leaving}
    """
AFTER = """
    Resources:
      Replaced: {Type: AWS::SQS::Queue, Properties: {QueueName: second-name}}
      Unnamed: {Type: AWS::SQS::Queue}
    """
PARENT = """
    Resources:
      Inner: {{Type: AWS::CloudFormation::Stack, Properties: {{TemplateURL: "{url}"}}}}
      Last: {{Type: AWS::S3::Bucket, DependsOn: Inner, Properties: {{BucketName: "{bucket}"}}}}
    """
NAMES = {"first-name", "second-name", "leaving-nested"}


def queues(client: Client) -> set[str]:
    return NAMES & {url.rsplit("/", 1)[1] for url in client("sqs").list_queues().get("QueueUrls", [])}


def test_a_rollback_finds_what_a_nested_stack_had_replaced_and_removed(client: Client, stacks: Any) -> None:
    before, after = stacks.upload("before.template", BEFORE), stacks.upload("after.template", AFTER)
    stacks.deploy("parent", PARENT.format(url=before, bucket="last-one"))
    inner = stacks.physical_id("parent", "Inner")
    leaving = stacks.physical_id(inner, "Leaving")
    client("sqs").send_message(QueueUrl=leaving, MessageBody="still here")

    failed = stacks.deploy("parent", PARENT.format(url=after, bucket="Not a Bucket"))

    assert failed["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert queues(client) == {"first-name", "leaving-nested"}
    assert stacks.physical_id(inner, "Leaving") == leaving
    assert client("sqs").receive_message(QueueUrl=leaving)["Messages"][0]["Body"] == "still here"
    assert stacks.physical_id("parent", "Inner") == inner

    done = stacks.deploy("parent", PARENT.format(url=after, bucket="last-one"))
    assert done["StackStatus"] == "UPDATE_COMPLETE"
    assert stacks.wait(inner)["StackStatus"] == "UPDATE_COMPLETE"
    assert queues(client) == {"second-name"}


def test_a_template_is_given_out_with_addresses_that_the_sam_cli_knows_and_taken_with_them(stacks: Any) -> None:
    url = stacks.upload("addressed.template", "Resources: {Queue: {Type: AWS::SQS::Queue}}")
    template = f'Resources: {{Inner: {{Type: AWS::CloudFormation::Stack, Properties: {{TemplateURL: "{url}"}}}}}}'
    stacks.deploy("addressed", template)
    given = stacks.cloudformation.get_template(StackName="addressed", TemplateStage="Original")["TemplateBody"]
    address = "https://s3.us-east-1.amazonaws.com/deployments/addressed.template"
    assert f'TemplateURL: "{address}"' in given
    assert stacks.deploy("taken", template.replace(url, address))["StackStatus"] == "CREATE_COMPLETE"


def test_a_layer_is_published_anew_and_the_old_version_deleted_when_nothing_can_go_wrong_any_more(
    client: Client, stacks: Any, zip_of: Any
) -> None:
    for key in ("one", "two"):
        stacks.upload(f"{key}.zip", zip_of({"python/library.py": key}))
    template = """
        Parameters: {{Name: {{Type: String, Default: ok-bucket}}}}
        Resources:
          Libraries:
            Type: AWS::Lambda::LayerVersion
            Properties:
              LayerName: libraries
              CompatibleRuntimes: [python3.12]
              CompatibleArchitectures: [arm64]
              Content: {{S3Bucket: deployments, S3Key: {key}.zip}}
          Bucket: {{Type: AWS::S3::Bucket, DependsOn: Libraries, Properties: {{BucketName: !Ref Name}}}}
        Outputs: {{Layer: {{Value: !Ref Libraries}}}}
        """

    def versions() -> list[int]:
        return [
            each["Version"] for each in client("lambda").list_layer_versions(LayerName="libraries")["LayerVersions"]
        ]

    stacks.deploy("layered", template.format(key="one"))
    assert stacks.outputs("layered")["Layer"] == "arn:aws:lambda:us-east-1:123456789012:layer:libraries:1"
    assert stacks.deploy("layered", template.format(key="two"), Name="No Bucket")["StackStatus"].startswith("UPDATE_R")
    assert versions() == [1]
    stacks.deploy("layered", template.format(key="two"))
    assert versions() == [3]
    stacks.cloudformation.delete_stack(StackName="layered")
    stacks.cloudformation.get_waiter("stack_delete_complete").wait(StackName="layered", WaiterConfig={"Delay": 1})
    assert versions() == []
