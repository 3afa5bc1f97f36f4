"""In whose name EventBridge calls a target: a role that it assumes, or itself where the target's own policy says so."""

from __future__ import annotations

import threading
from typing import Any, TypeAlias

import boto3
from botocore.config import Config

from local.events.delivery import TargetRefusedError
from local.home import REGION, Home
from local.iam import AUTHORIZER, AccessDeniedError, AssumeRoleError, Permission, role_session

# One of boto3's many.
Client: TypeAlias = Any

NO_PERMISSIONS = "NO_PERMISSIONS"  # EventBridge's name for it in a dead letter
CONFIG = Config(connect_timeout=5, read_timeout=60, retries={"total_max_attempts": 1}, proxies={})


class Callers:
    """boto3 clients for the laptop, each made once."""

    def __init__(self, home: Home) -> None:
        environment = home.client_environment()
        self._endpoint_url = home.endpoint_url
        self._keys = {
            "aws_access_key_id": environment["AWS_ACCESS_KEY_ID"],
            "aws_secret_access_key": environment["AWS_SECRET_ACCESS_KEY"],
        }
        self._made: dict[tuple[str, str], Client] = {}
        self._lock = threading.Lock()

    def of_role(self, service: str, role_arn: str, principal: str, source_arn: str) -> Client:
        """A client that calls as a role.

        principal: who assumes the role, such as scheduler.amazonaws.com;  source_arn: on whose behalf
        Raises TargetRefusedError when the role cannot be assumed.
        """
        try:
            session = role_session(role_arn, principal, source_arn=source_arn)
        except AssumeRoleError as error:
            raise TargetRefusedError(NO_PERMISSIONS, str(error)) from error
        return self._client(service, session.client_arguments())

    def require_permission(self, action: str, arn: str, principal: str, source_arn: str) -> None:
        """Raise TargetRefusedError unless the policy of a function, queue or topic lets a service do something."""
        try:
            AUTHORIZER.check_service(principal, Permission(action, arn), source_arn)
        except AccessDeniedError as error:
            raise TargetRefusedError(NO_PERMISSIONS, str(error)) from error

    def of_account(self, service: str) -> Client:
        """A client that may do anything, for what the caller has checked."""
        return self._client(service, self._keys)

    def _client(self, service: str, keys: dict[str, str]) -> Client:
        with self._lock:
            name = (service, keys["aws_access_key_id"])
            if name not in self._made:
                self._made[name] = boto3.client(
                    service,  # type: ignore[call-overload]  # any service
                    region_name=REGION,
                    endpoint_url=self._endpoint_url,
                    config=CONFIG,
                    **keys,
                )
            return self._made[name]
