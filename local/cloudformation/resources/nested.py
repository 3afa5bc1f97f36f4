"""AWS::CloudFormation::Stack: a stack inside a stack."""

# ruff: noqa: ARG002, D102 - every type has the same three methods, described in ResourceType

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from local.cloudformation.clients import Clients
from local.cloudformation.resources.base import Made, Properties, Request, ResourceType, tag_map


class NestedStacks(Protocol):
    """Deploys the stacks of a stack, and waits for them. All methods raise ResourceError."""

    def create_nested(
        self, request: Request, template_url: str, parameters: Mapping[str, str], tags: Mapping[str, str]
    ) -> tuple[str, dict[str, str]]:
        """Create a stack; returns its id and its outputs."""

    def update_nested(
        self, stack_id: str, template_url: str, parameters: Mapping[str, str], tags: Mapping[str, str]
    ) -> dict[str, str]:
        """Update a stack; returns its outputs."""

    def delete_nested(self, stack_id: str) -> None:
        """Delete a stack with all in it."""


class NestedStack(ResourceType):
    """AWS::CloudFormation::Stack."""

    immutable = frozenset()

    def __init__(self, clients: Clients, stacks: NestedStacks) -> None:
        super().__init__(clients)
        self._stacks = stacks

    def create(self, request: Request) -> Made:
        stack_id, outputs = self._stacks.create_nested(request, *_settings(request.properties))
        return Made(stack_id, _attributes(outputs))

    def update(self, request: Request, made: Made, before: Properties) -> Made:
        outputs = self._stacks.update_nested(made.physical_id, *_settings(request.properties))
        return Made(made.physical_id, _attributes(outputs))

    def delete(self, made: Made, properties: Properties) -> None:
        self._stacks.delete_nested(made.physical_id)


def _settings(properties: Properties) -> tuple[str, dict[str, str], dict[str, str]]:
    parameters = {name: _text(value) for name, value in properties.get("Parameters", {}).items()}
    return properties["TemplateURL"], parameters, tag_map(properties.get("Tags")) or {}


def _text(value: object) -> str:
    if isinstance(value, list):
        return ",".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _attributes(outputs: Mapping[str, str]) -> dict[str, str]:
    return {f"Outputs.{name}": value for name, value in outputs.items()}
