"""Policy documents as statements that can be asked. Source: IAM user guide, "IAM JSON policy reference"."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from local.iam.conditions import Condition, parse_conditions
from local.iam.errors import UnsupportedPolicyError
from local.iam.patterns import Context, matches, matches_arn

# Only policies of this version have variables.
VERSION_WITH_VARIABLES = "2012-10-17"
ELEMENTS = {
    "Sid",
    "Effect",
    "Principal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
}


@dataclass(frozen=True)
class Principal:
    """Who calls.

    arns: the ARNs a policy may name the caller by, the most particular first: session, role;  empty for a service
    account: its account id;  service: such as lambda.amazonaws.com, for a service that calls on its own behalf
    """

    arns: tuple[str, ...] = ()
    account: str = ""
    service: str = ""


@dataclass(frozen=True)
class Statement:
    """One statement of a policy."""

    sid: str
    allows: bool
    actions: tuple[str, ...]
    not_actions: bool
    resources: tuple[str, ...]
    not_resources: bool
    principals: tuple[tuple[str, str], ...]
    conditions: tuple[Condition, ...]
    variables: bool

    def applies(self, action: str, resource: str, context: Context) -> bool:
        """Whether the statement speaks of this action on this resource in this context."""
        if any(matches(each, action, ignore_case=True) for each in self.actions) == self.not_actions:
            return False
        variables = context if self.variables else None
        # A trust policy has no resources: it is about the role it belongs to.
        if self.resources and (
            any(matches_arn(each, resource, variables) for each in self.resources) == self.not_resources
        ):
            return False
        return all(condition.holds(context) for condition in self.conditions)

    def names(self, principal: Principal) -> str | None:
        """How a statement of a resource's policy names a caller: session, role, account, service, anyone or None."""
        found: set[str] = set()
        for kind, name in self.principals:
            if name == "*" and kind in {"*", "AWS"}:
                found.add("anyone")
            elif kind == "Service" and principal.service:
                found |= {"service"} if name == principal.service else set()
            elif kind == "AWS" and name in principal.arns:
                found.add("session" if principal.arns.index(name) == 0 else "role")
            elif kind == "AWS" and principal.account:
                root = f"arn:aws:iam::{principal.account}:root"
                found |= {"account"} if name in {principal.account, root} else set()
        return next((each for each in ("session", "anyone", "service", "role", "account") if each in found), None)


@lru_cache(maxsize=2048)
def condition_keys(document: str) -> frozenset[str]:
    """The condition keys that a policy document asks for, in lower case."""
    return frozenset(condition.key for statement in parse_policy(document) for condition in statement.conditions)


@lru_cache(maxsize=2048)
def parse_policy(document: str) -> tuple[Statement, ...]:
    """The statements of a policy document in JSON; a document parsed before is not parsed again.

    Raises UnsupportedPolicyError for a document, an element or a condition operator that the laptop cannot evaluate.
    """
    try:
        policy = json.loads(document)
    except ValueError as error:
        raise UnsupportedPolicyError(f"a policy is no JSON: {error}") from error
    variables = policy.get("Version") == VERSION_WITH_VARIABLES
    return tuple(_statement(each, variables=variables) for each in _listed(policy.get("Statement", [])))


def _statement(statement: dict[str, Any], *, variables: bool) -> Statement:
    unknown = statement.keys() - ELEMENTS
    if unknown:
        raise UnsupportedPolicyError(f"the policy element {', '.join(sorted(unknown))} is not known on a laptop")
    if statement.get("Effect") not in {"Allow", "Deny"}:
        raise UnsupportedPolicyError("a policy statement's Effect is neither Allow nor Deny")
    not_actions, not_resources = "NotAction" in statement, "NotResource" in statement
    return Statement(
        sid=statement.get("Sid", ""),
        allows=statement["Effect"] == "Allow",
        actions=tuple(_listed(statement["NotAction"] if not_actions else statement.get("Action", []))),
        not_actions=not_actions,
        resources=tuple(_listed(statement["NotResource"] if not_resources else statement.get("Resource", []))),
        not_resources=not_resources,
        principals=_principals(statement.get("Principal", {})),
        conditions=parse_conditions(statement.get("Condition", {}), variables=variables),
        variables=variables,
    )


def _principals(element: Any) -> tuple[tuple[str, str], ...]:  # noqa: ANN401 - JSON
    if isinstance(element, str):
        return (("*" if element == "*" else "AWS", element),)
    return tuple((kind, name) for kind, names in element.items() for name in _listed(names))


def _listed(value: Any) -> list[Any]:  # noqa: ANN401 - JSON
    return value if isinstance(value, list) else [value]
