"""What every resource type can do."""

from __future__ import annotations

import secrets
import string
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from local.cloudformation.clients import Clients

Properties = dict[str, Any]
TagForm = Literal["list", "map"]
SUFFIX_LENGTH = 12


@dataclass(frozen=True)
class Made:
    """A resource that exists: its physical id, which Ref answers, and what Fn::GetAtt answers."""

    physical_id: str
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Request:
    """One resource that a stack wants; properties are resolved."""

    stack_id: str
    stack_name: str
    logical_id: str
    resource_type: str
    properties: Properties

    def name(self, given: str | None, *, longest: int = 64) -> str:
        """The given name, or a new one as CloudFormation makes them: stack, logical id and 12 random characters."""
        if given:
            return given
        alphabet = string.ascii_uppercase + string.digits
        suffix = "".join(secrets.choice(alphabet) for _ in range(SUFFIX_LENGTH))
        room = longest - len(suffix) - 2
        logical_id = self.logical_id[: max(room - len(self.stack_name), room // 2)]
        return f"{self.stack_name[: room - len(logical_id)]}-{logical_id}-{suffix}"


class ResourceType(ABC):
    """Creates, updates and deletes the resources of one type. All methods raise ResourceError.

    immutable: properties whose change takes a new resource; None when every change does
    tags: the form of its property Tags, by which it takes the stack's tags too; None when it has none
    """

    immutable: ClassVar[frozenset[str] | None] = None
    tags: TagForm | None = None

    def __init__(self, clients: Clients) -> None:
        self.clients = clients

    @abstractmethod
    def create(self, request: Request) -> Made:
        """Create the resource."""

    def update(self, request: Request, made: Made, before: Properties) -> Made:
        """Change the resource in place; before are the properties that it was made with."""
        raise NotImplementedError(f"{request.resource_type} is replaced, never updated")

    @abstractmethod
    def delete(self, made: Made, properties: Properties) -> None:
        """Delete the resource; one that is gone already is no error."""

    def needs_replacement(self, before: Properties, after: Properties) -> bool:
        """Whether the change takes a new resource."""
        if self.immutable is None:
            return True
        return any(before.get(name) != after.get(name) for name in self.immutable)


def tag_map(tags: list[dict[str, str]] | dict[str, str] | None) -> dict[str, str] | None:
    """Tags as a mapping, from either of the forms that templates use."""
    if isinstance(tags, list):
        return {each["Key"]: each["Value"] for each in tags}
    return tags


def with_stack_tags(properties: Properties, stack_tags: Mapping[str, str], form: TagForm | None) -> Properties:
    """The properties with the stack's tags, which yield to the resource's own.

    form: how the type writes its tags; a type without tags stays as it is
    """
    if form is None or not stack_tags:
        return properties
    tags = {**stack_tags, **(tag_map(properties.get("Tags")) or {})}
    written = tags if form == "map" else [{"Key": key, "Value": value} for key, value in tags.items()]
    return {**properties, "Tags": written}


def without(properties: Properties, *names: str) -> Properties:
    """The properties but for some."""
    return {name: value for name, value in properties.items() if name not in names}


def lower_keys(value: Any) -> Any:  # noqa: ANN401
    """The same with keys that begin in lower case, as some APIs write what templates do not."""
    if isinstance(value, dict):
        return {key[0].lower() + key[1:]: lower_keys(each) for key, each in value.items()}
    if isinstance(value, list):
        return [lower_keys(each) for each in value]
    return value
