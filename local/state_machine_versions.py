"""Revisions, versions and aliases of state machines, of which moto keeps a part only.

Through moto's own classes (moto is pinned exactly). Sources: Step Functions API reference and developer guide, "State
machine versions", "State machine aliases"; the words of errors are AWS's, as LocalStack's tests recorded them.
"""

from __future__ import annotations

import functools
import inspect
import json
import random
import re
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from moto.core.exceptions import AWSError
from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import utcnow
from moto.stepfunctions.exceptions import ResourceNotFound, StateMachineDoesNotExist, ValidationException
from moto.stepfunctions.models import (
    StateMachine,
    StateMachineAlias,
    StateMachineInstance,
    StateMachineVersion,
)
from moto.stepfunctions.parser.models import StepFunctionsParserBackend
from moto.stepfunctions.responses import StepFunctionResponse
from moto.utilities.paginator import paginate

ALIAS_NAME = re.compile(r"(?=.*[a-zA-Z_\-.])[a-zA-Z0-9_\-.]+")
MAX_ALIAS_NAME = 80
MAX_ROUTES = 2
# The name of the revision that a state machine is created with; the API shows none.
INITIAL_REVISION = "INITIAL"
# Parts of arn:<partition>:states:<region>:<account>:stateMachine:<name> and of the same with a qualifier.
UNQUALIFIED_PARTS = 7
PAGES = {
    "_versions_of": {
        "input_token": "next_token",
        "limit_key": "max_results",
        "limit_default": 100,
        "unique_attribute": ["arn"],
    }
}

Backend: TypeAlias = StepFunctionsParserBackend
Routes: TypeAlias = list[dict[str, Any]]

_publishing = threading.Lock()


class ConflictError(AWSError):
    """The request contradicts what is there."""

    TYPE = "ConflictException"
    STATUS = 400


class AlreadyExistsError(AWSError):
    """Another state machine has the name."""

    TYPE = "StateMachineAlreadyExists"
    STATUS = 400


@dataclass(frozen=True)
class Started:
    """What an ARN given to StartExecution stands for.

    instance: whose definition and role count;  version_arn and alias_arn: what the execution is associated with
    """

    machine: StateMachine
    instance: StateMachineInstance
    version_arn: str | None = None
    alias_arn: str | None = None


def install() -> None:
    """Plug into moto; call it before anything is served."""
    replacements: list[tuple[object, str, object]] = [
        (StateMachine, "publish", _publish),
        (StateMachine, "update", _update),
        (Backend, "create_state_machine", _with_a_free_name(Backend.create_state_machine)),
        (Backend, "update_state_machine", _of_machines_only(Backend.update_state_machine)),
        (StepFunctionResponse, "publish_state_machine_version", _answer_publish),
        (StepFunctionResponse, "list_state_machine_versions", _answer_list_versions),
        (StepFunctionResponse, "delete_state_machine_version", _answer_delete_version),
        (StepFunctionResponse, "create_state_machine_alias", _answer_create_alias),
        (StepFunctionResponse, "update_state_machine_alias", _answer_update_alias),
        (StepFunctionResponse, "update_state_machine", _with_revision(StepFunctionResponse.update_state_machine)),
        (StepFunctionResponse, "describe_state_machine", _with_revision(StepFunctionResponse.describe_state_machine)),
    ]
    for owner, name, replacement in replacements:
        setattr(owner, name, replacement)


def revision_of(instance: StateMachineInstance) -> str | None:
    """The revision of a state machine or version; None for the one it was created with."""
    revision: str | None = getattr(instance, "revision_id", None)
    return revision


def resolve(backend: Backend, arn: str) -> Started:
    """What an execution that is started with this ARN runs: an alias chooses one of its versions by their weights.

    Raises StateMachineDoesNotExist.
    """
    backend._validate_machine_arn(arn)
    machine = _find(backend, unqualified(arn))
    qualifier = _qualifier(arn)
    if machine is not None and not qualifier:
        return Started(machine, machine)
    if machine is not None and qualifier.isdecimal() and int(qualifier) in machine.versions:
        return Started(machine, machine.versions[int(qualifier)], arn)
    if machine is not None and qualifier in machine.aliases:
        routes: Routes = machine.aliases[qualifier].routing_configuration
        weights = [route["weight"] for route in routes]
        version_arn = random.choices(routes, weights)[0]["stateMachineVersionArn"]  # noqa: S311 - shares of traffic
        return Started(machine, machine.versions[int(_qualifier(version_arn))], version_arn, arn)
    raise StateMachineDoesNotExist(f"State Machine Does Not Exist: '{arn}'")


