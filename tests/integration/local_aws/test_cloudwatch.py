"""CloudWatch as its clients see it: metrics out of logs and of services, alarms, their history and their mails."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from local.home import Home

Client = Callable[[str], Any]


@pytest.fixture(scope="module")
def role(client: Client, make_role: Callable[..., str]) -> str:
    return make_role(client("iam"), "counted-machine", "states.amazonaws.com")


def statistics(client: Client, namespace: str, name: str, dimensions: dict[str, str]) -> dict[str, float]:
    now = datetime.now(UTC)
    found = client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=name,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        StartTime=now - timedelta(minutes=10),
        EndTime=now + timedelta(minutes=1),
        Period=3600,
        Statistics=["Sum", "SampleCount", "Maximum"],
    )["Datapoints"]
    return {key: sum(point[key] for point in found) for key in ("Sum", "SampleCount", "Maximum")}


def test_a_function_is_counted_and_what_it_prints_in_the_embedded_format_is_a_metric(
    client: Client, make_function: Callable[..., str]
) -> None:
    directive = {"Namespace": "Shop", "Dimensions": [["kind"]], "Metrics": [{"Name": "Sold", "Unit": "Count"}]}
    source = (
        "import json, time\n"
        "def handler(event, context):\n"
        f"    meta = {{'Timestamp': int(time.time() * 1000), 'CloudWatchMetrics': [{directive!r}]}}\n"
        "    print(json.dumps({'_aws': meta, 'kind': 'book', 'Sold': [2, 3]}))\n"
        "    if event: raise ValueError('no')"
    )
    name = make_function("counted", source)
    for event in (b"{}", b'{"fail": true}'):
        client("lambda").invoke(FunctionName=name, Payload=event)
    assert statistics(client, "Shop", "Sold", {"kind": "book"}) == {"Sum": 10, "SampleCount": 4, "Maximum": 3}
    of_function = {"FunctionName": name}
    assert statistics(client, "AWS/Lambda", "Invocations", of_function)["Sum"] == 2
    assert statistics(client, "AWS/Lambda", "Errors", of_function)["Sum"] == 1
    assert statistics(client, "AWS/Lambda", "Duration", of_function)["SampleCount"] == 2


@pytest.mark.parametrize(
    ("end", "metric"), [({"Type": "Succeed"}, "ExecutionsSucceeded"), ({"Type": "Fail"}, "ExecutionsFailed")]
)
def test_executions_are_counted_by_their_end(client: Client, role: str, end: dict[str, str], metric: str) -> None:
    states = client("stepfunctions")
    definition = json.dumps({"StartAt": "End", "States": {"End": end}})
    machine = states.create_state_machine(name=f"counted-{metric}", definition=definition, roleArn=role)
    arn = machine["stateMachineArn"]
    execution = states.start_execution(stateMachineArn=arn)["executionArn"]
    while states.describe_execution(executionArn=execution)["status"] == "RUNNING":
        time.sleep(0.05)
    of_machine = {"StateMachineArn": arn}
    assert statistics(client, "AWS/States", "ExecutionsStarted", of_machine)["Sum"] == 1
    assert statistics(client, "AWS/States", metric, of_machine)["Sum"] == 1
    assert statistics(client, "AWS/States", "ExecutionTime", of_machine)["SampleCount"] == 1


def test_a_stopped_execution_is_counted_as_aborted(client: Client, role: str) -> None:
    states = client("stepfunctions")
    definition = json.dumps({"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 600, "End": True}}})
    arn = states.create_state_machine(name="stopped", definition=definition, roleArn=role)["stateMachineArn"]
    execution = states.start_execution(stateMachineArn=arn)["executionArn"]
    states.stop_execution(executionArn=execution)
    assert statistics(client, "AWS/States", "ExecutionsAborted", {"StateMachineArn": arn})["Sum"] == 1


def test_an_alarm_changes_is_mailed_and_remembers_it(client: Client, home: Home) -> None:
    cloudwatch, sns = client("cloudwatch"), client("sns")
    topic = sns.create_topic(Name="alarms")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="operator@example.com")
    cloudwatch.put_metric_alarm(
        AlarmName="mailed",
        Namespace="Shop",
        MetricName="Returned",
        Statistic="Sum",
        Period=3600,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="ignore",
        AlarmActions=[topic],
    )
    [alarm] = cloudwatch.describe_alarms(AlarmNames=["mailed"])["MetricAlarms"]
    assert alarm["StateValue"] == "INSUFFICIENT_DATA"
    cloudwatch.set_alarm_state(AlarmName="mailed", StateValue="ALARM", StateReason="to try it")
    # Without data it is left as it is, so nothing changes it back.
    [alarm] = cloudwatch.describe_alarms(AlarmNames=["mailed"], StateValue="ALARM")["MetricAlarms"]
    assert alarm["StateReason"] == "to try it"
    items = cloudwatch.describe_alarm_history(AlarmName="mailed")["AlarmHistoryItems"]
    assert {item["HistoryItemType"] for item in items} == {"StateUpdate", "Action"}
    assert "Alarm updated from INSUFFICIENT_DATA to ALARM" in {item["HistorySummary"] for item in items}
    mails = requests.get(f"{home.endpoint_url}/_greenlight/inbox.json", timeout=10).json()
    [mail] = [mail for mail in mails if mail["subject"] == 'ALARM: "mailed" in us-east-1']
    assert (mail["to"], "Reason: to try it" in mail["text"]) == ("operator@example.com", True)
    cloudwatch.delete_alarms(AlarmNames=["mailed"])
    assert cloudwatch.describe_alarms(AlarmNames=["mailed"])["MetricAlarms"] == []


def test_a_message_to_a_topic_is_mailed_as_it_is(client: Client, home: Home) -> None:
    sns = client("sns")
    topic = sns.create_topic(Name="words")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="reader@example.com")
    sns.publish(TopicArn=topic, Message="Plain words.")
    mails = requests.get(f"{home.endpoint_url}/_greenlight/inbox.json", timeout=10).json()
    [mail] = [mail for mail in mails if mail["to"] == "reader@example.com"]
    assert (mail["subject"], mail["text"]) == ("AWS Notification Message", "Plain words.")
