"""What EventBridge and its Scheduler deliver, read as triggers.

Shapes: infra/sam/schedules.yaml for the schedule's own input; for the others the event references of Amazon S3,
CloudWatch and Step Functions in the EventBridge user guide. Whatever else such an event holds is ignored.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, Json, TypeAdapter, ValidationError

from steps.contracts import RunInput
from steps.start_run import EndedRun, Trigger, recipe_of_key

_MILLISECONDS = 1000


class _Event(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class ScheduleEvent(_Event):
    """A schedule's input."""

    source: Literal["greenlight.schedule"]
    recipe: str
    scheduled_time: datetime


class _Named(_Event):
    name: str


class _StoredObject(_Event):
    key: str
    size: int
    etag: str = ""
    version_id: str = Field(default="", alias="version-id")
    sequencer: str = ""


class _ObjectCreated(_Event):
    bucket: _Named
    object: _StoredObject


class UploadEvent(_Event):
    """S3's "Object Created"."""

    source: Literal["aws.s3"]
    time: datetime
    detail: _ObjectCreated


class _AlarmState(_Event):
    value: str
    timestamp: datetime


class _AlarmChange(_Event):
    alarm_name: str = Field(alias="alarmName")
    state: _AlarmState


class AlarmEvent(_Event):
    """CloudWatch's "CloudWatch Alarm State Change"."""

    source: Literal["aws.cloudwatch"]
    detail: _AlarmChange


class _EndedExecution(_Event):
    name: str
    status: str
    # Left out by Step Functions when they are large.
    input: Json[Any] | None = None
    output: Json[Any] | None = None
    stop_date: int = Field(alias="stopDate")


class EndEvent(_Event):
    """Step Functions' "Step Functions Execution Status Change" of an execution that has ended."""

    source: Literal["aws.states"]
    detail: _EndedExecution


Event = ScheduleEvent | UploadEvent | AlarmEvent | EndEvent

_EVENT: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="source")])


def read_event(event: dict[str, Any]) -> Event:
    """The event as one of the four; raises pydantic's ValidationError."""
    return _EVENT.validate_python(event)


def trigger_of(event: ScheduleEvent | UploadEvent | AlarmEvent, stack: str) -> Trigger | None:
    """What an event asks for; None when it asks for nothing, such as an object in a folder further down.

    stack: name of the root stack, which the names of drift alarms begin with
    """
    if isinstance(event, ScheduleEvent):
        when = event.scheduled_time.astimezone(UTC)
        return Trigger(event.recipe, "schedule", ("schedule", when.isoformat()), when, waits=True)
    if isinstance(event, UploadEvent):
        return _upload(event)
    alarm, state = event.detail.alarm_name, event.detail.state
    prefix = f"{stack}-drift-"
    if state.value != "ALARM" or not alarm.startswith(prefix):
        return None
    identity = ("alarm", alarm, state.timestamp.isoformat())
    return Trigger(alarm.removeprefix(prefix), f"alarm {alarm}", identity, state.timestamp, waits=True)


def _upload(event: UploadEvent) -> Trigger | None:
    bucket, stored = event.detail.bucket.name, event.detail.object
    recipe = recipe_of_key(stored.key)
    # PrepareRun passes over empty objects too; the console makes them to stand for folders.
    if recipe is None or stored.size == 0:
        return None
    identity = ("upload", bucket, stored.key, stored.version_id or f"{stored.etag} {stored.sequencer}")
    return Trigger(recipe, f"upload of s3://{bucket}/{stored.key}", identity, event.time, waits=True)


def ended_run(event: EndEvent) -> EndedRun | None:
    """The run behind an event; None when its input is no run's, or was too large for the event."""
    detail = event.detail
    try:
        run_input = RunInput.model_validate(detail.input)
    except ValidationError:
        return None
    prepared = detail.output.get("prepare_run") or {} if isinstance(detail.output, dict) else {}
    return EndedRun(
        run_id=detail.name,
        input=run_input,
        was_busy=prepared.get("decision") == "already_running",
        ended_at=datetime.fromtimestamp(detail.stop_date / _MILLISECONDS, UTC),
    )
