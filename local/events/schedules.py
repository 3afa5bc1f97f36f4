"""Checks what EventBridge Scheduler checks when a schedule is made, which moto does not.

Through moto's own classes (moto is pinned exactly).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from moto.core.utils import get_service_model
from moto.scheduler.exceptions import ScheduleGroupNotFound, ValidationException
from moto.scheduler.models import EventBridgeSchedulerBackend, Schedule, ScheduleGroup

from local.events.expressions import ExpressionError, parse_expression, time_zone
from local.events.targets import SCHEDULE_TARGETS, START_EXECUTION, service_of
from local.home import ACCOUNT, REGION
from local.iam import AssumeRoleError, check_trust
from local.service_models import broken_constraints, message_of

SCHEDULER = "scheduler.amazonaws.com"
# The API's names of what moto hands on.
NAMES = {
    "name": "Name",
    "group_name": "GroupName",
    "description": "Description",
    "schedule_expression": "ScheduleExpression",
    "schedule_expression_timezone": "ScheduleExpressionTimezone",
    "state": "State",
    "target": "Target",
    "flexible_time_window": "FlexibleTimeWindow",
    "action_after_completion": "ActionAfterCompletion",
}


def install() -> None:
    """Plug into moto; call it before anything is served."""
    backend = EventBridgeSchedulerBackend
    replacements: list[tuple[object, str, object]] = [
        (backend, "create_schedule", _checked("CreateSchedule", backend.create_schedule)),
        (backend, "update_schedule", _checked("UpdateSchedule", backend.update_schedule)),
        (backend, "create_schedule_group", _checked_group(backend.create_schedule_group)),
    ]
    for owner, name, replacement in replacements:
        setattr(owner, name, replacement)


def _checked(operation: str, original: Callable[..., Schedule]) -> Callable[..., Schedule]:
    def checked(self: EventBridgeSchedulerBackend, **settings: Any) -> Schedule:  # noqa: ANN401 - moto's own
        given = {NAMES[key]: value for key, value in settings.items() if key in NAMES and value is not None}
        _check_limits(operation, given)
        _check(given)
        if given.get("GroupName", "default") not in self.schedule_groups:
            raise ScheduleGroupNotFound(given["GroupName"])
        # moto hands its caller's own mapping on, and adds to it.
        return original(self, **{**settings, "target": dict(settings["target"])})

    return checked


def _check_limits(operation: str, given: Mapping[str, Any]) -> None:
    shape = get_service_model("scheduler").operation_model(operation).input_shape
    broken = list(broken_constraints(shape, given))
    if broken:
        raise ValidationException(message_of(broken))


def _check(given: Mapping[str, Any]) -> None:
    try:
        zone = time_zone(given.get("ScheduleExpressionTimezone", "UTC"))
        parse_expression(given["ScheduleExpression"], zone, first=datetime.now(UTC))
    except ExpressionError as error:
        raise ValidationException(str(error)) from error
    window, target = given["FlexibleTimeWindow"], given["Target"]
    if (window["Mode"] == "FLEXIBLE") != ("MaximumWindowInMinutes" in window):
        raise ValidationException(
            "MaximumWindowInMinutes must be provided if FlexibleTimeWindow is FLEXIBLE, and not if it is OFF."
        )
    if target["Arn"] != START_EXECUTION and service_of(target["Arn"]) not in SCHEDULE_TARGETS:
        raise ValidationException(
            f"Provided Arn is not in correct format, or not one that the laptop's schedules call: {target['Arn']}. "
            f"They call functions, state machines and {START_EXECUTION}."
        )
    if "Input" in target:
        _check_input(target)
    try:
        check_trust(target["RoleArn"], SCHEDULER, source_arn=group_arn(given.get("GroupName")))
    except AssumeRoleError as error:
        raise ValidationException(
            "The execution role you provide must allow AWS EventBridge Scheduler to assume the role."
        ) from error


def group_arn(name: str | None) -> str:
    """The ARN of a schedule's group, on whose behalf the scheduler assumes roles."""
    return f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule-group/{name or 'default'}"


def _check_input(target: Mapping[str, Any]) -> None:
    try:
        document = json.loads(target["Input"])
    except ValueError as error:
        raise ValidationException(f"Invalid RequestJson provided. Reason {error}") from error
    if target["Arn"] == START_EXECUTION and "StateMachineArn" not in document:
        raise ValidationException(
            "Invalid RequestJson provided. Reason The required parameter StateMachineArn is missing"
        )


def _checked_group(original: Callable[..., ScheduleGroup]) -> Callable[..., ScheduleGroup]:
    def create_schedule_group(
        self: EventBridgeSchedulerBackend, name: str, tags: list[dict[str, str]] | None
    ) -> ScheduleGroup:
        _check_limits("CreateScheduleGroup", {"Name": name})
        if name in self.schedule_groups:
            error = ValidationException(f"Schedule group {name} already exists.")
            error.error_type = "ConflictException"
            raise error
        return original(self, name, tags or [])

    return create_schedule_group
