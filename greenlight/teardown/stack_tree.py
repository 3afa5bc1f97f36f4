"""A stack with the stacks inside it, and those of the same name that were deleted before.

CloudFormation knows a deleted stack by its id for 90 days, with every resource it had. So a removal that was
interrupted is taken up again, and data that was kept is found later.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from greenlight.errors import WrongUseError
from greenlight.stack_events import STACK

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

# How the description of template.yaml begins; another stack is not ours to delete.
DESCRIPTION = "Greenlight retrains a model"


@dataclass(frozen=True)
class Resource:
    """One resource as CloudFormation lists it."""

    kind: str
    physical_id: str


@dataclass(frozen=True)
class StackTree:
    """All that stacks of one name have, or had.

    stack_id, status: of the stack that is there; empty when there is none
    resources: of the stack that is there;  former: of those that were deleted
    """

    name: str
    stack_id: str
    status: str
    resources: tuple[Resource, ...]
    former: tuple[Resource, ...]

    def ids(self, kind: str) -> list[str]:
        """Physical ids of one type, those of the stack that is there first, each once."""
        return list(dict.fromkeys(each.physical_id for each in (*self.resources, *self.former) if each.kind == kind))


def read_tree(cloudformation: CloudFormationClient, name: str) -> StackTree:
    """The tree of a name.

    Raises WrongUseError when the stack of that name is not Greenlight's, or a part of another one.
    """
    stack_id = status = ""
    try:
        stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") != "ValidationError":
            raise
    else:
        if stack.get("ParentId"):
            raise WrongUseError(f"the stack {name} is a part of another one; name the whole in GREENLIGHT_STACK")
        if not stack.get("Description", "").startswith(DESCRIPTION):
            raise WrongUseError(f"the stack {name} is none of Greenlight's; nothing was deleted")
        stack_id, status = stack["StackId"], stack["StackStatus"]
    former = [
        resource
        for deleted in _deleted(cloudformation, name, stack_id)
        for resource in _resources(cloudformation, deleted)
    ]
    resources = _resources(cloudformation, stack_id) if stack_id else ()
    return StackTree(name, stack_id, status, tuple(resources), tuple(former))


def _deleted(cloudformation: CloudFormationClient, name: str, stack_id: str) -> Iterator[str]:
    """Ids of the deleted stacks of a name, newest first, and of those that were deleted inside any of them.

    stack_id: of the stack that is there; a first deployment that failed has taken what was inside it away
    """
    pages = cloudformation.get_paginator("list_stacks").paginate(StackStatusFilter=["DELETE_COMPLETE"])
    deleted = [stack for page in pages for stack in page["StackSummaries"]]
    roots = [
        stack["StackId"]
        for stack in deleted
        if stack["StackName"] == name
        and stack.get("TemplateDescription", "").startswith(DESCRIPTION)
        and not stack.get("ParentId")
    ]
    inside = {stack_id, *roots} - {""}
    yield from roots
    yield from (stack["StackId"] for stack in deleted if stack.get("RootId") in inside)


def _resources(cloudformation: CloudFormationClient, stack_id: str) -> Iterator[Resource]:
    for page in cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack_id):
        for resource in page["StackResourceSummaries"]:
            physical_id = resource.get("PhysicalResourceId", "")
            if not physical_id:
                continue
            yield Resource(resource["ResourceType"], physical_id)
            if resource["ResourceType"] == STACK:
                yield from _resources(cloudformation, physical_id)
