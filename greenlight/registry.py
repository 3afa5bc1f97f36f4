"""The versions of a recipe's model, as the model registry lists them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

_METRIC_PREFIX = "metric_"


@dataclass(frozen=True)
class ModelVersion:
    """One registered version."""

    recipe: str
    version: str
    approval_status: str
    live: bool
    run_id: str
    registered_at: datetime
    metrics: dict[str, float]
    model_data_uri: str = ""
    model_digest: str = ""

    def to_json(self) -> dict[str, Any]:
        """The version as `models --json` lists it."""
        return {
            "recipe": self.recipe,
            "version": self.version,
            "approval_status": self.approval_status,
            "live": self.live,
            "run_id": self.run_id,
            "registered_at": self.registered_at,
            "metrics": self.metrics,
        }


def registered_recipes(sagemaker: SageMakerClient, stack: str) -> list[str]:
    """Names of the recipes that have a group of versions in the stack, sorted."""
    prefix = f"{stack.lower()}-"
    pages = sagemaker.get_paginator("list_model_package_groups").paginate(NameContains=prefix)
    groups = [group["ModelPackageGroupName"] for page in pages for group in page["ModelPackageGroupSummaryList"]]
    return sorted(group.removeprefix(prefix) for group in groups if group.startswith(prefix))


def versions(sagemaker: SageMakerClient, recipe: str, group: str, live_arn: str | None) -> list[ModelVersion]:
    """All versions of a recipe, newest first; empty when nothing was ever registered."""
    found: list[ModelVersion] = []
    try:
        for page in sagemaker.get_paginator("list_model_packages").paginate(
            ModelPackageGroupName=group, SortBy="CreationTime", SortOrder="Descending"
        ):
            found.extend(
                _version(sagemaker, recipe, summary["ModelPackageArn"], live_arn)
                for summary in page["ModelPackageSummaryList"]
            )
    except ClientError as error:
        # Before the first registration there is no group.
        if error.response.get("Error", {}).get("Code") not in ("ValidationException", "ResourceNotFound"):
            raise
    return found


def _version(sagemaker: SageMakerClient, recipe: str, arn: str, live_arn: str | None) -> ModelVersion:
    package = sagemaker.describe_model_package(ModelPackageName=arn)
    properties = package.get("CustomerMetadataProperties", {})
    containers = package.get("InferenceSpecification", {}).get("Containers", [])
    return ModelVersion(
        recipe=recipe,
        version=str(package.get("ModelPackageVersion", arn.rsplit("/", 1)[-1])),
        approval_status=package.get("ModelApprovalStatus", "unknown"),
        live=arn == live_arn,
        run_id=properties.get("run_id", ""),
        registered_at=package["CreationTime"],
        metrics={
            name.removeprefix(_METRIC_PREFIX): float(value)
            for name, value in properties.items()
            if name.startswith(_METRIC_PREFIX)
        },
        model_data_uri=containers[0].get("ModelDataUrl", "") if containers else "",
        model_digest=properties.get("model_digest", ""),
    )
