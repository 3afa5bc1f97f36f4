"""What must never vanish from the template that serves on Fargate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from local.cloudformation.errors import TemplateError
from local.cloudformation.resources import resource_types
from local.cloudformation.rules import check_rules
from local.cloudformation.template import load_template
from local.template_syntax import parse_template
from serving.listening import KEEP_ALIVE_SECONDS
from serving.turns import ANSWER_SECONDS

PROJECT = Path(__file__).parents[3]
ROOT: dict[str, Any] = parse_template((PROJECT / "template.yaml").read_text())
TEMPLATE: dict[str, Any] = parse_template((PROJECT / "infra/sam/fargate.yaml").read_text())
RESOURCES = TEMPLATE["Resources"]
COMPLETE = {
    "ServeRecipe": "reviews",
    "ServeCardUri": "s3://bucket/runs/r/record_release/model_card.json",
    "ServeModelUri": "s3://bucket/runs/r/model.tar.gz",
    "ServeImage": "123456789012.dkr.ecr.us-east-1.amazonaws.com/greenlight-serving:1",
    "ServeKeyDigest": "0" * 64,
    "ServeVpcId": "vpc-1",
    "ServeSubnetIds": "subnet-1,subnet-2",
    "ServeCallersCidr": "10.0.0.0/16",
}


def properties(name: str) -> dict[str, Any]:
    found: dict[str, Any] = RESOURCES[name]["Properties"]
    return found


def parameters(**given: str) -> dict[str, Any]:
    """The root's parameters as somebody gives them, with their defaults."""
    given = {"SenderAddress": "sender@example.com", **given}
    return {name: given.get(name, parameter.get("Default", "")) for name, parameter in ROOT["Parameters"].items()}


def test_nothing_of_it_is_made_unless_a_recipe_is_named() -> None:
    assert ROOT["Resources"]["Fargate"]["Condition"] == "IsServedOnFargate"
    assert ROOT["Parameters"]["ServeRecipe"]["Default"] == ""
    assert ROOT["Outputs"]["FargateUrl"]["Condition"] == "IsServedOnFargate"


def test_only_the_addresses_somebody_named_reach_the_load_balancer_and_only_it_the_tasks() -> None:
    groups = [each for each in RESOURCES.values() if each["Type"] == "AWS::EC2::SecurityGroup"]
    doors = [door for group in groups for door in group["Properties"]["SecurityGroupIngress"]]
    assert len(doors) == len(groups) == 2
    assert "0.0.0.0/0" not in str(doors)
    assert properties("LoadBalancerGroup")["SecurityGroupIngress"][0]["CidrIp"] == {"Ref": "CallersCidr"}
    [to_task] = properties("TaskGroup")["SecurityGroupIngress"]
    assert to_task["SourceSecurityGroupId"] == {"Ref": "LoadBalancerGroup"}
    assert (to_task["FromPort"], to_task["ToPort"]) == (8080, 8080)
    assert ROOT["Parameters"]["ServeCallersCidr"]["Default"] == ""
    assert ROOT["Parameters"]["ServeScheme"]["Default"] == "internal"


def test_a_task_reads_its_own_card_and_archive_and_nothing_else() -> None:
    [policy] = properties("TaskRole")["Policies"]
    [statement] = policy["PolicyDocument"]["Statement"]
    assert statement["Action"] == "s3:GetObject"
    assert [each["Fn::Join"][1][1]["Fn::Select"][1]["Fn::Split"][1] for each in statement["Resource"]] == [
        {"Ref": "CardUri"},
        {"Ref": "ModelUri"},
    ]


def test_a_version_that_is_not_healthy_is_taken_back() -> None:
    deployment = properties("Service")["DeploymentConfiguration"]
    assert deployment["DeploymentCircuitBreaker"] == {"Enable": True, "Rollback": True}
    assert deployment["MinimumHealthyPercent"] == 100
    assert properties("TargetGroup")["HealthCheckPath"] == "/health"


def test_the_server_is_no_root_has_its_key_and_keeps_a_log() -> None:
    [container] = properties("TaskDefinition")["ContainerDefinitions"]
    environment = {each["Name"]: each["Value"] for each in container["Environment"]}
    assert environment["GREENLIGHT_API_KEY_SHA256"] == {"Ref": "KeyDigest"}
    assert "GREENLIGHT_OPEN" not in environment
    assert container["User"] == "10001:10001"
    assert container["LogConfiguration"]["Options"]["awslogs-group"] == {"Ref": "LogGroup"}


def test_the_load_balancer_gives_up_before_the_server_closes_a_connection() -> None:
    attributes = {each["Key"]: each["Value"] for each in properties("LoadBalancer")["LoadBalancerAttributes"]}
    assert ANSWER_SECONDS < int(attributes["idle_timeout.timeout_seconds"]) < KEEP_ALIVE_SECONDS


def test_the_rules_hold_for_who_serves_nothing_and_for_who_says_all() -> None:
    check_rules(ROOT["Rules"], parameters())
    check_rules(ROOT["Rules"], parameters(**COMPLETE))


@pytest.mark.parametrize("missing", sorted(set(COMPLETE) - {"ServeRecipe"}))
def test_a_word_that_is_missing_is_named_before_anything_is_made(missing: str) -> None:
    given = {name: value for name, value in COMPLETE.items() if name != missing}
    with pytest.raises(TemplateError, match=f"ServeRecipe needs {missing}"):
        check_rules(ROOT["Rules"], parameters(**given))


def test_keys_do_not_cross_the_internet_in_the_open() -> None:
    with pytest.raises(TemplateError, match="internet-facing needs ServeCertificateArn"):
        check_rules(ROOT["Rules"], parameters(**COMPLETE, ServeScheme="internet-facing"))


def test_the_laptop_names_what_it_cannot_run() -> None:
    nothing: Any = None
    known = resource_types(nothing, "", nothing)
    given = dict.fromkeys(TEMPLATE["Parameters"], "x")
    with pytest.raises(TemplateError, match=r"Unrecognized resource types: \[.*AWS::ECS::Service.*\]"):
        load_template((PROJECT / "infra/sam/fargate.yaml").read_text(), given, known)
