"""Alarms: moto keeps them, this looks at their metrics, changes their state and does what they then shall do."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias, cast

from moto.cloudwatch.exceptions import ValidationError
from moto.cloudwatch.models import Alarm, CloudWatchBackend, MetricDatumBase
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult

from local.cloudwatch.actions import ActionFailedError, notify
from local.cloudwatch.announcement import Change, alarm_text, event_detail, notification
from local.cloudwatch.data_points import STATISTICS, data_points
from local.cloudwatch.evaluation import COMPARISONS, EXTRA_PERIODS, Rule, State, Treatment, Verdict, evaluate
from local.cloudwatch.metrics import backend_of_laptop
from local.home import REGION

logger = logging.getLogger(__name__)

# source, detail-type, detail, resources
Emit: TypeAlias = Callable[[str, str, dict[str, Any], list[str]], None]

CHANGES_KEPT = 100
SUBJECT_CHARACTERS = 100
_put_metric_alarm_of_moto = CloudWatchBackend.put_metric_alarm


class Alarms:
    """Evaluates every alarm; emit is told of changes, as EventBridge is."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit

    def install(self) -> None:
        """Plug into moto, before anything is served."""
        alarms = self

        def set_alarm_state(
            backend: CloudWatchBackend, alarm_name: str, reason: str, reason_data: str | None, state_value: State
        ) -> None:
            if alarm_name not in backend.alarms:
                raise ValidationError(f"there is no alarm {alarm_name}")
            alarms.change(backend.alarms[alarm_name], state_value, reason, reason_data or "{}", datetime.now(UTC))

        CloudWatchBackend.put_metric_alarm = _put_metric_alarm  # type: ignore[method-assign,assignment]
        CloudWatchBackend.set_alarm_state = set_alarm_state  # type: ignore[method-assign,assignment]
        CloudWatchResponse.describe_alarm_history = _describe_alarm_history  # type: ignore[attr-defined]

    def evaluate(self, now: datetime) -> bool:
        """Look at every alarm; whether any changed its state."""
        backend = backend_of_laptop()
        data: dict[tuple[str, str], list[MetricDatumBase]] = {}
        for datum in list(backend.metric_data):
            data.setdefault((datum.namespace, datum.name), []).append(datum)
        changed = False
        for alarm in list(backend.alarms.values()):
            verdict = judge(alarm, data.get((alarm.namespace, alarm.metric_name), []), now)
            if verdict.state != alarm.state_value:
                self.change(alarm, verdict.state, verdict.reason, _reason_data(alarm, verdict, now), now)
                changed = True
        return changed

    def change(self, alarm: Alarm, state: State, reason: str, reason_data: str, now: datetime) -> None:
        """Put an alarm into a state, and do what it then shall do."""
        made = Change(alarm.state_value, alarm.state_reason, alarm.state_updated_timestamp, state, reason, now)
        alarm.state_value, alarm.state_reason, alarm.state_reason_data = state, reason, reason_data
        alarm.state_updated_timestamp = now.astimezone(UTC).replace(tzinfo=None)
        _remember(alarm, now, "StateUpdate", f"Alarm updated from {made.before} to {state}", json.loads(reason_data))
        logger.info("alarm changed", extra={"alarm": alarm.name, "state": state, "before": made.before})
        if made.before == state:
            return
        self._emit("aws.cloudwatch", "CloudWatch Alarm State Change", event_detail(alarm, made), [alarm.alarm_arn])
        actions = {
            "ALARM": alarm.alarm_actions,
            "OK": alarm.ok_actions,
            "INSUFFICIENT_DATA": alarm.insufficient_data_actions,
        }
        for topic in actions[state] if alarm.actions_enabled else []:
            _notify(alarm, made, topic)


def _put_metric_alarm(backend: CloudWatchBackend, name: str, **settings: Any) -> Alarm:  # noqa: ANN401 - moto's own
    before = backend.alarms.get(name)
    alarm = _put_metric_alarm_of_moto(backend, name, **settings)
    if reason := _why_not(alarm):
        backend.alarms.pop(name)
        if before is not None:
            backend.alarms[name] = before
        raise ValidationError(reason)
    _take_state_over(alarm, before)
    return alarm


