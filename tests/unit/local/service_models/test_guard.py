"""Requests as boto3 sends them without its own checks: legal ones reach the service, others come back refused."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from botocore.exceptions import ClientError
from urllib3 import HTTPResponse

from local.service_models.guard import LegalRequests

ROLE = "arn:aws:iam::123456789012:role/job"
VARIANT = {"VariantName": "primary", "ModelName": "m", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
SCHEDULE = {
    "Name": "nightly",
    "ScheduleExpression": "rate(1 day)",
    "FlexibleTimeWindow": {"Mode": "OFF"},
    "Target": {"Arn": "arn:aws:lambda:eu-west-1:123456789012:function:f", "RoleArn": ROLE},
}
MAIL = {
    "FromEmailAddress": "a@example.com",
    "Destination": {"ToAddresses": ["b@example.com"]},
    "Content": {"Simple": {"Subject": {"Data": "s"}, "Body": {"Text": {"Data": "t"}}}},
}


class Served:
    """Stands for AWS behind the guard: remembers that it was asked and answers something empty."""

    def __init__(self, record: Path) -> None:
        self.asked = 0
        self.guard = LegalRequests(self._answer, record)

    def _answer(self, environ: Any, start_response: Any) -> list[bytes]:
        self.asked += 1
        body = environ["wsgi.input"].read()
        assert len(body) == int(environ["CONTENT_LENGTH"]), "the body can still be read"
        start_response("200 OK", [("Content-Type", environ.get("CONTENT_TYPE", ""))])
        action = re.search(rb"Action=(\w+)", body)
        if "json" in environ.get("CONTENT_TYPE", ""):
            return [b"{}"]
        return [b"<a><%sResult/></a>" % action[1] if action else b"<a/>"]

    def call(self, service: str, operation: str, parameters: dict[str, Any], key: str = "ASIAROLE") -> None:
        client = boto3.client(
            service,  # type: ignore[call-overload]  # any service
            region_name="eu-west-1",
            endpoint_url="http://127.0.0.1:4747",
            aws_access_key_id=key,
            aws_secret_access_key="s",
            config=Config(parameter_validation=False, retries={"total_max_attempts": 1}),
        )
        client.meta.events.register("before-send", self._send)
        getattr(client, operation)(**parameters)

    def _send(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        url = urlsplit(str(request.url))
        sent: Any = request.body or b""
        body = sent if isinstance(sent, bytes) else sent.encode() if isinstance(sent, str) else sent.read()
        environ = {
            "REQUEST_METHOD": request.method,
            "PATH_INFO": url.path,
            "QUERY_STRING": url.query,
            "HTTP_HOST": url.netloc,
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
        }
        for name, value in request.headers.items():
            text = value.decode() if isinstance(value, bytes) else str(value)
            key = name.upper().replace("-", "_")
            environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = text
        started: list[Any] = []
        chunks = self.guard(environ, lambda *args: started.append(args))  # type: ignore[arg-type]  # enough of one
        content = b"".join(chunks)
        status, headers = started[0]
        raw = HTTPResponse(io.BytesIO(content), preload_content=False)
        return AWSResponse(str(request.url), int(status.split()[0]), HTTPHeaders.from_dict(dict(headers)), raw)


@pytest.fixture
def served(tmp_path: Path) -> Served:
    return Served(tmp_path / "checked.jsonl")


LEGAL = [
    ("sagemaker", "create_model", {"ModelName": "m", "ExecutionRoleArn": ROLE}),
    ("sagemaker", "create_endpoint_config", {"EndpointConfigName": "c", "ProductionVariants": [VARIANT]}),
    ("stepfunctions", "send_task_success", {"taskToken": "t", "output": "{}"}),
    ("dynamodb", "get_item", {"TableName": "table", "Key": {"pk": {"S": "a"}}, "ConsistentRead": True}),
    ("lambda", "invoke", {"FunctionName": "f", "Payload": b"{}", "InvocationType": "Event"}),
    ("sagemaker-runtime", "invoke_endpoint", {"EndpointName": "e", "Body": b"x", "ContentType": "text/csv"}),
    ("sesv2", "send_email", MAIL),
    ("scheduler", "create_schedule", SCHEDULE),
    ("sns", "publish", {"TopicArn": "arn:aws:sns:eu-west-1:123456789012:t", "Message": "m"}),
    ("sns", "create_topic", {"Name": "t", "Tags": [{"Key": "k", "Value": "v"}], "Attributes": {"DisplayName": "d"}}),
    ("sts", "assume_role", {"RoleArn": ROLE, "RoleSessionName": "session", "DurationSeconds": 900}),
    ("cloudwatch", "put_metric_data", {"Namespace": "N", "MetricData": [{"MetricName": "m", "Value": 1.5}]}),
    ("s3", "list_objects_v2", {"Bucket": "bucket", "MaxKeys": 5, "Prefix": "runs/"}),
    ("s3", "put_object", {"Bucket": "bucket", "Key": "a b", "Body": b"x" * 10, "Metadata": {"digest": "d"}}),
]


@pytest.mark.parametrize(("service", "operation", "parameters"), LEGAL)
def test_a_legal_request_reaches_the_service(
    served: Served, service: str, operation: str, parameters: dict[str, Any], tmp_path: Path
) -> None:
    served.call(service, operation, parameters)
    assert served.asked == 1
    (line,) = (tmp_path / "checked.jsonl").read_text().splitlines()
    assert json.loads(line)["is_legal"] is True


ILLEGAL = [
    (
        *("sagemaker", "create_model", {"ModelName": "a_b", "ExecutionRoleArn": ROLE}),
        *(
            "ValidationException",
            "Value 'a_b' at 'modelName' failed to satisfy constraint: Member must satisfy regular",
        ),
    ),
    (
        *("sagemaker", "create_model", {"ExecutionRoleArn": ROLE}),
        *("ValidationException", "Value null at 'modelName' failed to satisfy constraint: Member must not be null"),
    ),
    (
        "sagemaker",
        "create_endpoint_config",
        {"EndpointConfigName": "c", "ProductionVariants": [{**VARIANT, "InitialInstanceCount": "1"}]},
        "SerializationException",
        "STRING_VALUE at 'productionVariants.1.member.initialInstanceCount' can not be converted to Integer",
    ),
    (
        "sagemaker",
        "create_endpoint_config",
        {"EndpointConfigName": "c", "ProductionVariants": [{**VARIANT, "InstanceType": "ml.none"}]},
        "ValidationException",
        "Value 'ml.none' at 'productionVariants.1.member.instanceType' failed to satisfy constraint: Member",
    ),
    (
        *("stepfunctions", "send_task_failure", {"taskToken": "t", "error": "E" * 257}),
        *("ValidationException", "at 'error' failed to satisfy constraint: Member must have length less than or equal"),
    ),
    (
        *("lambda", "invoke", {"FunctionName": "f", "InvocationType": "Later"}),
        *("ValidationException", "Value 'Later' at 'invocationType' failed to satisfy constraint"),
    ),
    (
        "sagemaker-runtime",
        "invoke_endpoint",
        {"EndpointName": "e", "Body": b"x" * 6291457},
        "ValidationException",
        "Member must have length less than or equal to 6291456",
    ),
    (
        *("scheduler", "create_schedule", {**SCHEDULE, "FlexibleTimeWindow": {"Mode": "SOMETIMES"}}),
        *("ValidationException", "Value 'SOMETIMES' at 'flexibleTimeWindow.mode' failed to satisfy constraint"),
    ),
    (
        *("sts", "assume_role", {"RoleArn": ROLE, "RoleSessionName": "s", "DurationSeconds": 60}),
        *(
            "ValidationError",
            "Value '60' at 'durationSeconds' failed to satisfy constraint: Member must have value greater",
        ),
    ),
    (
        *("sts", "assume_role", {"RoleArn": ROLE, "RoleSessionName": "session", "DurationSeconds": "soon"}),
        *("ValidationError", "the form of AssumeRole cannot be read"),
    ),
    (
        *("cloudwatch", "put_metric_data", {"Namespace": ":N", "MetricData": []}),
        *("ValidationException", "at 'namespace' failed to satisfy constraint"),
    ),
    (
        *("s3", "put_object", {"Bucket": "bucket", "Key": "k", "ACL": "nobody"}),
        *(
            "InvalidArgument",
            "Value 'nobody' at 'aCL' failed to satisfy constraint: Member must satisfy enum value set",
        ),
    ),
]


@pytest.mark.parametrize("case", ILLEGAL, ids=lambda case: f"{case[1]}-{case[3]}")
def test_an_illegal_request_is_refused_in_the_service_s_words(
    served: Served, case: tuple[str, str, dict[str, Any], str, str], tmp_path: Path
) -> None:
    service, operation, parameters, code, words = case
    with pytest.raises(ClientError) as refused:
        served.call(service, operation, parameters)
    assert refused.value.response["Error"]["Code"] == code
    assert words in refused.value.response["Error"]["Message"]
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert served.asked == 0
    (line,) = (tmp_path / "checked.jsonl").read_text().splitlines()
    assert json.loads(line)["is_legal"] is False


def test_the_administrator_s_requests_are_the_service_s_own_affair(served: Served) -> None:
    served.call("sagemaker", "create_model", {"ModelName": "a_b"}, key="laptop")
    assert served.asked == 1


def test_an_operation_is_recorded_once_however_often_the_server_starts(tmp_path: Path) -> None:
    record = tmp_path / "checked.jsonl"
    for _ in range(2):
        served = Served(record)
        served.call("sagemaker", "create_model", {"ModelName": "m", "ExecutionRoleArn": ROLE})
        served.call("sagemaker", "create_model", {"ModelName": "n", "ExecutionRoleArn": ROLE})
    legal = '{"role": "", "service": "sagemaker", "operation": "CreateModel", "is_legal": true}'
    assert record.read_text().splitlines() == [legal]
    record.write_text(f"{legal}\n{{half")
    Served(record).call("sagemaker", "create_model", {"ModelName": "m", "ExecutionRoleArn": ROLE})
    assert record.read_text().startswith(legal)
