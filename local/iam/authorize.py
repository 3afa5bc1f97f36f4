"""Whether a role, or a service on its own, may do something: the one place that asks the policies."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from local.home import ACCOUNT, REGION
from local.iam.access_log import AccessLog
from local.iam.errors import UnsupportedPolicyError
from local.iam.permissions import Permission
from local.iam.policy import Decision, Policies, Policy, Request, decide
from local.iam.resource_policies import policy_of
from local.iam.roles import condition_keys_of, find_role, policies_of, principal_of
from local.iam.statements import Principal


class AccessDeniedError(Exception):
    """A role may not do something; the message is AWS's."""

    def __init__(self, caller: str, permission: Permission, reason: str) -> None:
        on = f" on resource: {permission.resource}" if permission.resource != "*" else ""
        super().__init__(f"User: {caller} is not authorized to perform: {permission.action}{on} {reason}")
        self.permission = permission


@dataclass
class Authorizer:
    """Asks the policies, and notes what was asked."""

    log: AccessLog = field(default_factory=AccessLog)

    def check_role(self, role_arn: str, session_name: str, permissions: Iterable[Permission]) -> None:
        """Raise AccessDeniedError unless a session of a role is allowed all permissions."""
        role = find_role(role_arn)
        caller = f"arn:aws:sts::{ACCOUNT}:assumed-role/{role_arn.rpartition('/')[2]}/{session_name}"
        common = common_context(role_arn)
        for permission in permissions:
            if role is None:
                raise AccessDeniedError(caller, permission, f"because there is no role {role_arn}")
            request = Request(permission.action, permission.resource, {**common, **lower(permission.context)})
            try:
                policies = policies_of(role, policy_of(permission.resource))
                decision = decide(principal_of(role, session_name), request, policies)
            except UnsupportedPolicyError as error:
                decision = Decision(allowed=False, reason=f"as a policy cannot be evaluated: {error}")
            asked = condition_keys_of(role)
            context = {key: values for key, values in permission.context.items() if key.lower() in asked}
            self.log.note(role_arn, replace(permission, context=context), allowed=decision.allowed)
            if not decision.allowed:
                raise AccessDeniedError(caller, permission, decision.reason)

    def check_service(self, service: str, permission: Permission, source_arn: str) -> None:
        """Raise AccessDeniedError unless a resource's own policy lets a service do something with the resource.

        service: such as apigateway.amazonaws.com;  source_arn: of the resource on whose behalf it does
        """
        try:
            decision = _service_decision(service, permission, policy_of(permission.resource), source_arn)
        except UnsupportedPolicyError as error:
            decision = Decision(allowed=False, reason=f"as a policy cannot be evaluated: {error}")
        source = replace(permission, context={**permission.context, "aws:SourceArn": (source_arn,)})
        self.log.note(service, source, allowed=decision.allowed)
        if not decision.allowed:
            raise AccessDeniedError(service, permission, decision.reason)


AUTHORIZER = Authorizer()


def common_context(principal_arn: str) -> dict[str, Sequence[str]]:
    """Condition keys that every request has, in lower case.

    The laptop's address is a loopback: nothing can listen in, so it stands for TLS.
    """
    return {
        "aws:securetransport": ("true",),
        "aws:sourceip": ("127.0.0.1",),
        "aws:currenttime": (datetime.now(UTC).isoformat(),),
        "aws:epochtime": (str(int(time.time())),),
        "aws:requestedregion": (REGION,),
        "aws:resourceaccount": (ACCOUNT,),
        "aws:principalaccount": (ACCOUNT,),
        "aws:principalarn": (principal_arn,),
        "aws:principaltype": ("AssumedRole",),
    }


def lower(context: Mapping[str, Sequence[str]]) -> dict[str, Sequence[str]]:
    """The context by lower-case keys: condition keys know no case."""
    return {key.lower(): values for key, values in context.items()}


def service_may(service: str, permission: Permission, policy: Policy, source_arn: str) -> bool:
    """Whether a policy lets a service do something on behalf of another resource; see Authorizer.check_service.

    Raises UnsupportedPolicyError.
    """
    return _service_decision(service, permission, policy, source_arn).allowed


def _service_decision(service: str, permission: Permission, policy: Policy | None, source_arn: str) -> Decision:
    context = {
        **common_context(""),
        "aws:sourcearn": (source_arn,),
        "aws:sourceaccount": (ACCOUNT,),
        "aws:sourceowner": (ACCOUNT,),
        **lower(permission.context),
    }
    request = Request(permission.action, permission.resource, context)
    return decide(Principal(service=service), request, Policies(resource=policy))
