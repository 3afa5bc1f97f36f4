"""What SageMaker remembers of a job: plain, picklable records that can describe themselves as the API does."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

from moto.sagemaker.utils import arn_formatter

from local.sagemaker.fleet import Variant

FAILURE_REASON_CHARACTERS = 1024
MAX_RUNTIME_EXCEEDED = "MaxRuntimeExceeded"
ENDED = frozenset({"Completed", "Failed", "Stopped"})


class Job(ABC):
    """A processing, training, tuning or transform job.

    request: the Create request without its tags;  status: InProgress | Stopping | Completed | Failed | Stopped.
    """

    resource: ClassVar[str]
    noun: ClassVar[str]
    operation: ClassVar[str]

    def __init__(self, request: Mapping[str, Any], account_id: str, region_name: str) -> None:
        self.name: str = request[f"{self.operation}Name"]
        self.arn = arn_formatter(self.resource, self.name, account_id, region_name)
        self.request = {key: value for key, value in request.items() if key != "Tags"}
        self.tags: list[dict[str, str]] = list(request.get("Tags") or [])
        self.status = "InProgress"
        self.failure_reason: str | None = None
        self.creation_time = self.last_modified_time = datetime.now(UTC)
        self.start_time: datetime | None = None
        self.end_time: datetime | None = None

    @property
    @abstractmethod
    def image(self) -> str:
        """URI of the container's image."""

    @property
    def role_arn(self) -> str:
        """The role that the job runs as."""
        return str(self.request["RoleArn"])

    @property
    @abstractmethod
    def instance_count(self) -> int:
        """How many hosts the request asks for."""

    @property
    def max_runtime_seconds(self) -> int:
        """After this many seconds of running the job is stopped; one day unless the request says otherwise."""
        return int((self.request.get("StoppingCondition") or {}).get("MaxRuntimeInSeconds", 86400))

    @property
    def ended(self) -> bool:
        """Whether the status is final."""
        return self.status in ENDED

    def begin(self) -> None:
        """The container starts now."""
        self.start_time = self.last_modified_time = datetime.now(UTC)

    def stopping(self) -> None:
        """Somebody asked the job to stop."""
        self.status = "Stopping"
        self.last_modified_time = datetime.now(UTC)

    def end(self, status: str, reason: str | None = None) -> None:
        """Set the final status, and why it is not Completed."""
        self.end_time = self.last_modified_time = datetime.now(UTC)
        self.failure_reason = reason[:FAILURE_REASON_CHARACTERS] if reason else None
        self.status = status

    def describe(self) -> dict[str, Any]:
        """The Describe response."""
        answer = {
            **self.request,
            **self.summary(),
            "FailureReason": self.failure_reason,
            f"{self._prefix}StartTime": self.start_time,
        }
        return {key: value for key, value in answer.items() if value is not None}

    def summary(self) -> dict[str, Any]:
        """One entry of the List response."""
        answer = {
            f"{self.operation}Name": self.name,
            f"{self.operation}Arn": self.arn,
            f"{self.operation}Status": self.status,
            "CreationTime": self.creation_time,
            "LastModifiedTime": self.last_modified_time,
            f"{self._prefix}EndTime": self.end_time,
        }
        return {key: value for key, value in answer.items() if value is not None}

    @property
    def _prefix(self) -> str:
        return self.operation.removesuffix("Job")


class ProcessingJob(Job):
    """A processing job."""

    resource = "processing-job"
    noun = "processing job"
    operation = "ProcessingJob"

    def __init__(self, request: Mapping[str, Any], account_id: str, region_name: str) -> None:
        super().__init__(request, account_id, region_name)
        self.exit_message: str | None = None

    @property
    def image(self) -> str:
        """URI of the container's image."""
        return str(self.request["AppSpecification"]["ImageUri"])

    @property
    def instance_count(self) -> int:
        """How many hosts the request asks for."""
        return int(self.request["ProcessingResources"]["ClusterConfig"]["InstanceCount"])

    def describe(self) -> dict[str, Any]:
        """The DescribeProcessingJob response."""
        return {**super().describe(), **({"ExitMessage": self.exit_message} if self.exit_message else {})}