def judge(alarm: Alarm, data: Iterable[MetricDatumBase], now: datetime) -> Verdict:
    """The state that an alarm's own numbers call for.

    data: numbers that may be of other dimensions and units
    """
    wanted = sorted((dimension.name, dimension.value) for dimension in alarm.dimensions)
    own = [
        datum
        for datum in data
        if sorted((dimension.name, dimension.value) for dimension in datum.dimensions) == wanted
        and (not alarm.unit or datum.unit == alarm.unit)
    ]
    rule = _rule(alarm)
    period = timedelta(seconds=int(alarm.period))
    statistic = alarm.statistic or alarm.extended_statistic
    points = data_points(own, str(statistic), period, rule.periods + EXTRA_PERIODS, now)
    return evaluate(rule, points, cast("State", alarm.state_value))


def _rule(alarm: Alarm) -> Rule:
    periods = int(alarm.evaluation_periods)
    return Rule(
        comparison=alarm.comparison_operator,
        threshold=float(alarm.threshold),
        periods=periods,
        to_alarm=int(alarm.datapoints_to_alarm or periods),
        missing=cast("Treatment", alarm.treat_missing_data or "missing"),
    )


def _why_not(alarm: Alarm) -> str | None:
    """Why the laptop cannot evaluate an alarm: one that never went off would be worse than none."""
    if alarm.metric_data_queries:
        return "The laptop evaluates alarms on one metric, not those on expressions."
    if alarm.comparison_operator not in COMPARISONS:
        return f"The laptop does not know the comparison {alarm.comparison_operator}."
    if not alarm.extended_statistic and alarm.statistic not in STATISTICS:
        return f"The laptop does not know the statistic {alarm.statistic}."
    actions = [*alarm.alarm_actions, *alarm.ok_actions, *alarm.insufficient_data_actions]
    others = [arn for arn in actions if arn.split(":")[2:3] != ["sns"]]
    return f"The laptop's alarms can notify SNS topics, not {', '.join(others)}." if others else None


def _take_state_over(alarm: Alarm, before: Alarm | None) -> None:
    """A new alarm has no data yet; one that is put again stays in its state until it is evaluated."""
    alarm.history = before.history if before else []
    if before is None:
        alarm.state_value = "INSUFFICIENT_DATA"
        return
    for name in ("state_value", "state_reason", "state_reason_data", "state_updated_timestamp"):
        setattr(alarm, name, getattr(before, name))


def _notify(alarm: Alarm, made: Change, topic: str) -> None:
    message = json.dumps({"default": json.dumps(notification(alarm, made)), "email": alarm_text(alarm, made)})
    subject = f'{made.after}: "{alarm.name}" in {REGION}'[:SUBJECT_CHARACTERS]
    try:
        notify(alarm.alarm_arn, topic, subject=subject, message=message)
    except ActionFailedError as error:
        # It is part of the alarm's history on AWS too, and the other actions go on.
        logger.warning("alarm action failed", extra={"alarm": alarm.name, "action": topic, "reason": str(error)})
        _remember(alarm, made.at, "Action", f"Failed to execute action {topic}", {"error": str(error)})
    else:
        _remember(alarm, made.at, "Action", f"Successfully executed action {topic}", {"actionState": "Succeeded"})


def _remember(alarm: Alarm, now: datetime, kind: str, summary: str, data: dict[str, Any]) -> None:
    alarm.history.append({"at": now, "kind": kind, "summary": summary, "data": json.dumps(data)})
    del alarm.history[:-CHANGES_KEPT]


def _reason_data(alarm: Alarm, verdict: Verdict, now: datetime) -> str:
    return json.dumps(
        {
            "version": "1.0",
            "queryDate": now.isoformat(timespec="milliseconds"),
            "statistic": alarm.statistic or alarm.extended_statistic,
            "period": int(alarm.period),
            "recentDatapoints": [point.value for point in reversed(verdict.points)],
            "threshold": float(alarm.threshold),
        }
    )


def _describe_alarm_history(self: CloudWatchResponse) -> ActionResult:
    name, kind = self._get_param("AlarmName"), self._get_param("HistoryItemType")
    items = [
        {
            "AlarmName": alarm.name,
            "AlarmType": "MetricAlarm",
            "Timestamp": item["at"],
            "HistoryItemType": item["kind"],
            "HistorySummary": item["summary"],
            "HistoryData": item["data"],
        }
        for alarm in list(self.cloudwatch_backend.alarms.values())
        if name in {None, alarm.name}
        for item in alarm.history
        if kind in {None, item["kind"]}
    ]
    newest_first = sorted(items, key=lambda item: item["Timestamp"], reverse=True)
    return ActionResult({"AlarmHistoryItems": newest_first[: int(self._get_param("MaxRecords") or CHANGES_KEPT)]})
