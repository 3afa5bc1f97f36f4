from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from greenlight.deployment import Deployer, Deployment, DeploymentError
from greenlight.stack_events import ResourceEvent

Client = Callable[[str], Any]

ROOT = """
Transform: AWS::Serverless-2016-10-31
Parameters:
  Colour: {Type: String, Default: green}
  Size: {Type: Number, Default: 1}
Resources:
  Inner:
    Type: AWS::Serverless::Application
    Properties: {Location: inner.yaml, Parameters: {Colour: !Ref Colour}}
Outputs:
  Function: {Value: !GetAtt Inner.Outputs.Function}
  Machine: {Value: !GetAtt Inner.Outputs.Machine}
"""

INNER = """
Transform: AWS::Serverless-2016-10-31
Parameters: {Colour: {Type: String}}
Resources:
  Paint:
    Type: AWS::Serverless::Function
    Metadata: {Package: [lambdas]}
    Properties:
      CodeUri: ./
      Handler: lambdas.paint.handler
      Runtime: python3.12
      Environment: {Variables: {COLOUR: !Ref Colour}}
  Machine:
    Type: AWS::Serverless::StateMachine
    Properties:
      DefinitionUri: machine.asl.json
      DefinitionSubstitutions: {PaintArn: !GetAtt Paint.Arn}
      Policies: [{LambdaInvokePolicy: {FunctionName: !Ref Paint}}]
Outputs:
  Function: {Value: !Ref Paint}
  Machine: {Value: !Ref Machine}
"""

MACHINE = {"StartAt": "Paint", "States": {"Paint": {"Type": "Task", "Resource": "${PaintArn}", "End": True}}}


class Project:
    """A project in a folder, and its stack."""

    def __init__(self, folder: Path, client: Client, stack_name: str) -> None:
        self.folder, self.stack_name, self._client = folder, stack_name, client
        self.events: list[ResourceEvent] = []
        (folder / "lambdas").mkdir()
        self.write("template.yaml", ROOT)
        self.write("inner.yaml", INNER)
        self.write("machine.asl.json", json.dumps(MACHINE))
        self.write("lambdas/paint.py", "import os\ndef handler(event, context): return os.environ['COLOUR']")

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)

    def deploy(self, **parameters: str) -> Deployment:
        deployer = Deployer(
            self._client("cloudformation"), self._client("s3"), bucket="project-deployments", poll_seconds=0.02
        )
        self.events.clear()
        template = self.folder / "template.yaml"
        return deployer.deploy(template, self.stack_name, parameters, self.events.append)

    def invoke(self, deployment: Deployment) -> Any:
        answer = self._client("lambda").invoke(FunctionName=deployment.outputs["Function"], Payload=b"{}")
        return json.loads(answer["Payload"].read())


@pytest.fixture
def project(tmp_path: Path, client: Client, request: pytest.FixtureRequest) -> Project:
    return Project(tmp_path, client, request.node.name.replace("_", "-")[:60])


def test_a_project_is_deployed_and_deployed_again(client: Client, project: Project) -> None:
    first = project.deploy()
    assert first.changed
    assert project.invoke(first) == "green"
    steps = [(event.logical_id, event.status) for event in project.events]
    assert steps.index(("Paint", "CREATE_COMPLETE")) < steps.index(("Machine", "CREATE_COMPLETE"))
    assert steps[-1] == (project.stack_name, "CREATE_COMPLETE")
    definition = client("stepfunctions").describe_state_machine(stateMachineArn=first.outputs["Machine"])["definition"]
    assert "${" not in definition
    assert project.deploy() == Deployment(first.outputs, changed=False)
    assert project.events == []


def test_a_parameter_keeps_its_value_until_it_is_given_anew(project: Project) -> None:
    project.deploy(Colour="blue")
    assert project.deploy(Size="2").changed
    deployment = project.deploy()
    assert not deployment.changed
    assert project.invoke(deployment) == "blue"


def test_changed_code_is_deployed_in_place(project: Project) -> None:
    before = project.deploy()
    project.write("lambdas/paint.py", "def handler(event, context): return 'new'")
    after = project.deploy()
    assert after == Deployment(before.outputs, changed=True)
    assert project.invoke(after) == "new"
    assert ("Paint", "UPDATE_COMPLETE") in [(event.logical_id, event.status) for event in project.events]


def test_a_failure_names_the_resource_inside_and_can_be_mended(project: Project) -> None:
    project.write("machine.asl.json", '{"StartAt": "Nowhere", "States": {"A": {"Type": "Unheard"}}}')
    with pytest.raises(DeploymentError, match=r"^Machine \(AWS::StepFunctions::StateMachine\) in .*-Inner-.* failed: "):
        project.deploy()
    project.write("machine.asl.json", json.dumps(MACHINE))
    assert project.invoke(project.deploy()) == "green"


def test_a_template_that_cannot_be_deployed_says_why(project: Project) -> None:
    project.write("template.yaml", ROOT + "  Lake: {Value: !Ref Lake}\n")
    with pytest.raises(DeploymentError, match="Lake"):
        project.deploy()
    project.write("template.yaml", ROOT.replace("Resources:", "Resources:\n  Lake: {Type: AWS::Foo::Bar}"))
    with pytest.raises(DeploymentError, match=r"Unrecognized resource types: \[AWS::Foo::Bar\]"):
        project.deploy()
