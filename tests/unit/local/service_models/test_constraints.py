"""Values against botocore's own models: what is legal passes, what AWS refuses is named with its place."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest
import regex
from botocore.model import StringShape

from local.service_models import broken_constraints, message_of
from local.service_models.patterns import compiled, matches

SESSION = botocore.session.get_session()
# Every service that a function, the state machine or a custom resource calls, and those that deployments call.
SERVICES = (
    *("apigatewayv2", "cloudformation", "cloudwatch", "dynamodb", "events", "iam", "lambda", "logs", "s3", "sagemaker"),
    *("sagemaker-runtime", "scheduler", "sesv2", "sns", "sqs", "stepfunctions", "sts"),
)
PROCESSING = {
    "ProcessingJobName": "run-1-preprocess",
    "RoleArn": "arn:aws:iam::123456789012:role/job",
    "AppSpecification": {"ImageUri": "image", "ContainerEntrypoint": ["python3"]},
    "ProcessingResources": {"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 30}},
}


def broken(service: str, operation: str, parameters: dict[str, Any]) -> list[str]:
    shape = SESSION.get_service_model(service).operation_model(operation).input_shape
    return [each.sentence for each in broken_constraints(shape, parameters)]


@pytest.mark.parametrize(
    ("service", "operation", "parameters"),
    [
        ("sagemaker", "CreateProcessingJob", PROCESSING),
        ("sagemaker", "AddTags", {"ResourceArn": "arn:aws:sagemaker:eu-west-1:123456789012:endpoint/e", "Tags": []}),
        ("stepfunctions", "SendTaskSuccess", {"taskToken": "t", "output": "{}"}),
        ("dynamodb", "GetItem", {"TableName": "abc", "Key": {"pk": {"S": "x"}}}),
        ("lambda", "Invoke", {"FunctionName": "f", "InvocationType": "Event", "Payload": b"{}"}),
        ("sagemaker-runtime", "InvokeEndpoint", {"EndpointName": "e", "Body": b"x", "InferenceId": "a-1"}),
        ("cloudwatch", "PutMetricData", {"Namespace": "N", "MetricData": [{"MetricName": "m", "Value": 1}]}),
        ("stepfunctions", "StartExecution", {"stateMachineArn": "arn:x", "traceHeader": None}),
    ],
)
def test_a_legal_request_breaks_nothing(service: str, operation: str, parameters: dict[str, Any]) -> None:
    assert broken(service, operation, parameters) == []


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "sentence"),
    [
        (
            "sagemaker",
            "CreateProcessingJob",
            {key: value for key, value in PROCESSING.items() if key != "RoleArn"},
            "Value null at 'roleArn' failed to satisfy constraint: Member must not be null",
        ),
        (
            "sagemaker",
            "CreateProcessingJob",
            {**PROCESSING, "Environment": {"A": "x" * 300}},
            (
                f"Value '{'x' * 300}' at 'environment.A.value' failed to satisfy constraint: "
                "Member must have length less than or equal to 256"
            ),
        ),
        (
            "sagemaker",
            "CreateProcessingJob",
            {**PROCESSING, "ProcessingJobName": "run_1"},
            (
                "Value 'run_1' at 'processingJobName' failed to satisfy constraint: "
                "Member must satisfy regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"
            ),
        ),
        (
            "sagemaker",
            "CreateProcessingJob",
            {**PROCESSING, "StoppingCondition": {"MaxRuntimeInSeconds": 0}},
            (
                "Value '0' at 'stoppingCondition.maxRuntimeInSeconds' failed to satisfy constraint: "
                "Member must have value greater than or equal to 1"
            ),
        ),
        (
            "sagemaker",
            "CreateProcessingJob",
            {**PROCESSING, "StoppingCondition": {"MaxRuntimeInSeconds": "60"}},
            "STRING_VALUE at 'stoppingCondition.maxRuntimeInSeconds' can not be converted to Integer",
        ),
        (
            "sagemaker",
            "CreateProcessingJob",
            {**PROCESSING, "Environment": {"A": 1}},
            "NUMBER_VALUE at 'environment.A.value' can not be converted to String",
        ),
        (
            "sagemaker",
            "CreateProcessingJob",
            {**PROCESSING, "AppSpecification": {"ImageUri": "image", "EntryPoint": ["x"]}},
            (
                "Unknown parameter in input of 'appSpecification': \"EntryPoint\", must be one of: "
                "ImageUri, ContainerEntrypoint, ContainerArguments"
            ),
        ),
        (
            "stepfunctions",
            "SendTaskFailure",
            {"taskToken": "t", "cause": "x" * 32769},
            "Value '***' at 'cause' failed to satisfy constraint: Member must have length less than or equal to 32768",
        ),
        (
            "sagemaker-runtime",
            "InvokeEndpoint",
            {"EndpointName": "e", "Body": b"x" * 6291457},
            "Value '***' at 'body' failed to satisfy constraint: Member must have length less than or equal to 6291456",
        ),
        (
            "lambda",
            "Invoke",
            {"FunctionName": "f", "InvocationType": "Later"},
            (
                "Value 'Later' at 'invocationType' failed to satisfy constraint: "
                "Member must satisfy enum value set: [Event, RequestResponse, DryRun]"
            ),
        ),
        (
            "dynamodb",
            "GetItem",
            {"TableName": "abc", "Key": [{"pk": "x"}]},
            "START_OF_LIST at 'key' can not be converted to Map",
        ),
        (
            "dynamodb",
            "GetItem",
            {"TableName": "abc", "Key": {"pk": "x"}},
            "STRING_VALUE at 'key.pk.value' can not be converted to Structure",
        ),
    ],
)
def test_a_broken_constraint_is_named_with_its_place(
    service: str, operation: str, parameters: dict[str, Any], sentence: str
) -> None:
    assert broken(service, operation, parameters) == [sentence]


def test_all_that_is_broken_comes_in_one_message() -> None:
    shape = SESSION.get_service_model("sagemaker").operation_model("StopProcessingJob").input_shape
    assert message_of(list(broken_constraints(shape, {"Job": "x"}))) == (
        "2 validation errors detected: Value null at 'processingJobName' failed to satisfy constraint: "
        'Member must not be null; Unknown parameter in input: "Job", must be one of: ProcessingJobName'
    )


@pytest.mark.parametrize("service", SERVICES)
def test_every_pattern_of_the_models_is_understood(service: str) -> None:
    model = SESSION.get_service_model(service)
    shapes = [model.shape_for(name) for name in model.shape_names]
    patterns = {
        shape.metadata["pattern"] for shape in shapes if isinstance(shape, StringShape) and "pattern" in shape.metadata
    }
    refused = []
    for pattern in patterns:
        try:
            compiled(pattern)
        except regex.error:
            refused.append(pattern)
    assert refused == []


@pytest.mark.parametrize(
    ("pattern", "text", "is_match"),
    [
        (r"\w+", "a_1", True),
        (r"\w+", "größe", False),
        (r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)", "größe 1", True),
        (r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)", "a;b", False),
        (r"([\p{L}\p{Z}\p{N}_.:\/=+\-@]*)${1,256}", "key", True),
        (r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\t]*", "a 😀", True),
        (r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\t]*", "a\n", False),
        (r"\A\S[\p{Print}]*\z", "id 1", True),
        (r"\A\S[\p{Print}]*\z", " id", False),
        (r"[\w-_]*", "a-b_c", True),
        (r"[a-z]+", "abc\n", False),
    ],
)
def test_a_pattern_means_what_it_means_in_java(pattern: str, text: str, is_match: bool) -> None:
    assert matches(pattern, text) is is_match
