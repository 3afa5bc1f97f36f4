"""What Step Functions can call, and how: the facts that AWS applies to a definition and its interpreters here do not.

An optimized integration takes a fixed part of its API's request; a field beyond it is refused when the state machine
is created. AWS lists these fields nowhere as data: they are those that AWS's own CDK and Data Science SDK render and
that its Developer Guide ("Manage Amazon SageMaker AI with Step Functions") counts. Permissions: the same guide, "IAM".
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Integration:
    """One optimized integration.

    fields: top-level fields of Parameters;  result: fields that its result always has;  kind: the resource in an ARN;
    job: with `.sync`, what it awaits, as in Describe<job>;  rule: the managed rule by which `.sync` hears of the end
    """

    fields: frozenset[str]
    result: frozenset[str]
    kind: str
    job: str | None = None
    rule: str | None = None
    callback: bool = False

    def permissions(self, service: str, action: str, *, sync: bool) -> dict[str, str]:
        """Actions that the state machine's role needs, each with the kind of resource it is needed for."""
        needed = {f"{service}:{action[0].upper()}{action[1:]}": self.kind}
        if service == "sagemaker":
            # Step Functions itself tags what it creates.
            needed["sagemaker:AddTags"] = self.kind
        if sync and self.job and self.rule:
            needed |= {f"{service}:{verb}{self.job}": self.kind for verb in ("Describe", "Stop")}
            needed |= {f"events:{verb}": self.rule for verb in ("PutTargets", "PutRule", "DescribeRule")}
        return needed


SAGEMAKER = {
    "createProcessingJob": Integration(
        fields=frozenset(
            {
                "AppSpecification",
                "Environment",
                "ExperimentConfig",
                "NetworkConfig",
                "ProcessingInputs",
                "ProcessingJobName",
                "ProcessingOutputConfig",
                "ProcessingResources",
                "RoleArn",
                "StoppingCondition",
                "Tags",
            }
        ),
        result=frozenset({"ProcessingJobArn", "ProcessingJobName", "ProcessingJobStatus"}),
        kind="processing-job/",
        job="ProcessingJob",
        rule="StepFunctionsGetEventsForSageMakerProcessingJobsRule",
    ),
    "createTrainingJob": Integration(
        fields=frozenset(
            {
                "AlgorithmSpecification",
                "EnableNetworkIsolation",
                "Environment",
                "HyperParameters",
                "InputDataConfig",
                "OutputDataConfig",
                "ResourceConfig",
                "RoleArn",
                "StoppingCondition",
                "Tags",
                "TrainingJobName",
                "VpcConfig",
            }
        ),
        result=frozenset({"ModelArtifacts", "TrainingJobArn", "TrainingJobName", "TrainingJobStatus"}),
        kind="training-job/",
        job="TrainingJob",
        rule="StepFunctionsGetEventsForSageMakerTrainingJobsRule",
    ),
    "createHyperParameterTuningJob": Integration(
        fields=frozenset(
            {
                "HyperParameterTuningJobConfig",
                "HyperParameterTuningJobName",
                "Tags",
                "TrainingJobDefinition",
                "WarmStartConfig",
            }
        ),
        result=frozenset(
            {
                "HyperParameterTuningJobArn",
                "HyperParameterTuningJobName",
                "HyperParameterTuningJobStatus",
                "ObjectiveStatusCounters",
                "TrainingJobStatusCounters",
            }
        ),
        kind="hyper-parameter-tuning-job/",
        job="HyperParameterTuningJob",
        rule="StepFunctionsGetEventsForSageMakerTuningJobsRule",
    ),
    "createTransformJob": Integration(
        fields=frozenset(
            {
                "BatchStrategy",
                "Environment",
                "MaxConcurrentTransforms",
                "MaxPayloadInMB",
                "ModelName",
                "Tags",
                "TransformInput",
                "TransformJobName",
                "TransformOutput",
                "TransformResources",
            }
        ),
        result=frozenset({"TransformJobArn", "TransformJobName", "TransformJobStatus"}),
        kind="transform-job/",
        job="TransformJob",
        rule="StepFunctionsGetEventsForSageMakerTransformJobsRule",
    ),
    "createModel": Integration(
        fields=frozenset(
            {
                "Containers",
                "EnableNetworkIsolation",
                "ExecutionRoleArn",
                "ModelName",
                "PrimaryContainer",
                "Tags",
                "VpcConfig",
            }
        ),
        result=frozenset({"ModelArn"}),
        kind="model/",
    ),
    "createEndpointConfig": Integration(
        fields=frozenset({"EndpointConfigName", "KmsKeyId", "ProductionVariants", "Tags"}),
        result=frozenset({"EndpointConfigArn"}),
        kind="endpoint-config/",
    ),
    "createEndpoint": Integration(
        fields=frozenset({"EndpointConfigName", "EndpointName", "Tags"}),
        result=frozenset({"EndpointArn"}),
        kind="endpoint/",
    ),
    "updateEndpoint": Integration(
        fields=frozenset({"EndpointConfigName", "EndpointName"}),
        result=frozenset({"EndpointArn"}),
        kind="endpoint/",
    ),
}

