"""Follows what CloudFormation does to a stack and to the stacks inside it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import StackEventTypeDef

STACK = "AWS::CloudFormation::Stack"
CANCELLED = "Resource creation cancelled"


@dataclass(frozen=True)
class ResourceEvent:
    """One step of one resource."""

    stack_name: str
    logical_id: str
    resource_type: str
    status: str
    reason: str


class StackEvents:
    """The events of a stack from now on, with those of the stacks inside it."""

    def __init__(self, cloudformation: CloudFormationClient, stack_id: str) -> None:
        self._cloudformation = cloudformation
        self._failures: list[StackEventTypeDef] = []
        self._stacks = [stack_id]
        self._seen = {event["EventId"] for event in self._events(stack_id)}
        described = cloudformation.describe_stack_resources(StackName=stack_id)["StackResources"]
        for resource in described:
            if resource["ResourceType"] == STACK and "PhysicalResourceId" in resource:
                inner = resource["PhysicalResourceId"]
                self._stacks.append(inner)
                self._seen.update(event["EventId"] for event in self._events(inner))

    def new(self) -> list[ResourceEvent]:
        """What has happened since the last call, oldest first."""
        found: list[StackEventTypeDef] = []
        # The list grows while it is gone through: an event of one stack names the next one.
        for stack_id in self._stacks:
            for event in self._events(stack_id):
                if event["EventId"] in self._seen:
                    continue
                self._seen.add(event["EventId"])
                found.append(event)
                inner = event.get("PhysicalResourceId", "")
                if event["ResourceType"] == STACK and inner and inner not in self._stacks:
                    self._stacks.append(inner)
        found.sort(key=lambda event: event["Timestamp"])
        self._failures.extend(event for event in found if _is_failure(event))
        return [_resource_event(event) for event in found]

    @property
    def first_failure(self) -> ResourceEvent | None:
        """The resource that failed first: of a stack inside a stack the resource in it, not the stack."""
        of_resources = [event for event in self._failures if event["ResourceType"] != STACK]
        first = min(of_resources or self._failures, key=lambda event: event["Timestamp"], default=None)
        return _resource_event(first) if first is not None else None

    def _events(self, stack_id: str) -> Iterator[StackEventTypeDef]:
        pages = self._cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack_id)
        for page in pages:
            yield from page["StackEvents"]


def _is_failure(event: StackEventTypeDef) -> bool:
    failed = event["ResourceStatus"].endswith("_FAILED")
    return failed and event.get("ResourceStatusReason", "") != CANCELLED


def _resource_event(event: StackEventTypeDef) -> ResourceEvent:
    return ResourceEvent(
        event["StackName"],
        event["LogicalResourceId"],
        event["ResourceType"],
        event["ResourceStatus"],
        event.get("ResourceStatusReason", ""),
    )
