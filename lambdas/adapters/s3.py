"""ArtifactStore on S3."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

from lambdas.adapters.faults import CLIENT_CONFIG, error_code, error_message, service_faults
from steps.errors import ArtifactMissingError, ServiceRefusedError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_URI = re.compile(r"^s3://(?P<bucket>[^/]+)/(?P<key>.+)$", re.DOTALL)
_MISSING_CODES = frozenset({"NoSuchKey", "NoSuchBucket", "404", "NotFound"})
# To who may not list the bucket, S3 tells of no object that it is missing.
_HIDING_CODES = frozenset({"AccessDenied", "403", "Forbidden"})
_CHUNK_BYTES = 1 << 20
_MAX_READ_BYTES = 32 << 20
# One request copies 5 GiB at most; more is copied in parts.
_COPY = TransferConfig(multipart_threshold=5 << 30, multipart_chunksize=1 << 30)
DIGEST_METADATA = "sha256"


class S3ArtifactStore:
    """Objects in S3."""

    def __init__(self, client: S3Client) -> None:
        self._client = client

    def read(self, uri: str) -> bytes:
        """The object's bytes; raises ArtifactMissingError. Objects over 32 MiB are refused, they are no documents."""
        bucket, key = _split(uri)
        with service_faults("S3"), _missing(uri):
            answer = self._client.get_object(Bucket=bucket, Key=key)
            if answer["ContentLength"] > _MAX_READ_BYTES:
                raise ArtifactMissingError(f"{uri} is {answer['ContentLength']} bytes, too large for a document")
            return answer["Body"].read()

    def write(self, uri: str, body: bytes) -> None:
        """Create or replace an object."""
        bucket, key = _split(uri)
        with service_faults("S3"):
            self._client.put_object(Bucket=bucket, Key=key, Body=body)

    def copy(self, uri: str, to_uri: str) -> None:
        """Copy an object inside S3; raises ArtifactMissingError."""
        bucket, key = _split(uri)
        to_bucket, to_key = _split(to_uri)
        with service_faults("S3"), _missing(uri):
            self._client.copy({"Bucket": bucket, "Key": key}, to_bucket, to_key, Config=_COPY)

    def exists(self, uri: str) -> bool:
        """Whether there is an object at the URI, or any below it."""
        bucket, key = _split(uri)
        folder = key.rstrip("/") + "/"
        # Names come in order, so a name itself comes before all that only begin with it.
        return self._first_name(bucket, key) == key or self._first_name(bucket, folder) is not None

    def size(self, uri: str) -> int:
        """Bytes of the object of this name, or of all below it; 0 when there is nothing."""
        bucket, key = _split(uri)
        folder = key.rstrip("/") + "/"
        with service_faults("S3"):
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=key)
            listed = [item for page in pages for item in page.get("Contents", [])]
        return sum(item["Size"] for item in listed if item["Key"] == key or item["Key"].startswith(folder))

    def digest(self, uri: str) -> str:
        """SHA-256 of the object's bytes; raises ArtifactMissingError."""
        bucket, key = _split(uri)
        whole = hashlib.sha256()
        with service_faults("S3"), _missing(uri):
            body = self._client.get_object(Bucket=bucket, Key=key)["Body"]
            for chunk in body.iter_chunks(_CHUNK_BYTES):
                whole.update(chunk)
        return whole.hexdigest()

    def noted_digest(self, uri: str) -> str | None:
        """The digest in the object's metadata; raises ArtifactMissingError."""
        bucket, key = _split(uri)
        with service_faults("S3"), _missing(uri):
            return self._client.head_object(Bucket=bucket, Key=key)["Metadata"].get(DIGEST_METADATA)

    def newest(self, folder_uri: str) -> str | None:
        """The last changed object directly in a folder that holds anything."""
        bucket, key = _split(folder_uri.rstrip("/") + "/")
        with service_faults("S3"):
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=key, Delimiter="/")
            items = [item for page in pages for item in page.get("Contents", []) if item["Size"] > 0]
        if not items:
            return None
        last = max(items, key=lambda item: (item["LastModified"], item["Key"]))
        return f"s3://{bucket}/{last['Key']}"

    def _first_name(self, bucket: str, prefix: str) -> str | None:
        with service_faults("S3"):
            listed = self._client.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1).get("Contents", [])
        return listed[0]["Key"] if listed else None


@contextmanager
def _missing(uri: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        if error_code(error) in _MISSING_CODES:
            raise ArtifactMissingError(f"there is no {uri}") from error
        if error_code(error) in _HIDING_CODES:
            words = f"{error_code(error)}: {error_message(error)}"
            raise ServiceRefusedError(
                f"S3 refused to read {uri}, as it also does when there is no such object: {words}"
            ) from error
        raise


@cache
def artifact_store() -> S3ArtifactStore:
    """One store per container, made at the first call."""
    return S3ArtifactStore(boto3.client("s3", config=CLIENT_CONFIG))


def _split(uri: str) -> tuple[str, str]:
    match = _URI.match(uri)
    if match is None:
        raise ArtifactMissingError(f"'{uri}' is no address of an object; write s3://bucket/key")
    return match["bucket"], match["key"]
