"""Serverless endpoints: what SageMaker asks of their configuration and tells of them.

On the laptop one process answers for such an endpoint from its creation on, as for an endpoint of one instance: it is
never cold, and MaxConcurrency throttles nobody.
Facts: SageMaker API reference, ProductionVariantServerlessConfig, ProductionVariantSummary; developer guide, "Deploy
models with Amazon SageMaker Serverless Inference", feature exclusions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from moto.sagemaker.exceptions import ValidationError

MEMORY_SIZES = range(1024, 6144 + 1, 1024)
_OF_INSTANCES = ("InstanceType", "InitialInstanceCount")


def check_serverless(variants: Sequence[Mapping[str, Any]]) -> None:
    """Raise ValidationError unless each variant is serverless or on instances, and a serverless one is alone."""
    for variant in variants:
        name, serverless = variant["VariantName"], variant.get("ServerlessConfig")
        if serverless is None:
            continue
        if len(variants) > 1:
            raise ValidationError("A serverless endpoint cannot have multiple production variants.")
        both = [key for key in _OF_INSTANCES if variant.get(key)]
        if both:
            raise ValidationError(f"Production variant {name} has a ServerlessConfig; it cannot have {both[0]} too.")
        if serverless["MemorySizeInMB"] not in MEMORY_SIZES:
            sizes = ", ".join(map(str, MEMORY_SIZES))
            raise ValidationError(f"MemorySizeInMB of production variant {name} must be one of {sizes}.")
        if serverless.get("ProvisionedConcurrency"):
            raise ValidationError("The laptop's SageMaker does not support ProvisionedConcurrency.")


def require_one_container(variant: Mapping[str, Any], containers: Sequence[object]) -> None:
    """Raise ValidationError when an inference pipeline is to be served without instances."""
    if variant.get("ServerlessConfig") and len(containers) > 1:
        raise ValidationError("Serverless endpoints do not support inference pipelines.")


def with_serverless(described: dict[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    """A DescribeEndpoint response that says of a serverless variant its memory in the place of instances.

    config: the CreateEndpointConfig request of the endpoint, as far as it is still known
    """
    sizes = {each["VariantName"]: each.get("ServerlessConfig") for each in config.get("ProductionVariants", [])}
    for variant in described.get("ProductionVariants", []):
        if size := sizes.get(variant["VariantName"]):
            del variant["CurrentInstanceCount"], variant["DesiredInstanceCount"]
            variant |= {"CurrentServerlessConfig": size, "DesiredServerlessConfig": size}
    return described
