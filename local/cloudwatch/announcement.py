"""What is said about an alarm that changed: to EventBridge, to a topic's subscribers, and to people by mail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from moto.cloudwatch.models import Alarm

from local.home import ACCOUNT, REGION


@dataclass(frozen=True)
class Change:
    """From one state to another."""

    before: str
    reason_before: str
    since: datetime
    after: str
    reason: str
    at: datetime


def event_detail(alarm: Alarm, made: Change) -> dict[str, Any]:
    """The detail of the event `CloudWatch Alarm State Change`.

    Source: "Alarm events and EventBridge", Amazon CloudWatch User Guide.
    """
    metric = {
        "namespace": alarm.namespace,
        "name": alarm.metric_name,
        "dimensions": {dimension.name: dimension.value for dimension in alarm.dimensions},
    }
    stat = {"metric": metric, "period": int(alarm.period), "stat": alarm.statistic or alarm.extended_statistic}
    return {
        "alarmName": alarm.name,
        "configuration": {
            "description": alarm.description,
            "metrics": [{"id": "m1", "metricStat": stat, "returnData": True}],
        },
        "previousState": {"reason": made.reason_before, "timestamp": _time(made.since), "value": made.before},
        "state": {
            "reason": made.reason,
            "reasonData": alarm.state_reason_data,
            "timestamp": _time(made.at),
            "value": made.after,
        },
    }


def notification(alarm: Alarm, made: Change) -> dict[str, Any]:
    """The message that a program gets from a topic."""
    return {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.description,
        "AWSAccountId": ACCOUNT,
        "NewStateValue": made.after,
        "NewStateReason": made.reason,
        "StateChangeTime": _time(made.at),
        "Region": REGION,
        "AlarmArn": alarm.alarm_arn,
        "OldStateValue": made.before,
        "Trigger": {
            "MetricName": alarm.metric_name,
            "Namespace": alarm.namespace,
            "Statistic": alarm.statistic or alarm.extended_statistic,
            "Dimensions": [{"name": each.name, "value": each.value} for each in alarm.dimensions],
            "Period": int(alarm.period),
            "EvaluationPeriods": int(alarm.evaluation_periods),
            "ComparisonOperator": alarm.comparison_operator,
            "Threshold": float(alarm.threshold),
            "TreatMissingData": alarm.treat_missing_data or "missing",
        },
    }


def alarm_text(alarm: Alarm, made: Change) -> str:
    """The message that a person gets."""
    return "\n".join(
        [
            f'The CloudWatch alarm "{alarm.name}" has entered the {made.after} state.',
            "",
            alarm.description or "",
            "",
            f"Reason: {made.reason}",
            f"State change: {made.before} -> {made.after}",
            f"Time: {made.at:%A %d %B, %Y %H:%M:%S} UTC",
            f"Metric: {alarm.namespace} {alarm.metric_name} of "
            + ", ".join(f"{dimension.name} {dimension.value}" for dimension in alarm.dimensions),
        ]
    )


def _time(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"
