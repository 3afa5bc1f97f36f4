"""One thing a caller must be allowed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from local.home import ACCOUNT, REGION


@dataclass(frozen=True)
class Permission:
    """An action on a resource; `*` for an action that knows no resources.

    context: values by condition key, beside those that every request has
    """

    action: str
    resource: str
    context: Mapping[str, Sequence[str]] = field(default_factory=dict)


def arn(service: str, resource: str) -> str:
    """ARN of a resource of this account and region."""
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"
