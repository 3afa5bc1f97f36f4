"""Files between S3 and the folders of jobs and endpoints."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class TransferError(Exception):
    """An object could not be read or written; the message names it."""


class Transfers:
    """Downloads and uploads through one S3 client, safe for threads."""

    def __init__(self, s3: S3Client) -> None:
        self._s3 = s3

    def download_prefix(self, uri: str, folder: Path) -> None:
        """Copy every object whose key starts with the URI's into the folder, keeping the tree below it.

        A URI that is one object's whole key gives a file of its base name, as in File mode.
        Raises TransferError when there is none, or a key would leave the folder.
        """
        bucket, prefix = split_uri(uri)
        folder.mkdir(parents=True, exist_ok=True)
        keys = [key for key in self._keys(bucket, prefix) if not key.endswith("/")]
        if not keys:
            raise TransferError(f"Data download failed: no object is stored under {uri}")
        for key in keys:
            self._download(bucket, key, folder / _relative(key, prefix))

    def download_file(self, uri: str, file: Path) -> None:
        """Copy one object; raises TransferError when it cannot be read."""
        file.parent.mkdir(parents=True, exist_ok=True)
        self._download(*split_uri(uri), file)

    def upload_folder(self, folder: Path, uri: str) -> None:
        """Copy every regular file of the folder below the URI; links stay behind, as in SageMaker."""
        for file in sorted(folder.rglob("*")):
            if file.is_file() and not file.is_symlink():
                self.upload_file(file, f"{uri.rstrip('/')}/{file.relative_to(folder).as_posix()}")

    def upload_file(self, file: Path, uri: str) -> None:
        """Store one file as one object; raises TransferError when it cannot be written."""
        bucket, key = split_uri(uri)
        try:
            with file.open("rb") as body:
                self._s3.put_object(Bucket=bucket, Key=key, Body=body)
        except (ClientError, BotoCoreError) as error:
            raise TransferError(f"Data upload to {uri} failed: {_reason(error)}") from error

    def _keys(self, bucket: str, prefix: str) -> Iterator[str]:
        try:
            for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
                yield from (entry["Key"] for entry in page.get("Contents", []))
        except (ClientError, BotoCoreError) as error:
            raise TransferError(f"Data download from s3://{bucket}/{prefix} failed: {_reason(error)}") from error

    def _download(self, bucket: str, key: str, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            body: Any = self._s3.get_object(Bucket=bucket, Key=key)["Body"]
            with file.open("wb") as target:
                shutil.copyfileobj(body, target)
        except (ClientError, BotoCoreError) as error:
            raise TransferError(f"Data download of s3://{bucket}/{key} failed: {_reason(error)}") from error


def split_uri(uri: str) -> tuple[str, str]:
    """Bucket and key of an `s3://bucket/key` URI; raises TransferError for anything else."""
    parts = urlsplit(uri, allow_fragments=False)
    if parts.scheme != "s3" or not parts.netloc:
        raise TransferError(f"'{uri}' is not an S3 URI of the form s3://bucket/key")
    return parts.netloc, parts.path.lstrip("/")


def _relative(key: str, prefix: str) -> PurePosixPath:
    """Where an object lies below its prefix; a prefix may end within a name, which then stays whole."""
    whole_folder = prefix == "" or prefix.endswith("/") or key.startswith(prefix + "/")
    parent = prefix if whole_folder else prefix.rpartition("/")[0]
    relative = PurePosixPath(key[len(parent) :].lstrip("/"))
    if ".." in relative.parts:
        raise TransferError(f"The key '{key}' would be written outside its folder")
    return relative


def _reason(error: ClientError | BotoCoreError) -> str:
    if isinstance(error, ClientError):
        return f"{error.response['Error']['Code']}: {error.response['Error']['Message']}"
    return str(error)
