"""What SageMaker remembers of a hyperparameter tuning job and of the trainings it began."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from local.sagemaker.jobs import Job, TrainingJob


class Trial:
    """One training of a search: the job, the values it was given, and what decides between the trainings."""

    def __init__(self, job: TrainingJob, tuned: Mapping[str, str], objective: Mapping[str, str]) -> None:
        self.job = job
        self.tuned = dict(tuned)
        self.objective = dict(objective)

    @property
    def arn(self) -> str:
        """The training job's ARN."""
        return self.job.arn

    @property
    def creation_time(self) -> datetime:
        """When the training job was made."""
        return self.job.creation_time

    @property
    def value(self) -> float | None:
        """The objective of a completed training; None without one."""
        if self.job.status != "Completed":
            return None
        found = self.job.metrics.get(self.objective["MetricName"])
        return found[0] if found else None

    @property
    def objective_status(self) -> str:
        """Pending until the training has ended, then Succeeded when it has an objective."""
        if not self.job.ended:
            return "Pending"
        return "Failed" if self.value is None else "Succeeded"

    def summary(self) -> dict[str, Any]:
        """One entry of ListTrainingJobsForHyperParameterTuningJob."""
        answer = {
            "TrainingJobName": self.job.name,
            "TrainingJobArn": self.job.arn,
            "CreationTime": self.job.creation_time,
            "TrainingStartTime": self.job.start_time,
            "TrainingEndTime": self.job.end_time,
            "TrainingJobStatus": self.job.status,
            "TunedHyperParameters": self.tuned,
            "FailureReason": self.job.failure_reason,
            "ObjectiveStatus": self.objective_status,
        }
        if self.value is not None:
            answer["FinalHyperParameterTuningJobObjectiveMetric"] = {**self.objective, "Value": self.value}
        return {key: value for key, value in answer.items() if value is not None}


class TuningJob(Job):
    """A hyperparameter tuning job."""

    resource = "hyper-parameter-tuning-job"
    noun = "hyperparameter tuning job"
    operation = "HyperParameterTuningJob"

    def __init__(self, request: Mapping[str, Any], account_id: str, region_name: str) -> None:
        super().__init__(request, account_id, region_name)
        self.trials: list[Trial] = []

    @property
    def config(self) -> Mapping[str, Any]:
        """HyperParameterTuningJobConfig."""
        config: Mapping[str, Any] = self.request["HyperParameterTuningJobConfig"]
        return config

    @property
    def definition(self) -> Mapping[str, Any]:
        """TrainingJobDefinition."""
        definition: Mapping[str, Any] = self.request["TrainingJobDefinition"]
        return definition

    @property
    def objective(self) -> dict[str, str]:
        """HyperParameterTuningJobObjective: Type and MetricName."""
        return dict(self.config["HyperParameterTuningJobObjective"])

    @property
    def max_trials(self) -> int:
        """Trainings in all."""
        return int(self.config["ResourceLimits"]["MaxNumberOfTrainingJobs"])

    @property
    def role_arn(self) -> str:
        """The role that the trainings run as."""
        return str(self.definition["RoleArn"])

    @property
    def image(self) -> str:
        """URI of the trainings' image."""
        return str(self.definition["AlgorithmSpecification"].get("TrainingImage", ""))

    @property
    def instance_count(self) -> int:
        """How many hosts the request asks for, for each training."""
        return int((self.definition.get("ResourceConfig") or {}).get("InstanceCount", 1))

    @property
    def best(self) -> Trial | None:
        """The trial with the best objective so far; the first of equal ones."""
        sign = 1 if self.objective["Type"] == "Minimize" else -1
        measured = [(sign * trial.value, trial) for trial in self.trials if trial.value is not None]
        return min(measured, key=lambda pair: pair[0])[1] if measured else None

    def training_request(self, number: int, tail: str, tuned: Mapping[str, str]) -> dict[str, Any]:
        """CreateTrainingJob's request of one trial.

        number: from 1;  tail: tells trials of equal names apart, 8 characters
        """
        definition = {
            key: value
            for key, value in self.definition.items()
            if key not in {"StaticHyperParameters", "TuningObjective"}
        }
        hyperparameters = {**(self.definition.get("StaticHyperParameters") or {}), **tuned}
        return {
            **definition,
            "TrainingJobName": f"{self.name}-{number:03}-{tail}",
            "TuningJobArn": self.arn,
            # The training toolkit keeps it to itself.
            "HyperParameters": {**hyperparameters, "_tuning_objective_metric": self.objective["MetricName"]},
            "Tags": self.tags,
        }

    def summary(self) -> dict[str, Any]:
        """One entry of the List response."""
        statuses = [trial.job.status for trial in self.trials]
        objectives = [trial.objective_status for trial in self.trials]
        return {
            **super().summary(),
            "Strategy": self.config["Strategy"],
            "ResourceLimits": self.config["ResourceLimits"],
            "TrainingJobStatusCounters": {
                "Completed": statuses.count("Completed"),
                "InProgress": sum(status in {"InProgress", "Stopping"} for status in statuses),
                "RetryableError": 0,
                "NonRetryableError": statuses.count("Failed"),
                "Stopped": statuses.count("Stopped"),
            },
            "ObjectiveStatusCounters": {name: objectives.count(name) for name in ("Succeeded", "Pending", "Failed")},
        }

    def describe(self) -> dict[str, Any]:
        """The DescribeHyperParameterTuningJob response."""
        answer = {key: value for key, value in super().describe().items() if key not in {"Strategy", "ResourceLimits"}}
        best = self.best
        return answer | ({"BestTrainingJob": best.summary()} if best else {})