LAMBDA_INVOKE = Integration(
    fields=frozenset({"ClientContext", "FunctionName", "InvocationType", "LogType", "Payload", "Qualifier"}),
    result=frozenset({"ExecutedVersion", "Payload", "StatusCode"}),
    kind="function:",
    callback=True,
)

OPTIMIZED = {"lambda": {"invoke": LAMBDA_INVOKE}, "sagemaker": SAGEMAKER}

# Raised by Step Functions itself. Source: Developer Guide, "Handling errors in Step Functions workflows".
STATES_ERRORS = frozenset(
    {
        "States.ALL",
        "States.BranchFailed",
        "States.DataLimitExceeded",
        "States.ExceedToleratedFailureThreshold",
        "States.HeartbeatTimeout",
        "States.Http.Socket",
        "States.IntrinsicFailure",
        "States.ItemReaderFailed",
        "States.NoChoiceMatched",
        "States.ParameterPathFailure",
        "States.Permissions",
        "States.ResultPathMatchFailure",
        "States.ResultWriterFailed",
        "States.Runtime",
        "States.TaskFailed",
        "States.Timeout",
    }
)
UNCATCHABLE_ERRORS = frozenset({"States.Runtime"})

# Raised by a service for its tasks: what its own API declares, and the names for everything else.
SERVICE_ERRORS = {
    "lambda": frozenset(
        {
            "Lambda.AWSLambdaException",
            "Lambda.ResourceNotFoundException",
            "Lambda.SdkClientException",
            "Lambda.ServiceException",
            "Lambda.TooManyRequestsException",
            "Lambda.Unknown",
            "Runtime.ExitError",
            "Sandbox.Timedout",
        }
    ),
    "sagemaker": frozenset(
        {
            "SageMaker.AmazonSageMakerException",
            "SageMaker.ResourceInUseException",
            "SageMaker.ResourceLimitExceededException",
            "SageMaker.ResourceNotFoundException",
            "SageMaker.SdkClientException",
        }
    ),
}

# Source: Developer Guide, "Accessing execution data from the Context object".
CONTEXT = {
    "Execution": frozenset({"Id", "Input", "Name", "RedriveCount", "RedriveTime", "RoleArn", "StartTime"}),
    "State": frozenset({"EnteredTime", "Name", "RetryCount"}),
    "StateMachine": frozenset({"Id", "Name"}),
    "Task": frozenset({"Token"}),
}

# Arguments that each intrinsic function takes: fewest and most. Source: Developer Guide, "Intrinsic functions".
INTRINSICS: dict[str, tuple[int, int | None]] = {
    "Array": (0, None),
    "ArrayContains": (2, 2),
    "ArrayGetItem": (2, 2),
    "ArrayLength": (1, 1),
    "ArrayPartition": (2, 2),
    "ArrayRange": (3, 3),
    "ArrayUnique": (1, 1),
    "Base64Decode": (1, 1),
    "Base64Encode": (1, 1),
    "Format": (1, None),
    "Hash": (2, 2),
    "JsonMerge": (3, 3),
    "JsonToString": (1, 1),
    "MathAdd": (2, 2),
    "MathRandom": (2, 3),
    "StringSplit": (2, 2),
    "StringToJson": (1, 1),
    "UUID": (0, 0),
}

# Source: Developer Guide, "Service quotas".
MAX_DEFINITION_BYTES = 1024 * 1024
MAX_STATE_NAME_CHARACTERS = 80
MAX_PAYLOAD_BYTES = 256 * 1024
MAX_HISTORY_EVENTS = 25_000
MAX_TIMEOUT_SECONDS = 99_999_999
MAX_DELAY_SECONDS = 31_622_400
