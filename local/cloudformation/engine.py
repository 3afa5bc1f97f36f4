"""Deploys stacks, in the background and one at a time each, and the stacks inside them."""

from __future__ import annotations

import logging
import re
import secrets
import threading
import uuid
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from local.cloudformation.cleanup import take_back
from local.cloudformation.clients import Clients
from local.cloudformation.errors import ResourceError, TemplateError
from local.cloudformation.operation import Operation
from local.cloudformation.resource_actions import delete_resource, handler_of
from local.cloudformation.resources import resource_types
from local.cloudformation.resources.base import Request
from local.cloudformation.stack import Stack, StackResource, now
from local.cloudformation.template import Template, load_template
from local.home import ACCOUNT, REGION

if TYPE_CHECKING:
    from local.cloudformation.backend import StackBackend

logger = logging.getLogger(__name__)

# Below the time that a client waits for an answer.
DELETION_SECONDS = 20.0
VIRTUAL_HOST = re.compile(r"(?P<bucket>[a-z0-9.-]+?)\.s3[.-]")


class Engine:
    """Creates, updates and deletes stacks.

    stacks: where they are kept
    deployed: called after a deployment of a stack that is in no other one
    """

    def __init__(self, endpoint_url: str, stacks: Callable[[], StackBackend], deployed: Callable[[], None]) -> None:
        self._endpoint_url = endpoint_url
        self._clients = Clients(endpoint_url)
        self._types = resource_types(self._clients, endpoint_url, self)
        self._stacks = stacks
        self._deployed = deployed

    def load(self, text: str, parameters: Mapping[str, str]) -> Template:
        """A template ready to be deployed. Raises TemplateError."""
        return load_template(text, parameters, self._types)

    def read_template(self, url: str) -> str:
        """The text of a template in S3, from any of the forms of its address. Raises TemplateError."""
        address = urlsplit(url)
        bucket, key = "", unquote(address.path.lstrip("/"))
        host = VIRTUAL_HOST.match(address.netloc)
        if host:
            bucket = host["bucket"]
        elif "/" in key:
            bucket, key = key.split("/", 1)
        if not bucket or not key or address.scheme not in {"http", "https"}:
            raise TemplateError(f"TemplateURL must be a supported URL, not {url}")
        try:
            body = self._clients.call("s3", "GetObject", Bucket=bucket, Key=key)["Body"]
        except ResourceError as error:
            raise TemplateError(f"S3 error: {error}") from error
        return str(body.read().decode())

    def with_aws_addresses(self, text: str) -> str:
        """A template's text with the addresses of the laptop's S3 as they would be on AWS; read_template takes both."""
        return text.replace(f"{self._endpoint_url}/", f"https://s3.{REGION}.amazonaws.com/")

    def start(self, stack: Stack, template: Template, text: str) -> None:
        """Create or update a stack in the background."""
        stack.stack_status = f"{'UPDATE' if stack.processed else 'CREATE'}_IN_PROGRESS"

        def run() -> None:
            if self._run(stack, template, text):
                self._deployed()

        self._in_background(stack, run)

    def start_deletion(self, stack: Stack) -> None:
        """Delete a stack in the background, and give it a little time: the SAM CLI looks again only after 30 s."""
        stack.stack_status = "DELETE_IN_PROGRESS"
        self._in_background(stack, lambda: self._delete(stack)).join(DELETION_SECONDS)

    def create_nested(
        self, request: Request, template_url: str, parameters: Mapping[str, str], tags: Mapping[str, str]
    ) -> tuple[str, dict[str, str]]:
        """Create the stack inside a stack that a request asks for; returns its id and its outputs."""
        text, template = self._load_nested(template_url, parameters)
        backend = self._stacks()
        suffix = secrets.token_hex(6).upper()
        parent = backend.stacks[request.stack_id]
        stack = Stack(
            new_stack_id(name := f"{request.stack_name}-{request.logical_id}-{suffix}"),
            name,
            tags={**parent.tags, **tags},
            parent_id=parent.stack_id,
            root_id=parent.root_id or parent.stack_id,
        )
        backend.stacks[stack.stack_id] = stack
        if not self._run(stack, template, text):
            raise ResourceError(_why_nested_failed(stack, "created"), stack.stack_id)
        return stack.stack_id, _outputs(stack)

    def update_nested(
        self, stack_id: str, template_url: str, parameters: Mapping[str, str], tags: Mapping[str, str]
    ) -> dict[str, str]:
        """Update a stack inside a stack; returns its outputs."""
        text, template = self._load_nested(template_url, parameters)
        stack = self._stacks().stacks[stack_id]
        if stack.replaced or stack.removed:
            # Asked a second time within one deployment: the first update is rolled back.
            take_back(stack)
        tagged = {**stack.tags, **tags}
        retagged, stack.tags = tagged != stack.tags, tagged
        differs = retagged or stack.processed != template.document or stack.resolved_parameters != template.parameters
        if differs and not self._run(stack, template, text):
            raise ResourceError(_why_nested_failed(stack, "updated"))
        return _outputs(stack)

    def delete_nested(self, stack_id: str) -> None:
        """Delete a stack inside a stack."""
        stack = self._stacks().stacks.get(stack_id)
        if stack is not None and not self._delete(stack):
            raise ResourceError(f"Embedded stack {stack_id} was not successfully deleted: {stack.stack_status_reason}")

    def _load_nested(self, url: str, parameters: Mapping[str, str]) -> tuple[str, Template]:
        try:
            text = self.read_template(url)
            return text, self.load(text, parameters)
        except TemplateError as error:
            raise ResourceError(str(error)) from error

    def _run(self, stack: Stack, template: Template, text: str) -> bool:
        succeeded = Operation(stack, template, self._types, self._imported, self._stacks().stacks.get).run()
        if succeeded:
            stack.template = text
        return succeeded

    def _delete(self, stack: Stack) -> bool:
        stack.record("DELETE_IN_PROGRESS", "User Initiated")
        failed, gone = [], []
        for resource in _dependents_first(stack):
            try:
                delete_resource(stack, resource, handler_of(self._types, resource.resource_type))
            except ResourceError:
                failed.append(resource.logical_resource_id)
            else:
                gone.append(resource.logical_resource_id)
        if failed:
            for name in gone:
                del stack.resources[name]
            stack.record("DELETE_FAILED", f"The following resource(s) failed to delete: [{', '.join(failed)}].")
            return False
        # CloudFormation goes on listing what a deleted stack had, by the stack's id.
        stack.record("DELETE_COMPLETE")
        stack.deletion_time = now()
        backend = self._stacks()
        backend.deleted_stacks[stack.stack_id] = backend.stacks.pop(stack.stack_id)
        return True

    def _imported(self, name: str) -> str:
        for stack in list(self._stacks().stacks.values()):
            for export in stack.exports:
                if export.name == name:
                    return str(export.value)
        raise TemplateError(f"No export named {name} found.")

    def _in_background(self, stack: Stack, action: Callable[[], object]) -> threading.Thread:
        def run() -> None:
            try:
                action()
            except Exception as error:
                # The stack must not stay in progress for ever; the log has the rest.
                logger.exception("deployment failed", extra={"stack": stack.stack_name})
                stack.record(stack.stack_status.replace("_IN_PROGRESS", "_FAILED"), f"Internal failure: {error}")

        thread = threading.Thread(target=run, daemon=True, name="cloudformation")
        thread.start()
        return thread


def new_stack_id(name: str) -> str:
    """The ARN of a new stack."""
    return f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{name}/{uuid.uuid4()}"


def _outputs(stack: Stack) -> dict[str, str]:
    return {each["OutputKey"]: each["OutputValue"] for each in stack.output_values}


def _dependents_first(stack: Stack) -> list[StackResource]:
    if not stack.processed:
        return list(reversed(stack.resources.values()))
    template = Template(stack.processed, {}, frozenset())
    order = template.in_order(wanted=stack.resources)
    return [stack.resources[name] for name in reversed(order)]


def _why_nested_failed(stack: Stack, verb: str) -> str:
    return f"Embedded stack {stack.stack_id} was not successfully {verb}: {stack.stack_status_reason}"
