"""What Step Functions itself asks a state machine's role for, when the machine is made or changed.

Facts: AWS-CONTRACTS.md, section 1.8; Step Functions developer guide, "How Step Functions generates IAM policies for
integrated services", "Using CloudWatch Logs to log execution history".
"""

from __future__ import annotations

import functools
import inspect
import json
from collections.abc import Callable, Iterator
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.stepfunctions.parser.models import StepFunctionsParserBackend

from local.iam import AUTHORIZER, AccessDeniedError, AssumeRoleError, Permission, check_trust
from local.iam.permissions import arn

STATES = "states.amazonaws.com"
# To hear of a job's end Step Functions keeps a rule of its own, one per kind of job for all machines of an account.
MANAGED_RULES = {
    "createTrainingJob": "StepFunctionsGetEventsForSageMakerTrainingJobsRule",
    "createHyperParameterTuningJob": "StepFunctionsGetEventsForSageMakerTuningJobsRule",
    "createProcessingJob": "StepFunctionsGetEventsForSageMakerProcessingJobsRule",
    "createTransformJob": "StepFunctionsGetEventsForSageMakerTransformJobsRule",
}
RULE_ACTIONS = ("events:PutTargets", "events:PutRule", "events:DescribeRule")
LOG_ACTIONS = (
    "logs:CreateLogDelivery",
    "logs:GetLogDelivery",
    "logs:UpdateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:DescribeResourcePolicies",
    "logs:DescribeLogGroups",
)
TRACE_ACTIONS = (
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
)


def install() -> None:
    """Plug into moto; call it before anything is served."""
    backend = StepFunctionsParserBackend
    for name in ("create_state_machine", "update_state_machine"):
        setattr(backend, name, _checked(getattr(backend, name)))


def check_machine_role(role_arn: str, definition: str, logging: dict[str, Any], tracing: dict[str, Any]) -> None:
    """Raise JsonRESTError unless a role can do what Step Functions needs it for around a machine's states.

    logging, tracing: as in CreateStateMachine
    """
    try:
        check_trust(role_arn, STATES)
    except AssumeRoleError as error:
        raise _refused(
            f"Neither the global service principal {STATES}, nor the regional one is authorized to assume the "
            "provided role."
        ) from error
    for rule in sorted(set(managed_rules(json.loads(definition)))):
        if not _may(role_arn, [Permission(action, arn("events", f"rule/{rule}")) for action in RULE_ACTIONS]):
            raise _refused(f"'{role_arn}' is not authorized to create managed-rule.")
    logs = logging.get("destinations") and logging.get("level", "OFF") != "OFF"
    if logs and not _may(role_arn, [Permission(action, "*") for action in LOG_ACTIONS]):
        raise _refused("The state machine IAM Role is not authorized to access the Log Destination")
    if tracing.get("enabled"):
        # Without them executions run all the same, untraced.
        _may(role_arn, [Permission(action, "*") for action in TRACE_ACTIONS])


def managed_rules(definition: Any) -> Iterator[str]:  # noqa: ANN401 - JSON
    """The rules by which Step Functions hears of the ends of a definition's jobs."""
    if isinstance(definition, dict):
        resource = definition.get("Resource")
        service, _, action = resource.rpartition(":") if isinstance(resource, str) else ("", "", "")
        if service.endswith(":states:::sagemaker") and action.endswith(".sync"):
            yield from (name for job, name in MANAGED_RULES.items() if action == f"{job}.sync")
        for value in definition.values():
            yield from managed_rules(value)
    elif isinstance(definition, list):
        for value in definition:
            yield from managed_rules(value)


def _may(role_arn: str, permissions: list[Permission]) -> bool:
    allowed = True
    for permission in permissions:
        try:
            AUTHORIZER.check_role(role_arn, "states", [permission])
        except AccessDeniedError:
            allowed = False
    return allowed


def _checked(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def checked(self: StepFunctionsParserBackend, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - moto's own
        given = {**inspect.signature(original).bind(self, *args, **kwargs).arguments, **kwargs}
        before: Any = self.describe_state_machine(given["arn"]) if "arn" in given else None

        def value(*names: str) -> Any:  # noqa: ANN401 - of any type
            found = next((given[name] for name in names if given.get(name)), None)
            return found or (getattr(before, names[-1], None) if before is not None else None)

        check_machine_role(
            value("roleArn", "role_arn", "roleArn"),
            value("definition"),
            value("loggingConfiguration", "logging_configuration", "loggingConfiguration") or {},
            value("tracingConfiguration", "tracing_configuration", "tracingConfiguration") or {},
        )
        return original(self, *args, **kwargs)

    return checked


def _refused(message: str) -> JsonRESTError:
    return JsonRESTError("AccessDeniedException", message)
