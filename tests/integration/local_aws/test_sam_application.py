from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

Client = Callable[[str], Any]
ZipOf = Callable[[Mapping[str, str]], bytes]
DEPLOYMENT_BUCKET = "deployments"

STORAGE = """
    AWSTemplateFormatVersion: 2010-09-09
    Transform: AWS::Serverless-2016-10-31
    Parameters:
      ExpirationDays: {Type: Number, MinValue: 30}
    Resources:
      Bucket:
        Type: AWS::S3::Bucket
        Properties:
          BucketEncryption:
            ServerSideEncryptionConfiguration: [{ServerSideEncryptionByDefault: {SSEAlgorithm: AES256}}]
          PublicAccessBlockConfiguration: {BlockPublicAcls: true, BlockPublicPolicy: true}
          OwnershipControls: {Rules: [{ObjectOwnership: BucketOwnerEnforced}]}
          VersioningConfiguration: {Status: Enabled}
          NotificationConfiguration: {EventBridgeConfiguration: {EventBridgeEnabled: true}}
          LifecycleConfiguration:
            Rules:
              - {Id: expire, Status: Enabled, Prefix: runs/, ExpirationInDays: !Ref ExpirationDays}
              - Id: tidy
                Status: Enabled
                NoncurrentVersionExpiration: {NoncurrentDays: 30}
                AbortIncompleteMultipartUpload: {DaysAfterInitiation: 7}
      BucketPolicy:
        Type: AWS::S3::BucketPolicy
        Properties:
          Bucket: !Ref Bucket
          PolicyDocument:
            Version: 2012-10-17
            Statement:
              - {Effect: Deny, Principal: "*", Action: s3:*, Resource: !Sub "${Bucket.Arn}/*",
                 Condition: {Bool: {aws:SecureTransport: "false"}}}
      Table:
        Type: AWS::DynamoDB::Table
        Properties:
          BillingMode: PAY_PER_REQUEST
          AttributeDefinitions: [{AttributeName: pk, AttributeType: S}, {AttributeName: sk, AttributeType: S}]
          KeySchema: [{AttributeName: pk, KeyType: HASH}, {AttributeName: sk, KeyType: RANGE}]
          PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: true}
          SSESpecification: {SSEEnabled: true}
          TimeToLiveSpecification: {AttributeName: delete_after, Enabled: true}
    Outputs:
      Bucket: {Value: !Ref Bucket}
      Table: {Value: !Ref Table}
    """

WORKFLOW = """
    AWSTemplateFormatVersion: "2010-09-09"
    Transform: AWS::Serverless-2016-10-31
    Parameters:
      Table: {Type: String}
      Prefix: {Type: String}
      Colour: {Type: String, Default: green}
    Globals:
      Function:
        Runtime: python3.12
        Architectures: [arm64]
        CodeUri: CODE_URI
        MemorySize: 512
        Environment: {Variables: {TABLE: !Ref Table}}
    Resources:
      PaintFunction:
        Type: AWS::Serverless::Function
        Properties:
          Handler: app.handler
          Timeout: 7
          AutoPublishAlias: live
          Environment: {Variables: {COLOUR: !Sub "very ${Colour}"}}
          Policies:
            - Version: "2012-10-17"
              Statement:
                - {Effect: Allow, Action: dynamodb:GetItem,
                   Resource: !Sub "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${Table}"}
          Events:
            Show:
              Type: HttpApi
              Properties: {ApiId: !Ref Api, Method: GET, Path: "/paint/{shade}"}
      Api:
        Type: AWS::Serverless::HttpApi
      Machine:
        Type: AWS::Serverless::StateMachine
        Properties:
          Name: !Sub ${Prefix}-paint
          DefinitionUri: DEFINITION_URI
          DefinitionSubstitutions: {PaintFunctionArn: !GetAtt PaintFunction.Arn}
          Policies:
            - LambdaInvokePolicy: {FunctionName: !Ref PaintFunction}
            - Version: 2012-10-17
              Statement: [{Effect: Allow, Action: "logs:*", Resource: "*"}]
          Logging:
            Level: ALL
            IncludeExecutionData: true
            Destinations: [{CloudWatchLogsLogGroup: {LogGroupArn: !GetAtt MachineLog.Arn}}]
      MachineLog:
        Type: AWS::Logs::LogGroup
        Properties: {LogGroupName: !Sub "/aws/vendedlogs/states/${Prefix}-paint", RetentionInDays: 90}
    Outputs:
      MachineArn: {Value: !Ref Machine}
      FunctionName: {Value: !Ref PaintFunction}
      Url: {Value: !Sub "${Api.ApiEndpoint}/paint"}
    """

