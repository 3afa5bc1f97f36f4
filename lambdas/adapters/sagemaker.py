"""JobHistory, EndpointService and ModelRegistry on SageMaker."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, cast

import boto3
from botocore.exceptions import ClientError

from lambdas.adapters.faults import CLIENT_CONFIG, error_message, service_faults
from steps.contracts import Trial
from steps.errors import EndpointBusyError
from steps.ports import Endpoint, JobKind, ModelPackage

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sagemaker.literals import ProductionVariantInstanceTypeType
    from mypy_boto3_sagemaker.type_defs import HyperParameterTrainingJobSummaryTypeDef, TagTypeDef

# SageMaker models none of these as an error of its own: they all arrive as ValidationException, told apart by words.
_ABSENT_WORDS = ("could not find", "not found", "does not exist")
_BUSY_WORDS = ("in-progress", "in progress")
_TAKEN_WORDS = ("already exist",)
_APPROVAL_DESCRIPTION_CHARACTERS = 1024


class SageMakerJobs:
    """Processing, training and tuning jobs."""

    def __init__(self, client: SageMakerClient) -> None:
        self._client = client

    def has_completed(self, kind: JobKind, job_name: str) -> bool:
        """Whether the job exists and its status is Completed."""
        with service_faults("SageMaker"):
            try:
                if kind == "training":
                    job = self._client.describe_training_job(TrainingJobName=job_name)
                    return job["TrainingJobStatus"] == "Completed"
                if kind == "tuning":
                    search = self._client.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=job_name)
                    return search["HyperParameterTuningJobStatus"] == "Completed"
                status = self._client.describe_processing_job(ProcessingJobName=job_name)["ProcessingJobStatus"]
            except ClientError as error:
                if _says(error, _ABSENT_WORDS):
                    return False
                raise
            return status == "Completed"

    def trials(self, tuning_job_name: str) -> list[Trial]:
        """Every training that a search began."""
        with service_faults("SageMaker"):
            pages = self._client.get_paginator("list_training_jobs_for_hyper_parameter_tuning_job").paginate(
                HyperParameterTuningJobName=tuning_job_name
            )
            return [_trial(summary) for page in pages for summary in page["TrainingJobSummaries"]]


class SageMakerEndpoints:
    """Real-time endpoints."""

    def __init__(self, client: SageMakerClient) -> None:
        self._client = client

    def describe(self, endpoint_name: str) -> Endpoint | None:
        """The endpoint, or None when there is none."""
        with service_faults("SageMaker"):
            try:
                found = self._client.describe_endpoint(EndpointName=endpoint_name)
            except ClientError as error:
                if _says(error, _ABSENT_WORDS):
                    return None
                raise
        pending = found.get("PendingDeploymentSummary")
        return Endpoint(
            status=found["EndpointStatus"],
            config_name=found.get("EndpointConfigName", ""),
            pending_config_name=pending["EndpointConfigName"] if pending else None,
            failure_reason=found.get("FailureReason"),
        )

    def create(self, endpoint_name: str, config_name: str, tags: Mapping[str, str]) -> None:
        """Start making an endpoint."""
        with service_faults("SageMaker"), _busy(endpoint_name):
            self._client.create_endpoint(
                EndpointName=endpoint_name, EndpointConfigName=config_name, Tags=_tag_list(tags)
            )

    def update(self, endpoint_name: str, config_name: str) -> None:
        """Start moving an endpoint to another configuration."""
        with service_faults("SageMaker"), _busy(endpoint_name):
            self._client.update_endpoint(EndpointName=endpoint_name, EndpointConfigName=config_name)

    def tag(self, endpoint_name: str, tags: Mapping[str, str]) -> None:
        """Give an endpoint these tags, beside those of other names that it has."""
        with service_faults("SageMaker"):
            arn = self._client.describe_endpoint(EndpointName=endpoint_name)["EndpointArn"]
            self._client.add_tags(ResourceArn=arn, Tags=_tag_list(tags))

    def delete(self, endpoint_name: str) -> None:
        """Start deleting an endpoint; one that is gone is no error."""
        with service_faults("SageMaker"), _busy(endpoint_name):
            try:
                self._client.delete_endpoint(EndpointName=endpoint_name)
            except ClientError as error:
                if not _says(error, _ABSENT_WORDS):
                    raise


class SageMakerRegistry:
    """Model packages in one group per recipe."""

    def __init__(self, client: SageMakerClient) -> None:
        self._client = client

    def register(self, package: ModelPackage) -> tuple[str, str]:
        """Register a version, pending approval; the group is made with its first version."""
        with service_faults("SageMaker"):
            try:
                self._client.create_model_package_group(
                    ModelPackageGroupName=package.group,
                    ModelPackageGroupDescription=package.description,
                    Tags=_tag_list(package.group_tags),
                )
            except ClientError as error:
                if not _says(error, _TAKEN_WORDS):
                    raise
            answer = self._client.create_model_package(
                ModelPackageGroupName=package.group,
                ModelPackageDescription=package.description,
                ModelApprovalStatus="PendingManualApproval",
                InferenceSpecification={
                    "Containers": [
                        {
                            "Image": each.image_uri,
                            "ModelDataUrl": each.model_data_uri,
                            **({"Environment": dict(each.environment)} if each.environment else {}),
                        }
                        for each in package.containers
                    ],
                    "SupportedContentTypes": ["application/json"],
                    "SupportedResponseMIMETypes": ["application/json"],
                    "SupportedRealtimeInferenceInstanceTypes": [
                        cast("ProductionVariantInstanceTypeType", package.instance_type)
                    ],
                },
                ModelMetrics={
                    "ModelQuality": {"Statistics": {"ContentType": "application/json", "S3Uri": package.report_uri}}
                },
                # Whether the version may serve is said by ModelApprovalStatus alone, so the card's status stays.
                ModelCard={"ModelCardContent": package.card, "ModelCardStatus": "PendingReview"},
                CustomerMetadataProperties=dict(package.properties),
                ClientToken=package.request_token,
                # The run has already evaluated these bytes on rows they never saw.
                SkipModelValidation="All",
            )
        arn = answer["ModelPackageArn"]
        return arn, arn.rsplit("/", 1)[-1]

    def approve(self, model_package_arn: str, reason: str) -> None:
        """Mark a version approved."""
        with service_faults("SageMaker"):
            self._client.update_model_package(
                ModelPackageArn=model_package_arn,
                ModelApprovalStatus="Approved",
                ApprovalDescription=_description(reason),
            )

    def exists(self, model_package_arn: str) -> bool:
        """Whether a version was ever registered under this ARN."""
        with service_faults("SageMaker"):
            try:
                self._client.describe_model_package(ModelPackageName=model_package_arn)
            except ClientError as error:
                if _says(error, _ABSENT_WORDS):
                    return False
                raise
        return True

    def reject(self, model_package_arn: str, reason: str) -> None:
        """Mark a version rejected."""
        with service_faults("SageMaker"):
            self._client.update_model_package(
                ModelPackageArn=model_package_arn,
                ModelApprovalStatus="Rejected",
                ApprovalDescription=_description(reason),
            )


def _trial(summary: HyperParameterTrainingJobSummaryTypeDef) -> Trial:
    final = summary.get("FinalHyperParameterTuningJobObjectiveMetric")
    value = final["Value"] if final else None
    return Trial(
        training_job=summary["TrainingJobName"],
        status=summary["TrainingJobStatus"],
        objective=value if value is not None and math.isfinite(value) else None,
        hyperparameters=summary["TunedHyperParameters"],
    )


class SageMakerVersions:
    """Model packages and models, as far as a version that was once released still has them."""

    def __init__(self, client: SageMakerClient) -> None:
        self._client = client

    def run_of(self, model_package_arn: str) -> str | None:
        """Id of the run that registered a version; None when there is no such version."""
        with service_faults("SageMaker"):
            try:
                found = self._client.describe_model_package(ModelPackageName=model_package_arn)
            except ClientError as error:
                if _says(error, _ABSENT_WORDS):
                    return None
                raise
        return found.get("CustomerMetadataProperties", {}).get("run_id")

    def has_model(self, model_name: str) -> bool:
        """Whether there is a SageMaker model of this name."""
        with service_faults("SageMaker"):
            try:
                self._client.describe_model(ModelName=model_name)
            except ClientError as error:
                if _says(error, _ABSENT_WORDS):
                    return False
                raise
        return True


def _tag_list(tags: Mapping[str, str]) -> list[TagTypeDef]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _description(reason: str) -> str:
    """A reason as SageMaker takes it: one line of at most 1,024 characters."""
    return " ".join(reason.split())[:_APPROVAL_DESCRIPTION_CHARACTERS]


@cache
def _client() -> SageMakerClient:
    return boto3.client("sagemaker", config=CLIENT_CONFIG)


def job_history() -> SageMakerJobs:
    """Jobs, through the container's one client."""
    return SageMakerJobs(_client())


def endpoint_service() -> SageMakerEndpoints:
    """Endpoints, through the container's one client."""
    return SageMakerEndpoints(_client())


def model_registry() -> SageMakerRegistry:
    """The registry, through the container's one client."""
    return SageMakerRegistry(_client())


def model_versions() -> SageMakerVersions:
    """Versions, through the container's one client."""
    return SageMakerVersions(_client())


@contextmanager
def _busy(endpoint_name: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        if _says(error, _BUSY_WORDS):
            raise EndpointBusyError(f"another change to endpoint {endpoint_name} is under way") from error
        raise


def _says(error: ClientError, words: tuple[str, ...]) -> bool:
    message = error_message(error).lower()
    return any(word in message for word in words)
