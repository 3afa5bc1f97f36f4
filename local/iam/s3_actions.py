"""What S3's operations are called in policies, which is seldom their own name.

Source: S3 user guide, "Required permissions for Amazon S3 API operations".
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

from local.iam.permissions import Permission

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from local.iam.calls import Call

ON_OBJECTS = {
    "GetObject": "GetObject",
    "HeadObject": "GetObject",
    "GetObjectTagging": "GetObjectTagging",
    "PutObject": "PutObject",
    "PutObjectTagging": "PutObjectTagging",
    "CreateMultipartUpload": "PutObject",
    "UploadPart": "PutObject",
    "CompleteMultipartUpload": "PutObject",
    "ListParts": "ListMultipartUploadParts",
    "AbortMultipartUpload": "AbortMultipartUpload",
    "DeleteObject": "DeleteObject",
}
ON_BUCKETS = {
    "HeadBucket": "ListBucket",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "ListObjectVersions": "ListBucketVersions",
    "GetBucketLocation": "GetBucketLocation",
    "ListMultipartUploads": "ListBucketMultipartUploads",
}
# Of one version of an object these have an action of their own.
VERSIONED = {"GetObject", "GetObjectTagging", "PutObjectTagging", "DeleteObject"}
# Who may not list a bucket is not told that an object is not there.
READING = frozenset({"GetObject", "HeadObject"})


def permissions_for(call: Call) -> list[Permission] | None:
    """What an S3 call needs; None when nobody has looked it up."""
    operation, parameters = call.operation or "", call.parameters
    bucket = f"arn:aws:s3:::{parameters.get('Bucket', '')}"
    if operation in ON_BUCKETS:
        return [Permission(f"s3:{ON_BUCKETS[operation]}", bucket, _listing(parameters))]
    target = f"{bucket}/{parameters.get('Key', '')}"
    if operation in {"CopyObject", "UploadPartCopy"}:
        source, _, version = unquote(parameters["CopySource"]).lstrip("/").partition("?versionId=")
        reading = Permission(f"s3:GetObject{'Version' if version else ''}", f"arn:aws:s3:::{source}")
        return [reading, Permission("s3:PutObject", target)]
    if operation not in ON_OBJECTS:
        return None
    action = ON_OBJECTS[operation]
    versioned = "Version" if parameters.get("VersionId") and action in VERSIONED else ""
    name = f"s3:{action.removesuffix('Tagging')}{versioned}{'Tagging' if action.endswith('Tagging') else ''}"
    tags = [Permission("s3:PutObjectTagging", target)] if parameters.get("Tagging") and action == "PutObject" else []
    return [Permission(name, target), *tags]


def _listing(parameters: Mapping[str, str]) -> dict[str, Sequence[str]]:
    keys = {"s3:prefix": "Prefix", "s3:delimiter": "Delimiter", "s3:max-keys": "MaxKeys"}
    return {key: (parameters[name],) for key, name in keys.items() if parameters.get(name)}
