"""Executions that are started by version or alias, and what the API says of them.

Through moto's own classes (moto is pinned exactly). By whichever of a state machine's ARNs an execution is started, its
own is arn:<partition>:states:<region>:<account>:execution:<state machine>:<name>. So it is in AWS's answers as
LocalStack's tests recorded them, for versions and for aliases; the resource types of IAM's service reference agree.
"""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeAlias

from moto.core.responses import ActionResult
from moto.stepfunctions.exceptions import InvalidExecutionInput
from moto.stepfunctions.models import StateMachineInstance
from moto.stepfunctions.parser.backend.execution import Execution
from moto.stepfunctions.parser.models import StepFunctionsParserBackend
from moto.stepfunctions.responses import StepFunctionResponse
from moto.stepfunctions.utils import PAGINATION_MODEL
from moto.utilities.paginator import paginate

from local.cloudwatch.service_metrics import execution_started
from local.state_machine_versions import Started, resolve, revision_of

# moto names neither the types of its interpreter's executions nor those of its answers.
AnyExecution: TypeAlias = Any

_starting = threading.Lock()


def install() -> None:
    """Plug into moto; call it before anything is served."""
    replacements: list[tuple[object, str, object]] = [
        (StepFunctionsParserBackend, "start_execution", _start_execution),
        (StepFunctionResponse, "describe_execution", _describe_execution(StepFunctionResponse.describe_execution)),
        (StepFunctionResponse, "list_executions", _answer_list_executions),
        (StepFunctionResponse, "describe_state_machine_for_execution", _describe_state_machine_for_execution),
    ]
    for owner, name, replacement in replacements:
        setattr(owner, name, replacement)


def _start_execution(
    self: StepFunctionsParserBackend,
    state_machine_arn: str,
    name: str | None = None,
    execution_input: str | None = None,
    trace_header: str | None = None,
) -> AnyExecution:
    """Start an execution, or return the running one of the same name and input."""
    started = resolve(self, state_machine_arn)
    text = execution_input or "{}"
    try:
        json.loads(text)
    except ValueError as error:
        raise InvalidExecutionInput(f"Invalid State Machine Execution Input: '{error}'") from error
    if name:
        self._validate_name(name)
    # Two requests under one name must not both find that there is none yet.
    with _starting:
        existing = started.machine._handle_name_input_idempotency(name, text) if name else None
        if existing is not None:
            return existing
        execution = _new_execution(self, started, name or str(uuid.uuid4()), text, trace_header)
        executions: list[Any] = started.machine.executions
        executions.append(execution)
        execution.start()
    execution_started(execution)
    return execution


def _new_execution(
    backend: StepFunctionsParserBackend, started: Started, name: str, text: str, trace_header: str | None
) -> AnyExecution:
    instance, machine = started.instance, started.machine
    # A copy: an update of the state machine must not reach an execution that is under way.
    snapshot: Any = StateMachineInstance(
        machine.arn,
        machine.name,
        instance.definition,
        instance.roleArn,
        instance.encryptionConfiguration,
        instance.loggingConfiguration,
        instance.tracingConfiguration,
        instance.type,
    )
    snapshot.revision_id, snapshot.update_date = revision_of(instance), instance.update_date
    execution: AnyExecution = Execution(
        name=name,
        sm_type=snapshot.sm_type,
        role_arn=instance.roleArn,
        exec_arn=f"{machine.arn.replace(':stateMachine:', ':execution:', 1)}:{name}",
        account_id=backend.account_id,
        region_name=backend.region_name,
        state_machine=snapshot,
        start_date=datetime.now(UTC),
        cloud_watch_logging_session=None,
        input_data=text,
        trace_header=trace_header,
        activity_store={},
    )
    execution.state_machine_version_arn, execution.state_machine_alias_arn = started.version_arn, started.alias_arn
    return execution


def _describe_execution(original: Callable[..., ActionResult]) -> Callable[..., ActionResult]:
    def answer(self: StepFunctionResponse) -> ActionResult:
        result = original(self)
        execution: AnyExecution = self.stepfunction_backend.describe_execution(self._get_param("executionArn"))
        document: Any = result.result
        document.update(_associations(execution))
        if "output" in document:
            # moto gives a text as it is; the API gives JSON in any case.
            document["output"] = json.dumps(execution.output)
        if execution.stop_date is not None:
            document["stopDate"] = execution.stop_date
        return result

    return answer


@paginate(pagination_model={"_executions_of": PAGINATION_MODEL["list_executions"]})
def _executions_of(executions: list[AnyExecution]) -> list[AnyExecution]:
    return sorted(executions, key=lambda execution: execution.start_date, reverse=True)


def _answer_list_executions(self: StepFunctionResponse) -> ActionResult:
    """All of a state machine's executions; those of one version or alias when its ARN is given."""
    backend: Any = self.stepfunction_backend
    arn, status = self._get_param("stateMachineArn"), self._get_param("statusFilter")
    machine = resolve(backend, arn).machine
    wanted = [
        execution
        for execution in machine.executions
        if arn in {machine.arn, *_associations(execution).values()} and status in {None, execution.status}
    ]
    found, next_token = _executions_of(
        wanted, max_results=self._get_int_param("maxResults"), next_token=self._get_param("nextToken")
    )
    return ActionResult({"executions": [_list_item(execution) for execution in found], "nextToken": next_token})


def _list_item(execution: AnyExecution) -> dict[str, Any]:
    item = {
        "executionArn": execution.execution_arn,
        "name": execution.name,
        "startDate": execution.start_date,
        "stateMachineArn": execution.state_machine_arn,
        "status": execution.status,
        **_associations(execution),
    }
    return item if execution.stop_date is None else {**item, "stopDate": execution.stop_date}


def _associations(execution: AnyExecution) -> dict[str, str]:
    """The version and the alias that an execution was started by, under the API's names."""
    arns = {
        "stateMachineVersionArn": getattr(execution, "state_machine_version_arn", None),
        "stateMachineAliasArn": getattr(execution, "state_machine_alias_arn", None),
    }
    return {name: arn for name, arn in arns.items() if arn}


def _describe_state_machine_for_execution(self: StepFunctionResponse) -> ActionResult:
    """The state machine as the execution runs it, whatever has become of it since."""
    execution: AnyExecution = self.stepfunction_backend.describe_execution(self._get_param("executionArn"))
    machine = execution.state_machine
    document = {
        "stateMachineArn": execution.state_machine_arn,
        "name": machine.name,
        "definition": machine.definition,
        "roleArn": execution.role_arn,
        "updateDate": machine.update_date,
        "loggingConfiguration": machine.loggingConfiguration,
        "tracingConfiguration": machine.tracingConfiguration,
    }
    revision = revision_of(machine)
    return ActionResult({**document, "revisionId": revision} if revision else document)
