"""What a call does, as IAM sees it: actions, the resources they are checked against, and condition keys.

An operation that is not here is denied to a role, with a message that says so: nobody looked up yet what AWS checks.
Source of actions, resource types and dependent actions: the service authorization reference, one page per service
(docs.aws.amazon.com/service-authorization/latest/reference/list_<service>.html); where another page says more, it is
named beside the entry.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from local import task_tokens
from local.iam import s3_actions
from local.iam.calls import Call
from local.iam.permissions import Permission, arn

Rule = Callable[[Call], Iterable[Permission]]

# Operation -> the resource type it is checked against, as it stands in an ARN. Every type has to be allowed.
RESOURCES: dict[str, dict[str, tuple[str, ...]]] = {
    "dynamodb": {
        **dict.fromkeys(("GetItem", "PutItem", "UpdateItem", "DeleteItem", "DescribeTable"), ("table/{TableName}",)),
    },
    "events": {
        **dict.fromkeys(("PutRule", "DescribeRule"), ("rule/{Name}",)),
        "PutTargets": ("rule/{Rule}",),
    },
    "logs": {
        "CreateLogGroup": ("log-group:{logGroupName}",),
        "DescribeLogStreams": ("log-group:{logGroupName}:log-stream:",),
        "FilterLogEvents": ("log-group:{logGroupName}:log-stream:",),
        **dict.fromkeys(
            ("CreateLogStream", "PutLogEvents", "GetLogEvents"),
            ("log-group:{logGroupName}:log-stream:{logStreamName}",),
        ),
    },
    "sagemaker": {
        **dict.fromkeys(
            ("CreateProcessingJob", "DescribeProcessingJob", "StopProcessingJob"),
            ("processing-job/{ProcessingJobName}",),
        ),
        **dict.fromkeys(
            ("CreateTrainingJob", "DescribeTrainingJob", "StopTrainingJob"), ("training-job/{TrainingJobName}",)
        ),
        **dict.fromkeys(
            (
                *("CreateHyperParameterTuningJob", "DescribeHyperParameterTuningJob", "StopHyperParameterTuningJob"),
                "ListTrainingJobsForHyperParameterTuningJob",
            ),
            ("hyper-parameter-tuning-job/{HyperParameterTuningJobName}",),
        ),
        **dict.fromkeys(
            ("CreateTransformJob", "DescribeTransformJob", "StopTransformJob"), ("transform-job/{TransformJobName}",)
        ),
        **dict.fromkeys(("CreateModel", "DescribeModel", "DeleteModel"), ("model/{ModelName}",)),
        **dict.fromkeys(
            ("CreateEndpointConfig", "DescribeEndpointConfig", "DeleteEndpointConfig"),
            ("endpoint-config/{EndpointConfigName}",),
        ),
        # Against both: aws-cdk, aws-stepfunctions-tasks/lib/sagemaker/update-endpoint.ts and create-endpoint.ts.
        **dict.fromkeys(
            ("CreateEndpoint", "UpdateEndpoint"), ("endpoint/{EndpointName}", "endpoint-config/{EndpointConfigName}")
        ),
        **dict.fromkeys(("DescribeEndpoint", "DeleteEndpoint", "InvokeEndpoint"), ("endpoint/{EndpointName}",)),
        **dict.fromkeys(
            ("CreateModelPackageGroup", "DescribeModelPackageGroup"), ("model-package-group/{ModelPackageGroupName}",)
        ),
        # Both types are listed for it; which of the two AWS looks at is not said, so both have to be allowed.
        "CreateModelPackage": (
            "model-package/{ModelPackageGroupName}/*",
            "model-package-group/{ModelPackageGroupName}",
        ),
        "UpdateModelPackage": ("{ModelPackageArn}",),
        "DescribeModelPackage": ("{ModelPackageName}",),
        "AddTags": ("{ResourceArn}",),
    },
    "sns": dict.fromkeys(("ListSubscriptionsByTopic", "Publish", "Subscribe"), ("{TopicArn}",)),
    "states": {
        "DescribeExecution": ("{executionArn}",),
        "StopExecution": ("{executionArn}",),
        "GetExecutionHistory": ("{executionArn}",),
    },
}
# Actions that know no resources: a policy has to say `*`.
WITHOUT_RESOURCES = {
    "cloudwatch": ("GetMetricData", "ListMetrics"),
    "sts": ("GetCallerIdentity",),
}
# What takes a role with it needs iam:PassRole on the role, for the service that will assume it; dots lead to a part.
PASSED_ROLES = {
    "sagemaker:CreateProcessingJob": ("RoleArn", "sagemaker.amazonaws.com"),
    "sagemaker:CreateTrainingJob": ("RoleArn", "sagemaker.amazonaws.com"),
    "sagemaker:CreateHyperParameterTuningJob": ("TrainingJobDefinition.RoleArn", "sagemaker.amazonaws.com"),
    "sagemaker:CreateModel": ("ExecutionRoleArn", "sagemaker.amazonaws.com"),
}
# Service prefixes of actions, where they are not the signing name.
PREFIXES = {"monitoring": "cloudwatch"}
# Called without any permission, "even with an explicit deny" (STS API reference, GetCallerIdentity).
ALWAYS_ALLOWED = frozenset({"sts:GetCallerIdentity"})
STATES = "states.amazonaws.com"


class UnknownActionError(Exception):
    """Nobody has looked up what AWS checks for an operation."""


def permissions_for(call: Call, assumed_by: str) -> list[Permission]:
    """What a caller must be allowed for a call; all of it.

    assumed_by: the service that assumed the calling role
    Raises UnknownActionError.
    """
    prefix = PREFIXES.get(call.service, call.service)
    name = f"{prefix}:{call.operation}"
    if name in ALWAYS_ALLOWED:
        return []
    try:
        needed = _needed(prefix, name, call)
    except KeyError as error:
        raise UnknownActionError(f"{name} without {error}") from error
    if needed is None:
        raise UnknownActionError(name)
    return [*needed, *_handed_over(name, call), *_tagging(name, call, needed, assumed_by)]


def _needed(prefix: str, name: str, call: Call) -> list[Permission] | None:
    if prefix == "s3":
        return s3_actions.permissions_for(call)
    if name in RULES:
        return list(RULES[name](call))
    if call.operation in WITHOUT_RESOURCES.get(prefix, ()):
        return [Permission(name, "*")]
    templates = RESOURCES.get(prefix, {}).get(call.operation or "")
    return [Permission(name, _fill(prefix, each, call)) for each in templates] if templates else None


def _fill(prefix: str, template: str, call: Call) -> str:
    if template.startswith("{") and template.endswith("}"):
        return str(call.parameters[template[1:-1]])
    values = {key: str(value) for key, value in call.parameters.items()}
    if prefix == "sagemaker":
        # SageMaker writes names in ARNs in lower case (aws-cdk, the same files as above).
        values = {key: value.lower() for key, value in values.items()}
    given = next((value for key, value in values.items() if f"{{{key}}}" in template), "")
    return given if given.startswith("arn:") else arn(prefix, template.format_map(values))


def _handed_over(name: str, call: Call) -> Iterable[Permission]:
    if name in PASSED_ROLES:
        parameter, service = PASSED_ROLES[name]
        given: Any = call.parameters
        for part in parameter.split("."):
            given = (given or {}).get(part)
        if role := given:
            yield Permission("iam:PassRole", role, {"iam:PassedToService": (service,)})


def _tagging(name: str, call: Call, needed: Sequence[Permission], assumed_by: str) -> Iterable[Permission]:
    # Step Functions tags what it creates, MANAGED_BY_AWS: aws-cdk, issues 27264 and 32536.
    is_create = name.startswith("sagemaker:Create")
    if is_create and (call.parameters.get("Tags") or assumed_by == STATES):
        yield Permission("sagemaker:AddTags", needed[0].resource)


def _query(call: Call) -> Iterable[Permission]:
    resource = _fill("dynamodb", "table/{TableName}", call)
    index = call.parameters.get("IndexName")
    yield Permission(f"dynamodb:{call.operation}", f"{resource}/index/{index}" if index else resource)


def _transaction(call: Call) -> Iterable[Permission]:
    # "You can use IAM to restrict the actions that transactional operations can perform": DynamoDB developer guide,
    # "Using IAM with DynamoDB transactions".
    actions = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "Get": "GetItem"}
    for item in call.parameters.get("TransactItems", []):
        for kind, details in item.items():
            table = arn("dynamodb", f"table/{details['TableName']}")
            yield Permission(f"dynamodb:{actions.get(kind, 'ConditionCheckItem')}", table)


def _invoke(call: Call) -> Iterable[Permission]:
    yield Permission(
        "lambda:InvokeFunction", function_arn(call.parameters["FunctionName"], call.parameters.get("Qualifier"))
    )


def function_arn(name: str, qualifier: str | None) -> str:
    """ARN of a function as an invocation names it: by name, partial ARN or ARN, with or without a qualifier."""
    parts = name.split(":")
    if parts[0] == "arn":
        given = ":".join(parts[:7])
        qualifier = qualifier or ":".join(parts[7:])
    else:
        base, _, suffix = name.rpartition("function:")[2].partition(":")
        given, qualifier = arn("lambda", f"function:{base}"), qualifier or suffix
    return f"{given}:{qualifier}" if qualifier else given


def _mail(call: Call) -> Iterable[Permission]:
    sender = str(call.parameters.get("FromEmailAddress", ""))
    address = sender.rpartition("<")[2].rstrip(">").strip()
    destination: Mapping[str, Sequence[str]] = call.parameters.get("Destination") or {}
    recipients = tuple(
        each for name in ("ToAddresses", "CcAddresses", "BccAddresses") for each in destination.get(name, ())
    )
    context = {"ses:FromAddress": (address,), "ses:Recipients": recipients}
    # An account in the sandbox, as every new one is, is asked for the recipients' identities as well.
    for identity in dict.fromkeys((address, *recipients)):
        yield Permission("ses:SendEmail", arn("ses", f"identity/{identity}"), context)


def _answer(call: Call) -> Iterable[Permission]:
    # Against the state machine whose task waits: SAM's policy template StepFunctionsCallbackPolicy. A token that nobody
    # waits with belongs to no machine, and nothing can be done with it.
    machine = task_tokens.state_machine_of(str(call.parameters["taskToken"]))
    if machine is not None:
        yield Permission(f"states:{call.operation}", unqualified(machine))


def unqualified(arn_of_machine: str) -> str:
    """A state machine's ARN without a version or alias."""
    return ":".join(arn_of_machine.split(":")[:7])


