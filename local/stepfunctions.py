"""Step Functions' optimized SageMaker integrations, which moto's interpreter leaves out.

Through the interpreter's own classes (moto is pinned exactly). Facts: AWS-CONTRACTS.md, sections 1.2-1.5, 2 and 10.1.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError
from moto.stepfunctions.parser.api import HistoryEventType, InvalidDefinition, TaskFailedEventDetails
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.error_name import ErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent, FailureEventException
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.component.common.parargs import Parameters
from moto.stepfunctions.parser.asl.component.state.exec.state_task import state_task_factory
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import state_task_service_factory
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.resource import ResourceCondition
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import StateTaskService
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_callback import (
    StateTaskServiceCallback,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_lambda import (
    StateTaskServiceLambda,
)
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.asl.utils.boto_client import boto_client_for
from moto.stepfunctions.parser.models import StepFunctionsParserBackend

from local import machine_roles, task_tokens
from local.service_models import broken_constraints, message_of
from workflows.integrations import SAGEMAKER

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.sagemaker import SageMaker

# moto's interpreter has no types of its own for these.
Environment: TypeAlias = Any
StateProps: TypeAlias = Any
RuntimePart: TypeAlias = Any
Credentials: TypeAlias = Any
Client: TypeAlias = Any

# What the API itself declares; every other error of the service has one common name.
MODELED_ERRORS = frozenset({"ResourceInUse", "ResourceLimitExceeded", "ResourceNotFound"})
STOP_CHECK_SECONDS = 0.2


class SageMakerTask(StateTaskServiceCallback):
    """A Task state whose resource is `arn:<partition>:states:::sagemaker:<action>[.sync]`."""

    def __init__(self, sagemaker: SageMaker) -> None:
        # moto gives only tasks that may wait for a token an endpoint at which their own wait can be interrupted.
        patterns: Any = {ResourceCondition.Sync, ResourceCondition.WaitForTaskToken}
        super().__init__(patterns)
        self._sagemaker = sagemaker

    def from_state_props(self, state_props: StateProps) -> None:
        """Refuse, when the state machine is created, what AWS would refuse."""
        super().from_state_props(state_props)
        action, condition = self.resource.api_action, self.resource.condition
        known = SAGEMAKER.get(action)
        if condition is not None and (condition != ResourceCondition.Sync or known is None or known.job is None):
            raise ValueError(
                f"SCHEMA_VALIDATION_FAILED: The resource '{self.resource.resource_arn}' is not supported "
                "by Step Functions"
            )
        for field in _parameter_names(self.parargs):
            if known is not None and field not in known.fields:
                raise ValueError(
                    f'SCHEMA_VALIDATION_FAILED: The field "{field}" is not supported by Step Functions '
                    f"at /States/{self.name}/Parameters"
                )

    def _get_supported_parameters(self) -> set[str] | None:
        known = SAGEMAKER.get(self.resource.api_action)
        # None for a request that AWS does not know either: the interpreter refuses it.
        return set(known.fields) if known else None

    def _eval_service_task(
        self,
        env: Environment,
        resource_runtime_part: RuntimePart,
        normalised_parameters: dict[str, Any],
        state_credentials: Credentials,
    ) -> None:
        del state_credentials
        client = self._client(resource_runtime_part.region)
        _check_request(client, self.resource.api_action, normalised_parameters)
        response = getattr(client, self._get_boto_service_action())(**normalised_parameters)
        env.stack.append({key: value for key, value in response.items() if key != "ResponseMetadata"})

    def _build_sync_resolver(
        self,
        env: Environment,
        resource_runtime_part: RuntimePart,
        normalised_parameters: dict[str, Any],
        state_credentials: Credentials,
    ) -> Callable[[], dict[str, Any]]:
        del state_credentials
        kind = SAGEMAKER[self.resource.api_action].job
        arn = env.stack.pop()[f"{kind}Arn"]
        name = {f"{kind}Name": normalised_parameters[f"{kind}Name"]}
        client = self._client(resource_runtime_part.region)

        def resolve() -> dict[str, Any]:
            while not self._sagemaker.wait(arn, STOP_CHECK_SECONDS):
                if not env.is_running():
                    # The execution was stopped or the task timed out; like AWS, stop the job as well as one can.
                    getattr(client, xform_name(f"Stop{kind}"))(**name)
                    return {}
            described = getattr(client, xform_name(f"Describe{kind}"))(**name)
            description = {key: _json_safe(value) for key, value in described.items() if key != "ResponseMetadata"}
            if description[f"{kind}Status"] == "Failed":
                raise FailureEventException(
                    self._failure(env, _task_failed(), "States.TaskFailed", json.dumps(description))
                )
            return description

        return resolve

    def _from_error(self, env: Environment, ex: Exception) -> FailureEvent:
        if isinstance(ex, ClientError):
            code = ex.response["Error"]["Code"]
            modeled = f"{code}Exception" if code in MODELED_ERRORS else "AmazonSageMakerException"
            metadata = ex.response["ResponseMetadata"]
            details = (
                "Service: AmazonSageMaker",
                f"Status Code: {metadata['HTTPStatusCode']}",
                f"Error Code: {code}",
                f"Request ID: {metadata.get('RequestId')}",
                "Proxy: null",
            )
            cause = f"{ex.response['Error']['Message']} ({'; '.join(details)})"
            error = f"SageMaker.{modeled}"
            return self._failure(env, CustomErrorName(error), error, cause)
        if isinstance(ex, BotoCoreError):
            error = "SageMaker.SdkClientException"
            return self._failure(env, CustomErrorName(error), error, str(ex))
        return super()._from_error(env=env, ex=ex)

    def _failure(self, env: Environment, name: ErrorName, error: str, cause: str) -> FailureEvent:
        details = TaskFailedEventDetails(
            error=error, cause=cause, resource=self._get_sfn_resource(), resourceType=self._get_sfn_resource_type()
        )
        return FailureEvent(
            env=env,
            error_name=name,
            event_type=HistoryEventType.TaskFailed,
            event_details=EventDetails(taskFailedEventDetails=details),  # type: ignore[typeddict-item]  # one of its keys
        )

    def _client(self, region: str) -> Client:
        return boto_client_for(region=region, service="sagemaker")


def install(sagemaker: SageMaker) -> None:
    """Plug into moto; call it before anything is served."""
    others = state_task_service_factory.state_task_service_for

    def service_for(service_name: str) -> StateTaskService:
        return SageMakerTask(sagemaker) if service_name == "sagemaker" else others(service_name)

    # The factory of states has the function under its own name; that is the one it calls.
    vars(state_task_factory)["state_task_service_for"] = service_for
    StepFunctionsParserBackend._validate_definition = staticmethod(_validate_definition)  # type: ignore[method-assign]
    task_tokens.install()
    machine_roles.install()
    error_of = StateTaskServiceLambda._error_cause_from_client_error

    def error_cause_from_client_error(client_error: ClientError) -> tuple[str, str]:
        error, cause = error_of(client_error)
        # AWS's SDK for Lambda has no class of its own for it.
        return ("Lambda.AWSLambdaException" if error == "Lambda.AccessDeniedException" else error), cause

    vars_of_lambda: Any = StateTaskServiceLambda
    vars_of_lambda._error_cause_from_client_error = staticmethod(error_cause_from_client_error)


def _validate_definition(definition: str) -> None:
    """Raise InvalidDefinition, which moto gives neither its code nor a readable message."""
    try:
        AmazonStateLanguageParser.parse(definition)
    except Exception as error:
        raise InvalidDefinition(f"Invalid State Machine Definition: '{error}'", "InvalidDefinition") from error


def _check_request(client: Client, action: str, parameters: dict[str, Any]) -> None:
    """Raise ClientError for what the service would refuse; a client without its own checks cannot even write some."""
    operation = action[0].upper() + action[1:]
    broken = list(broken_constraints(client.meta.service_model.operation_model(operation).input_shape, parameters))
    if broken:
        error = {"Code": "ValidationException", "Message": message_of(broken)}
        raise ClientError({"Error": error, "ResponseMetadata": {"HTTPStatusCode": 400}}, operation)  # type: ignore[typeddict-item]  # as much of one as a task reads


def _parameter_names(parargs: object) -> list[str]:
    if not isinstance(parargs, Parameters):
        return []
    template: Any = parargs.template_eval_component
    return [binding.field for binding in template.payload_bindings]


def _task_failed() -> StatesErrorName:
    return StatesErrorName(typ=StatesErrorNameType.StatesTaskFailed)


def _json_safe(value: Any) -> Any:  # noqa: ANN401 - an API response
    """The value with times as milliseconds since 1970, which JSON can hold."""
    if isinstance(value, datetime):
        return round(value.timestamp() * 1000)
    if isinstance(value, dict):
        return {key: _json_safe(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_json_safe(item) for item in value]
    return value
