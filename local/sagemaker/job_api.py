"""The job actions of the SageMaker API: create, describe, list and stop."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.sagemaker.exceptions import ResourceInUseException, ResourceNotFound, ValidationError

from local.sagemaker.clients import require_trust
from local.sagemaker.hosting_api import HostingApi
from local.sagemaker.job_runner import JobRunner
from local.sagemaker.jobs import Job, ProcessingJob, TrainingJob, TransformJob
from local.sagemaker.listing import list_page
from local.sagemaker.request_checks import check_request
from local.sagemaker.transform_work import batch_environment

# API reference, CreateTransformJob.
MAX_TRANSFORM_MEGABYTES = 100
STOPPED_BY_REQUEST = "The job was stopped by a request."


class JobApi(HostingApi):
    """Processing, training and transform jobs, the last of the hosting API's models.

    `runner` is set once, before anything is served.
    """

    runner: JobRunner

    def create_processing_job(self) -> ActionResult:
        """CreateProcessingJob."""
        check_request("CreateProcessingJob", self.params)
        unsupported = [
            f"ProcessingInputs '{source['InputName']}': {problem}"
            for source in self.params.get("ProcessingInputs") or []
            for problem in _unsupported_input(source)
        ]
        if not self.params["AppSpecification"].get("ContainerEntrypoint"):
            unsupported.append("AppSpecification without ContainerEntrypoint: no image is there to name one")
        return self._create_job(ProcessingJob(self.params, self.current_account, self.region), unsupported)

    def create_training_job(self) -> ActionResult:
        """CreateTrainingJob."""
        check_request("CreateTrainingJob", self.params)
        missing = [
            name
            for name in ("AlgorithmSpecification", "ResourceConfig", "StoppingCondition", "OutputDataConfig")
            if not self.params.get(name)
        ]
        if missing:
            raise ValidationError(f"A training job needs {' and '.join(missing)}.")
        unsupported = unsupported_channels(self.params.get("InputDataConfig") or [])
        if self.params.get("CheckpointConfig"):
            unsupported.append("CheckpointConfig")
        return self._create_job(TrainingJob(self.params, self.current_account, self.region), unsupported)

    def create_transform_job(self) -> ActionResult:
        """CreateTransformJob."""
        check_request("CreateTransformJob", self.params)
        unsupported = _unsupported_transform(self.params)
        at_once, megabytes = self.params.get("MaxConcurrentTransforms") or 1, self.params.get("MaxPayloadInMB", 6)
        if at_once * megabytes > MAX_TRANSFORM_MEGABYTES:
            raise ValidationError(
                f"MaxConcurrentTransforms * MaxPayloadInMB must be at most {MAX_TRANSFORM_MEGABYTES} MB."
            )
        variant = self.variant_of_model(
            self.params["ModelName"], self.params["TransformJobName"], batch_environment(self.params)
        )
        return self._create_job(TransformJob(self.params, self.current_account, self.region, variant), unsupported)

    def describe_processing_job(self) -> ActionResult:
        """DescribeProcessingJob."""
        return ActionResult(self._find_job(ProcessingJob, "ProcessingJobName").describe())

    def describe_training_job(self) -> ActionResult:
        """DescribeTrainingJob."""
        return ActionResult(self._find_job(TrainingJob, "TrainingJobName").describe())

    def describe_transform_job(self) -> ActionResult:
        """DescribeTransformJob."""
        return ActionResult(self._find_job(TransformJob, "TransformJobName").describe())

    def stop_processing_job(self) -> ActionResult:
        """StopProcessingJob."""
        return self._stop_job(self._find_job(ProcessingJob, "ProcessingJobName"))

    def stop_training_job(self) -> ActionResult:
        """StopTrainingJob."""
        return self._stop_job(self._find_job(TrainingJob, "TrainingJobName"))

    def stop_transform_job(self) -> ActionResult:
        """StopTransformJob."""
        return self._stop_job(self._find_job(TransformJob, "TransformJobName"))

    def list_processing_jobs(self) -> ActionResult:
        """ListProcessingJobs."""
        jobs = self._jobs(ProcessingJob).values()
        return ActionResult(list_page(jobs, "ProcessingJobSummaries", "ProcessingJobStatus", self.params))

    def list_training_jobs(self) -> ActionResult:
        """ListTrainingJobs."""
        jobs = self._jobs(TrainingJob).values()
        return ActionResult(list_page(jobs, "TrainingJobSummaries", "TrainingJobStatus", self.params))

    def list_transform_jobs(self) -> ActionResult:
        """ListTransformJobs."""
        jobs = self._jobs(TransformJob).values()
        return ActionResult(list_page(jobs, "TransformJobSummaries", "TransformJobStatus", self.params))

    def _jobs(self, kind: type[Job]) -> dict[str, Any]:
        backend: Any = self.sagemaker_backend
        jobs: dict[type[Job], dict[str, Any]] = {
            ProcessingJob: backend.processing_jobs,
            TrainingJob: backend.training_jobs,
            TransformJob: backend.transform_jobs,
        }
        return jobs[kind]

    def _create_job(self, job: Job, unsupported: list[str]) -> ActionResult:
        if job.instance_count != 1:
            unsupported.append(f"InstanceCount {job.instance_count}: a laptop is one host")
        if unsupported:
            raise ValidationError(f"The laptop's SageMaker does not support {'; '.join(unsupported)}.")
        require_trust(job.role_arn)
        jobs = self._jobs(type(job))
        if jobs.setdefault(job.name, job) is not job:
            raise ResourceInUseException(f"{job.noun.capitalize()} names must be unique: {job.arn} already exists.")
        self.runner.start(job)
        return ActionResult({f"{job.operation}Arn": job.arn})

    def _find_job(self, kind: type[Job], parameter: str) -> Job:
        check_request(self._get_action(), self.params)
        job = self._jobs(kind).get(self.params[parameter])
        if job is None:
            raise ResourceNotFound(message=f"Requested resource not found: {kind.noun} {self.params[parameter]}.")
        found: Job = job
        return found

    def _stop_job(self, job: Job) -> ActionResult:
        if job.ended:
            raise ValidationError(f"The request was rejected because the {job.noun} is in status {job.status}.")
        self.runner.stop(job, STOPPED_BY_REQUEST)
        return EmptyResult()


def unsupported_channels(channels: Iterable[Mapping[str, Any]]) -> list[str]:
    """What the laptop cannot do of a training's InputDataConfig."""
    return [
        f"InputDataConfig '{channel['ChannelName']}': {problem}"
        for channel in channels
        for problem in _unsupported_channel(channel)
    ]


