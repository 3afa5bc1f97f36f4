"""AWS's own managed policies, from the copy that moto carries; there are some 1,500, and a stack uses two or three."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AWSManagedPolicy, iam_backends

from local.home import ACCOUNT

PREFIX = "arn:aws:iam::aws:policy"


@cache
def managed_policy_arns() -> dict[str, str]:
    """ARNs by name."""
    return {name: f"{PREFIX}{policy['Path']}{name}" for name, policy in _policies().items()}


def make_known(arn: str) -> None:
    """Have IAM know one of AWS's managed policies; an ARN of any other policy is left alone."""
    backend = iam_backends[ACCOUNT]["aws"]
    name = arn.rpartition("/")[2]
    if arn in backend.managed_policies or managed_policy_arns().get(name) != arn:
        return
    policy = AWSManagedPolicy.from_data(name, ACCOUNT, "aws", _policies()[name])
    backend.aws_managed_policies.append(policy)
    backend.managed_policies[arn] = policy


def _policies() -> dict[str, dict[str, Any]]:
    # Not cached: the parsed document is large, and hardly ever needed twice.
    policies: dict[str, dict[str, Any]] = json.loads(aws_managed_policies_data)
    return policies
