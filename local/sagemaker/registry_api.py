"""The model registry actions of the SageMaker API: groups of model packages, and versions in them."""

from __future__ import annotations

import threading
from typing import Any, ClassVar

from moto.core.responses import ActionResult, EmptyResult
from moto.sagemaker.exceptions import ConflictException, ValidationError
from moto.sagemaker.responses import SageMakerResponse
from moto.sagemaker.utils import arn_formatter

from local.sagemaker.listing import list_page
from local.sagemaker.model_packages import ModelPackage, ModelPackageGroup
from local.sagemaker.request_checks import check_request


class RegistryApi(SageMakerResponse):
    """Model package groups and their versions; packages without a group are not supported."""

    # A version's number is read and counted up by one request at a time.
    counting: ClassVar[threading.Lock] = threading.Lock()

    def create_model_package_group(self) -> ActionResult:
        """CreateModelPackageGroup."""
        check_request("CreateModelPackageGroup", self.params)
        group = ModelPackageGroup(self.params, self.current_account, self.region)
        if self._groups.setdefault(group.name, group) is not group:
            raise ValidationError(f"Model Package Group already exists: {group.arn}")
        return ActionResult({"ModelPackageGroupArn": group.arn})

    def describe_model_package_group(self) -> ActionResult:
        """DescribeModelPackageGroup."""
        return ActionResult(self._group(self.params["ModelPackageGroupName"]).describe())

    def list_model_package_groups(self) -> ActionResult:
        """ListModelPackageGroups."""
        parameters = {"SortOrder": "Ascending", **self.params}
        groups = list(self._groups.values())
        return ActionResult(list_page(groups, "ModelPackageGroupSummaryList", "ModelPackageGroupStatus", parameters))

    def delete_model_package_group(self) -> ActionResult:
        """DeleteModelPackageGroup: only an empty one."""
        group = self._group(self.params["ModelPackageGroupName"])
        if any(package.group_name == group.name for package in self._packages.values()):
            raise ConflictException(f"Model Package Group cannot be deleted as it is not empty: {group.arn}")
        del self._groups[group.name]
        return EmptyResult()

    def create_model_package(self) -> ActionResult:
        """CreateModelPackage: the next version of its group; the same client token gives the same version."""
        check_request("CreateModelPackage", self.params)
        if not self.params.get("ModelPackageGroupName"):
            raise ValidationError("The laptop's SageMaker registers versions of a ModelPackageGroupName only.")
        if self.params.get("Tags"):
            raise ValidationError("A model package uses the tags of its group; Tags cannot be given beside a group.")
        group = self._group(self.params["ModelPackageGroupName"])
        token = self.params.get("ClientToken")
        with self.counting:
            for package in self._packages.values():
                if token and package.client_token == token and package.group_name == group.name:
                    return ActionResult({"ModelPackageArn": package.arn})
            package = ModelPackage(self.params, group, group.last_version + 1)
            group.last_version = package.version
            self._packages[package.arn] = package
        return ActionResult({"ModelPackageArn": package.arn})

    def describe_model_package(self) -> ActionResult:
        """DescribeModelPackage."""
        return ActionResult(self._package(self.params["ModelPackageName"]).describe())

    def update_model_package(self) -> ActionResult:
        """UpdateModelPackage."""
        check_request("UpdateModelPackage", self.params)
        package = self._package(self.params["ModelPackageArn"])
        package.update(self.params)
        return ActionResult({"ModelPackageArn": package.arn})

    def list_model_packages(self) -> ActionResult:
        """ListModelPackages: by group and approval status."""
        group_name = self.params.get("ModelPackageGroupName")
        group = self._group(group_name) if group_name else None
        status = self.params.get("ModelApprovalStatus")
        packages = [
            package
            for package in self._packages.values()
            if (group is None or package.group_name == group.name)
            and status in {None, package.details["ModelApprovalStatus"]}
        ]
        parameters = {"SortOrder": "Ascending", **self.params}
        return ActionResult(list_page(packages, "ModelPackageSummaryList", "ModelPackageStatus", parameters))

    def delete_model_package(self) -> ActionResult:
        """DeleteModelPackage; its number is not given again."""
        del self._packages[self._package(self.params["ModelPackageName"]).arn]
        return EmptyResult()

    @property
    def _groups(self) -> dict[str, ModelPackageGroup]:
        groups: dict[str, Any] = self.sagemaker_backend.model_package_groups
        return groups

    @property
    def _packages(self) -> dict[str, ModelPackage]:
        packages: dict[str, Any] = self.sagemaker_backend.model_packages
        return packages

    def _group(self, name_or_arn: str) -> ModelPackageGroup:
        name = name_or_arn.rpartition("/")[2]
        if name not in self._groups:
            arn = arn_formatter("model-package-group", name.lower(), self.current_account, self.region)
            raise ValidationError(f"ModelPackageGroup {arn} does not exist.")
        return self._groups[name]

    def _package(self, arn: str) -> ModelPackage:
        if arn not in self._packages:
            raise ValidationError(f"ModelPackage {arn} does not exist.")
        return self._packages[arn]
