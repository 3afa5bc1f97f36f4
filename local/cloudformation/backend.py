"""CloudFormation's API, with our engine behind moto's responses."""

# ruff: noqa: D102 - the methods are those of moto's backend, which its responses call
# mypy: disable-error-code="override"
# The stacks are ours, not moto's.

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, ClassVar

from moto.cloudformation import urls
from moto.cloudformation.exceptions import AlreadyExistsException, ValidationError
from moto.cloudformation.models import CloudFormationBackend
from moto.cloudformation.utils import validate_create_change_set

from local.cloudformation.engine import Engine, new_stack_id
from local.cloudformation.errors import TemplateError
from local.cloudformation.intrinsics import references
from local.cloudformation.stack import Change, ChangeSet, Stack, StackEvent, StackResource
from local.cloudformation.template import Template
from local.home import ACCOUNT, REGION

NO_CHANGES = "The submitted information didn't contain changes. Submit different information to create a change set."
# A stack whose first creation failed can only be deleted.
NOT_UPDATABLE = {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED", "REVIEW_IN_PROGRESS"}


class StackBackend(CloudFormationBackend):
    """Keeps stacks and change sets; moto's responses call it.

    engine: deploys them; the same for all instances, so that they can be pickled
    """

    engine: ClassVar[Engine]
    stacks: dict[str, Any]
    deleted_stacks: dict[str, Any]
    change_sets: dict[str, Any]

    @property
    def _url_module(self) -> Any:  # noqa: ANN401 - moto looks for it beside the class otherwise
        return urls

    def create_stack(self, name: str, template: str, parameters: Mapping[str, str], **settings: Any) -> Stack:  # noqa: ANN401
        if self._find(name) is not None:
            raise AlreadyExistsException(f"Stack [{name}] already exists")
        loaded = self._load(template, parameters)
        stack = Stack(
            new_stack_id(name),
            name,
            tags=settings.get("tags") or {},
            role_arn=settings.get("role_arn"),
            enable_termination_protection=bool(settings.get("enable_termination_protection")),
            timeout_in_minutes=settings.get("timeout_in_mins"),
            policy=settings.get("stack_policy_body") or "",
        )
        self.stacks[stack.stack_id] = stack
        self.engine.start(stack, loaded, template)
        return stack

    def update_stack(
        self,
        name: str,
        template: str,
        role_arn: str | None,
        parameters: list[dict[str, Any]],
        tags: dict[str, str] | None,
    ) -> Stack:
        stack = self.get_stack(name)
        self._check_updatable(stack)
        given = {
            each["ParameterKey"]: stack.stack_parameters.get(each["ParameterKey"], "")
            if each.get("UsePreviousValue")
            else each["ParameterValue"]
            for each in parameters
        }
        loaded = self._load(template, given)
        if not _differs(stack, loaded):
            raise ValidationError(message="No updates are to be performed.")
        stack.role_arn = role_arn or stack.role_arn
        stack.tags = tags if tags is not None else stack.tags
        self.engine.start(stack, loaded, template)
        return stack

    def delete_stack(self, name_or_stack_id: str) -> None:
        stack = self._find(name_or_stack_id)
        if stack is None:
            return
        if stack.in_progress:
            raise ValidationError(
                message=f"Stack:{stack.stack_id} is in {stack.stack_status} state and can not be deleted."
            )
        if stack.enable_termination_protection:
            raise ValidationError(
                message=f"Stack [{stack.stack_name}] cannot be deleted while TerminationProtection is enabled"
            )
        self.engine.start_deletion(stack)

    def create_change_set(  # noqa: PLR0917 - moto's responses name all of them
        self,
        stack_name: str,
        change_set_name: str,
        template: str,
        parameters: Mapping[str, str],
        description: str,
        change_set_type: str,
        **settings: Any,  # noqa: ANN401
    ) -> tuple[str, str]:
        validate_create_change_set(change_set_name)
        stack = self._stack_for_change_set(stack_name, change_set_type)
        change_set = ChangeSet(
            f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:changeSet/{change_set_name}/{uuid.uuid4()}",
            change_set_name,
            change_set_type,
            stack.stack_id,
            stack.stack_name,
            template,
            dict(parameters),
            settings.get("tags") or {},
            description,
            settings.get("role_arn"),
            settings.get("notification_arns") or [],
        )
        self.stacks.setdefault(stack.stack_id, stack)
        self.change_sets[change_set.change_set_id] = change_set
        try:
            loaded = self.engine.load(template, parameters)
        except TemplateError as error:
            _mark_failed(change_set, str(error))
        else:
            change_set.changes = _changes(stack, loaded)
            if not _differs(stack, loaded):
                _mark_failed(change_set, NO_CHANGES)
        return change_set.change_set_id, stack.stack_id

    def describe_change_set(self, change_set_name: str) -> ChangeSet:
        return self._change_set(change_set_name)

    def delete_change_set(self, change_set_name: str) -> None:
        del self.change_sets[self._change_set(change_set_name).change_set_id]

    def execute_change_set(self, change_set_name: str, stack_name: str | None = None) -> None:
        change_set = self._change_set(change_set_name, stack_name)
        if change_set.execution_status != "AVAILABLE":
            raise ValidationError(
                message=f"ChangeSet [{change_set.change_set_id}] cannot be executed "
                f"in its current status of [{change_set.status}]"
            )
        stack = self.stacks[change_set.stack_id]
        if change_set.change_set_type == "UPDATE":
            self._check_updatable(stack)
        elif stack.in_progress:
            raise ValidationError(message=f"Stack:{stack.stack_id} is in {stack.stack_status} state")
        change_set.execution_status = "EXECUTE_COMPLETE"
        stack.tags = change_set.tags or stack.tags
        stack.role_arn = change_set.role_arn or stack.role_arn
        loaded = self._load(change_set.template, change_set.parameters)
        self.engine.start(stack, loaded, change_set.template)

    def get_template(self, name_or_stack_id: str) -> str:
        # The SAM CLI, which deletes what a template points at, knows objects by AWS's own addresses only.
        return self.engine.with_aws_addresses(str(self.get_stack(name_or_stack_id).template))

    def get_stack(self, name_or_stack_id: str) -> Stack:
        stack = self._find(name_or_stack_id) or self.deleted_stacks.get(name_or_stack_id)
        if stack is None:
            raise ValidationError(name_or_stack_id)
        found: Stack = stack
        return found

    def describe_stacks(self, name_or_stack_id: str | None) -> list[Stack]:
        return [self.get_stack(name_or_stack_id)] if name_or_stack_id else list(self.stacks.values())

    def list_stacks(self, status_filter: list[str] | None = None) -> list[Stack]:
        every = [*self.stacks.values(), *self.deleted_stacks.values()]
        return [stack for stack in every if not status_filter or stack.stack_status in status_filter]

    def describe_stack_events(self, stack_name: str) -> list[StackEvent]:
        return list(self.get_stack(stack_name).events)

    def list_exports(self, tokenstr: str | None) -> tuple[list[Any], str | None]:  # noqa: ARG002 - they fit one page
        return [export for stack in list(self.stacks.values()) for export in stack.exports], None

    def recover(self) -> None:
        """Give every stack whose deployment was cut off by the end of the server a final status."""
        for stack in list(self.stacks.values()):
            if stack.in_progress:
                kind = stack.stack_status.split("_")[0]
                stack.record(f"{kind}_FAILED", "The laptop's server stopped during the deployment.")

    def _load(self, template: str, parameters: Mapping[str, str]) -> Template:
        try:
            return self.engine.load(template, parameters)
        except TemplateError as error:
            raise ValidationError(message=str(error)) from error

    def _find(self, name_or_stack_id: str) -> Stack | None:
        for stack in list(self.stacks.values()):
            if name_or_stack_id in {stack.stack_id, stack.stack_name}:
                found: Stack = stack
                return found
        return None

    def _stack_for_change_set(self, name: str, change_set_type: str) -> Stack:
        stack = self._find(name)
        if change_set_type == "UPDATE":
            if stack is None:
                raise ValidationError(name)
            self._check_updatable(stack)
            return stack
        if stack is None:
            stack = Stack(new_stack_id(name), name)
            stack.record("REVIEW_IN_PROGRESS", "User Initiated")
        elif stack.stack_status != "REVIEW_IN_PROGRESS":
            raise AlreadyExistsException(
                f"Stack [{name}] already exists and cannot be created again with the changeSet"
            )
        return stack

    def _change_set(self, name_or_id: str, stack_name: str | None = None) -> ChangeSet:
        for change_set in reversed(list(self.change_sets.values())):
            of_stack = stack_name is None or stack_name in {change_set.stack_name, change_set.stack_id}
            if name_or_id == change_set.change_set_id or (name_or_id == change_set.change_set_name and of_stack):
                found: ChangeSet = change_set
                return found
        raise ValidationError(message=f"ChangeSet [{name_or_id}] does not exist")

    @staticmethod
    def _check_updatable(stack: Stack) -> None:
        if stack.in_progress or stack.stack_status in NOT_UPDATABLE:
            raise ValidationError(
                message=f"Stack:{stack.stack_id} is in {stack.stack_status} state and can not be updated."
            )


def _mark_failed(change_set: ChangeSet, reason: str) -> None:
    change_set.status, change_set.status_reason = "FAILED", reason
    change_set.execution_status = "UNAVAILABLE"


def _differs(stack: Stack, template: Template) -> bool:
    return stack.processed != template.document or stack.resolved_parameters != template.parameters


def _changes(stack: Stack, template: Template) -> list[Change]:
    """What a deployment would touch, as far as can be said before it runs."""
    old: dict[str, Any] = stack.processed.get("Resources", {})
    changed = {name for name, value in template.parameters.items() if stack.resolved_parameters.get(name) != value}
    changes = []
    for name, declared in template.resources.items():
        if name not in stack.resources:
            changes.append(Change("Add", name, declared["Type"]))
        elif old.get(name) != declared or changed & set(references(declared.get("Properties", {}))):
            existing: StackResource = stack.resources[name]
            changes.append(Change("Modify", name, declared["Type"], existing.physical_resource_id))
    changes.extend(
        Change("Remove", name, resource.resource_type, resource.physical_resource_id)
        for name, resource in stack.resources.items()
        if name not in template.resources
    )
    return changes
