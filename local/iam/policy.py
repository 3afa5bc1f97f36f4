"""Decides whether a call is allowed, by the rules of one account.

Source: IAM user guide, "Policy evaluation logic": an explicit deny in any policy wins; what a resource's policy grants
to the session itself, or to anyone, needs nothing else; what it grants to the role is still bounded by the role's
permissions boundary; what it grants to the account is for the account's own identity policies to hand on; everything
else needs an identity policy, and the boundary where there is one. Service control and session policies do not exist
here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from local.iam.patterns import Context
from local.iam.statements import Principal, Statement

Policy = Sequence[Statement]


@dataclass(frozen=True)
class Request:
    """One action on one resource; resource is an ARN, or `*` for an action that knows no resources.

    context: values by lower-case condition key
    """

    action: str
    resource: str
    context: Context = field(default_factory=dict)


@dataclass(frozen=True)
class Policies:
    """All that counts for one request.

    identity: the role's own policies, inline and managed;  boundary: its permissions boundary, None without one
    resource: policy of the resource, None where the resource has none
    """

    identity: Sequence[Policy] = ()
    boundary: Policy | None = None
    resource: Policy | None = None


@dataclass(frozen=True)
class Decision:
    """Whether a request is allowed, and in AWS's words why it is not: the end of the error's message."""

    allowed: bool
    reason: str = ""
    explicit_deny: bool = False


ALLOWED = Decision(allowed=True)


def decide(principal: Principal, request: Request, policies: Policies) -> Decision:
    """Evaluate all policies for one request.

    Raises UnsupportedPolicyError when a statement that could count cannot be evaluated.
    """
    named = [(each, each.names(principal)) for each in policies.resource or ()]
    resource = [(each, how) for each, how in named if how and each.applies(*_of(request))]
    identity = [each for policy in policies.identity for each in policy if each.applies(*_of(request))]
    boundary = (
        None if policies.boundary is None else [each for each in policies.boundary if each.applies(*_of(request))]
    )
    for statements, what in (
        (identity, "an identity-based policy"),
        (boundary or [], "a permissions boundary"),
        ([each for each, _ in resource], "a resource-based policy"),
    ):
        if any(not each.allows for each in statements):
            return Decision(allowed=False, reason=f"with an explicit deny in {what}", explicit_deny=True)
    granted = {how for each, how in resource if each.allows}
    if granted & {"session", "anyone", "service"}:
        return ALLOWED
    if principal.service:
        return _nobody(request, "resource-based policy")
    if not _allow(identity) and "role" not in granted:
        return _nobody(request, "identity-based policy")
    if boundary is not None and not _allow(boundary):
        return _nobody(request, "permissions boundary")
    return ALLOWED


def _of(request: Request) -> tuple[str, str, Context]:
    return request.action, request.resource, request.context


def _allow(statements: Iterable[Statement]) -> bool:
    return any(each.allows for each in statements)


def _nobody(request: Request, kind: str) -> Decision:
    return Decision(allowed=False, reason=f"because no {kind} allows the {request.action} action")
