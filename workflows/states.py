"""The states a release is made of, on top of the `stepfunctions` SDK.

The SDK (2.3.0) lacks a Retry's MaxDelaySeconds and JitterStrategy, and a Task's ResultSelector. It accepts a keyword
when an enum member of the block has that value, so an enum of our own extends what a block allows.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from stepfunctions.steps import Catch, Choice, ChoiceRule, Retry, Task
from stepfunctions.steps.states import State

from steps.names import RECIPE_TAG, RUN_TAG, STACK_TAG

# One mail per person and a few API calls; far below it in practice, far above it on a bad day.
LAMBDA_TIMEOUT_SECONDS = 120


class _ExtraField(Enum):
    MaxDelaySeconds = "max_delay_seconds"
    JitterStrategy = "jitter_strategy"


class _ExtraTaskField(Enum):
    ResultSelector = "result_selector"


class SelectingTask(Task):  # type: ignore[misc]  # the SDK is published without types
    """A Task that keeps a part of its result."""

    def allowed_fields(self) -> list[Enum]:
        """The SDK's fields and the one it lacks."""
        return [*super().allowed_fields(), _ExtraTaskField.ResultSelector]


class BoundedRetry(Retry):  # type: ignore[misc]  # the SDK is published without types
    """A Retry whose delays are bounded and spread, so that many runs do not come back at the same instant."""

    def allowed_fields(self) -> list[Enum]:
        """The SDK's fields and the two it lacks."""
        return [*super().allowed_fields(), _ExtraField.MaxDelaySeconds, _ExtraField.JitterStrategy]


def _backing_off(*errors: str) -> BoundedRetry:
    """2 s, doubled five times: AWS's advice for the Lambda service's own errors."""
    return BoundedRetry(
        error_equals=list(errors),
        interval_seconds=2,
        max_attempts=5,
        backoff_rate=2.0,
        max_delay_seconds=60,
        jitter_strategy="FULL",
    )


def _steady(*errors: str, seconds: int, attempts: int) -> BoundedRetry:
    """Look again every so many seconds."""
    return BoundedRetry(
        error_equals=list(errors),
        interval_seconds=seconds,
        max_attempts=attempts,
        backoff_rate=1.0,
        jitter_strategy="FULL",
    )


# What the Lambda service failed at, never what our code failed at.
LAMBDA_SERVICE_RETRY = _backing_off(
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
)
# An AWS service asked to slow down or did not answer our function in time.
SERVICE_UNAVAILABLE_RETRY = _backing_off("ServiceUnavailableError")
# A SageMaker quota of the account will be free again: half an hour at most.
CAPACITY_RETRY = _steady(
    "SageMaker.ResourceLimitExceededException", "SageMaker.SdkClientException", seconds=60, attempts=30
)
# Another change to the endpoint is in progress: ten minutes at most.
ENDPOINT_BUSY_RETRY = _steady("EndpointBusyError", seconds=15, attempts=40)


