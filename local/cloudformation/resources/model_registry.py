"""AWS::SageMaker::ModelPackageGroup."""

# ruff: noqa: D102 - every type has the same three methods, described in ResourceType

from __future__ import annotations

from moto.sagemaker.models import sagemaker_backends

from local.cloudformation.errors import ResourceError
from local.cloudformation.resources.base import Made, Properties, Request, ResourceType
from local.home import ACCOUNT, REGION


class ModelPackageGroup(ResourceType):
    """AWS::SageMaker::ModelPackageGroup."""

    tags = "list"

    def create(self, request: Request) -> Made:
        name = request.properties["ModelPackageGroupName"]
        if name in sagemaker_backends[ACCOUNT][REGION].model_package_groups:
            raise ResourceError(f"Model Package Group {name} already exists")
        arn = self.clients.call("sagemaker", "CreateModelPackageGroup", **request.properties)["ModelPackageGroupArn"]
        return Made(arn, {"ModelPackageGroupArn": arn, "ModelPackageGroupName": name})

    def delete(self, made: Made, properties: Properties) -> None:
        backend = sagemaker_backends[ACCOUNT][REGION]
        name = properties["ModelPackageGroupName"]
        if any(each.model_package_group_name == name for each in backend.model_packages.values()):
            raise ResourceError(f"Model Package Group {made.physical_id} still contains model packages")
        # moto has no operation that deletes a group.
        backend.model_package_groups.pop(name, None)
