"""Sessions of roles: who assumed which role, and the keys by which the server knows them.

The keys live in this process's memory. Whoever holds one is a process that the server started and that ends with it.
"""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass, field
from typing import Any

from moto.sts.models import STSBackend

from local.home import ACCOUNT
from local.iam.errors import AssumeRoleError
from local.iam.policy import Policies, Request, decide
from local.iam.roles import find_role
from local.iam.statements import Principal, parse_policy

ASSUME_ROLE = "sts:AssumeRole"


@dataclass(frozen=True)
class RoleSession:
    """Credentials of a role, and whom they stand for.

    service: who assumed the role, such as lambda.amazonaws.com
    """

    role_arn: str
    name: str
    service: str
    access_key: str
    secret_key: str = field(repr=False)
    token: str = field(repr=False)

    @property
    def arn(self) -> str:
        """The session's ARN, as GetCallerIdentity tells it."""
        return f"arn:aws:sts::{ACCOUNT}:assumed-role/{self.role_arn.rpartition('/')[2]}/{self.name}"

    def environment(self) -> dict[str, str]:
        """The variables in which AWS hands a process its credentials."""
        return {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_SESSION_TOKEN": self.token,
        }

    def client_arguments(self) -> dict[str, str]:
        """The arguments of `boto3.client` that say the same."""
        return {
            "aws_access_key_id": self.access_key,
            "aws_secret_access_key": self.secret_key,
            "aws_session_token": self.token,
        }


class Sessions:
    """All sessions of one server; the same role, service and name share one."""

    def __init__(self) -> None:
        self._by_key: dict[str, RoleSession] = {}
        self._by_use: dict[tuple[str, str, str], RoleSession] = {}
        self._lock = threading.Lock()

    def open(self, role_arn: str, service: str, name: str) -> RoleSession:
        """The session of a role that was assumed by a service; the caller has checked that it may."""
        with self._lock:
            use = (role_arn, service, name)
            if use not in self._by_use:
                session = RoleSession(
                    role_arn,
                    name,
                    service,
                    access_key=f"ASIA{secrets.token_hex(8).upper()}",
                    secret_key=secrets.token_urlsafe(30),
                    token=secrets.token_urlsafe(48),
                )
                self._by_use[use] = self._by_key[session.access_key] = session
            return self._by_use[use]

    def find(self, access_key: str) -> RoleSession | None:
        """Whose key it is; None when the server never gave it to anyone."""
        return self._by_key.get(access_key)


SESSIONS = Sessions()


def role_session(role_arn: str, service: str, name: str | None = None, *, source_arn: str = "") -> RoleSession:
    """Credentials that a service gets for a role.

    service: such as scheduler.amazonaws.com;  name: of the session, the service's by default
    source_arn: on whose behalf the service asks, where a trust policy looks at it
    Raises AssumeRoleError when there is no such role or its trust policy does not let the service assume it.
    """
    check_trust(role_arn, service, source_arn=source_arn)
    return SESSIONS.open(role_arn, service, name or service.partition(".")[0])


def check_trust(role_arn: str, service: str, *, source_arn: str = "") -> None:
    """Raise AssumeRoleError unless a role can be assumed by a service."""
    role = find_role(role_arn)
    if role is None:
        raise AssumeRoleError(f"there is no role {role_arn}")
    context = {"aws:sourceaccount": (ACCOUNT,), **({"aws:sourcearn": (source_arn,)} if source_arn else {})}
    trust = parse_policy(role.assume_role_policy_document)
    request = Request(ASSUME_ROLE, role_arn, context)
    if not decide(Principal(service=service), request, Policies(resource=trust)).allowed:
        raise AssumeRoleError(f"the trust policy of {role_arn} does not let {service} assume it")


def install() -> None:
    """Have STS say whose the keys are; call it before anything is served."""
    original = STSBackend.get_caller_identity

    def get_caller_identity(self: STSBackend, access_key_id: str, region: str) -> tuple[str, str, str]:
        session = SESSIONS.find(access_key_id)
        if session is None:
            return original(self, access_key_id, region)
        role: Any = find_role(session.role_arn)
        return f"{role.id}:{session.name}", session.arn, ACCOUNT

    # moto has no other way in; it is pinned to the exact version for that.
    STSBackend.get_caller_identity = get_caller_identity  # type: ignore[method-assign]
