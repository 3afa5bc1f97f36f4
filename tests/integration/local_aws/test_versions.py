"""Versions and aliases as CloudFormation makes them on the laptop."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import psutil
import pytest

Client = Callable[[str], Any]
MakeFunction = Callable[..., str]

TEMPLATE = """
    Transform: AWS::Serverless-2016-10-31
    Parameters:
      Deployment: {Type: String}
      Colour: {Type: String, Default: green}
      Word: {Type: String, Default: one}
      Type: {Type: String, Default: ALL_AT_ONCE}
    Resources:
      Paint:
        Type: AWS::Serverless::Function
        Properties:
          InlineCode: "import os\\ndef handler(event, context): return [os.environ.get('COLOUR'), os.getpid()]"
          Handler: index.handler
          Runtime: python3.12
          AutoPublishAlias: live
          AutoPublishCodeSha256: !Ref Deployment
          Environment: {Variables: {COLOUR: !Ref Colour}}
      Machine:
        Type: AWS::Serverless::StateMachine
        Properties:
          AutoPublishAlias: live
          DeploymentPreference: {Type: !Ref Type}
          Definition:
            StartAt: Say
            States:
              Say: {Type: Pass, Result: !Ref Word, Next: Paint}
              Paint: {Type: Task, Resource: !Ref Paint.Version, End: true}
          Policies: [{Statement: [{Effect: Allow, Action: lambda:InvokeFunction, Resource: !Sub "${Paint.Arn}:*"}]}]
    Outputs:
      Function: {Value: !Ref Paint}
      Version: {Value: !Ref Paint.Version}
      Machine: {Value: !Ref Machine}
      MachineVersion: {Value: !Ref MachineVersion}
      MachineAlias: {Value: !Ref MachineAliaslive}
    """


@pytest.fixture
def deploy(stacks: Any, request: pytest.FixtureRequest) -> Callable[..., dict[str, str]]:
    name = "versions-" + request.node.name.replace("_", "-")[-40:]

    def deploy_template(template: str = TEMPLATE, **parameters: str) -> dict[str, str]:
        stack = stacks.deploy(name, template, **parameters)
        assert stack["StackStatus"] in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}, stacks.failures(name)
        outputs: dict[str, str] = stacks.outputs(name)
        return {**outputs, "Stack": name}

    return deploy_template


def answer(client: Client, function: str, qualifier: str) -> list[Any]:
    answered = client("lambda").invoke(FunctionName=function, Qualifier=qualifier, Payload=b"{}")
    result: list[Any] = json.loads(answered["Payload"].read())
    return result


def run(client: Client, arn: str) -> Any:
    sfn = client("stepfunctions")
    execution = sfn.start_execution(stateMachineArn=arn)["executionArn"]
    while (described := sfn.describe_execution(executionArn=execution))["status"] == "RUNNING":
        time.sleep(0.02)
    return json.loads(described["output"])[0]


def route(client: Client, alias: str) -> str:
    [only] = client("stepfunctions").describe_state_machine_alias(stateMachineAliasArn=alias)["routingConfiguration"]
    version: str = only["stateMachineVersionArn"]
    return version


def test_a_deployment_publishes_versions_and_keeps_the_old_ones(client: Client, deploy: Any) -> None:
    first = deploy(Deployment="aaaaaaaaaaaa")
    assert first["MachineVersion"] == route(client, first["MachineAlias"]) == f"{first['Machine']}:1"
    second = deploy(Deployment="bbbbbbbbbbbb", Colour="blue")
    assert (second["Version"][-2:], second["MachineVersion"][-2:]) == (":2", ":2")
    assert route(client, second["MachineAlias"]) == second["MachineVersion"]
    assert [answer(client, second["Function"], each)[0] for each in ("1", "2", "live")] == ["green", "blue", "blue"]
    assert [run(client, each) for each in (first["MachineVersion"], second["MachineAlias"])] == ["green", "blue"]
    configuration = client("lambda").get_function_configuration(FunctionName=second["Function"], Qualifier="2")
    assert configuration["Description"] == "bbbbbbbbbbbb"


def test_a_setting_alone_reaches_no_version_as_long_as_the_deployment_keeps_its_name(
    client: Client, deploy: Any
) -> None:
    deploy(Deployment="aaaaaaaaaaaa")
    outputs = deploy(Deployment="aaaaaaaaaaaa", Colour="blue")
    assert [answer(client, outputs["Function"], each)[0] for each in ("live", "$LATEST")] == ["green", "blue"]


def test_the_state_machine_gets_a_version_only_when_it_changes(client: Client, deploy: Any) -> None:
    first = deploy(Deployment="aaaaaaaaaaaa")
    same = deploy(Deployment="aaaaaaaaaaaa", Colour="blue")
    assert same["MachineVersion"] == first["MachineVersion"]
    changed = deploy(Deployment="aaaaaaaaaaaa", Colour="blue", Word="two")
    assert changed["MachineVersion"] == f"{first['Machine']}:2"
    versions = client("stepfunctions").list_state_machine_versions(stateMachineArn=first["Machine"])
    assert len(versions["stateMachineVersions"]) == 2


def test_publishing_a_function_that_has_not_changed_fails_as_on_aws(stacks: Any, deploy: Any) -> None:
    outputs = deploy(Deployment="aaaaaaaaaaaa")
    twice = TEMPLATE.replace(
        "    Resources:\n",
        "    Resources:\n      Again: {Type: AWS::Lambda::Version, Properties: {FunctionName: !Ref Paint}}\n",
    )
    assert stacks.deploy(outputs["Stack"], twice, Deployment="aaaaaaaaaaaa")["StackStatus"] == (
        "UPDATE_ROLLBACK_COMPLETE"
    )
    assert stacks.failures(outputs["Stack"]) == {
        "Again": "A version for this Lambda function exists ( 1 ). Modify the function to create a new version."
    }


def test_a_gradual_change_over_is_refused_by_name(stacks: Any, deploy: Any) -> None:
    outputs = deploy(Deployment="aaaaaaaaaaaa")
    stack = stacks.deploy(outputs["Stack"], TEMPLATE, Deployment="bbbbbbbbbbbb", Type="LINEAR")
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "LINEAR" in stacks.failures(outputs["Stack"])["MachineAliaslive"]


def test_after_a_rollback_the_alias_leads_where_it_did_and_the_next_deployment_publishes_anew(
    client: Client, stacks: Any, deploy: Any
) -> None:
    first = deploy(Deployment="aaaaaaaaaaaa")
    stacks.deploy(first["Stack"], TEMPLATE, Deployment="bbbbbbbbbbbb", Colour="blue", Type="LINEAR")
    assert route(client, first["MachineAlias"]) == first["MachineVersion"]
    assert answer(client, first["Function"], "live")[0] == "green"
    # The version of the failed attempt stayed, so the very same cannot be published again; another name can.
    stack = stacks.deploy(first["Stack"], TEMPLATE, Deployment="bbbbbbbbbbbb", Colour="blue")
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    again = deploy(Deployment="cccccccccccc", Colour="blue")
    assert again["Version"].endswith(":3")
    assert answer(client, again["Function"], "live")[0] == "blue"
    assert run(client, again["MachineAlias"]) == "blue"


def test_processes_of_versions_that_no_alias_leads_to_end_with_the_deployment_and_start_again_when_called(
    client: Client, deploy: Any
) -> None:
    first = deploy(Deployment="aaaaaaaaaaaa")
    [colour, process] = answer(client, first["Function"], "1")
    deploy(Deployment="bbbbbbbbbbbb", Colour="blue")
    psutil.wait_procs([psutil.Process(process)] if psutil.pid_exists(process) else [], timeout=20)
    assert not psutil.pid_exists(process)
    [colour_again, other] = answer(client, first["Function"], "1")
    assert (colour, colour_again) == ("green", "green")
    assert other != process


def test_a_deleted_versions_number_is_not_given_again(client: Client, make_function: MakeFunction) -> None:
    functions = client("lambda")
    name = make_function("renumbered", "def handler(event, context): return context.function_version")
    assert functions.publish_version(FunctionName=name)["Version"] == "1"
    functions.update_function_configuration(FunctionName=name, Timeout=9)
    assert functions.publish_version(FunctionName=name)["Version"] == "2"
    assert functions.publish_version(FunctionName=name)["Version"] == "2"
    functions.delete_function(FunctionName=name, Qualifier="2")
    functions.update_function_configuration(FunctionName=name, Timeout=10)
    assert functions.publish_version(FunctionName=name)["Version"] == "3"
    # Back to what it was is no change since the version before last, but one since the last.
    functions.update_function_configuration(FunctionName=name, Timeout=9)
    assert functions.publish_version(FunctionName=name)["Version"] == "4"


def test_an_update_to_the_same_values_publishes_nothing(client: Client, make_function: MakeFunction) -> None:
    functions = client("lambda")
    name = make_function("unchanged", "def handler(event, context): return 1", Timeout=5)
    first = functions.publish_version(FunctionName=name, Description="the first")
    functions.update_function_configuration(FunctionName=name, Timeout=5)
    again = functions.publish_version(FunctionName=name)
    assert (again["Version"], again["Description"]) == (first["Version"], "the first")
