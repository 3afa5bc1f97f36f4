"""The tuning job actions of the SageMaker API: create, describe, list and stop."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.sagemaker.exceptions import ResourceInUseException, ResourceNotFound, ValidationError
from moto.sagemaker.responses import SageMakerResponse

from local.sagemaker.clients import require_trust
from local.sagemaker.job_api import STOPPED_BY_REQUEST, unsupported_channels
from local.sagemaker.listing import list_page
from local.sagemaker.parameter_ranges import Ranges
from local.sagemaker.request_checks import check_request
from local.sagemaker.tuning_jobs import Trial, TuningJob
from local.sagemaker.tuning_runner import TuningRunner


class TuningApi(SageMakerResponse):
    """Hyperparameter tuning jobs. `tuning` is set once, before anything is served."""

    tuning: TuningRunner

    def create_hyper_parameter_tuning_job(self) -> ActionResult:
        """CreateHyperParameterTuningJob."""
        check_request("CreateHyperParameterTuningJob", self.params)
        unsupported = list(_unsupported(self.params))
        if unsupported:
            raise ValidationError(f"The laptop's SageMaker does not support {'; '.join(unsupported)}.")
        wrong = list(_wrong(self.params))
        if wrong:
            raise ValidationError(f"The tuning job cannot run: {'; '.join(wrong)}.")
        job = TuningJob(self.params, self.current_account, self.region)
        if job.instance_count != 1:
            raise ValidationError(
                f"The laptop's SageMaker does not support InstanceCount {job.instance_count}: a laptop is one host."
            )
        require_trust(job.role_arn)
        if self._tuning_jobs.setdefault(job.name, job) is not job:
            raise ResourceInUseException(f"{job.noun.capitalize()} names must be unique: {job.arn} already exists.")
        self.tuning.start(job, self.sagemaker_backend.training_jobs)
        return ActionResult({"HyperParameterTuningJobArn": job.arn})

    def describe_hyper_parameter_tuning_job(self) -> ActionResult:
        """DescribeHyperParameterTuningJob."""
        return ActionResult(self._find_tuning_job().describe())

    def stop_hyper_parameter_tuning_job(self) -> ActionResult:
        """StopHyperParameterTuningJob."""
        job = self._find_tuning_job()
        if job.ended:
            raise ValidationError(f"The request was rejected because the {job.noun} is in status {job.status}.")
        self.tuning.stop(job, STOPPED_BY_REQUEST)
        return EmptyResult()

    def list_hyper_parameter_tuning_jobs(self) -> ActionResult:
        """ListHyperParameterTuningJobs."""
        check_request("ListHyperParameterTuningJobs", self.params)
        jobs = self._tuning_jobs.values()
        key, status = "HyperParameterTuningJobSummaries", "HyperParameterTuningJobStatus"
        return ActionResult(list_page(jobs, key, status, self.params))

    def list_training_jobs_for_hyper_parameter_tuning_job(self) -> ActionResult:
        """ListTrainingJobsForHyperParameterTuningJob."""
        trials = self._find_tuning_job().trials
        by_objective = self.params.get("SortBy") == "FinalObjectiveMetricValue"
        if by_objective:
            # Those that have none are not listed in this order.
            trials = [trial for trial in trials if trial.value is not None]
        orders = {"FinalObjectiveMetricValue": _objective}
        return ActionResult(list_page(trials, "TrainingJobSummaries", "TrainingJobStatus", self.params, orders))

    @property
    def _tuning_jobs(self) -> dict[str, Any]:
        jobs: dict[str, Any] = self.sagemaker_backend.hyper_parameter_tuning_jobs
        return jobs

    def _find_tuning_job(self) -> TuningJob:
        check_request(self._get_action(), self.params)
        name = self.params["HyperParameterTuningJobName"]
        job = self._tuning_jobs.get(name)
        if job is None:
            raise ResourceNotFound(message=f"Requested resource not found: {TuningJob.noun} {name}.")
        found: TuningJob = job
        return found


def _objective(trial: Trial) -> float:
    return trial.value or 0.0


def _unsupported(request: Mapping[str, Any]) -> Iterator[str]:
    yield from (name for name in ("TrainingJobDefinitions", "WarmStartConfig", "Autotune") if request.get(name))
    config = request["HyperParameterTuningJobConfig"]
    if config["Strategy"] not in {"Random", "Bayesian"}:
        yield f"the strategy {config['Strategy']}"
    yield from (name for name in ("StrategyConfig", "TuningJobCompletionCriteria") if config.get(name))
    if config.get("TrainingJobEarlyStoppingType", "Off") != "Off":
        yield f"TrainingJobEarlyStoppingType {config['TrainingJobEarlyStoppingType']}"
    if config["ResourceLimits"].get("MaxRuntimeInSeconds"):
        yield "ResourceLimits.MaxRuntimeInSeconds"
    if (config.get("ParameterRanges") or {}).get("AutoParameters"):
        yield "ParameterRanges.AutoParameters"
    definition = request.get("TrainingJobDefinition") or {}
    for name in ("CheckpointConfig", "HyperParameterRanges", "HyperParameterTuningResourceConfig", "TuningObjective"):
        if definition.get(name):
            yield f"TrainingJobDefinition.{name}"
    yield from unsupported_channels(definition.get("InputDataConfig") or [])


def _wrong(request: Mapping[str, Any]) -> Iterator[str]:
    config, definition = request["HyperParameterTuningJobConfig"], request.get("TrainingJobDefinition")
    if not definition:
        yield "TrainingJobDefinition is missing"
        return
    if not definition.get("ResourceConfig"):
        yield "TrainingJobDefinition.ResourceConfig is missing"
    ranges = Ranges(config.get("ParameterRanges") or {})
    yield from ranges.problems()
    both = sorted(set(ranges.names) & set(definition.get("StaticHyperParameters") or {}))
    if both:
        yield f"the hyperparameter '{both[0]}' is both static and searched"
    if not config["ResourceLimits"].get("MaxNumberOfTrainingJobs"):
        yield "ResourceLimits.MaxNumberOfTrainingJobs is missing"
    objective = config.get("HyperParameterTuningJobObjective")
    metrics = [each["Name"] for each in definition["AlgorithmSpecification"].get("MetricDefinitions") or []]
    if not objective:
        yield "HyperParameterTuningJobObjective is missing"
    elif objective["MetricName"] not in metrics:
        yield f"the objective metric {objective['MetricName']} is not in MetricDefinitions"
