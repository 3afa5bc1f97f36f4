"""Whether a function's, a queue's or a topic's own policy lets EventBridge call it."""

from __future__ import annotations

import json
from typing import Any

from moto.awslambda.exceptions import LambdaClientError
from moto.awslambda_simple.models import lambda_simple_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from local.home import ACCOUNT, REGION
from local.iam import Permission, UnsupportedPolicyError, service_may
from local.iam.statements import parse_policy

# What a target is called for, by its service.
ACTIONS = {"lambda": "lambda:InvokeFunction", "sqs": "sqs:SendMessage", "sns": "sns:Publish"}


def is_allowed(service: str, arn: str, principal: str, source_arn: str) -> bool:
    """Whether the policy of a resource lets a service call it; False when the resource or its policy is not there.

    service: lambda, sqs or sns;  principal: such as events.amazonaws.com;  source_arn: on whose behalf it calls
    """
    document = _document_of(service, arn)
    if not document:
        return False
    try:
        return service_may(principal, Permission(ACTIONS[service], arn), parse_policy(document), source_arn)
    except UnsupportedPolicyError:
        return False


def _document_of(service: str, arn: str) -> str | None:
    name = arn.rpartition(":")[2]
    if service == "lambda":
        try:
            function: Any = lambda_simple_backends[ACCOUNT][REGION].get_function(arn)
        except LambdaClientError:
            return None
        return json.dumps({"Version": "2012-10-17", "Statement": function.policy.statements})
    if service == "sqs":
        queue: Any = sqs_backends[ACCOUNT][REGION].queues.get(name)
        policy = queue.policy if queue else None
        return json.dumps(policy) if isinstance(policy, dict) else policy
    topic: Any = sns_backends[ACCOUNT][REGION].topics.get(arn)
    return topic.policy if topic else None
