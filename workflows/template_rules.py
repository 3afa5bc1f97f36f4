"""Rules between the definition and the template that deploys it: its tokens, and what its role must allow."""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from workflows.problems import Problem, States
from workflows.resources import resource_of

TOKEN = re.compile(r"\$\{(\w+)\}")
_NAME = re.compile(r"\w+")


class _Loader(yaml.SafeLoader):
    """Reads CloudFormation's short tags as their bare values: `!GetAtt A.Arn` becomes `A.Arn`."""


def _bare_value(loader: _Loader, _tag: str, node: yaml.Node) -> Any:  # noqa: ANN401 - whatever YAML holds
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_scalar(node)  # type: ignore[arg-type]  # the one kind that is left


_Loader.add_multi_constructor("!", _bare_value)


def state_machine_of(text: str) -> dict[str, Any]:
    """Properties of the template's one state machine."""
    resources = yaml.load(text, _Loader)["Resources"]  # noqa: S506 - a SafeLoader
    (machine,) = (item for item in resources.values() if item["Type"] == "AWS::Serverless::StateMachine")
    properties: dict[str, Any] = machine["Properties"]
    return properties


def check_substitutions(definition: Mapping[str, Any], machine: Mapping[str, Any]) -> Iterator[Problem]:
    """Every token is filled in, and every substitution has a token."""
    tokens = set(TOKEN.findall(json.dumps(definition)))
    given = set(machine.get("DefinitionSubstitutions", {}))
    for token in sorted(tokens - given):
        yield Problem("DefinitionSubstitutions", f"nothing is substituted for ${{{token}}}")
    for token in sorted(given - tokens):
        yield Problem("DefinitionSubstitutions", f"{token} is in no state")


def check_permissions(states: States, machine: Mapping[str, Any]) -> Iterator[Problem]:
    """The role's policies, given beside the state machine, allow what each Task needs."""
    statements = [
        statement
        for policy in machine.get("Policies", [])
        if isinstance(policy, Mapping)
        for statement in policy["Statement"]
        if statement["Effect"] == "Allow"
    ]
    substitutions = machine.get("DefinitionSubstitutions", {})
    for name, state in states.items():
        resource = resource_of(state) if state.get("Type") == "Task" else None
        if resource is None:
            continue
        if resource.function:
            # The role may call every version of the function that the definition names one version of.
            function = _first_name(substitutions.get(f"{resource.function}FunctionArn")).removesuffix("VersionArn")
            needed = {"lambda:InvokeFunction": function} if function else {}
        elif resource.integration:
            sync = resource.pattern == ".sync"
            needed = resource.integration.permissions(resource.service, resource.action, sync=sync)
            if "RoleArn" in json.dumps(state["Parameters"]):
                needed["iam:PassRole"] = _first_name(substitutions.get("JobRoleArn"))
        else:
            yield Problem(name, "no facts say what its role needs; add them to workflows/integrations.py")
            continue
        for action, kind in needed.items():
            if not any(_allows(statement, action, kind) for statement in statements):
                yield Problem(name, f"the state machine's role lacks {action} on {kind}")


def _first_name(value: object) -> str:
    """The logical id or parameter that a substitution's value begins with."""
    match = _NAME.search(str(value))
    return match[0] if match else ""


def _allows(statement: Mapping[str, Any], action: str, kind: str) -> bool:
    actions, resources = _as_list(statement["Action"]), _as_list(statement["Resource"])
    is_meant = any(resource == "*" or kind in resource for resource in map(str, resources))
    return is_meant and any(fnmatch.fnmatchcase(action, pattern) for pattern in actions)


def _as_list(value: Any) -> list[Any]:  # noqa: ANN401 - a policy gives one or several
    return value if isinstance(value, list) else [value]
