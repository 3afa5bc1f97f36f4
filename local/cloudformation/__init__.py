"""AWS CloudFormation on the laptop: SAM templates, nested stacks, change sets and custom resources.

moto's front (its responses) is kept; its engine is not, since it updates by deleting, knows no rollback and passes over
what it does not know.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.cloudformation import responses
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import cloudformation_backends
from moto.core.responses import ActionResult

from local.cloudformation.backend import StackBackend
from local.cloudformation.engine import Engine
from local.cloudformation.errors import TemplateError
from local.cloudformation.stack import Stack, StackResource
from local.home import ACCOUNT, REGION, Home


class CloudFormation:
    """The subsystem that deploys stacks.

    deployed: called after every successful deployment of a root stack
    """

    def __init__(self, home: Home, *, deployed: Callable[[], None] = lambda: None) -> None:
        self._home = home
        self._deployed = deployed

    def install(self) -> None:
        """Take the place of moto's engine."""
        engine = Engine(self._home.endpoint_url, self._backend, self._deployed)

        def read_template(template_url: str, **_: Any) -> str:  # noqa: ANN401 - account and partition, both known
            try:
                return engine.read_template(template_url)
            except TemplateError as error:
                raise ValidationError(message=str(error)) from error

        def resource_view(_stack: Stack, resource: StackResource) -> StackResource:
            return resource

        def list_stack_resources(response: responses.CloudFormationResponse) -> ActionResult:
            stack = response.cloudformation_backend.get_stack(response._get_param("StackName"))
            return ActionResult({"StackResourceSummaries": stack.stack_resources})

        StackBackend.engine = engine
        cloudformation_backends.backend = StackBackend
        cloudformation_backends.clear()
        # moto has no other way in; it is pinned to the exact version for that.
        responses.get_stack_from_s3_url = read_template  # type: ignore[assignment,attr-defined]
        responses.StackResourceDTO = resource_view  # type: ignore[assignment,misc]
        responses.CloudFormationResponse.list_stack_resources = list_stack_resources  # type: ignore[assignment,method-assign]

    def start(self) -> None:
        """Settle what an earlier server left unfinished."""
        self._backend().recover()

    def stop(self) -> None:
        """Nothing runs outside this process."""

    @staticmethod
    def _backend() -> StackBackend:
        backend = cloudformation_backends[ACCOUNT][REGION]
        assert isinstance(backend, StackBackend)  # noqa: S101 - since install
        return backend


__all__ = ["CloudFormation"]
