"""What becomes of the resources that an update replaces or removes.

They stay until the deployment of the root stack has succeeded, as on AWS, so that a rollback finds them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping

from local.cloudformation.errors import ResourceError
from local.cloudformation.resource_actions import delete_resource, handler_of
from local.cloudformation.resources.base import ResourceType
from local.cloudformation.stack import Stack

NESTED = "AWS::CloudFormation::Stack"
CLEANING = "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"


def clean_up(stack: Stack, types: Mapping[str, ResourceType], stack_of: Callable[[str], Stack | None]) -> None:
    """Delete what the last update of a stack, and of those inside it, has left over.

    stack_of: the stack of an id
    What cannot be deleted is left behind, as on AWS; the events name it.
    """
    clean_up_nested(stack, types, stack_of)
    for resource in reversed(stack.replaced):
        with contextlib.suppress(ResourceError):
            delete_resource(stack, resource, handler_of(types, resource.resource_type), policy_counts=False)
    for resource in reversed(stack.removed):
        with contextlib.suppress(ResourceError):
            delete_resource(stack, resource, handler_of(types, resource.resource_type))
    stack.replaced = stack.removed = ()
    if stack.stack_status == CLEANING:
        stack.record("UPDATE_COMPLETE")


def clean_up_nested(stack: Stack, types: Mapping[str, ResourceType], stack_of: Callable[[str], Stack | None]) -> None:
    """The same for the stacks inside a stack only."""
    for resource in stack.stack_resources:
        inside = stack_of(resource.physical_resource_id) if resource.resource_type == NESTED else None
        if inside is not None:
            clean_up(inside, types, stack_of)


def take_back(stack: Stack) -> None:
    """Give a stack again what its last update replaced or removed; what took its place is then left over."""
    superseded = []
    for resource in (*reversed(stack.replaced), *stack.removed):
        current = stack.resources.get(resource.logical_resource_id)
        if current is not None:
            superseded.append(current)
        stack.resources[resource.logical_resource_id] = resource
    stack.replaced, stack.removed = tuple(superseded), ()
