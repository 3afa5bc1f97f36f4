"""The AWS clients with which the laptop's SageMaker moves files and writes logs: those of its own server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from local.home import REGION, Home
from local.sagemaker.transfers import Transfers

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

CONFIG = Config(connect_timeout=5, read_timeout=120, retries={"total_max_attempts": 3}, max_pool_connections=32)


class Clients:
    """transfers: files in S3;  logs: CloudWatch Logs. Both are safe for threads."""

    def __init__(self, home: Home) -> None:
        variables = home.client_environment()
        session = boto3.Session(
            aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
            region_name=REGION,
        )
        self.transfers = Transfers(session.client("s3", endpoint_url=home.endpoint_url, config=CONFIG))
        self.logs: CloudWatchLogsClient = session.client("logs", endpoint_url=home.endpoint_url, config=CONFIG)
