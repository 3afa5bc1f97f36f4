"""What is done to one resource of a stack, whatever its type."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TypeVar

from local.cloudformation.errors import ResourceError
from local.cloudformation.resources import CUSTOM
from local.cloudformation.resources.base import Made, ResourceType
from local.cloudformation.stack import Stack, StackResource

logger = logging.getLogger(__name__)

T = TypeVar("T")
KEPT = {"Retain", "RetainExceptOnCreate"}


def attempt(resource: StackResource, action: Callable[[], T]) -> T:
    """Do something with a resource, and have whatever goes wrong be a ResourceError."""
    try:
        return action()
    except ResourceError:
        raise
    except Exception as error:
        # A deployment must come to an end whatever a service does; the log has the rest.
        logger.exception("resource failed", extra={"resource": resource.logical_resource_id})
        raise ResourceError(f"Internal failure: {type(error).__name__}: {error}") from error


def handler_of(types: Mapping[str, ResourceType], resource_type: str) -> ResourceType:
    """What deploys a type."""
    return types[CUSTOM if resource_type.startswith("Custom::") else resource_type]


def delete_resource(
    stack: Stack, resource: StackResource, handler: ResourceType, *, policy_counts: bool = True
) -> None:
    """Delete one resource of a stack, unless its policy keeps it.

    Raises ResourceError, which the stack's events then hold.
    """
    if policy_counts and resource.deletion_policy in KEPT:
        stack.record_resource(resource, "DELETE_SKIPPED")
        return
    stack.record_resource(resource, "DELETE_IN_PROGRESS")
    try:
        attempt(resource, lambda: handler.delete(made_of(resource), resource.properties))
    except ResourceError as error:
        stack.record_resource(resource, "DELETE_FAILED", str(error))
        raise
    stack.record_resource(resource, "DELETE_COMPLETE")


def made_of(resource: StackResource) -> Made:
    """The resource as its type knows it."""
    return Made(resource.physical_resource_id, resource.attributes)
