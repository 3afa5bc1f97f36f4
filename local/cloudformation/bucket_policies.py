"""Bucket policies on a loopback address.

A policy that asks for TLS shuts out whoever comes over a network without it. Nobody comes over a network here, so such
a statement never holds; moto, which looks at no conditions, would let it shut out everybody.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.s3.models import FakeBucket


def install() -> None:
    """Have S3 judge by the statements that can hold on a laptop."""

    def get_permission(bucket: FakeBucket, action: str, resource: str) -> PermissionResult:
        statements = statements_that_can_hold(json.loads(bucket.policy)) if bucket.policy else []
        if not statements:
            return PermissionResult.NEUTRAL
        return IAMPolicy(json.dumps({"Statement": statements})).is_action_permitted(action, resource)

    # moto has no other way in; it is pinned to the exact version for that.
    FakeBucket.get_permission = get_permission  # type: ignore[assignment,method-assign]


def statements_that_can_hold(policy: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A policy's statements but for those that hold only without TLS."""
    given = policy["Statement"]
    statements = given if isinstance(given, list) else [given]
    return [each for each in statements if not _needs_plain_transport(each.get("Condition", {}))]


def _needs_plain_transport(condition: Mapping[str, Mapping[str, Any]]) -> bool:
    values = {key.lower(): value for key, value in condition.get("Bool", {}).items()}
    return str(values.get("aws:securetransport", "")).lower() == "false"
