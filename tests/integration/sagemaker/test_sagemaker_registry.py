from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient


def register(sagemaker: SageMakerClient, group: str, **fields: Any) -> str:
    container: Any = {"Image": "tensorflow-inference:2.19.0-cpu", "ModelDataUrl": "s3://artifacts/model.tar.gz"}
    return sagemaker.create_model_package(
        ModelPackageGroupName=group,
        InferenceSpecification={
            "Containers": [container],
            "SupportedContentTypes": ["application/json"],
            "SupportedResponseMIMETypes": ["application/json"],
        },
        ModelMetrics={"ModelQuality": {"Statistics": {"ContentType": "application/json", "S3Uri": "s3://artifacts/r"}}},
        SkipModelValidation="All",
        **fields,
    )["ModelPackageArn"]


def test_versions_are_counted_per_group_wait_for_approval_and_are_listed_newest_first(
    sagemaker: SageMakerClient,
) -> None:
    for group in ("mail", "news"):
        sagemaker.create_model_package_group(ModelPackageGroupName=group, ModelPackageGroupDescription="d")
    first = register(sagemaker, "mail", CustomerMetadataProperties={"run_id": "r1"}, ClientToken="a")
    assert register(sagemaker, "mail", ClientToken="a") == first
    second = register(sagemaker, "mail", ClientToken="b")
    other = register(sagemaker, "news")
    assert first == "arn:aws:sagemaker:us-east-1:123456789012:model-package/mail/1"
    assert [arn.rpartition(":")[2] for arn in (second, other)] == ["model-package/mail/2", "model-package/news/1"]

    described = sagemaker.describe_model_package(ModelPackageName=first)
    assert described["ModelApprovalStatus"] == "PendingManualApproval"
    assert described["ModelPackageVersion"] == 1
    assert described["InferenceSpecification"]["Containers"][0]["ModelDataUrl"] == "s3://artifacts/model.tar.gz"
    assert described["SkipModelValidation"] == "All"

    sagemaker.update_model_package(ModelPackageArn=first, ModelApprovalStatus="Approved", ApprovalDescription="good")
    sagemaker.update_model_package(ModelPackageArn=first, CustomerMetadataProperties={"endpoint": "e"})
    updated = sagemaker.describe_model_package(ModelPackageName=first)
    assert (updated["ModelApprovalStatus"], updated["ApprovalDescription"]) == ("Approved", "good")
    assert updated["CustomerMetadataProperties"] == {"run_id": "r1", "endpoint": "e"}
    assert updated["LastModifiedTime"] >= updated["CreationTime"]

    def listed(**filters: Any) -> list[str]:
        pages = sagemaker.get_paginator("list_model_packages").paginate(
            ModelPackageGroupName="mail", SortBy="CreationTime", SortOrder="Descending", **filters
        )
        return [package["ModelPackageArn"] for page in pages for package in page["ModelPackageSummaryList"]]

    assert listed(PaginationConfig={"PageSize": 1}) == [second, first]
    assert listed(ModelApprovalStatus="Approved") == [first]
    assert listed(ModelApprovalStatus="Rejected") == []

    with pytest.raises(ClientError, match="not empty"):
        sagemaker.delete_model_package_group(ModelPackageGroupName="mail")
    sagemaker.delete_model_package(ModelPackageName=second)
    assert register(sagemaker, "mail").endswith("mail/3")


def test_what_the_registry_does_not_hold_is_refused(sagemaker: SageMakerClient) -> None:
    sagemaker.create_model_package_group(ModelPackageGroupName="taken")
    with pytest.raises(ClientError, match="already exists"):
        sagemaker.create_model_package_group(ModelPackageGroupName="taken")
    with pytest.raises(ClientError, match="model-package-group/none does not exist"):
        register(sagemaker, "none")
    with pytest.raises(ClientError, match="does not exist"):
        sagemaker.describe_model_package(ModelPackageName="arn:aws:sagemaker:us-east-1:123456789012:model-package/x/1")
    with pytest.raises(ClientError, match="failed to satisfy constraint"):
        register(sagemaker, "taken", CustomerMetadataProperties={"note": "not, allowed"})
