"""Finds what runs have made in SageMaker: by its name, and then by the tag that says which stack it is of.

A name alone does not say it: `a-b-c` is recipe `b-c` of stack `a`, or recipe `c` of stack `a-b`.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from greenlight.teardown.inventory import EndpointFound, GroupFound
from steps.cost import HOURS_PER_MONTH, round_up
from steps.errors import PriceMissingError
from steps.names import STACK_TAG
from steps.prices import price_table

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient


class ModelFinder:
    """SageMaker's part of a stack. unclaimed: names found that no tag gives to any stack."""

    def __init__(self, sagemaker: SageMakerClient, stack: str) -> None:
        self._sagemaker: Any = sagemaker
        self._stack = stack
        self.unclaimed: list[str] = []

    def endpoints(self) -> Iterator[EndpointFound]:
        """Endpoints with the machines that serve them."""
        for name in self._own("list_endpoints", "Endpoints", "Endpoint"):
            found = self._sagemaker.describe_endpoint(EndpointName=name)
            machines = list(self._machines(found))
            told = ", ".join(f"{count} x {instance_type}" for instance_type, count in machines) or "none"
            yield EndpointFound(name, found["EndpointStatus"], told, self._usd_per_month(machines))

    def endpoint_configs(self) -> Iterator[str]:
        """Names of endpoint configurations."""
        return self._own("list_endpoint_configs", "EndpointConfigs", "EndpointConfig")

    def models(self) -> Iterator[str]:
        """Names of models."""
        return self._own("list_models", "Models", "Model")

    def groups(self) -> Iterator[GroupFound]:
        """Groups of model packages with their versions."""
        for name in self._own("list_model_package_groups", "ModelPackageGroupSummaryList", "ModelPackageGroup"):
            pages = self._sagemaker.get_paginator("list_model_packages").paginate(ModelPackageGroupName=name)
            arns = [package["ModelPackageArn"] for page in pages for package in page["ModelPackageSummaryList"]]
            yield GroupFound(name, tuple(arns))

    def _own(self, operation: str, listed: str, kind: str) -> Iterator[str]:
        prefix = f"{self._stack}-"
        for page in self._sagemaker.get_paginator(operation).paginate(NameContains=prefix):
            for summary in page[listed]:
                name = summary[f"{kind}Name"]
                if not name.startswith(prefix):
                    continue
                owner = self._owner(summary[f"{kind}Arn"])
                if owner == self._stack:
                    yield name
                elif owner is None:
                    self.unclaimed.append(f"{kind} {name}")

    def _owner(self, arn: str) -> str | None:
        for page in self._sagemaker.get_paginator("list_tags").paginate(ResourceArn=arn):
            for tag in page["Tags"]:
                if tag["Key"] == STACK_TAG:
                    return str(tag["Value"])
        return None

    def _machines(self, endpoint: dict[str, Any]) -> Iterator[tuple[str, int]]:
        if "EndpointConfigName" not in endpoint:
            return
        config = self._sagemaker.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
        for variant in config["ProductionVariants"]:
            if "InstanceType" in variant:
                yield variant["InstanceType"], variant["InitialInstanceCount"]

    def _usd_per_month(self, machines: list[tuple[str, int]]) -> Decimal | None:
        hour = Decimal("0.00")
        for instance_type, count in machines:
            try:
                hour += count * price_table().instance_hour(self._sagemaker.meta.region_name, "hosting", instance_type)
            except PriceMissingError:
                return None
        return round_up(HOURS_PER_MONTH * Fraction(hour))
