"""EventBridge's event buses: which rules an event matches, and their targets called.

moto keeps buses, rules and targets and answers their API; it delivers to few targets and takes an operator that it
does not know for a match. Through moto's own classes (moto is pinned exactly).
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from moto.events.exceptions import InvalidEventPatternException, ValidationException
from moto.events.models import EventsBackend, Rule, events_backends

from local.events import targets
from local.events.callers import Callers
from local.events.delivery import Deliveries, Delivery, Failure, RetryPolicy, TargetRefusedError
from local.events.expressions import ExpressionError, parse_expression, time_zone
from local.events.inputs import InputError, target_input
from local.events.patterns import PatternError, check_pattern
from local.home import ACCOUNT, REGION

EVENTS = "events.amazonaws.com"

# What a target is called for, by its service.
ACTIONS = {"lambda": "lambda:InvokeFunction", "sqs": "sqs:SendMessage", "sns": "sns:Publish"}

Event = dict[str, Any]


class Bus:
    """Delivers events to the targets of the rules that match them."""

    def __init__(self, callers: Callers, deliveries: Deliveries) -> None:
        self._callers = callers
        self._deliveries = deliveries

    def install(self) -> None:
        """Plug into moto; call it before anything is served."""

        def send_to_targets(rule: Rule, original_event: Event, transform_input: bool = True) -> None:
            del transform_input  # offer does all of it
            event = {key: value for key, value in original_event.items() if key != "ingestion-time"}
            when = event["time"]
            if not isinstance(when, str):
                event["time"] = timestamp(datetime.fromtimestamp(when, UTC))
            self.offer(rule, event)

        replacements: list[tuple[object, str, object]] = [
            (Rule, "send_to_targets", send_to_targets),
            (EventsBackend, "put_rule", _checked_rule(EventsBackend.put_rule)),
            (EventsBackend, "put_targets", _checked_targets(EventsBackend.put_targets)),
        ]
        for owner, name, replacement in replacements:
            setattr(owner, name, replacement)

    def emit(self, source: str, detail_type: str, detail: Mapping[str, Any], resources: Iterable[str]) -> None:
        """Put an event of an AWS service on the default bus."""
        event = new_event(source, detail_type, detail, resources, datetime.now(UTC))
        for rule in list(events_backends[ACCOUNT][REGION].event_buses["default"].rules.values()):
            self.offer(rule, event)

    def offer(self, rule: Rule, event: Event) -> None:
        """Call a rule's targets if the event is one that it waits for."""
        pattern: Any = rule.event_pattern
        # moto has a rule without a pattern, which is one with a schedule, match everything.
        if rule.state == "ENABLED" and pattern.get_pattern() and pattern.matches_event(event):
            self.call_targets(rule, event)

    def call_targets(self, rule: Rule, event: Event) -> None:
        """Call a rule's targets in the background."""
        for target in list(rule.targets):
            self._deliveries.begin(self._delivery(rule.arn, target, event))

    def _delivery(self, rule_arn: str, target: dict[str, Any], event: Event) -> Delivery:
        return Delivery(
            target_arn=target["Arn"],
            call=lambda _attempt: self._call(rule_arn, target, event),
            keep=lambda failure: self._keep(rule_arn, target, event, failure),
            retry=RetryPolicy.of(target),
        )

    def _call(self, rule_arn: str, target: dict[str, Any], event: Event) -> None:
        arn = target["Arn"]
        service = targets.service_of(arn)
        try:
            payload = target_input(target, event, rule_arn)
        except InputError as error:
            raise TargetRefusedError("INVALID_JSON", str(error)) from error
        if service == "states":
            client = self._callers.of_role("stepfunctions", target["RoleArn"], EVENTS, rule_arn)
            targets.start_execution(client, arn, payload)
            return
        self._callers.require_permission(ACTIONS[service], arn, EVENTS, rule_arn)
        client = self._callers.of_account(service)
        if service == "lambda":
            targets.invoke_function(client, arn, payload)
        elif service == "sns":
            targets.publish(client, arn, payload)
        else:
            targets.send_message(client, arn, payload, target)

    def _keep(self, rule_arn: str, target: dict[str, Any], event: Event, failure: Failure) -> None:
        queue = (target.get("DeadLetterConfig") or {}).get("Arn")
        if queue is None:
            return
        self._callers.require_permission(ACTIONS["sqs"], queue, EVENTS, rule_arn)
        client = self._callers.of_account("sqs")
        client.send_message(
            QueueUrl=targets.queue_url(client, queue),
            MessageBody=json.dumps(event),
            MessageAttributes=failure.attributes(RULE_ARN=rule_arn, TARGET_ARN=target["Arn"]),
        )


def new_event(
    source: str, detail_type: str, detail: Mapping[str, Any], resources: Iterable[str], when: datetime
) -> Event:
    """An event as EventBridge delivers it."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": detail_type,
        "source": source,
        "account": ACCOUNT,
        "time": timestamp(when),
        "region": REGION,
        "resources": list(resources),
        "detail": dict(detail),
    }


def timestamp(when: datetime) -> str:
    """A moment as EventBridge writes it: in UTC, in whole seconds."""
    return f"{when.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _checked_rule(original: Callable[..., Rule]) -> Callable[..., Rule]:
    def put_rule(self: EventsBackend, name: str, **settings: Any) -> Rule:  # noqa: ANN401 - moto's own
        pattern, expression = settings.get("event_pattern"), settings.get("scheduled_expression")
        if pattern:
            try:
                check_pattern(pattern)
            except PatternError as error:
                raise InvalidEventPatternException(reason=str(error)) from error
        if expression:
            try:
                parse_expression(expression, time_zone("UTC"), first=datetime.now(UTC))
            except ExpressionError as error:
                raise ValidationException("Parameter ScheduleExpression is not valid.") from error
        rule = original(self, name, **settings)
        # What a rate counts from.
        rule.__dict__["put_at"] = datetime.now(UTC)
        return rule

    return put_rule


def _checked_targets(original: Callable[..., None]) -> Callable[..., None]:
    def put_targets(self: EventsBackend, name: str, bus: str | None, wanted: list[dict[str, Any]]) -> None:
        for target in wanted:
            _check_target(target)
        original(self, name, bus, wanted)

    return put_targets


def _check_target(target: dict[str, Any]) -> None:
    service = targets.service_of(target["Arn"])
    if service not in targets.RULE_TARGETS:
        raise ValidationException(
            f"the laptop's rules call {', '.join(targets.RULE_TARGETS)} only, which {target['Arn']} is not of"
        )
    if service == "states" and not target.get("RoleArn"):
        raise ValidationException(f"RoleArn is required for target {target['Arn']}.")
    ways = [name for name in ("Input", "InputPath", "InputTransformer") if name in target]
    if len(ways) > 1:
        raise ValidationException(
            f"Only one of Input, InputPath, or InputTransformer must be provided for {target['Id']}"
        )