def _start(call: Call) -> Iterable[Permission]:
    # "Step Functions uses the state machine's ARN instead of using the version ARN or alias ARN": developer guide,
    # "Authorization for versions and aliases".
    parts = str(call.parameters["stateMachineArn"]).split(":")
    context = {"states:StateMachineQualifier": (":".join(parts[7:]),)} if len(parts) > 7 else {}  # noqa: PLR2004
    yield Permission(f"states:{call.operation}", unqualified(call.parameters["stateMachineArn"]), context)


def _send_to_queue(call: Call) -> Iterable[Permission]:
    queue = str(call.parameters["QueueUrl"]).rstrip("/").rpartition("/")[2]
    yield Permission(f"sqs:{call.operation}", arn("sqs", queue))


def _parameter(call: Call) -> Iterable[Permission]:
    yield Permission(f"ssm:{call.operation}", arn("ssm", f"parameter/{call.parameters['Name'].lstrip('/')}"))


def _metrics(call: Call) -> Iterable[Permission]:
    yield Permission("cloudwatch:PutMetricData", "*", {"cloudwatch:namespace": (call.parameters["Namespace"],)})


RULES: dict[str, Rule] = {
    "cloudwatch:PutMetricData": _metrics,
    "dynamodb:Query": _query,
    "dynamodb:Scan": _query,
    "dynamodb:TransactGetItems": _transaction,
    "dynamodb:TransactWriteItems": _transaction,
    "lambda:Invoke": _invoke,
    "ses:SendEmail": _mail,
    "states:DescribeStateMachine": _start,
    "states:ListExecutions": _start,
    "sqs:SendMessage": _send_to_queue,
    "ssm:GetParameter": _parameter,
    **dict.fromkeys(("states:SendTaskSuccess", "states:SendTaskFailure", "states:SendTaskHeartbeat"), _answer),
    "states:StartExecution": _start,
}
