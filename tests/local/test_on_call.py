"""What the people on call see of a stack that really ran: metrics, alarms with their mails, and log lines."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

PATIENCE_SECONDS = 120
OPERATOR = "operator@example.com"
# These belong to no run, or not yet: a deployment, callers of an API, the schedules, and what asks for a run.
NOT_OF_A_RUN = (
    "PublishCodeFunction",
    "PredictFunction",
    "WatchRunsFunction",
    "StartRunFunction",
    "DecideApprovalFunction",
    "TryModelsFunction",
    "RemindApproversFunction",
    "SweepTrialsFunction",
)
# Published only once there was something to count, which a session without such an end has not.
ONLY_WHEN_IT_HAPPENS = {"ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted"}
SEARCH = re.compile(r"""SEARCH\('\{([^}]+)\} MetricName="(\w+)" (\w+)="([^"]+)"'""")

Rows = list[dict[str, str]]
Metric = tuple[str, str, frozenset[tuple[str, str]]]


@pytest.fixture
def released(laptop: Any, first_release: Any) -> Any:
    """The laptop with the default recipe live."""
    assert first_release.code == 0, first_release.errors
    return laptop


@pytest.fixture
def outputs(laptop: Any) -> dict[str, str]:
    [stack] = laptop.client("cloudformation").describe_stacks(StackName="greenlight")["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


@pytest.fixture
def quick_alarm(laptop: Any, outputs: dict[str, str]) -> Iterator[Callable[..., str]]:
    """Makes an alarm with a period of 10 s that tells the stack's own topic, whose own alarms look at minutes."""
    cloudwatch, made = laptop.client("cloudwatch"), []

    def make(name: str, namespace: str, metric: str, dimensions: dict[str, str]) -> str:
        cloudwatch.put_metric_alarm(
            AlarmName=name,
            Namespace=namespace,
            MetricName=metric,
            Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
            Statistic="Sum",
            Period=10,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanOrEqualToThreshold",
            TreatMissingData="notBreaching",
            AlarmActions=[outputs["AlarmTopicArn"]],
        )
        made.append(name)
        return name

    yield make
    cloudwatch.delete_alarms(AlarmNames=made)


def wait_for(what: Callable[[], Any]) -> Any:
    """What the call answers as soon as that is true."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := what()):
        assert time.monotonic() < deadline
        time.sleep(0.5)
    return found


def watch(laptop: Any) -> None:
    functions = laptop.client("lambda").list_functions()["Functions"]
    [name] = [each["FunctionName"] for each in functions if "WatchRuns" in each["FunctionName"]]
    answer = laptop.client("lambda").invoke(FunctionName=name, Qualifier="live")
    assert "FunctionError" not in answer, answer["Payload"].read()


def published(laptop: Any) -> set[Metric]:
    pages = laptop.client("cloudwatch").get_paginator("list_metrics").paginate()
    return {
        (each["Namespace"], each["MetricName"], frozenset((d["Name"], d["Value"]) for d in each["Dimensions"]))
        for page in pages
        for each in page["Metrics"]
    }


def looked_at(laptop: Any) -> set[Metric]:
    """Every metric that the deployed alarms and the deployed dashboard name."""
    cloudwatch = laptop.client("cloudwatch")
    found = {
        (each["Namespace"], each["MetricName"], frozenset((d["Name"], d["Value"]) for d in each["Dimensions"]))
        for each in cloudwatch.describe_alarms(AlarmNamePrefix="greenlight-")["MetricAlarms"]
    }
    body = json.loads(cloudwatch.get_dashboard(DashboardName="greenlight")["DashboardBody"])
    for widget in body["widgets"]:
        for metric in widget["properties"].get("metrics", []):
            if isinstance(metric[0], str):
                namespace, name, *rest = (each for each in metric if isinstance(each, str))
                found.add((namespace, name, frozenset(zip(rest[::2], rest[1::2], strict=True))))
    return found


def as_of_the_released(metric: Metric) -> Metric:
    """The same metric of the recipe that this session has released, in the place of any other recipe."""
    namespace, name, dimensions = metric
    recipes = {"recipe": "review-snippets", "EndpointName": "greenlight-review-snippets"}
    return namespace, name, frozenset((key, recipes.get(key, value)) for key, value in dimensions)


def test_what_is_looked_at_is_what_a_release_its_predictions_and_the_watch_publish(released: Any) -> None:
    released.call("predict", "review-snippets", "a wonderful film")
    watch(released)
    known = published(released)
    functions = {
        dict(dimensions).get("FunctionName") for namespace, _, dimensions in known if namespace == "AWS/Lambda"
    }
    missing = set()
    for metric in {as_of_the_released(metric) for metric in looked_at(released)} - known:
        namespace, name, dimensions = metric
        was_never_called = namespace == "AWS/Lambda" and dict(dimensions)["FunctionName"] not in functions
        needs_a_run = name in {"RunAgeSeconds", "ApprovalSecondsLeft"}
        if not (was_never_called or needs_a_run or name in ONLY_WHEN_IT_HAPPENS or namespace == "AWS/SQS"):
            missing.add(metric)
    assert missing == set()
    ended = {"service": "greenlight", "recipe": "review-snippets", "outcome": "Released"}
    assert ("Greenlight", "RunsEnded", frozenset(ended.items())) in known


def test_a_run_that_waits_is_measured(
    laptop: Any, few_rows: Rows, write_rows: Callable[[str, Rows], str], write_recipe: Callable[..., str]
) -> None:
    data = write_rows("rows.csv", few_rows)
    run_id = laptop.call("run", write_recipe("waits"), "--data", data, "--detach").document["run_id"]
    laptop.wait_for_state(run_id, "RequestApproval")
    watch(laptop)
    known = published(laptop)
    assert laptop.call("reject", run_id).code == 0
    of_recipe = frozenset({("service", "greenlight"), ("recipe", "waits")})
    of_stack = frozenset({("service", "greenlight")})
    for name, dimensions in (
        ("RunAgeSeconds", of_recipe),
        ("StuckRuns", of_recipe),
        ("StuckRuns", of_stack),
        ("ApprovalSecondsLeft", of_recipe),
        ("ApprovalSecondsLeft", of_stack),
    ):
        assert ("Greenlight", name, dimensions) in known
    laptop.wait_for_state(run_id, "ApprovalDenied")


def test_a_failed_run_and_a_refusing_endpoint_raise_their_alarms_and_the_operator_is_mailed(
    released: Any, outputs: dict[str, str], quick_alarm: Callable[..., str]
) -> None:
    endpoint = {"EndpointName": "greenlight-review-snippets", "VariantName": "primary"}
    machine = {"StateMachineArn": outputs["StateMachineArn"]}
    names = [
        quick_alarm("greenlight-quick-failed", "AWS/States", "ExecutionsFailed", machine),
        quick_alarm("greenlight-quick-refused", "AWS/SageMaker", "Invocation4XXErrors", endpoint),
    ]
    runtime = released.client("sagemaker-runtime")
    with pytest.raises(runtime.exceptions.ModelError):
        runtime.invoke_endpoint(EndpointName=endpoint["EndpointName"], ContentType="application/json", Body=b"{}")
    run_id = f"no-such-{time.time_ns()}"
    released.client("stepfunctions").start_execution(
        stateMachineArn=outputs["StateMachineAliasArn"],
        name=run_id,
        input='{"recipe": "no-such", "requested_by": "somebody"}',
    )

    def all_raised() -> bool:
        alarms = released.client("cloudwatch").describe_alarms(AlarmNames=names)["MetricAlarms"]
        return {alarm["StateValue"] for alarm in alarms} == {"ALARM"}

    wait_for(all_raised)
    mails = released.mails()
    subjects = {mail["subject"] for mail in mails if mail["to"] == OPERATOR}
    assert {f'ALARM: "{name}" in us-east-1' for name in names} <= subjects
    [fault] = [mail for mail in mails if mail["to"] == OPERATOR and f"greenlight show {run_id} --logs" in mail["text"]]
    assert "RecipeInvalidError" in fault["text"]
    assert "console" not in fault["text"], "there is none of a laptop"
    shown = released.call("show", run_id, "--logs").document
    assert shown["outcome"] == "Faulted"
    [line] = [line for line in shown["logs"] if line["text"].startswith("ERROR failed")]
    assert "RecipeInvalidError" in line["text"]


def test_every_line_of_a_runs_functions_names_its_run(released: Any) -> None:
    logs = released.client("logs")
    unnamed, named = [], 0
    for page in logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix="/aws/lambda/greenlight-"):
        for group in page["logGroups"]:
            name = group["logGroupName"]
            if any(function in name for function in NOT_OF_A_RUN):
                continue
            for events in logs.get_paginator("filter_log_events").paginate(logGroupName=name):
                for line in (event["message"] for event in events["events"] if event["message"].startswith("{")):
                    document = json.loads(line)
                    named += 1
                    if not document.get("run_id") or not (document.get("recipe") or "no-such" in line):
                        unnamed.append((name, line))
    assert named > 20
    assert unnamed == []