class TrainingJob(Job):
    """A training job, with its secondary status and the transitions it went through."""

    resource = "training-job"
    noun = "training job"
    operation = "TrainingJob"

    def __init__(self, request: Mapping[str, Any], account_id: str, region_name: str) -> None:
        super().__init__(request, account_id, region_name)
        self.metrics: dict[str, tuple[float, datetime]] = {}
        self.transitions: list[dict[str, Any]] = []
        self.move_to("Starting", "Preparing the job's folder")

    @property
    def image(self) -> str:
        """URI of the container's image."""
        return str(self.request["AlgorithmSpecification"].get("TrainingImage", ""))

    @property
    def instance_count(self) -> int:
        """How many hosts the request asks for."""
        return int(self.request["ResourceConfig"].get("InstanceCount", 1))

    @property
    def output_uri(self) -> str:
        """The S3 folder that receives model.tar.gz and output.tar.gz."""
        return f"{self.request['OutputDataConfig']['S3OutputPath'].rstrip('/')}/{self.name}/output"

    def move_to(self, secondary_status: str, message: str) -> None:
        """Enter the next secondary status; the one before ends now."""
        now = self.last_modified_time = datetime.now(UTC)
        if self.transitions:
            self.transitions[-1]["EndTime"] = now
        self.transitions.append({"Status": secondary_status, "StartTime": now, "StatusMessage": message})

    def stopping(self) -> None:
        """Somebody asked the job to stop."""
        super().stopping()
        self.move_to("Stopping", "Stopping the training job")

    def end(self, status: str, reason: str | None = None) -> None:
        """Set the final status; the secondary status follows."""
        exceeded = reason is not None and reason.startswith(MAX_RUNTIME_EXCEEDED)
        self.move_to(MAX_RUNTIME_EXCEEDED if exceeded else status, reason or f"Training job {status.lower()}")
        super().end(status, reason)
        self.transitions[-1]["EndTime"] = self.end_time

    def describe(self) -> dict[str, Any]:
        """The DescribeTrainingJob response."""
        answer = {
            "EnableNetworkIsolation": False,
            "EnableInterContainerTrafficEncryption": False,
            "EnableManagedSpotTraining": False,
            **super().describe(),
            "ModelArtifacts": {"S3ModelArtifacts": f"{self.output_uri}/model.tar.gz"},
            "SecondaryStatus": self.transitions[-1]["Status"],
            "SecondaryStatusTransitions": [dict(transition) for transition in self.transitions],
        }
        if self.metrics:
            answer["FinalMetricDataList"] = [
                {"MetricName": name, "Value": value, "Timestamp": at} for name, (value, at) in self.metrics.items()
            ]
        if self.start_time and self.end_time:
            seconds = max(1, round((self.end_time - self.start_time).total_seconds()))
            answer |= {"TrainingTimeInSeconds": seconds, "BillableTimeInSeconds": seconds}
        return answer


class TransformJob(Job):
    """A transform job. variant: what serves the model, as it was when the job was created."""

    resource = "transform-job"
    noun = "transform job"
    operation = "TransformJob"

    def __init__(self, request: Mapping[str, Any], account_id: str, region_name: str, variant: Variant) -> None:
        super().__init__(request, account_id, region_name)
        self.variant = variant

    @property
    def image(self) -> str:
        """URI of the model's image, of a pipeline its first container's."""
        return self.variant.containers[0].image

    @property
    def role_arn(self) -> str:
        """The model's role: a transform job has none of its own."""
        return self.variant.role_arn

    @property
    def instance_count(self) -> int:
        """How many hosts the request asks for."""
        return int(self.request["TransformResources"]["InstanceCount"])
