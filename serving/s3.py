"""Objects of S3: the only file here that knows AWS, used where a container fetches its model when it starts."""

from __future__ import annotations

from pathlib import Path

import boto3
from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from serving.source import SourceError

_PATIENT = Config(connect_timeout=10, read_timeout=60, retries={"mode": "standard", "total_max_attempts": 5})


def download(uri: str, target: Path) -> None:
    """Write an object to a file; raises SourceError."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    try:
        boto3.client("s3", config=_PATIENT).download_file(bucket, key, str(target))
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "unknown error")
        raise SourceError(f"{uri} cannot be fetched ({code}); is it there, and may this role read it?") from error
    except (BotoCoreError, Boto3Error) as error:
        raise SourceError(f"{uri} cannot be fetched: {error}") from error
