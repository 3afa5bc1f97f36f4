from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient


def test_a_tag_is_there_once_with_its_last_value(sagemaker: SageMakerClient) -> None:
    arn = sagemaker.create_model_package_group(
        ModelPackageGroupName="tagged",
        Tags=[{"Key": "team", "Value": "films"}, {"Key": "greenlight:run", "Value": "run-1"}],
    )["ModelPackageGroupArn"]
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "greenlight:run", "Value": "run-2"}])
    listed = sagemaker.list_tags(ResourceArn=arn)["Tags"]
    assert sorted((tag["Key"], tag["Value"]) for tag in listed) == [("greenlight:run", "run-2"), ("team", "films")]


def test_a_models_version_has_the_tags_of_its_group_and_none_of_its_own(sagemaker: SageMakerClient) -> None:
    sagemaker.create_model_package_group(ModelPackageGroupName="versions", Tags=[{"Key": "team", "Value": "films"}])
    arn = sagemaker.create_model_package(ModelPackageGroupName="versions")["ModelPackageArn"]
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "films"}]
    with pytest.raises(ClientError, match="uses the tags of its group"):
        sagemaker.create_model_package(ModelPackageGroupName="versions", Tags=[{"Key": "a", "Value": "b"}])


def test_what_is_not_there_has_no_tags(sagemaker: SageMakerClient) -> None:
    with pytest.raises(ClientError, match="Could not find a resource"):
        sagemaker.list_tags(ResourceArn="arn:aws:sagemaker:us-east-1:123456789012:endpoint/nowhere")
