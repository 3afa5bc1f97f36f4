"""What SageMaker remembers of models, endpoint configs and endpoints: plain, picklable records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from moto.sagemaker.utils import arn_formatter

from local.sagemaker.fleet import Variant


class Model:
    """A model: an image and the archive it serves. request: the CreateModel request without its tags."""

    def __init__(self, request: Mapping[str, Any], account_id: str, region_name: str) -> None:
        self.model_name: str = request["ModelName"]
        self.arn = arn_formatter("model", self.model_name, account_id, region_name)
        self.request = {key: value for key, value in request.items() if key != "Tags"}
        self.tags: list[dict[str, str]] = list(request.get("Tags") or [])
        self.creation_time = datetime.now(UTC)

    @property
    def role_arn(self) -> str:
        """The role that whatever serves the model runs as."""
        return str(self.request["ExecutionRoleArn"])

    @property
    def containers(self) -> list[dict[str, Any]]:
        """The containers that answer, in the order in which they are called: one, or those of a pipeline."""
        primary: dict[str, Any] | None = self.request.get("PrimaryContainer")
        several: list[dict[str, Any]] = self.request.get("Containers") or []
        return several if primary is None else [primary]

    def describe(self) -> dict[str, Any]:
        """The DescribeModel response."""
        return {"EnableNetworkIsolation": False, **self.request, **self.summary()}

    def summary(self) -> dict[str, Any]:
        """One entry of the ListModels response."""
        return {"ModelName": self.model_name, "ModelArn": self.arn, "CreationTime": self.creation_time}


class EndpointConfig:
    """An endpoint config. request: the CreateEndpointConfig request without its tags."""

    def __init__(self, request: Mapping[str, Any], account_id: str, region_name: str) -> None:
        self.endpoint_config_name: str = request["EndpointConfigName"]
        self.arn = arn_formatter("endpoint-config", self.endpoint_config_name.lower(), account_id, region_name)
        self.request = {key: value for key, value in request.items() if key != "Tags"}
        self.tags: list[dict[str, str]] = list(request.get("Tags") or [])
        self.creation_time = datetime.now(UTC)

    def describe(self) -> dict[str, Any]:
        """The DescribeEndpointConfig response."""
        return {**self.request, **self.summary()}

    def summary(self) -> dict[str, Any]:
        """One entry of the ListEndpointConfigs response."""
        return {
            "EndpointConfigName": self.endpoint_config_name,
            "EndpointConfigArn": self.arn,
            "CreationTime": self.creation_time,
        }


class Endpoint:
    """An endpoint, and all it takes to serve it again after a restart.

    endpoint_status: as in the API; SystemUpdating also while the laptop brings it back after a restart.
    """

    def __init__(self, request: Mapping[str, Any], account_id: str, region_name: str) -> None:
        self.endpoint_name: str = request["EndpointName"]
        self.arn = arn_formatter("endpoint", self.endpoint_name.lower(), account_id, region_name)
        self.tags: list[dict[str, str]] = list(request.get("Tags") or [])
        self.endpoint_config_name: str = request["EndpointConfigName"]
        self.endpoint_status = "Creating"
        self.failure_reason: str | None = None
        self.variants: list[Variant] = []
        self.pending_config_name: str | None = None
        self.creation_time = self.last_modified_time = datetime.now(UTC)

    def move_to(self, status: str, reason: str | None = None) -> None:
        """Enter a status; a reason stays until the next move."""
        self.failure_reason = reason
        self.last_modified_time = datetime.now(UTC)
        self.endpoint_status = status

    def serve(self, config_name: str, variants: Sequence[Variant]) -> None:
        """The endpoint answers with this config from now on."""
        self.endpoint_config_name = config_name
        self.variants = list(variants)
        self.pending_config_name = None
        self.move_to("InService")

    def describe(self) -> dict[str, Any]:
        """The DescribeEndpoint response."""
        answer: dict[str, Any] = {**self.summary(), "EndpointConfigName": self.endpoint_config_name}
        if self.variants:
            answer["ProductionVariants"] = [_describe_variant(variant) for variant in self.variants]
        if self.failure_reason:
            answer["FailureReason"] = self.failure_reason[:1024]
        if self.pending_config_name:
            answer["PendingDeploymentSummary"] = {
                "EndpointConfigName": self.pending_config_name,
                "StartTime": self.last_modified_time,
            }
        return answer

    def summary(self) -> dict[str, Any]:
        """One entry of the ListEndpoints response."""
        return {
            "EndpointName": self.endpoint_name,
            "EndpointArn": self.arn,
            "EndpointStatus": self.endpoint_status,
            "CreationTime": self.creation_time,
            "LastModifiedTime": self.last_modified_time,
        }


def _describe_variant(variant: Variant) -> dict[str, Any]:
    return {
        "VariantName": variant.name,
        "DeployedImages": [
            {"SpecifiedImage": container.image, "ResolvedImage": container.image} for container in variant.containers
        ],
        "CurrentWeight": variant.weight,
        "DesiredWeight": variant.weight,
        "CurrentInstanceCount": variant.instance_count,
        "DesiredInstanceCount": variant.instance_count,
    }
