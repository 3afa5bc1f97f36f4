"""The roles that the laptop's IAM holds, with their policies as statements."""

from __future__ import annotations

from typing import Any

from moto.iam.models import Role, iam_backends

from local.home import ACCOUNT
from local.iam.policy import Policies, Policy
from local.iam.statements import Principal, condition_keys, parse_policy

NOTHING = '{"Statement": []}'


def find_role(arn: str) -> Role | None:
    """The role of this ARN, or None."""
    for role in list(iam_backends[ACCOUNT]["aws"].roles.values()):
        if role.arn == arn:
            return role
    return None


def policies_of(role: Role, resource: Policy | None = None) -> Policies:
    """What counts for a request by a role; documents that have not changed are not parsed again.

    resource: policy of the resource asked for, if it has one
    Raises UnsupportedPolicyError for a policy that the laptop cannot evaluate.
    """
    boundary = _boundary(role)
    return Policies(
        [parse_policy(each) for each in _documents(role)],
        None if boundary is None else parse_policy(boundary),
        resource,
    )


def condition_keys_of(role: Role) -> frozenset[str]:
    """The condition keys, in lower case, that the role's policies ask for."""
    return frozenset().union(*map(condition_keys, (*_documents(role), _boundary(role) or NOTHING)))


def principal_of(role: Role, session_name: str) -> Principal:
    """How policies name a session of a role."""
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/{role.name}/{session_name}"
    return Principal((session, role.arn), ACCOUNT)


def _documents(role: Role) -> list[str]:
    managed: list[Any] = list(role.managed_policies.values())
    return [*role.policies.values(), *map(_document, managed)]


def _boundary(role: Role) -> str | None:
    if not role.permissions_boundary_arn:
        return None
    # A boundary that is no more allows nothing.
    policy: Any = iam_backends[ACCOUNT]["aws"].managed_policies.get(role.permissions_boundary_arn)
    return _document(policy) if policy else NOTHING


def _document(policy: Any) -> str:  # noqa: ANN401 - moto's kinds of managed policies
    document: str = next(version.document for version in policy.versions if version.is_default)
    return document