def unqualified(arn: str) -> str:
    """The state machine's own ARN, from that of a version or an alias of it, or from itself."""
    return ":".join(arn.split(":")[:UNQUALIFIED_PARTS])


def _qualifier(arn: str) -> str:
    return ":".join(arn.split(":")[UNQUALIFIED_PARTS:])


def _find(backend: Backend, arn: str) -> StateMachine | None:
    return next((machine for machine in backend.state_machines if machine.arn == arn), None)


def _machine(backend: Backend, arn: str) -> StateMachine:
    backend._validate_machine_arn(arn)
    machine = _find(backend, arn)
    if machine is None:
        raise StateMachineDoesNotExist(f"State Machine Does Not Exist: '{arn}'")
    return machine


def _publish(self: StateMachine, description: str | None) -> None:
    """Make a version of the current revision the latest one; there is never more than one of a revision."""
    with _publishing:
        for version in self.versions.values():
            if revision_of(version) == revision_of(self):
                self.latest_version = version
                return
        number = self.latest_version_number + 1
        version = StateMachineVersion(self, number, description)  # type: ignore[abstract]  # moto itself does
        vars(version)["revision_id"] = revision_of(self)
        self.versions[number] = self.latest_version = version
        self.latest_version_number = number


def _update(self: StateMachine, **given: Any) -> None:  # noqa: ANN401 - moto's own signature
    """Change what differs; only that makes a new revision."""
    changed = {
        name: value for name, value in given.items() if value is not None and not _same(getattr(self, name), value)
    }
    if changed:
        vars(self).update(changed, revision_id=str(uuid.uuid4()))
    self.update_date = utcnow()


def _same(before: object, after: object) -> bool:
    if isinstance(before, str) and isinstance(after, str) and before.startswith("{"):
        return bool(json.loads(before) == json.loads(after))
    return before == after


def _with_a_free_name(original: Callable[..., StateMachine]) -> Callable[..., StateMachine]:
    """Creating is idempotent for what decides how a machine runs; another role or other tags make no other machine."""

    @functools.wraps(original)
    def create_state_machine(self: Backend, *args: object, **settings: object) -> StateMachine:
        given = inspect.signature(original).bind(self, *args, **settings).arguments
        taken = next((machine for machine in self.state_machines if machine.name == given["name"]), None)
        if taken is not None and not _same(taken.definition, given["definition"]):
            raise AlreadyExistsError(f"State Machine Already Exists: '{taken.arn}'")
        return original(self, *args, **settings)

    return create_state_machine


def _of_machines_only(original: Callable[..., StateMachine]) -> Callable[..., StateMachine]:
    def update_state_machine(self: Backend, arn: str, *args: object, **settings: object) -> StateMachine:
        return original(self, _machine(self, arn).arn, *args, **settings)

    return update_state_machine


def _with_revision(original: Callable[..., ActionResult]) -> Callable[..., ActionResult]:
    def answer(self: StepFunctionResponse) -> ActionResult:
        result = original(self)
        revision = revision_of(self.stepfunction_backend.describe_state_machine(self._get_param("stateMachineArn")))
        document: Any = result.result
        if revision:
            document["revisionId"] = revision
        return result

    return answer


def _answer_publish(self: StepFunctionResponse) -> ActionResult:
    machine = _machine(_backend(self), self._get_param("stateMachineArn"))
    wanted, current = self._get_param("revisionId"), revision_of(machine) or INITIAL_REVISION
    if wanted and wanted != current:
        raise ConflictError(
            f"Failed to publish the State Machine version for revision {wanted}. "
            f"The current State Machine revision is {current}."
        )
    machine.publish(self._get_param("description"))
    version = machine.latest_version
    assert version is not None  # noqa: S101 - since publish
    return ActionResult({"creationDate": version.creation_date, "stateMachineVersionArn": version.arn})


@paginate(pagination_model=PAGES)
def _versions_of(machine: StateMachine) -> list[StateMachineVersion]:
    return [machine.versions[number] for number in sorted(machine.versions, reverse=True)]


def _answer_list_versions(self: StepFunctionResponse) -> ActionResult:
    machine = _machine(_backend(self), self._get_param("stateMachineArn"))
    found, next_token = _versions_of(
        machine,
        max_results=self._get_int_param("maxResults"),
        next_token=self._get_param("nextToken"),
    )
    versions = [{"stateMachineVersionArn": each.arn, "creationDate": each.creation_date} for each in found]
    return ActionResult({"stateMachineVersions": versions, "nextToken": next_token})


