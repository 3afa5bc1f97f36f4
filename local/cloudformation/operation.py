"""Brings one stack to what its template says, or back to what it was."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

from local.cloudformation.cleanup import CLEANING, clean_up, clean_up_nested
from local.cloudformation.errors import ResourceError, TemplateError
from local.cloudformation.intrinsics import NO_VALUE, Resolver
from local.cloudformation.resource_actions import KEPT, attempt, delete_resource, handler_of, made_of
from local.cloudformation.resources.base import Made, Request, ResourceType, with_stack_tags, without
from local.cloudformation.stack import Stack, StackResource, now
from local.cloudformation.template import Template
from local.home import ACCOUNT, REGION


class Operation:
    """One create or update of a stack.

    types: by name;  imported: the value of another stack's export;  stack_of: the stack of an id
    """

    def __init__(
        self,
        stack: Stack,
        template: Template,
        types: Mapping[str, ResourceType],
        imported: Callable[[str], str],
        stack_of: Callable[[str], Stack | None],
    ) -> None:
        self._stack = stack
        self._template = template
        self._types = types
        self._stack_of = stack_of
        self._verb = "UPDATE" if stack.processed else "CREATE"
        self._undo: list[Callable[[], None]] = []
        self._replaced: list[StackResource] = []
        self._resolver = Resolver(
            reference=self._reference,
            attribute=self._attribute,
            imported=imported,
            mappings=template.document.get("Mappings") or {},
            conditions=template.document.get("Conditions") or {},
        )

    def run(self) -> bool:
        """Deploy; whether it succeeded. The stack's status and events say what happened."""
        stack = self._stack
        stack.attempted_description = self._template.document.get("Description")
        stack.record(f"{self._verb}_IN_PROGRESS", "User Initiated")
        try:
            wanted = [name for name in self._template.resources if self._is_wanted(self._template.resources[name])]
            for name in self._template.in_order(wanted=wanted):
                self._deploy(name)
            outputs = self._outputs()
        except _ResourceFailedError as error:
            verb = "create" if self._verb == "CREATE" else "update"
            self._roll_back(f"The following resource(s) failed to {verb}: [{error}].")
            return False
        except TemplateError as error:
            self._roll_back(str(error))
            return False
        removed = [each for name, each in stack.resources.items() if name not in wanted]
        stack.resources = {name: each for name, each in stack.resources.items() if name in wanted}
        stack.processed = self._template.document
        stack.resolved_parameters = self._template.parameters
        stack.hidden_parameters = self._template.hidden
        stack.output_values = outputs
        stack.last_updated_time = now() if self._verb == "UPDATE" else None
        if self._verb == "CREATE":
            stack.record("CREATE_COMPLETE")
            return True
        stack.replaced = (*stack.replaced, *self._replaced)
        stack.removed = (*stack.removed, *removed)
        stack.record(CLEANING)
        if stack.parent_id is None:
            clean_up(stack, self._types, self._stack_of)
        return True

    def _deploy(self, name: str) -> None:
        declared = self._template.resources[name]
        existing = self._stack.resources.get(name)
        try:
            properties = self._resolver.resolve(declared.get("Properties") or {})
        except TemplateError as error:
            raise self._failure(existing or self._blank(name, declared), str(error)) from error
        handler = self._handler(declared["Type"])
        properties = with_stack_tags(properties, self._stack.tags, handler.tags)
        if existing is not None:
            existing.deletion_policy = declared.get("DeletionPolicy", "Delete")
            existing.update_replace_policy = declared.get("UpdateReplacePolicy", "Delete")
            same_type = existing.resource_type == declared["Type"]
            if same_type and existing.properties == properties:
                return
            replaces = not same_type or handler.needs_replacement(existing.properties, properties)
            if replaces and same_type and without(existing.properties, "Tags") == without(properties, "Tags"):
                # AWS tags what it cannot otherwise change; here it keeps the tags it has.
                return
            if not replaces:
                self._update(existing, properties)
                return
        self._create(name, declared, properties, existing)

    def _create(
        self, name: str, declared: Mapping[str, Any], properties: dict[str, Any], replaced: StackResource | None
    ) -> None:
        resource = self._blank(name, declared)
        resource.properties = properties
        if replaced is None:
            self._stack.record_resource(resource, "CREATE_IN_PROGRESS")
        else:
            reason = "Requested update requires the creation of a new physical resource; hence creating one."
            self._stack.record_resource(resource, "UPDATE_IN_PROGRESS", reason)
        made = self._attempt(resource, lambda handler: handler.create(self._request(resource)))
        resource.physical_resource_id, resource.attributes = made.physical_id, made.attributes
        self._stack.resources[name] = resource
        self._undo.append(lambda: self._undo_creation(resource, replaced))
        if replaced is not None and replaced.update_replace_policy not in KEPT:
            self._replaced.append(replaced)
        self._stack.record_resource(resource, "CREATE_COMPLETE" if replaced is None else "UPDATE_COMPLETE")

    def _update(self, resource: StackResource, properties: dict[str, Any]) -> None:
        before = copy.deepcopy(resource)
        self._stack.record_resource(resource, "UPDATE_IN_PROGRESS")
        self._undo.append(lambda: self._undo_update(resource, before))
        resource.properties = properties
        made = self._attempt(
            resource, lambda handler: handler.update(self._request(resource), made_of(before), before.properties)
        )
        if made.physical_id != before.physical_resource_id:
            # Custom resources replace themselves by answering with a new id.
            self._replaced.append(before)
        resource.physical_resource_id, resource.attributes = made.physical_id, made.attributes
        self._stack.record_resource(resource, "UPDATE_COMPLETE")

    def _attempt(self, resource: StackResource, action: Callable[[ResourceType], Made]) -> Made:
        try:
            return attempt(resource, lambda: action(self._handler(resource.resource_type)))
        except ResourceError as error:
            if error.physical_id and not resource.physical_resource_id:
                resource.physical_resource_id = error.physical_id
                resource.attributes = {"aws:origin": _origin(resource)}
                self._undo.append(lambda: self._delete(resource))
            raise self._failure(resource, str(error)) from error

    def _failure(self, resource: StackResource, reason: str) -> _ResourceFailedError:
        creating = resource.logical_resource_id not in self._stack.resources
        self._stack.record_resource(resource, "CREATE_FAILED" if creating else "UPDATE_FAILED", reason)
        return _ResourceFailedError(resource.logical_resource_id)

    def _roll_back(self, reason: str) -> None:
        stack = self._stack
        if stack.disable_rollback:
            stack.record(f"{self._verb}_FAILED", reason)
            return
        prefix = "" if self._verb == "CREATE" else "UPDATE_"
        stack.record(f"{prefix}ROLLBACK_IN_PROGRESS", f"{reason} Rollback requested by user.")
        failed = False
        for undo in reversed(self._undo):
            try:
                undo()
            except ResourceError:
                failed = True
        if stack.parent_id is None:
            clean_up_nested(stack, self._types, self._stack_of)
        stack.record(f"{prefix}ROLLBACK_{'FAILED' if failed else 'COMPLETE'}", reason)

    def _undo_creation(self, resource: StackResource, replaced: StackResource | None) -> None:
        name = resource.logical_resource_id
        if replaced is not None:
            self._stack.resources[name] = replaced
        else:
            self._stack.resources.pop(name, None)
            self._stack.undone.append(resource)
        if resource.deletion_policy == "Retain":
            self._stack.record_resource(resource, "DELETE_SKIPPED")
        else:
            self._delete(resource, policy_counts=False)

    def _undo_update(self, resource: StackResource, before: StackResource) -> None:
        handler = self._handler(resource.resource_type)
        attempted, resource.properties = resource.properties, before.properties
        self._stack.record_resource(resource, "UPDATE_IN_PROGRESS")
        try:
            made = attempt(resource, lambda: handler.update(self._request(resource), made_of(resource), attempted))
        except ResourceError as error:
            self._stack.record_resource(resource, "UPDATE_FAILED", str(error))
            raise
        resource.physical_resource_id, resource.attributes = made.physical_id, made.attributes
        self._stack.record_resource(resource, "UPDATE_COMPLETE")

    def _delete(self, resource: StackResource, *, policy_counts: bool = True) -> None:
        delete_resource(self._stack, resource, self._handler(resource.resource_type), policy_counts=policy_counts)

    def _handler(self, resource_type: str) -> ResourceType:
        return handler_of(self._types, resource_type)

    def _blank(self, name: str, declared: Mapping[str, Any]) -> StackResource:
        return StackResource(
            self._stack.stack_id,
            self._stack.stack_name,
            name,
            declared["Type"],
            deletion_policy=declared.get("DeletionPolicy", "Delete"),
            update_replace_policy=declared.get("UpdateReplacePolicy", "Delete"),
        )

    def _request(self, resource: StackResource) -> Request:
        return Request(
            self._stack.stack_id,
            self._stack.stack_name,
            resource.logical_resource_id,
            resource.resource_type,
            resource.properties,
        )

    def _is_wanted(self, declared: Mapping[str, Any]) -> bool:
        return "Condition" not in declared or self._resolver.condition(declared["Condition"])

    def _outputs(self) -> list[dict[str, Any]]:
        outputs = []
        for name, declared in (self._template.document.get("Outputs") or {}).items():
            if not self._is_wanted(declared):
                continue
            output = {"OutputKey": name, "OutputValue": str(self._resolver.resolve(declared["Value"]))}
            if "Description" in declared:
                output["Description"] = declared["Description"]
            if "Export" in declared:
                output["ExportName"] = str(self._resolver.resolve(declared["Export"]["Name"]))
            outputs.append(output)
        return outputs

    def _reference(self, name: str) -> Any:  # noqa: ANN401
        pseudo = {
            "AWS::AccountId": ACCOUNT,
            "AWS::NoValue": NO_VALUE,
            "AWS::NotificationARNs": [],
            "AWS::Partition": "aws",
            "AWS::Region": REGION,
            "AWS::StackId": self._stack.stack_id,
            "AWS::StackName": self._stack.stack_name,
            "AWS::URLSuffix": "amazonaws.com",
        }
        if name in pseudo:
            return pseudo[name]
        if name in self._template.parameters:
            return self._template.parameters[name]
        return self._existing(name).physical_resource_id

    def _attribute(self, name: str, attribute: str) -> Any:  # noqa: ANN401
        resource = self._existing(name)
        if attribute not in resource.attributes:
            raise TemplateError(
                f"Template error: resource {name} does not support attribute type {attribute} in Fn::GetAtt"
            )
        return resource.attributes[attribute]

    def _existing(self, name: str) -> StackResource:
        if name not in self._template.resources or name not in self._stack.resources:
            raise TemplateError(f"Template format error: Unresolved resource dependencies [{name}]")
        return self._stack.resources[name]


class _ResourceFailedError(Exception):
    """A resource failed; its event is already recorded."""


def _origin(resource: StackResource) -> dict[str, str]:
    return {
        "StackId": resource.stack_id,
        "LogicalResourceId": resource.logical_resource_id,
        "ResourceType": resource.resource_type,
    }