ROOT = """
    AWSTemplateFormatVersion: "2010-09-09"
    Transform: AWS::Serverless-2016-10-31
    Parameters:
      Colour: {Type: String, Default: green}
      Days: {Type: Number, Default: 365, MaxValue: 3650}
    Resources:
      Storage:
        Type: AWS::Serverless::Application
        Properties:
          Location: STORAGE_URL
          Parameters: {ExpirationDays: !Ref Days}
      Workflow:
        Type: AWS::Serverless::Application
        Properties:
          Location: WORKFLOW_URL
          Parameters:
            Table: !GetAtt Storage.Outputs.Table
            Prefix: !Ref AWS::StackName
            Colour: !Ref Colour
    Outputs:
      Bucket: {Value: !GetAtt Storage.Outputs.Bucket}
      Table: {Value: !GetAtt Storage.Outputs.Table}
      MachineArn: {Value: !GetAtt Workflow.Outputs.MachineArn}
      FunctionName: {Value: !GetAtt Workflow.Outputs.FunctionName}
      Url: {Value: !GetAtt Workflow.Outputs.Url}
    """

DEFINITION = {
    "StartAt": "Paint",
    "States": {"Paint": {"Type": "Task", "Resource": "${PaintFunctionArn}", "ResultPath": "$.paint", "End": True}},
}


class App:
    """The two-storey application above; every deployment uploads what it is made of under new keys."""

    def __init__(self, stacks: Any, zip_of: ZipOf, name: str) -> None:
        self._stacks, self._zip_of, self.name = stacks, zip_of, name
        self.source = "import os\ndef handler(event, context): return [os.environ['COLOUR'], context.function_version]"
        self.storage = STORAGE

    def template(self) -> str:
        code = self._zip_of({"app.py": self.source})
        key = f"{hash(code):x}".replace("-", "m")
        self._stacks.upload(key, code)
        definition = self._stacks.upload("definition.json", json.dumps(DEFINITION))
        workflow = WORKFLOW.replace("CODE_URI", f"s3://{DEPLOYMENT_BUCKET}/{key}")
        workflow = workflow.replace("DEFINITION_URI", f"s3://{DEPLOYMENT_BUCKET}/{definition.rsplit('/', 1)[1]}")
        storage_url = self._stacks.upload(f"{abs(hash(self.storage)):x}.template", self.storage)
        workflow_url = self._stacks.upload(f"{abs(hash(workflow)):x}.template", workflow)
        return ROOT.replace("STORAGE_URL", storage_url).replace("WORKFLOW_URL", workflow_url)

    def deploy(self, **parameters: str) -> None:
        stack = self._stacks.deploy(self.name, self.template(), **parameters)
        assert stack["StackStatus"] in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}, self._stacks.failures(self.name)


@pytest.fixture
def app(stacks: Any, zip_of: ZipOf, request: pytest.FixtureRequest) -> App:
    return App(stacks, zip_of, "app-" + request.node.name.replace("_", "-")[-40:])


