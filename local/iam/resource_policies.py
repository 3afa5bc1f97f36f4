"""The policies of the laptop's resources: of buckets, functions, queues and topics."""

from __future__ import annotations

import json
from typing import Any

from moto.awslambda_simple.models import lambda_simple_backends
from moto.s3.models import FakeBucket, s3_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from local.home import ACCOUNT, REGION
from local.iam.patterns import ARN_PARTS
from local.iam.policy import Policy
from local.iam.statements import parse_policy


def policy_of(arn: str) -> Policy | None:
    """The statements of a resource's own policy; None when it has none.

    arn: of a bucket or an object, a function with or without a qualifier, a queue, a topic, or of anything else
    Raises UnsupportedPolicyError for a policy that the laptop cannot evaluate.
    """
    parts = arn.split(":", ARN_PARTS - 1)
    if len(parts) < ARN_PARTS:
        return None
    service, name = parts[2], parts[-1]
    if service == "s3":
        return bucket_policy(find_bucket(name.partition("/")[0]))
    document: Any = None
    if service == "lambda":
        functions: Any = lambda_simple_backends[ACCOUNT][REGION]._lambdas
        versions = functions._functions.get(name.split(":")[1])
        # Permissions of versions and aliases are kept with the function; their resource says whose they are.
        document = {"Version": "2012-10-17", "Statement": versions["latest"].policy.statements} if versions else None
    elif service == "sqs":
        queue: Any = sqs_backends[ACCOUNT][REGION].queues.get(name)
        document = queue.policy if queue is not None else None
    elif service == "sns":
        topic: Any = sns_backends[ACCOUNT][REGION].topics.get(arn)
        document = topic.policy if topic is not None else None
    if not document:
        return None
    return parse_policy(document if isinstance(document, str) else json.dumps(document))


def find_bucket(name: str) -> FakeBucket | None:
    """A bucket by name."""
    bucket: FakeBucket | None = s3_backends[ACCOUNT]["aws"].buckets.get(name)
    return bucket


def bucket_policy(bucket: FakeBucket | None) -> Policy | None:
    """The statements of a bucket's policy."""
    return parse_policy(bucket.policy.decode()) if bucket is not None and bucket.policy else None