def snake(state_name: str) -> str:
    """`CheckMetrics` -> `check_metrics`: the key, folder and module of a state."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in state_name).lstrip("_")


def lambda_task(
    name: str,
    parameters: dict[str, Any],
    *,
    comment: str,
    catch: Catch,
    function: str | None = None,
    retry: list[Retry] | None = None,
) -> Task:
    """A Lambda state: the function of the same name, its answer under the state's name.

    A function's ARN as the resource hands over the bare answer, where `lambda:invoke` would wrap it.
    """
    return Task(
        name,
        resource=f"${{{function or name}FunctionArn}}",
        comment=comment,
        parameters={"run_id.$": "$$.Execution.Name", **parameters},
        result_path=f"$.{snake(name)}",
        timeout_seconds=LAMBDA_TIMEOUT_SECONDS,
        retry=[LAMBDA_SERVICE_RETRY, SERVICE_UNAVAILABLE_RETRY, *(retry or [])],
        catch=catch,
    )


def processing_job(
    name: str,
    module: str,
    *,
    comment: str,
    catch: Catch,
    step: str | None = None,
    planned_by: str = "PrepareRun",
) -> Task:
    """A SageMaker processing job that runs one of our modules; an earlier state has planned its parameters.

    step: the plan's part, when it has another name than the state
    """
    plan = f"$.{snake(planned_by)}.{step or snake(name)}"
    return Task(
        name,
        resource="arn:${Partition}:states:::sagemaker:createProcessingJob.sync",
        comment=comment,
        parameters={
            "ProcessingJobName.$": f"{plan}.job_name",
            "RoleArn": "${JobRoleArn}",
            "AppSpecification": {
                "ImageUri.$": f"{plan}.parameters.ImageUri",
                "ContainerEntrypoint": ["python3", "-m", module],
                "ContainerArguments.$": f"{plan}.parameters.ContainerArguments",
            },
            "Environment.$": f"{plan}.parameters.Environment",
            "ProcessingInputs.$": f"{plan}.parameters.ProcessingInputs",
            "ProcessingOutputConfig.$": f"{plan}.parameters.ProcessingOutputConfig",
            "ProcessingResources.$": f"{plan}.parameters.ProcessingResources",
            "StoppingCondition.$": f"{plan}.parameters.StoppingCondition",
            "Tags": tags(),
        },
        result_path=f"$.{snake(name)}",
        timeout_seconds_path=f"{plan}.parameters.TimeoutSeconds",
        retry=CAPACITY_RETRY,
        catch=catch,
    )


def training_job(name: str, *, comment: str, catch: Catch) -> Task:
    """A SageMaker training job in script mode; PrepareRun has planned its parameters."""
    plan = f"$.prepare_run.{snake(name)}"
    return Task(
        name,
        resource="arn:${Partition}:states:::sagemaker:createTrainingJob.sync",
        comment=comment,
        parameters={
            "TrainingJobName.$": f"{plan}.job_name",
            "RoleArn": "${JobRoleArn}",
            "AlgorithmSpecification": {
                "TrainingImage.$": f"{plan}.parameters.TrainingImage",
                "TrainingInputMode": "File",
            },
            "HyperParameters.$": f"{plan}.parameters.HyperParameters",
            "Environment.$": f"{plan}.parameters.Environment",
            "InputDataConfig.$": f"{plan}.parameters.InputDataConfig",
            "OutputDataConfig.$": f"{plan}.parameters.OutputDataConfig",
            "ResourceConfig.$": f"{plan}.parameters.ResourceConfig",
            "StoppingCondition.$": f"{plan}.parameters.StoppingCondition",
            "Tags": tags(),
        },
        result_path=f"$.{snake(name)}",
        timeout_seconds_path=f"{plan}.parameters.TimeoutSeconds",
        retry=CAPACITY_RETRY,
        catch=catch,
    )


def tuning_job(name: str, *, comment: str, catch: Catch) -> Task:
    """A SageMaker hyperparameter tuning job; PrepareRun has planned its parameters as the step train_model."""
    plan = "$.prepare_run.train_model"
    # The description repeats the whole request; AdoptModel asks SageMaker for the trainings.
    kept = ("HyperParameterTuningJobName", "HyperParameterTuningJobArn", "HyperParameterTuningJobStatus")
    return SelectingTask(
        name,
        resource="arn:${Partition}:states:::sagemaker:createHyperParameterTuningJob.sync",
        comment=comment,
        parameters={
            "HyperParameterTuningJobName.$": f"{plan}.job_name",
            "HyperParameterTuningJobConfig.$": f"{plan}.parameters.HyperParameterTuningJobConfig",
            "TrainingJobDefinition": {
                "RoleArn": "${JobRoleArn}",
                "AlgorithmSpecification": {
                    "TrainingImage.$": f"{plan}.parameters.TrainingImage",
                    "TrainingInputMode": "File",
                    "MetricDefinitions.$": f"{plan}.parameters.MetricDefinitions",
                },
                "StaticHyperParameters.$": f"{plan}.parameters.HyperParameters",
                "Environment.$": f"{plan}.parameters.Environment",
                "InputDataConfig.$": f"{plan}.parameters.InputDataConfig",
                "OutputDataConfig.$": f"{plan}.parameters.OutputDataConfig",
                "ResourceConfig.$": f"{plan}.parameters.ResourceConfig",
                "StoppingCondition.$": f"{plan}.parameters.StoppingCondition",
            },
            "Tags": tags(),
        },
        result_selector={f"{field}.$": f"$.{field}" for field in kept},
        result_path=f"$.{snake(name)}",
        timeout_seconds_path=f"{plan}.parameters.TimeoutSeconds",
        retry=CAPACITY_RETRY,
        catch=catch,
    )


def transform_job(name: str, *, comment: str, catch: Catch, planned_by: str) -> Task:
    """A SageMaker transform job of a model that is there; an earlier state has planned its parameters."""
    plan = f"$.{snake(planned_by)}.{snake(name)}"
    return Task(
        name,
        resource="arn:${Partition}:states:::sagemaker:createTransformJob.sync",
        comment=comment,
        parameters={
            "TransformJobName.$": f"{plan}.job_name",
            "ModelName.$": f"$.{snake(planned_by)}.model_name",
            "BatchStrategy.$": f"{plan}.parameters.BatchStrategy",
            "MaxConcurrentTransforms.$": f"{plan}.parameters.MaxConcurrentTransforms",
            "MaxPayloadInMB.$": f"{plan}.parameters.MaxPayloadInMB",
            "TransformInput.$": f"{plan}.parameters.TransformInput",
            "TransformOutput.$": f"{plan}.parameters.TransformOutput",
            "TransformResources.$": f"{plan}.parameters.TransformResources",
            "Tags": tags(),
        },
        result_path=f"$.{snake(name)}",
        timeout_seconds_path=f"{plan}.parameters.TimeoutSeconds",
        retry=CAPACITY_RETRY,
        catch=catch,
    )


def sagemaker_call(
    name: str, parameters: dict[str, Any], *, comment: str, catch: Catch, action: str | None = None
) -> Task:
    """A SageMaker request that answers at once, such as CreateModel; action where the state has another name."""
    action = action or name[0].lower() + name[1:]
    return Task(
        name,
        resource=f"arn:${{Partition}}:states:::sagemaker:{action}",
        comment=comment,
        parameters={**parameters, "Tags": tags()},
        result_path=f"$.{snake(name)}",
        timeout_seconds=LAMBDA_TIMEOUT_SECONDS,
        retry=CAPACITY_RETRY,
        catch=catch,
    )


def tags() -> list[dict[str, str]]:
    """Tags by which a bill can be read per recipe and run."""
    return [
        {"Key": STACK_TAG, "Value": "${StackName}"},
        {"Key": RECIPE_TAG, "Value.$": "$.recipe"},
        {"Key": RUN_TAG, "Value.$": "$$.Execution.Name"},
    ]


def choose(choice: Choice, variable: str, branches: Mapping[Any, State], default: State) -> None:
    """Branch on the value at a path: text or true/false, anything else goes to the default."""
    for value, state in branches.items():
        equals = ChoiceRule.BooleanEquals if isinstance(value, bool) else ChoiceRule.StringEquals
        choice.add_choice(equals(variable=variable, value=value), state)
    choice.default_choice(default)
