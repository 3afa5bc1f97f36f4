"""What SageMaker remembers of the model registry: plain, picklable records."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from moto.sagemaker.utils import arn_formatter

# What UpdateModelPackage replaces by what it is given.
REPLACED = ("ModelApprovalStatus", "ApprovalDescription", "SourceUri", "InferenceSpecification")


class ModelPackageGroup:
    """All versions of one model. request: the Create request without its tags;  last_version: 0 before the first."""

    def __init__(self, request: Mapping[str, Any], account_id: str, region_name: str) -> None:
        self.name: str = request["ModelPackageGroupName"]
        self.arn = arn_formatter("model-package-group", self.name.lower(), account_id, region_name)
        self.request = {key: value for key, value in request.items() if key != "Tags"}
        self.tags: list[dict[str, str]] = list(request.get("Tags") or [])
        self.creation_time = datetime.now(UTC)
        self.last_version = 0

    def describe(self) -> dict[str, Any]:
        """The DescribeModelPackageGroup response."""
        return {**self.request, **self.summary(), "CreatedBy": {}}

    def summary(self) -> dict[str, Any]:
        """One entry of the ListModelPackageGroups response."""
        return {
            "ModelPackageGroupName": self.name,
            "ModelPackageGroupArn": self.arn,
            "ModelPackageGroupDescription": self.request.get("ModelPackageGroupDescription"),
            "ModelPackageGroupStatus": "Completed",
            "CreationTime": self.creation_time,
        }


class ModelPackage:
    """One version of a model in its group, pending approval unless the request says otherwise."""

    def __init__(self, request: Mapping[str, Any], group: ModelPackageGroup, version: int) -> None:
        self.group_name = group.name
        self.version = version
        base = group.arn.replace(":model-package-group/", ":model-package/")
        self.arn = f"{base}/{version}"
        self.client_token: str | None = request.get("ClientToken")
        self.details = {"ModelApprovalStatus": "PendingManualApproval"} | {
            key: value for key, value in request.items() if key not in {"Tags", "ClientToken"}
        }
        self.tags: list[dict[str, str]] = list(request.get("Tags") or [])
        self.creation_time = datetime.now(UTC)
        self.last_modified_time: datetime | None = None

    def update(self, request: Mapping[str, Any]) -> None:
        """Change what an UpdateModelPackage request names, and nothing else."""
        self.details |= {name: request[name] for name in REPLACED if request.get(name) is not None}
        properties = self.details.get("CustomerMetadataProperties", {}) | (
            request.get("CustomerMetadataProperties") or {}
        )
        for name in request.get("CustomerMetadataPropertiesToRemove") or []:
            properties.pop(name, None)
        if properties:
            self.details["CustomerMetadataProperties"] = properties
        self.last_modified_time = datetime.now(UTC)

    def describe(self) -> dict[str, Any]:
        """The DescribeModelPackage response."""
        checked = [{"Name": self.arn.rpartition("/")[0], "Status": "NotStarted"}]
        return {
            "CertifyForMarketplace": False,
            **self.details,
            **self.summary(),
            "LastModifiedTime": self.last_modified_time,
            "ModelPackageStatusDetails": {"ValidationStatuses": [], "ImageScanStatuses": checked},
        }

    def summary(self) -> dict[str, Any]:
        """One entry of the ListModelPackages response."""
        return {
            "ModelPackageGroupName": self.group_name,
            "ModelPackageVersion": self.version,
            "ModelPackageArn": self.arn,
            "ModelPackageDescription": self.details.get("ModelPackageDescription"),
            "CreationTime": self.creation_time,
            "ModelPackageStatus": "Completed",
            "ModelApprovalStatus": self.details["ModelApprovalStatus"],
        }
