"""Stands before the AWS APIs: tells whose request it is, and lets it through when the caller's policies allow it.

The key `laptop` is the account's administrator, whom only a bucket's policy can refuse something. A role's key was
given to a process that the server started. Every other key is unknown.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket

from local.home import ACCOUNT
from local.iam import denial
from local.iam.actions import UnknownActionError, permissions_for
from local.iam.authorize import AUTHORIZER, AccessDeniedError, common_context, lower
from local.iam.calls import Call, bucket_and_key, call_of, credential_of
from local.iam.permissions import Permission
from local.iam.policy import Decision, Policies, Policy, Request, decide
from local.iam.resource_policies import bucket_policy, find_bucket
from local.iam.s3_actions import READING
from local.iam.s3_actions import permissions_for as s3_permissions_for
from local.iam.sessions import SESSIONS, RoleSession
from local.iam.statements import Principal

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from werkzeug.wrappers import Response

logger = logging.getLogger(__name__)

ADMINISTRATOR_KEY = "laptop"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"


class Gate:
    """The AWS APIs, for those who may."""

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        refused = self._refused(environ)
        return (refused or self._application)(environ, start_response)

    def _refused(self, environ: WSGIEnvironment) -> Response | None:
        credential = credential_of(environ)
        if credential is None:
            return _unsigned(environ)
        if credential.access_key == ADMINISTRATOR_KEY:
            return _administrator(environ) if credential.service == "s3" else None
        session = SESSIONS.find(credential.access_key)
        call = call_of(environ, credential.service)
        if session is None or credential.token != session.token:
            return _answer(environ, call, denial.UNKNOWN_KEY)
        refusal = self._check(environ, call, session)
        if refusal is None:
            return None
        logger.info("access denied", extra={"caller": session.arn, "action": f"{call.service}:{call.operation}"})
        return _answer(environ, call, refusal)

    def _check(self, environ: WSGIEnvironment, call: Call, session: RoleSession) -> denial.Refusal | None:
        try:
            permissions = permissions_for(call, session.service)
        except UnknownActionError as error:
            reason = f"because the laptop does not know what AWS checks for it ({error})"
            action = f"{call.service}:{call.operation or environ.get('REQUEST_METHOD')}"
            return denial.access_denied(session.arn, action, environ.get("PATH_INFO", ""), reason)
        bucket = find_bucket(str(call.parameters.get("Bucket", ""))) if call.service == "s3" else None
        if bucket is not None and call.operation in READING and not _exists(bucket, call):
            # Without it S3 answers 403 where it would have to say that there is no such key.
            permissions.append(Permission("s3:ListBucket", f"arn:aws:s3:::{bucket.name}"))
        try:
            AUTHORIZER.check_role(session.role_arn, session.name, permissions)
        except AccessDeniedError as error:
            return denial.Refusal("AccessDenied", str(error))
        return None


def install() -> None:
    """Take the decision from moto's S3, which looks at a policy's actions only; call it before anything is served."""

    def get_permission(bucket: FakeBucket, action: str, resource: str) -> PermissionResult:
        del bucket, action, resource  # the gate has looked at them
        return PermissionResult.PERMITTED

    # moto has no other way in; it is pinned to the exact version for that.
    FakeBucket.get_permission = get_permission  # type: ignore[assignment,method-assign]


def _exists(bucket: FakeBucket, call: Call) -> bool:
    keys: Any = bucket.keys
    return call.parameters.get("Key") in keys


def _unsigned(environ: WSGIEnvironment) -> Response | None:
    bucket = find_bucket(bucket_and_key(environ)[0])
    call = call_of(environ, "s3" if bucket is not None else "")
    policy = bucket_policy(bucket)
    needed = s3_permissions_for(call) if policy else None
    if policy and needed and all(_decision(Principal(), each, policy).allowed for each in needed):
        return None
    return _answer(environ, call, denial.UNSIGNED)


def _administrator(environ: WSGIEnvironment) -> Response | None:
    name, key = bucket_and_key(environ)
    policy = bucket_policy(find_bucket(name))
    if not policy or all(statement.allows for statement in policy):
        return None
    call = call_of(environ, "s3")
    if call.operation in {"PutBucketPolicy", "GetBucketPolicy", "DeleteBucketPolicy"}:
        return None  # the account's owner can always mend a policy that shuts everybody out
    resource = f"arn:aws:s3:::{name}/{key}" if key else f"arn:aws:s3:::{name}"
    for permission in s3_permissions_for(call) or [Permission(f"s3:{call.operation}", resource)]:
        decision = _decision(Principal((ROOT,), ACCOUNT), permission, policy)
        if decision.explicit_deny:
            refusal = denial.access_denied(ROOT, permission.action, permission.resource, decision.reason)
            return _answer(environ, call, refusal)
    return None


def _decision(principal: Principal, permission: Permission, policy: Policy) -> Decision:
    context = {**common_context(ROOT), **lower(permission.context)}
    request = Request(permission.action, permission.resource, context)
    return decide(principal, request, Policies(resource=policy))


def _answer(environ: WSGIEnvironment, call: Call, refusal: denial.Refusal) -> Response:
    return denial.response(
        refusal,
        call.service,
        call.protocol,
        content_type=environ.get("CONTENT_TYPE", ""),
        head=environ.get("REQUEST_METHOD") == "HEAD",
    )
