from __future__ import annotations

import boto3
import pytest
from botocore.stub import Stubber

from lambdas.adapters.s3 import S3ArtifactStore
from steps.errors import ArtifactMissingError, ServiceRefusedError


@pytest.mark.parametrize(
    ("code", "error", "words"),
    [
        ("NoSuchKey", ArtifactMissingError, "there is no s3://bucket/runs/a"),
        (
            "AccessDenied",
            ServiceRefusedError,
            "s3://bucket/runs/a, as it also does when there is no such object: AccessDenied: words",
        ),
    ],
)
def test_who_may_not_list_a_bucket_is_told_of_both_causes(code: str, error: type[Exception], words: str) -> None:
    client = boto3.client("s3", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")
    with Stubber(client) as stubber:
        stubber.add_client_error("get_object", service_error_code=code, service_message="words", http_status_code=403)
        with pytest.raises(error, match=words):
            S3ArtifactStore(client).read("s3://bucket/runs/a")
