"""Reads a Task's Resource: which integration it names, and which function it invokes."""

from __future__ import annotations

import re
from dataclasses import dataclass

from workflows.integrations import OPTIMIZED, Integration
from workflows.problems import State

_FUNCTION = re.compile(r"\$\{(?P<function>\w+)FunctionArn\}")
_SERVICE = re.compile(
    r"arn:[^:]+:states:::(?P<sdk>aws-sdk:)?(?P<service>[a-z0-9]+):(?P<action>[a-z]\w*)(?P<pattern>\.[\w:]+)?"
)


@dataclass(frozen=True)
class Resource:
    """What a Task calls.

    function: the token's name before `FunctionArn`, for a Lambda;  pattern: "", ".sync" or ".waitForTaskToken"
    """

    service: str
    action: str
    pattern: str = ""
    function: str | None = None
    is_sdk: bool = False
    is_direct: bool = False

    @property
    def integration(self) -> Integration | None:
        """Facts of an optimized integration; None for one that is not known, and for an SDK integration."""
        return None if self.is_sdk else OPTIMIZED.get(self.service, {}).get(self.action)


def resource_of(task: State) -> Resource | None:
    """The Task's resource; None when it is neither a function's token nor an integration's ARN."""
    text = str(task.get("Resource", ""))
    if function := _FUNCTION.fullmatch(text):
        return Resource("lambda", "invoke", function=function["function"], is_direct=True)
    match = _SERVICE.fullmatch(text)
    if match is None:
        return None
    name = re.fullmatch(_FUNCTION, str(task.get("Parameters", {}).get("FunctionName", "")))
    return Resource(
        match["service"],
        match["action"],
        match["pattern"] or "",
        function=name["function"] if name and match["service"] == "lambda" else None,
        is_sdk=match["sdk"] is not None,
    )
