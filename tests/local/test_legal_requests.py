"""What functions, state machine, jobs and custom resources send in a whole release is legal by the service models."""

from __future__ import annotations

import json
from typing import Any

# Signing name -> what a first release with an approval calls, from the deployment on.
CALLED = {
    "sagemaker": {
        *("CreateProcessingJob", "DescribeProcessingJob", "CreateTrainingJob", "DescribeTrainingJob"),
        *("CreateModelPackageGroup", "CreateModelPackage", "UpdateModelPackage"),
        *("CreateModel", "CreateEndpointConfig", "CreateEndpoint", "DescribeEndpoint", "InvokeEndpoint"),
    },
    "lambda": {"Invoke"},
    "states": {"SendTaskSuccess"},
    "ses": {"SendEmail"},
    "dynamodb": {"GetItem", "PutItem", "DeleteItem"},
    "s3": {"GetObject", "PutObject", "ListObjectsV2"},
}


def checked(laptop: Any) -> list[dict[str, Any]]:
    lines = (laptop.home / "checked_requests.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def test_every_request_of_a_release_is_checked_and_legal(laptop: Any, first_release: Any) -> None:
    assert first_release.document["outcome"] == "Released"
    found = checked(laptop)
    legal: dict[str, set[str]] = {}
    for each in found:
        if each["is_legal"]:
            legal.setdefault(each["service"], set()).add(each["operation"])
    missing = {service: operations - legal.get(service, set()) for service, operations in CALLED.items()}
    assert not any(missing.values()), (missing, legal)
    # Nothing was refused so far in this stack, by whichever test; and every operation has a model.
    assert [each for each in found if not each["is_legal"]] == []
