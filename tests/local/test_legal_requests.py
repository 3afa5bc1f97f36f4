"""What functions, state machine, jobs and custom resources send in a whole release is legal by the service models."""

from __future__ import annotations

import json
from typing import Any

# Whoever calls in a deployment and a first release with an approval -> the operations, by signing name.
CALLED = {
    "PublishCodeFunction": {"s3:ListObjectsV2", "s3:PutObject"},
    "JobRole": {"s3:GetObject", "s3:PutObject", "logs:PutLogEvents"},
    "PrepareRunFunction": {"s3:GetObject", "dynamodb:GetItem", "dynamodb:PutItem"},
    "ValidateDataFunction": {"s3:GetObject", "s3:PutObject"},
    "CheckMetricsFunction": {"s3:GetObject"},
    "WriteReportFunction": {"s3:GetObject", "s3:PutObject"},
    "RegisterModelFunction": {"s3:GetObject", "sagemaker:CreateModelPackageGroup", "sagemaker:CreateModelPackage"},
    "RequestApprovalFunction": {"s3:GetObject", "dynamodb:TransactWriteItems", "ses:SendEmail"},
    "DecideApprovalFunction": {"dynamodb:GetItem", "dynamodb:TransactWriteItems", "states:SendTaskSuccess"},
    "UpdateEndpointFunction": {"s3:GetObject", "sagemaker:DescribeEndpoint", "sagemaker:CreateEndpoint"},
    "DescribeEndpointFunction": {"sagemaker:DescribeEndpoint"},
    "RunSmokeTestsFunction": {"s3:GetObject", "sagemaker:InvokeEndpoint"},
    "RecordReleaseFunction": {
        *("s3:GetObject", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteItem"),
        "dynamodb:TransactWriteItems",
        *("sagemaker:UpdateModelPackage", "ses:SendEmail"),
    },
    "ReleaseStateMachine": {
        *("lambda:Invoke", "sagemaker:CreateProcessingJob", "sagemaker:DescribeProcessingJob"),
        *("sagemaker:CreateTrainingJob", "sagemaker:DescribeTrainingJob"),
        *("sagemaker:CreateModel", "sagemaker:CreateEndpointConfig"),
    },
}


def test_every_request_of_a_release_is_checked_and_legal(laptop: Any, first_release: Any) -> None:
    assert first_release.document["outcome"] == "Released"
    lines = (laptop.home / "checked_requests.jsonl").read_text().splitlines()
    checked = [json.loads(line) for line in lines]
    missing = {
        caller: operations
        - {f"{each['service']}:{each['operation']}" for each in checked if caller in each["role"] and each["is_legal"]}
        for caller, operations in CALLED.items()
    }
    assert not any(missing.values()), missing
    # Nothing was refused so far in this stack, by whichever test; and every operation has a model.
    assert [each for each in checked if not each["is_legal"]] == []
