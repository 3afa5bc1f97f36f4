"""What must never vanish from the alarms and the dashboard, and that each names a metric somebody publishes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

PROJECT = Path(__file__).parents[3]
TEMPLATE = yaml_parse((PROJECT / "infra/sam/monitoring.yaml").read_text())
RESOURCES: dict[str, dict[str, Any]] = TEMPLATE["Resources"]
ALARMS = {name: each["Properties"] for name, each in RESOURCES.items() if each["Type"] == "AWS::CloudWatch::Alarm"}
RECIPES = sorted(path.parent.name for path in (PROJECT / "recipes").glob("*/recipe.yaml"))
REGRESSIONS = {
    name
    for name in RECIPES
    if "task: regression" in (PROJECT / "recipes" / name / "recipe.yaml").read_text().splitlines()
}
SEARCH = re.compile(r"""SEARCH\('\{([^}]+)\} MetricName="(\w+)" (\w+)="([^"]+)"'""")

# What AWS publishes without being asked, by its documentation: "Monitoring Step Functions metrics using CloudWatch",
# "Types of metrics for Lambda functions", "SageMaker AI endpoint invocation metrics".
OF_AWS = {
    "AWS/States": (
        {"StateMachineArn"},
        {
            "ExecutionsStarted",
            "ExecutionsSucceeded",
            "ExecutionsFailed",
            "ExecutionsTimedOut",
            "ExecutionsAborted",
            "ExecutionTime",
        },
    ),
    "AWS/Lambda": ({"FunctionName"}, {"Errors", "Duration", "Throttles", "Invocations"}),
    "AWS/SageMaker": (
        {"EndpointName", "VariantName"},
        {"Invocations", "Invocation4XXErrors", "Invocation5XXErrors", "ModelLatency"},
    ),
    "AWS/SQS": ({"QueueName"}, {"ApproximateNumberOfMessagesVisible"}),
}
# What the functions publish; tests/local/test_monitoring.py compares it with what a release really published.
OWN = {
    "RunsEnded": [{"recipe", "outcome", "service"}],
    "StuckRuns": [{"service"}, {"recipe", "service"}],
    "RunAgeSeconds": [{"recipe", "service"}],
    "ApprovalSecondsLeft": [{"service"}, {"recipe", "service"}],
    "Predictions": [{"recipe", "service"}],
    "Confidence": [{"recipe", "service"}],
}


@dataclass(frozen=True)
class Named:
    """A metric as an alarm or a widget names it; the values of its dimensions are left out."""

    where: str
    namespace: str
    name: str
    dimensions: frozenset[str]


def of_alarms() -> Iterator[Named]:
    for where, alarm in ALARMS.items():
        dimensions = frozenset(each["Name"] for each in alarm["Dimensions"])
        yield Named(where, alarm["Namespace"], alarm["MetricName"], dimensions)


def dashboard() -> dict[str, Any]:
    """The dashboard's body with a word in place of whatever a deployment fills in."""
    text, _variables = RESOURCES["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    body: dict[str, Any] = json.loads(re.sub(r"\$\{([^}]+)\}", r"<\1>", text))
    return body


def of_widgets() -> Iterator[Named]:
    for widget in dashboard()["widgets"]:
        where = widget["properties"]["title"]
        for metric in widget["properties"].get("metrics", []):
            if isinstance(metric[0], dict):
                found = SEARCH.match(metric[0]["expression"])
                assert found, metric
                namespace, *dimensions = found[1].split(",")
                yield Named(where, namespace, found[2], frozenset(dimensions))
            else:
                namespace, name, *rest = (each for each in metric if not isinstance(each, dict))
                yield Named(where, namespace, name, frozenset(rest[::2]))


@pytest.mark.parametrize("named", [*of_alarms(), *of_widgets()], ids=lambda named: f"{named.where}-{named.name}")
def test_every_metric_that_is_looked_at_is_published_by_somebody(named: Named) -> None:
    if named.namespace == "Greenlight":
        assert named.dimensions in OWN[named.name]
    else:
        dimensions, names = OF_AWS[named.namespace]
        assert (set(named.dimensions), named.name in names) == (dimensions, True)


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_recipe_has_its_alarms_and_widgets(recipe: str) -> None:
    names = {alarm["AlarmName"]["Fn::Sub"] for alarm in ALARMS.values()}
    # A number has no confidence, so a regression's can neither be published nor drift.
    of_answers = set() if recipe in REGRESSIONS else {"drift"}
    kinds = {
        kind for kind in ("endpoint-errors", "endpoint-latency", "drift") if f"${{Prefix}}-{kind}-{recipe}" in names
    }
    assert kinds == {"endpoint-errors", "endpoint-latency"} | of_answers
    text = json.dumps(dashboard())
    for metric in ("Invocations", "Invocation4XXErrors", "Invocation5XXErrors", "ModelLatency"):
        assert f'"AWS/SageMaker", "{metric}", "EndpointName", "<Prefix>-{recipe}"' in text
    for metric in ("Predictions", "RunAgeSeconds", "ApprovalSecondsLeft"):
        assert f'"Greenlight", "{metric}", "recipe", "{recipe}"' in text
    assert (f'"Greenlight", "Confidence", "recipe", "{recipe}"' in text) is bool(of_answers)


def test_no_alarm_is_about_a_recipe_that_is_not_there() -> None:
    of_recipes = [
        name.partition(f"-{kind}-")[2]
        for alarm in ALARMS.values()
        for name in [alarm["AlarmName"]["Fn::Sub"]]
        for kind in ("endpoint-errors", "endpoint-latency", "drift")
        if f"-{kind}-" in name
    ]
    assert sorted(set(of_recipes)) == RECIPES


@pytest.mark.parametrize("alarm", ALARMS.values(), ids=list(ALARMS))
def test_every_alarm_is_of_its_stack_tells_people_and_says_what_no_data_means(alarm: dict[str, Any]) -> None:
    assert alarm["AlarmName"]["Fn::Sub"].startswith("${Prefix}-")
    assert alarm["AlarmActions"] == [{"Ref": "AlarmTopic"}]
    assert alarm["TreatMissingData"] in {"notBreaching", "missing", "ignore"}
    assert alarm["AlarmDescription"]


def test_the_dashboard_shows_every_alarm() -> None:
    [alarms] = [widget for widget in dashboard()["widgets"] if widget["type"] == "alarm"]
    assert sorted(alarms["properties"]["alarms"]) == sorted(f"<{name}.Arn>" for name in ALARMS)


def test_the_topic_is_encrypted_for_alarms_and_takes_messages_over_tls_from_them_alone() -> None:
    assert RESOURCES["AlarmTopic"]["Properties"]["KmsMasterKeyId"] == {"Fn::GetAtt": ["AlarmKey", "Arn"]}
    account, alarms = RESOURCES["AlarmKey"]["Properties"]["KeyPolicy"]["Statement"]
    assert account["Principal"]["AWS"]["Fn::Sub"].endswith(":root")
    assert alarms["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert set(alarms["Action"]) == {"kms:Decrypt", "kms:GenerateDataKey*"}
    publish, tls_only = RESOURCES["AlarmTopicPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert (publish["Principal"], publish["Action"]) == ({"Service": "cloudwatch.amazonaws.com"}, "sns:Publish")
    assert (tls_only["Effect"], tls_only["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    subscription = RESOURCES["OperatorSubscription"]["Properties"]
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", {"Ref": "OperatorAddress"})


def test_the_dashboard_is_given_every_function_of_the_children_before_it() -> None:
    root = yaml_parse((PROJECT / "template.yaml").read_text())["Resources"]
    _, given = root["Monitoring"]["Properties"]["Parameters"]["FunctionNames"]["Fn::Join"]
    handed: set[str] = set()
    for source in (".".join(value["Fn::GetAtt"]) for value in given):
        stack, _, output = source.partition(".Outputs.")
        child = yaml_parse((PROJECT / root[stack]["Properties"]["Location"]).read_text())
        value = child["Outputs"][output]["Value"]
        handed |= {each["Ref"] for each in (value["Fn::Join"][1] if "Fn::Join" in value else [value])}
    known = {
        name
        for child in ("workflow", "batch", "approval", "serving", "schedules")
        for name, resource in yaml_parse((PROJECT / f"infra/sam/{child}.yaml").read_text())["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Function"
    }
    assert handed == known


@pytest.mark.parametrize("path", sorted((PROJECT / "infra/sam").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_function_is_traced_and_logs_counts_and_traces_under_the_stacks_name(path: Path) -> None:
    template = yaml_parse(path.read_text())
    functions = [each for each in template["Resources"].values() if each["Type"] == "AWS::Serverless::Function"]
    if not functions:
        return
    shared = template["Globals"]["Function"]
    assert shared["Tracing"] == "Active"
    assert shared["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"] == {"Ref": "Prefix"}
    for function in functions:
        assert "Tracing" not in function["Properties"]
        own = function["Properties"].get("Environment", {}).get("Variables", {})
        assert not {name for name in own if name.startswith("POWERTOOLS_")}


@pytest.mark.parametrize(("child", "machine"), [("workflow", "ReleaseStateMachine"), ("batch", "BatchStateMachine")])
def test_a_state_machine_is_traced(child: str, machine: str) -> None:
    resources = yaml_parse((PROJECT / f"infra/sam/{child}.yaml").read_text())["Resources"]
    assert resources[machine]["Properties"]["Tracing"] == {"Enabled": True}
