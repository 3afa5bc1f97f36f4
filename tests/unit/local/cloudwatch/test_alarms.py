"""Alarms over time: numbers come, the clock goes on, states change and people hear of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from moto.cloudwatch.models import Alarm
from moto.kms.models import kms_backends
from moto.sns.models import sns_backends

from local import mailbox, subscriptions
from local.cloudwatch.alarms import Alarms
from local.cloudwatch.metrics import KEPT, MOST_KEPT, Datum, backend_of_laptop, forget_old, keep
from local.home import ACCOUNT, REGION

NINE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MACHINE = {"StateMachineArn": "arn:machine"}


@dataclass
class Heard:
    """What EventBridge was told."""

    events: list[tuple[str, str, dict[str, Any], list[str]]] = field(default_factory=list)

    def emit(self, source: str, detail_type: str, detail: dict[str, Any], resources: list[str]) -> None:
        self.events.append((source, detail_type, detail, resources))

    @property
    def states(self) -> list[tuple[str, str]]:
        return [(detail["previousState"]["value"], detail["state"]["value"]) for _, _, detail, _ in self.events]


@pytest.fixture(autouse=True)
def _services() -> Iterator[None]:
    backend_of_laptop().reset()
    subscriptions.install()
    yield
    backend_of_laptop().reset()
    sns_backends[ACCOUNT][REGION].reset()


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def alarms(heard: Heard) -> Alarms:
    installed = Alarms(heard.emit)
    installed.install()
    return installed


def failed(value: float, at: datetime, dimensions: dict[str, str] | None = None) -> None:
    keep([Datum("AWS/States", "ExecutionsFailed", dimensions or MACHINE, value, "Count", at)])


def put(**changes: Any) -> Alarm:
    settings: dict[str, Any] = {
        "name": "runs-failed",
        "namespace": "AWS/States",
        "metric_name": "ExecutionsFailed",
        "comparison_operator": "GreaterThanOrEqualToThreshold",
        "evaluation_periods": 1,
        "period": 300,
        "threshold": 1,
        "statistic": "Sum",
        "description": "A run ended in a fault.",
        "dimensions": [{"Name": name, "Value": value} for name, value in MACHINE.items()],
        "alarm_actions": [],
        "treat_missing_data": "notBreaching",
    }
    return backend_of_laptop().put_metric_alarm(**{**settings, **changes})


def state() -> str:
    return backend_of_laptop().alarms["runs-failed"].state_value


def test_a_new_alarm_knows_nothing_until_it_is_looked_at(alarms: Alarms) -> None:
    put()
    assert state() == "INSUFFICIENT_DATA"
    assert alarms.evaluate(NINE)
    assert state() == "OK"
    assert not alarms.evaluate(NINE)


def test_a_failed_run_raises_the_alarm_which_falls_when_the_run_is_long_past(alarms: Alarms, heard: Heard) -> None:
    put()
    alarms.evaluate(NINE)
    failed(1, NINE + timedelta(seconds=10))
    alarms.evaluate(NINE + timedelta(seconds=30))
    assert state() == "OK", "the minute is not over"
    alarms.evaluate(NINE + timedelta(minutes=1))
    assert state() == "ALARM"
    # As on AWS it looks back three periods for the last number there is.
    alarms.evaluate(NINE + timedelta(minutes=14))
    assert state() == "ALARM"
    alarms.evaluate(NINE + timedelta(minutes=16))
    assert state() == "OK"
    assert heard.states == [("INSUFFICIENT_DATA", "OK"), ("OK", "ALARM"), ("ALARM", "OK")]


def test_numbers_of_other_dimensions_are_other_metrics(alarms: Alarms) -> None:
    put()
    failed(1, NINE, {"StateMachineArn": "arn:another"})
    failed(1, NINE, {**MACHINE, "Version": "1"})
    keep([Datum("AWS/States", "ExecutionsAborted", MACHINE, 1, "Count", NINE)])
    alarms.evaluate(NINE + timedelta(minutes=1))
    assert state() == "OK"


def test_two_of_three_periods_above_a_percentile(alarms: Alarms) -> None:
    put(statistic=None, extended_statistic="p95", threshold=100, evaluation_periods=3, datapoints_to_alarm=2, period=60)
    for minute, slowest in enumerate((500, 20, 500)):
        for value in (1, 1, 1, slowest):
            failed(value, NINE + timedelta(minutes=minute, seconds=5))
        alarms.evaluate(NINE + timedelta(minutes=minute + 1))
        assert state() == ("ALARM" if minute == 2 else "OK")


def test_an_alarm_that_is_put_again_stays_as_it_is_until_it_is_looked_at(alarms: Alarms) -> None:
    put()
    failed(1, NINE)
    alarms.evaluate(NINE + timedelta(minutes=1))
    alarm = put(threshold=5)
    assert (alarm.state_value, len(alarm.history)) == ("ALARM", 1)
    alarms.evaluate(NINE + timedelta(minutes=1))
    assert state() == "OK"


def test_the_operator_is_mailed_and_eventbridge_is_told(alarms: Alarms, heard: Heard) -> None:
    sns = sns_backends[ACCOUNT][REGION]
    topic = sns.create_topic("alarms").arn
    sns.subscribe(topic, "operator@example.com", "email")
    alarm = put(alarm_actions=[topic])
    alarms.evaluate(NINE)
    before = {mail.id for mail in mailbox.sent_mails()}
    failed(1, NINE)
    alarms.evaluate(NINE + timedelta(minutes=1))
    [mail] = [mail for mail in mailbox.sent_mails() if mail.id not in before]
    assert (mail.to, mail.subject) == ("operator@example.com", 'ALARM: "runs-failed" in us-east-1')
    assert "A run ended in a fault." in mail.text
    assert "OK -> ALARM" in mail.text
    assert "AWS/States ExecutionsFailed of StateMachineArn arn:machine" in mail.text
    source, kind, detail, resources = heard.events[-1]
    assert (source, kind, resources) == ("aws.cloudwatch", "CloudWatch Alarm State Change", [alarm.alarm_arn])
    assert detail["alarmName"] == "runs-failed"
    assert detail["configuration"]["metrics"][0]["metricStat"]["metric"] == {
        "namespace": "AWS/States",
        "name": "ExecutionsFailed",
        "dimensions": MACHINE,
    }
    assert json.loads(detail["state"]["reasonData"])["recentDatapoints"] == [1.0]
    assert [item["kind"] for item in alarm.history] == ["StateUpdate", "StateUpdate", "Action"]


OF_THIS_ACCOUNT = {"StringEquals": {"aws:SourceAccount": ACCOUNT}}


@pytest.mark.parametrize(
    ("topic_lets", "key_lets", "reason"),
    [
        ("sns:Publish", "kms:*", None),
        ("sns:Subscribe", "kms:*", "is not authorized to perform: SNS:Publish on resource"),
        ("sns:Publish", "kms:Decrypt", "does not have authorization to access the SNS topic encryption key"),
    ],
)
def test_a_topic_and_its_key_must_let_alarms_publish(
    alarms: Alarms, topic_lets: str, key_lets: str, reason: str | None
) -> None:
    def policy(action: str) -> str:
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "cloudwatch.amazonaws.com"},
            "Action": action,
            "Resource": "*",
            "Condition": OF_THIS_ACCOUNT,
        }
        return json.dumps({"Version": "2012-10-17", "Statement": [statement]})

    key = kms_backends[ACCOUNT][REGION].create_key(policy(key_lets), "ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT", "", None)
    topic = sns_backends[ACCOUNT][REGION].create_topic("alarms")
    topic.policy, topic.kms_master_key_id = policy(topic_lets), key.arn
    alarm = put(alarm_actions=[topic.arn])
    failed(1, NINE)
    alarms.evaluate(NINE + timedelta(minutes=1))
    action = alarm.history[-1]
    assert (action["kind"], len(topic.sent_notifications)) == ("Action", 0 if reason else 1)
    assert (reason or "Succeeded") in action["data"]


@pytest.mark.parametrize("key", ["alias/aws/sns", "arn:aws:kms:us-east-1:123456789012:key/none"])
def test_the_key_that_aws_keeps_for_topics_lets_no_alarm(alarms: Alarms, key: str) -> None:
    topic = sns_backends[ACCOUNT][REGION].create_topic("alarms")
    topic.kms_master_key_id = key
    alarm = put(alarm_actions=[topic.arn, "arn:aws:sns:us-east-1:123456789012:gone"])
    failed(1, NINE)
    alarms.evaluate(NINE + timedelta(minutes=1))
    assert ["encryption key" in alarm.history[-2]["data"], "there is no topic" in alarm.history[-1]["data"]] == [
        True
    ] * 2
    assert topic.sent_notifications == []


def test_a_state_that_somebody_sets_has_its_consequences_and_is_looked_at_again(alarms: Alarms, heard: Heard) -> None:
    put()
    alarms.evaluate(NINE)
    backend_of_laptop().set_alarm_state("runs-failed", "to try it", None, "ALARM")  # type: ignore[arg-type]
    assert (state(), heard.states[-1]) == ("ALARM", ("OK", "ALARM"))
    alarms.evaluate(NINE)
    assert state() == "OK"


@pytest.mark.parametrize(("enabled", "told"), [(True, 1), (False, 0)])
def test_actions_can_be_switched_off(alarms: Alarms, enabled: bool, told: int) -> None:
    sns = sns_backends[ACCOUNT][REGION]
    topic = sns.create_topic("alarms")
    put(insufficient_data_actions=[topic.arn], ok_actions=[topic.arn], actions_enabled=enabled)
    alarms.evaluate(NINE)
    assert len(topic.sent_notifications) == told


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"metric_data_queries": ["m1 + m2"]}, "not those on expressions"),
        ({"comparison_operator": "LessThanLowerOrGreaterThanUpperThreshold"}, "does not know the comparison"),
        ({"statistic": "IQM"}, "does not know the statistic IQM"),
        ({"alarm_actions": ["arn:aws:lambda:us-east-1:123456789012:function:f"]}, "can notify SNS topics"),
    ],
)
@pytest.mark.usefixtures("alarms")
def test_an_alarm_that_would_never_go_off_is_refused(settings: dict[str, Any], words: str) -> None:
    put()
    with pytest.raises(Exception, match=words):
        put(**settings)
    assert backend_of_laptop().alarms["runs-failed"].statistic == "Sum"


def test_what_nothing_looks_back_for_is_forgotten() -> None:
    failed(1, NINE)
    failed(2, NINE + timedelta(minutes=1))
    forget_old(NINE + KEPT + timedelta(seconds=1))
    assert [datum.value for datum in backend_of_laptop().metric_data] == [2]  # type: ignore[attr-defined]


def test_there_are_never_more_numbers_than_are_kept() -> None:
    keep(Datum("Greenlight", "Confidence", {}, each, None, NINE) for each in range(MOST_KEPT + 5))
    values = [datum.value for datum in backend_of_laptop().metric_data]  # type: ignore[attr-defined]
    assert (len(values), values[0]) == (MOST_KEPT, 5)
