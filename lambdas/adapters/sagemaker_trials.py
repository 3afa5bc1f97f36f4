"""TrialHosting on SageMaker."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import boto3
from botocore.exceptions import ClientError

from lambdas.adapters.faults import CLIENT_CONFIG, error_message, service_faults
from steps.trial import SERVERLESS_MEMORY_MB, TrialOffer

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sagemaker.literals import ProductionVariantInstanceTypeType
    from mypy_boto3_sagemaker.type_defs import ProductionVariantTypeDef

_TAKEN_WORDS = "already exist"
_ABSENT_WORDS = "could not find"


class SageMakerTrialHosting:
    """A model and an endpoint configuration of one name."""

    def __init__(self, client: SageMakerClient, role_arn: str) -> None:
        self._client = client
        self._role_arn = role_arn

    def prepare(self, offer: TrialOffer) -> None:
        """Make both, unless an earlier attempt did."""
        containers: Any = (
            {"PrimaryContainer": offer.containers[0]}
            if len(offer.containers) == 1
            else {"Containers": offer.containers}
        )
        tags: Any = [{"Key": key, "Value": value} for key, value in offer.tags.items()]
        _unless(
            _TAKEN_WORDS,
            lambda: self._client.create_model(
                ModelName=offer.name, ExecutionRoleArn=self._role_arn, Tags=tags, **containers
            ),
        )
        _unless(
            _TAKEN_WORDS,
            lambda: self._client.create_endpoint_config(
                EndpointConfigName=offer.name, ProductionVariants=[_variant(offer)], Tags=tags
            ),
        )

    def remove(self, name: str) -> None:
        """Delete both, as far as they are there."""
        _unless(_ABSENT_WORDS, lambda: self._client.delete_endpoint_config(EndpointConfigName=name))
        _unless(_ABSENT_WORDS, lambda: self._client.delete_model(ModelName=name))


def _variant(offer: TrialOffer) -> ProductionVariantTypeDef:
    variant: ProductionVariantTypeDef = {"VariantName": "primary", "ModelName": offer.name}
    if offer.kind == "serverless":
        # One at a time: an account has a number of them for all of its serverless endpoints together.
        return {**variant, "ServerlessConfig": {"MemorySizeInMB": SERVERLESS_MEMORY_MB, "MaxConcurrency": 1}}
    instance_type = cast("ProductionVariantInstanceTypeType", offer.instance_type)
    return {**variant, "InstanceType": instance_type, "InitialInstanceCount": 1}


def _unless(words: str, call: Callable[[], object]) -> None:
    """Make a call; an error with these words means that there is nothing to do."""
    with service_faults("SageMaker"):
        try:
            call()
        except ClientError as error:
            if words not in error_message(error).lower():
                raise


@cache
def trial_hosting(role_arn: str = "") -> SageMakerTrialHosting:
    """One client per container, made at the first call."""
    return SageMakerTrialHosting(boto3.client("sagemaker", config=CLIENT_CONFIG), role_arn)
