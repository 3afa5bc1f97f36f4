"""What SageMaker does in a job's or a model's name: move files, write logs, look for images. All of it as its role."""

from __future__ import annotations

import logging
import re
import threading
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from moto.sagemaker.exceptions import ValidationError

from local.home import REGION, Home
from local.iam import AUTHORIZER, AccessDeniedError, AssumeRoleError, Permission, check_trust, role_session
from local.sagemaker.transfers import Transfers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mypy_boto3_logs import CloudWatchLogsClient

logger = logging.getLogger(__name__)

CONFIG = Config(connect_timeout=5, read_timeout=120, retries={"total_max_attempts": 3}, max_pool_connections=32)
SAGEMAKER = "sagemaker.amazonaws.com"
SESSION_NAME = "SageMaker"
IMAGE = re.compile(r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.[a-z.]+/(?P<repository>[^:@]+)")
PULL = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")


class RoleError(Exception):
    """A role does not let SageMaker do what it has to; the message says what, in AWS's words."""


class Clients:
    """One role's. transfers: files in S3;  logs: CloudWatch Logs. Both are safe for threads.

    environment: the variables in which a container is given the role's credentials
    """

    def __init__(
        self, role_arn: str, transfers: Transfers, logs: CloudWatchLogsClient, environment: dict[str, str]
    ) -> None:
        self.transfers = transfers
        self.logs = logs
        self.environment = environment
        self._role_arn = role_arn

    def pull_image(self, image_uri: str) -> None:
        """Ask for what pulling an image from ECR takes; no image is pulled. Raises RoleError.

        Source: SageMaker developer guide, "SageMaker AI roles", for each API that runs a container.
        """
        image = IMAGE.match(image_uri)
        if image is None:
            return
        repository = f"arn:aws:ecr:{image['region']}:{image['account']}:repository/{image['repository']}"
        needed = [Permission("ecr:GetAuthorizationToken", "*"), *(Permission(action, repository) for action in PULL)]
        try:
            self._check(needed)
        except AccessDeniedError as error:
            raise RoleError(f"The image '{image_uri}' cannot be pulled: {error}") from error

    def watch(self, log_group: str) -> None:
        """Ask for what SageMaker does beside the log lines: it looks for streams and publishes the instance's metrics.

        log_group: such as /aws/sagemaker/TrainingJobs, which is the metrics' namespace too
        A job of a role that may not runs all the same, unseen. Source: as in pull_image.
        """
        streams = f"arn:aws:logs:{REGION}:{self._account}:log-group:{log_group}:log-stream:"
        namespace = "/".join(log_group.split("/")[:4])
        for needed in (
            Permission("logs:DescribeLogStreams", streams),
            Permission("cloudwatch:PutMetricData", "*", {"cloudwatch:namespace": (namespace,)}),
        ):
            try:
                self._check([needed])
            except AccessDeniedError as error:
                logger.warning("not seen", extra={"group": log_group, "reason": str(error)})

    @property
    def _account(self) -> str:
        return self._role_arn.split(":")[4]

    def _check(self, permissions: Iterable[Permission]) -> None:
        AUTHORIZER.check_role(self._role_arn, SESSION_NAME, permissions)


class RoleClients:
    """The clients of each role, made once."""

    def __init__(self, home: Home) -> None:
        self._endpoint_url = home.endpoint_url
        self._session = boto3.Session(region_name=REGION)
        self._made: dict[str, Clients] = {}
        self._lock = threading.Lock()

    def of(self, role_arn: str) -> Clients:
        """The clients of a role; raises RoleError when SageMaker cannot assume it."""
        try:
            credentials = role_session(role_arn, SAGEMAKER, SESSION_NAME)
        except AssumeRoleError as error:
            raise RoleError(not_assumable(role_arn)) from error
        arguments: dict[str, Any] = {
            **credentials.client_arguments(),
            "endpoint_url": self._endpoint_url,
            "config": CONFIG,
        }
        with self._lock:
            if role_arn not in self._made:
                self._made[role_arn] = Clients(
                    role_arn,
                    Transfers(self._session.client("s3", **arguments)),
                    self._session.client("logs", **arguments),
                    credentials.environment(),
                )
            return self._made[role_arn]


def require_trust(role_arn: str) -> None:
    """Raise ValidationError, worded as AWS does, unless SageMaker can assume a role."""
    try:
        check_trust(role_arn, SAGEMAKER)
    except AssumeRoleError as error:
        raise ValidationError(not_assumable(role_arn)) from error


def not_assumable(role_arn: str) -> str:
    """What SageMaker says of a role that it cannot assume."""
    return (
        f"Could not assume role {role_arn}. Please ensure that the role exists and allows principal "
        f"'{SAGEMAKER}' to assume the role."
    )
