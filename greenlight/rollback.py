"""Moving an endpoint back to the configuration of the version before."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from greenlight.errors import FaultError, WrongUseError
from steps.contracts import LiveVersion
from steps.names import RUN_TAG

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

# SageMaker may take this long to replace an instance.
DEADLINE_SECONDS = 1800
_MOVING = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack"})


def move_endpoint(
    sagemaker: SageMakerClient,
    before: LiveVersion,
    *,
    poll_seconds: float,
    note: Callable[[str], None],
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Update the endpoint and wait until it serves the version; safe to repeat.

    Raises WrongUseError when the configuration is gone or the endpoint cannot be changed, FaultError when it does not
    come into service with it.
    """
    endpoint, config = before.endpoint_name, before.endpoint_config_name
    _require_config(sagemaker, before)
    if not _serves(sagemaker, endpoint, config):
        try:
            arn = sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName=config)["EndpointArn"]
        except ClientError as error:
            raise WrongUseError(
                f"the endpoint {endpoint} cannot be changed now ({error.response['Error'].get('Message')}); "
                "wait until the change under way has ended and try again"
            ) from error
        sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": RUN_TAG, "Value": before.run_id}])
    deadline = clock() + DEADLINE_SECONDS
    while not _serves(sagemaker, endpoint, config):
        if clock() > deadline:
            raise FaultError(f"the endpoint {endpoint} did not come into service within {DEADLINE_SECONDS} s")
        note(f"{endpoint} is moving to version {before.model_version}")
        sleep(poll_seconds)


def _serves(sagemaker: SageMakerClient, endpoint: str, config: str) -> bool:
    found = sagemaker.describe_endpoint(EndpointName=endpoint)
    status = found["EndpointStatus"]
    if status == "InService":
        return found.get("EndpointConfigName") == config
    if status in _MOVING:
        return False
    raise FaultError(
        f"the endpoint {endpoint} is {status}: {found.get('FailureReason', 'no reason given')}; it needs a new release"
    )


def _require_config(sagemaker: SageMakerClient, before: LiveVersion) -> None:
    try:
        sagemaker.describe_endpoint_config(EndpointConfigName=before.endpoint_config_name)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") != "ValidationException":
            raise
        raise WrongUseError(
            f"version {before.model_version} cannot serve again: its endpoint configuration "
            f"{before.endpoint_config_name} is gone; release a version instead"
        ) from error
