"""What CloudFormation remembers of a stack: plain values that survive a restart.

Attributes carry the API's own names, since moto's responses are made from them.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Properties = dict[str, Any]


def now() -> datetime:
    """The present time, UTC, without zone as moto's responses want it."""
    return datetime.now(UTC).replace(tzinfo=None)


@dataclass
class StackResource:
    """One resource of a stack as it was last deployed.

    properties: resolved, as they were given to the resource's service
    attributes: what Fn::GetAtt answers
    """

    stack_id: str
    stack_name: str
    logical_resource_id: str
    resource_type: str
    physical_resource_id: str = ""
    properties: Properties = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)
    deletion_policy: str = "Delete"
    update_replace_policy: str = "Delete"
    resource_status: str = "CREATE_IN_PROGRESS"
    resource_status_reason: str | None = None
    timestamp: datetime = field(default_factory=now)

    @property
    def last_updated_timestamp(self) -> datetime:
        """The same time, under the name that summaries use."""
        return self.timestamp


@dataclass(frozen=True)
class StackEvent:
    """One line of a deployment's history."""

    stack_id: str
    stack_name: str
    logical_resource_id: str
    physical_resource_id: str
    resource_type: str
    resource_status: str
    resource_status_reason: str | None = None
    resource_properties: str | None = None
    timestamp: datetime = field(default_factory=now)
    event_id: str = field(default_factory=lambda: str(uuid.uuid4()))


@dataclass(frozen=True)
class Export:
    """An output that other stacks import by name."""

    exporting_stack_id: str
    name: str
    value: str


@dataclass
class Stack:
    """A stack.

    template: as it was submitted;  processed: after transforms, as it was last deployed
    attempted_description: of the last template, also when its deployment failed
    undone: resources that a deployment made and its failure took away again; they are listed, but no longer there
    resolved_parameters: with defaults, lists as lists
    replaced, removed: what the last update has left over and nothing has deleted yet
    """

    stack_id: str
    stack_name: str
    stack_status: str = "REVIEW_IN_PROGRESS"
    stack_status_reason: str | None = None
    template: str = ""
    processed: dict[str, Any] = field(default_factory=dict)
    attempted_description: str | None = None
    resolved_parameters: dict[str, Any] = field(default_factory=dict)
    hidden_parameters: frozenset[str] = frozenset()
    resources: dict[str, StackResource] = field(default_factory=dict)
    undone: list[StackResource] = field(default_factory=list)
    output_values: list[dict[str, Any]] = field(default_factory=list)
    events: list[StackEvent] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)
    capabilities: list[str] = field(default_factory=list)
    parent_id: str | None = None
    root_id: str | None = None
    role_arn: str | None = None
    policy: str = ""
    creation_time: datetime = field(default_factory=now)
    last_updated_time: datetime | None = None
    deletion_time: datetime | None = None
    enable_termination_protection: bool = False
    disable_rollback: bool = False
    timeout_in_minutes: int | None = None
    notification_arns: list[str] = field(default_factory=list)
    replaced: tuple[StackResource, ...] = ()
    removed: tuple[StackResource, ...] = ()

    def record(self, status: str, reason: str | None = None) -> None:
        """Change the stack's status and say so in its events."""
        self.stack_status = status
        self.stack_status_reason = reason
        self.events.append(
            StackEvent(
                self.stack_id,
                self.stack_name,
                self.stack_name,
                self.stack_id,
                "AWS::CloudFormation::Stack",
                status,
                reason,
            )
        )

    def record_resource(self, resource: StackResource, status: str, reason: str | None = None) -> None:
        """Change a resource's status and say so in the stack's events."""
        resource.resource_status = status
        resource.resource_status_reason = reason
        resource.timestamp = now()
        self.events.append(
            StackEvent(
                self.stack_id,
                self.stack_name,
                resource.logical_resource_id,
                resource.physical_resource_id,
                resource.resource_type,
                status,
                reason,
            )
        )

    @property
    def in_progress(self) -> bool:
        """Whether a deployment of it runs now."""
        return self.stack_status.endswith("_IN_PROGRESS") and self.stack_status != "REVIEW_IN_PROGRESS"

    @property
    def name(self) -> str:
        """The name under which moto's responses ask for it."""
        return self.stack_name

    @property
    def status(self) -> str:
        """The name under which moto's responses ask for it."""
        return self.stack_status

    @property
    def description(self) -> str | None:
        """The template's description."""
        return self.processed.get("Description", self.attempted_description)

    @property
    def template_description(self) -> str | None:
        """The same, under the name that summaries use."""
        return self.description

    @property
    def stack_parameters(self) -> dict[str, str]:
        """What `UsePreviousValue` stands for."""
        return {
            name: ",".join(value) if isinstance(value, list) else str(value)
            for name, value in self.resolved_parameters.items()
        }

    @property
    def stack_resources(self) -> list[StackResource]:
        """Its resources in the order of their creation, then those that are listed only."""
        return [*self.resources.values(), *self.undone]

    @property
    def outputs(self) -> list[dict[str, Any]] | None:
        """Its outputs, or None when it has none."""
        return self.output_values or None

    @property
    def exports(self) -> list[Export]:
        """Those of its outputs that have a name of their own."""
        return [
            Export(self.stack_id, each["ExportName"], each["OutputValue"])
            for each in self.output_values
            if each.get("ExportName")
        ]

    @property
    def parameter_list(self) -> list[dict[str, str]]:
        """Its parameters as DescribeStacks lists them."""
        return [
            {"ParameterKey": name, "ParameterValue": "****" if name in self.hidden_parameters else value}
            for name, value in self.stack_parameters.items()
        ]

    class Meta:
        """What moto's serializer finds under another name."""

        serialization_aliases = {"Parameters": "parameter_list"}  # noqa: RUF012 - the name and kind moto looks for


@dataclass(frozen=True)
class Change:
    """One resource that a change set would touch."""

    action: str
    logical_resource_id: str
    resource_type: str
    physical_resource_id: str | None = None


@dataclass
class ChangeSet:
    """A deployment that waits to be executed."""

    change_set_id: str
    change_set_name: str
    change_set_type: str
    stack_id: str
    stack_name: str
    template: str
    parameters: dict[str, str]
    tags: dict[str, str]
    description: str | None = None
    role_arn: str | None = None
    notification_arns: list[str] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    status: str = "CREATE_COMPLETE"
    status_reason: str | None = None
    execution_status: str = "AVAILABLE"
    creation_time: datetime = field(default_factory=now)
