"""Roles that count: who calls, what the call does, and whether the caller's policies allow it."""

from __future__ import annotations

from local.iam import gate, sessions
from local.iam.access_log import AccessLog
from local.iam.authorize import AUTHORIZER, AccessDeniedError, service_may
from local.iam.errors import AssumeRoleError, UnsupportedPolicyError
from local.iam.gate import Gate
from local.iam.permissions import Permission
from local.iam.roles import find_role
from local.iam.sessions import RoleSession, check_trust, role_session

__all__ = [
    "AUTHORIZER",
    "AccessDeniedError",
    "AccessLog",
    "AssumeRoleError",
    "Gate",
    "Permission",
    "RoleSession",
    "UnsupportedPolicyError",
    "check_trust",
    "find_role",
    "install",
    "role_session",
    "service_may",
]


def install() -> None:
    """Plug into moto; call it before anything is served."""
    gate.install()
    sessions.install()