def _unsupported_input(source: Mapping[str, Any]) -> list[str]:
    if source.get("AppManaged"):
        return []
    s3 = source.get("S3Input")
    if not s3:
        return ["an input that is no S3Input"]
    problems = [] if s3.get("S3DataType", "S3Prefix") == "S3Prefix" else [f"S3DataType {s3['S3DataType']}"]
    if s3.get("S3InputMode", "File") != "File":
        problems.append(f"S3InputMode {s3['S3InputMode']}")
    if s3.get("S3CompressionType", "None") != "None":
        problems.append(f"S3CompressionType {s3['S3CompressionType']}")
    return problems


def _unsupported_transform(request: Mapping[str, Any]) -> list[str]:
    source = request["TransformInput"]
    s3 = source["DataSource"]["S3DataSource"]
    problems = [] if s3["S3DataType"] == "S3Prefix" else [f"S3DataType {s3['S3DataType']}"]
    if source.get("CompressionType", "None") != "None":
        problems.append(f"CompressionType {source['CompressionType']}")
    if source.get("SplitType", "None") not in {"None", "Line"}:
        problems.append(f"SplitType {source['SplitType']}")
    processing = request.get("DataProcessing") or {}
    if processing.get("JoinSource", "None") != "None" or {
        processing.get(name, "$") for name in ("InputFilter", "OutputFilter")
    } != {"$"}:
        problems.append("DataProcessing")
    if request.get("DataCaptureConfig"):
        problems.append("DataCaptureConfig")
    return problems


def _unsupported_channel(channel: Mapping[str, Any]) -> list[str]:
    s3 = channel["DataSource"].get("S3DataSource")
    if not s3:
        return ["a channel that is no S3DataSource"]
    problems = [] if s3["S3DataType"] == "S3Prefix" else [f"S3DataType {s3['S3DataType']}"]
    if channel.get("InputMode") == "Pipe":
        problems.append("InputMode Pipe")
    if channel.get("CompressionType", "None") != "None":
        problems.append(f"CompressionType {channel['CompressionType']}")
    return problems