def _answer_delete_version(self: StepFunctionResponse) -> EmptyResult:
    arn = self._get_param("stateMachineVersionArn")
    machine, number = _find(_backend(self), unqualified(arn)), _qualifier(arn)
    if not number.isdecimal():
        raise ValidationException(f"'{arn}' is no ARN of a state machine version")
    if machine is None or int(number) not in machine.versions:
        return EmptyResult()
    users = [name for name, alias in machine.aliases.items() if arn in _version_arns(alias.routing_configuration)]
    if users:
        raise ConflictError(
            "Version to be deleted must not be referenced by an alias. "
            f"Current list of aliases referencing this version: [{', '.join(users)}]"
        )
    gone = machine.versions.pop(int(number))
    if machine.latest_version is gone:
        machine.latest_version = None
    return EmptyResult()


def _answer_create_alias(self: StepFunctionResponse) -> ActionResult:
    name, routes = self._get_param("name"), self._get_param("routingConfiguration")
    description = self._get_param("description")
    _check_alias_name(name)
    machine = _check_routes(_backend(self), routes)
    alias = machine.aliases.get(name)
    if alias is None:
        alias = StateMachineAlias(name, machine.arn, routes, description)  # type: ignore[abstract]  # moto itself does
        machine.aliases[name] = alias
    elif (alias.routing_configuration, alias.description) != (routes, description):
        raise ConflictError(
            "Failed to create alias because an alias with the same name and a different routing configuration "
            "already exists."
        )
    return ActionResult({"creationDate": alias.creation_date, "stateMachineAliasArn": alias.arn})


def _answer_update_alias(self: StepFunctionResponse) -> ActionResult:
    arn, routes = self._get_param("stateMachineAliasArn"), self._get_param("routingConfiguration")
    description = self._get_param("description")
    if routes is None and description is None:
        raise ValidationException("You must provide at least one of routingConfiguration or description")
    machine = _find(_backend(self), unqualified(arn))
    alias = machine.aliases.get(_qualifier(arn)) if machine else None
    if alias is None:
        raise ResourceNotFound(arn)
    if routes is not None and _check_routes(_backend(self), routes) is not machine:
        raise ValidationException("Routing configuration must contain versions of the alias's own state machine.")
    alias.update(routing_configuration=routes, description=description)
    return ActionResult({"updateDate": alias.update_date})


def _check_alias_name(name: str) -> None:
    place = f"1 validation error detected: Value '{name}' at 'name' failed to satisfy constraint: Member must"
    if len(name) > MAX_ALIAS_NAME:
        raise ValidationException(f"{place} have length less than or equal to {MAX_ALIAS_NAME}")
    if not ALIAS_NAME.fullmatch(name):
        raise ValidationException(f"{place} satisfy regular expression pattern: ^{ALIAS_NAME.pattern}$")


def _check_routes(backend: Backend, routes: Routes) -> StateMachine:
    """The state machine of the versions that an alias leads to; raises what AWS raises for wrong ones."""
    if len(routes) > MAX_ROUTES:
        raise ValidationException(
            "1 validation error detected: Value at 'routingConfiguration' failed to satisfy constraint: "
            f"Member must have length less than or equal to {MAX_ROUTES}"
        )
    arns = _version_arns(routes)
    if len(set(arns)) < len(arns):
        raise ValidationException(
            f"Routing configuration must contain distinct state machine version ARNs. Received: [{', '.join(arns)}]"
        )
    weights = [route["weight"] for route in routes]
    if sum(weights) != 100:  # noqa: PLR2004 - percent
        raise ValidationException(f"Sum of routing configuration weights must equal 100. Received: {weights}")
    machines = [_find(backend, unqualified(arn)) for arn in arns]
    for arn, machine in zip(arns, machines, strict=True):
        number = _qualifier(arn)
        if machine is None or not number.isdecimal() or int(number) not in machine.versions:
            raise ValidationException(
                f"Routing configuration must contain state machine version ARNs. Received: [{', '.join(arns)}]"
            )
    if machines[0] is not machines[-1]:
        raise ValidationException("Both stateMachineVersionArn values must belong to the same state machine.")
    machine = machines[0]
    assert machine is not None  # noqa: S101 - checked above
    return machine


def _version_arns(routes: Routes) -> list[str]:
    return [route["stateMachineVersionArn"] for route in routes]


def _backend(response: StepFunctionResponse) -> Backend:
    backend = response.stepfunction_backend
    assert isinstance(backend, Backend)  # noqa: S101 - the interpreter is switched on
    return backend