def test_a_sam_application_with_nested_stacks_is_deployed_whole(client: Client, stacks: Any, app: App) -> None:
    app.deploy()
    outputs = stacks.outputs(app.name)
    function = client("lambda").get_function_configuration(FunctionName=outputs["FunctionName"])
    assert function["Timeout"] == 7
    assert function["MemorySize"] == 512
    assert function["Handler"] == "app.handler"
    assert function["Environment"]["Variables"] == {"TABLE": outputs["Table"], "COLOUR": "very green"}
    role = function["Role"].rsplit("/", 1)[1]
    statement = client("iam").get_role_policy(RoleName=role, PolicyName="PaintFunctionRolePolicy0")["PolicyDocument"]
    assert statement["Statement"][0]["Resource"].endswith(f":table/{outputs['Table']}")
    s3 = client("s3")
    rules = s3.get_bucket_lifecycle_configuration(Bucket=outputs["Bucket"])["Rules"]
    assert [rule["ID"] for rule in rules] == ["expire", "tidy"]
    assert rules[0]["Expiration"]["Days"] == 365
    assert s3.get_bucket_versioning(Bucket=outputs["Bucket"])["Status"] == "Enabled"
    assert "Deny" in s3.get_bucket_policy(Bucket=outputs["Bucket"])["Policy"]
    dynamodb = client("dynamodb")
    ttl = dynamodb.describe_time_to_live(TableName=outputs["Table"])["TimeToLiveDescription"]
    assert ttl["AttributeName"] == "delete_after"
    assert dynamodb.describe_table(TableName=outputs["Table"])["Table"]["BillingModeSummary"]["BillingMode"] == (
        "PAY_PER_REQUEST"
    )
    machine = client("stepfunctions").describe_state_machine(stateMachineArn=outputs["MachineArn"])
    assert machine["name"] == f"{app.name}-paint"
    assert json.loads(machine["definition"])["States"]["Paint"]["Resource"] == function["FunctionArn"]
    assert "/_api/" in outputs["Url"]
    alias = client("lambda").get_alias(FunctionName=outputs["FunctionName"], Name="live")
    assert alias["FunctionVersion"] == "1"


def test_the_same_again_changes_nothing(stacks: Any, app: App) -> None:
    app.deploy()
    change_set = stacks.change(app.name, app.template())
    assert change_set["Status"] == "FAILED"
    assert "didn't contain changes" in change_set["StatusReason"]


def test_a_parameter_reaches_what_uses_it_through_nested_stacks(client: Client, stacks: Any, app: App) -> None:
    app.deploy()
    before = stacks.outputs(app.name)
    change_set = stacks.change(app.name, app.template(), Colour="blue")
    assert [each["ResourceChange"]["LogicalResourceId"] for each in change_set["Changes"]] == ["Workflow"]
    app.deploy(Colour="blue")
    assert stacks.outputs(app.name) == before
    function = client("lambda").get_function_configuration(FunctionName=before["FunctionName"])
    assert function["Environment"]["Variables"]["COLOUR"] == "very blue"


def test_new_code_is_a_new_version_behind_the_alias(client: Client, stacks: Any, app: App) -> None:
    app.deploy()
    app.source = "def handler(event, context): return 'new'"
    app.deploy()
    name = stacks.outputs(app.name)["FunctionName"]
    answer = client("lambda").invoke(FunctionName=name, Qualifier="live", Payload=b"{}")
    assert (json.loads(answer["Payload"].read()), answer["ExecutedVersion"]) == ("new", "2")


def test_a_changed_nested_template_keeps_the_data(client: Client, stacks: Any, app: App) -> None:
    app.deploy()
    outputs = stacks.outputs(app.name)
    client("s3").put_object(Bucket=outputs["Bucket"], Key="data", Body=b"precious")
    app.storage = STORAGE.replace("NoncurrentDays: 30", "NoncurrentDays: 60")
    app.deploy(Days="400")
    assert stacks.outputs(app.name) == outputs
    rules = client("s3").get_bucket_lifecycle_configuration(Bucket=outputs["Bucket"])["Rules"]
    assert (rules[0]["Expiration"]["Days"], rules[1]["NoncurrentVersionExpiration"]["NoncurrentDays"]) == (400, 60)
    assert client("s3").get_object(Bucket=outputs["Bucket"], Key="data")["Body"].read() == b"precious"
