"""Requests as botocore sends them, and what a role must be allowed for them."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urlsplit

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.config import Config

from local.iam.actions import UnknownActionError, permissions_for
from local.iam.calls import call_of, credential_of

ENDPOINT = "http://127.0.0.1:4747"
ACCOUNT = "us-east-1:123456789012"
TABLE = f"arn:aws:dynamodb:{ACCOUNT}:table/releases"
JOB_ROLE = "arn:aws:iam::123456789012:role/jobs"


class _Sent(Exception):  # noqa: N818 - a signal, no error
    def __init__(self, request: AWSPreparedRequest) -> None:
        super().__init__()
        self.request = request


def environ_of(request: AWSPreparedRequest) -> dict[str, Any]:
    """What a WSGI server makes of a request."""
    url = urlsplit(request.url)
    headers = {name: value.decode() if isinstance(value, bytes) else value for name, value in request.headers.items()}
    body = request.body if isinstance(request.body, bytes) else str(request.body or "").encode()
    return {
        "REQUEST_METHOD": request.method,
        "PATH_INFO": unquote(url.path, "latin-1"),
        "QUERY_STRING": url.query,
        "CONTENT_TYPE": headers.get("Content-Type", ""),
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        "HTTP_HOST": url.netloc,
        **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()},
    }


@pytest.fixture
def sent() -> Callable[..., dict[str, Any]]:
    """Has boto3 make a request and returns it as a server sees it."""

    def send(service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        client: Any = boto3.client(
            service,  # type: ignore[call-overload]  # one of boto3's names
            endpoint_url=ENDPOINT,
            region_name="us-east-1",
            aws_access_key_id="ASIAKEY",
            aws_secret_access_key="secret",
            aws_session_token="token",
            config=Config(retries={"total_max_attempts": 1}),
        )

        def catch(request: AWSPreparedRequest, **_: object) -> None:
            raise _Sent(request)

        client.meta.events.register("before-send.*.*", catch)
        try:
            getattr(client, operation)(**parameters)
        except _Sent as caught:
            return environ_of(caught.request)
        raise AssertionError("nothing was sent")

    return send


def needed(environ: dict[str, Any], assumed_by: str = "lambda.amazonaws.com") -> list[tuple[str, str]]:
    credential = credential_of(environ)
    assert credential is not None
    assert (credential.access_key, credential.token) == ("ASIAKEY", "token")
    return [(each.action, each.resource) for each in permissions_for(call_of(environ, credential.service), assumed_by)]


@pytest.mark.parametrize(
    ("operation", "parameters", "expected"),
    [
        ("get_object", {"Key": "a b/ü+%20.csv"}, ("s3:GetObject", "arn:aws:s3:::data/a b/ü+%20.csv")),
        ("head_object", {"Key": "folder/"}, ("s3:GetObject", "arn:aws:s3:::data/folder/")),
        ("get_object", {"Key": "a", "VersionId": "1"}, ("s3:GetObjectVersion", "arn:aws:s3:::data/a")),
        ("put_object", {"Key": "a", "Body": b"x"}, ("s3:PutObject", "arn:aws:s3:::data/a")),
        ("create_multipart_upload", {"Key": "a"}, ("s3:PutObject", "arn:aws:s3:::data/a")),
        ("upload_part", {"Key": "a", "PartNumber": 1, "UploadId": "u"}, ("s3:PutObject", "arn:aws:s3:::data/a")),
        ("complete_multipart_upload", {"Key": "a", "UploadId": "u"}, ("s3:PutObject", "arn:aws:s3:::data/a")),
        ("abort_multipart_upload", {"Key": "a", "UploadId": "u"}, ("s3:AbortMultipartUpload", "arn:aws:s3:::data/a")),
        ("delete_object", {"Key": "a"}, ("s3:DeleteObject", "arn:aws:s3:::data/a")),
        ("list_objects_v2", {"Prefix": "p"}, ("s3:ListBucket", "arn:aws:s3:::data")),
        ("head_bucket", {}, ("s3:ListBucket", "arn:aws:s3:::data")),
        ("get_bucket_location", {}, ("s3:GetBucketLocation", "arn:aws:s3:::data")),
        ("list_object_versions", {}, ("s3:ListBucketVersions", "arn:aws:s3:::data")),
        ("get_object_tagging", {"Key": "a", "VersionId": "1"}, ("s3:GetObjectVersionTagging", "arn:aws:s3:::data/a")),
    ],
)
def test_s3(sent: Any, operation: str, parameters: dict[str, Any], expected: tuple[str, str]) -> None:
    assert needed(sent("s3", operation, Bucket="data", **parameters)) == [expected]


def test_a_copy_reads_and_writes(sent: Any) -> None:
    environ = sent("s3", "copy_object", Bucket="to", Key="b", CopySource={"Bucket": "from", "Key": "a b"})
    assert needed(environ) == [("s3:GetObject", "arn:aws:s3:::from/a b"), ("s3:PutObject", "arn:aws:s3:::to/b")]


def test_a_listing_tells_its_prefix(sent: Any) -> None:
    environ = sent("s3", "list_objects_v2", Bucket="data", Prefix="runs/", MaxKeys=1)
    (permission,) = permissions_for(call_of(environ, "s3"), "lambda.amazonaws.com")
    assert permission.context == {"s3:prefix": ("runs/",), "s3:max-keys": ("1",)}


ITEM = {"pk": {"S": "a"}}


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "expected"),
    [
        ("dynamodb", "get_item", {"TableName": "releases", "Key": ITEM}, [("dynamodb:GetItem", TABLE)]),
        ("dynamodb", "put_item", {"TableName": TABLE, "Item": ITEM}, [("dynamodb:PutItem", TABLE)]),
        (
            "dynamodb",
            "query",
            {"TableName": "releases", "IndexName": "by-time", "KeyConditionExpression": "pk = :a"},
            [("dynamodb:Query", f"{TABLE}/index/by-time")],
        ),
        (
            "dynamodb",
            "transact_write_items",
            {
                "TransactItems": [
                    {"Put": {"TableName": "releases", "Item": ITEM}},
                    {"ConditionCheck": {"TableName": "releases", "Key": ITEM, "ConditionExpression": "a = b"}},
                ]
            },
            [("dynamodb:PutItem", TABLE), ("dynamodb:ConditionCheckItem", TABLE)],
        ),
        (
            "lambda",
            "invoke",
            {"FunctionName": "f", "Qualifier": "live", "Payload": b"{}"},
            [("lambda:InvokeFunction", f"arn:aws:lambda:{ACCOUNT}:function:f:live")],
        ),
        (
            "lambda",
            "invoke",
            {"FunctionName": f"arn:aws:lambda:{ACCOUNT}:function:f:3"},
            [("lambda:InvokeFunction", f"arn:aws:lambda:{ACCOUNT}:function:f:3")],
        ),
        (
            "lambda",
            "invoke",
            {"FunctionName": "123456789012:function:f"},
            [("lambda:InvokeFunction", f"arn:aws:lambda:{ACCOUNT}:function:f")],
        ),
        (
            "sagemaker-runtime",
            "invoke_endpoint",
            {"EndpointName": "Live", "Body": b"{}"},
            [("sagemaker:InvokeEndpoint", f"arn:aws:sagemaker:{ACCOUNT}:endpoint/live")],
        ),
        (
            "sagemaker",
            "update_endpoint",
            {"EndpointName": "live", "EndpointConfigName": "c2"},
            [
                ("sagemaker:UpdateEndpoint", f"arn:aws:sagemaker:{ACCOUNT}:endpoint/live"),
                ("sagemaker:UpdateEndpoint", f"arn:aws:sagemaker:{ACCOUNT}:endpoint-config/c2"),
            ],
        ),
        (
            "sagemaker",
            "create_model_package_group",
            {"ModelPackageGroupName": "g", "Tags": [{"Key": "a", "Value": "b"}]},
            [
                ("sagemaker:CreateModelPackageGroup", f"arn:aws:sagemaker:{ACCOUNT}:model-package-group/g"),
                ("sagemaker:AddTags", f"arn:aws:sagemaker:{ACCOUNT}:model-package-group/g"),
            ],
        ),
        (
            "stepfunctions",
            "start_execution",
            {"stateMachineArn": f"arn:aws:states:{ACCOUNT}:stateMachine:m:live"},
            [("states:StartExecution", f"arn:aws:states:{ACCOUNT}:stateMachine:m")],
        ),
        (
            "logs",
            "put_log_events",
            {"logGroupName": "/g", "logStreamName": "s", "logEvents": [{"timestamp": 1, "message": "m"}]},
            [("logs:PutLogEvents", f"arn:aws:logs:{ACCOUNT}:log-group:/g:log-stream:s")],
        ),
        (
            "sns",
            "publish",
            {"TopicArn": f"arn:aws:sns:{ACCOUNT}:t", "Message": "m"},
            [("sns:Publish", f"arn:aws:sns:{ACCOUNT}:t")],
        ),
        ("sts", "get_caller_identity", {}, []),
    ],
)
def test_services(
    sent: Any, service: str, operation: str, parameters: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert needed(sent(service, operation, **parameters)) == expected


def test_a_mail_is_sent_from_one_identity_to_others(sent: Any) -> None:
    environ = sent(
        "sesv2",
        "send_email",
        FromEmailAddress="Greenlight <from@example.com>",
        Destination={"ToAddresses": ["to@example.com"]},
        Content={"Simple": {"Subject": {"Data": "s"}, "Body": {"Text": {"Data": "t"}}}},
    )
    permissions = permissions_for(call_of(environ, "ses"), "lambda.amazonaws.com")
    assert [(each.action, each.resource) for each in permissions] == [
        ("ses:SendEmail", f"arn:aws:ses:{ACCOUNT}:identity/from@example.com"),
        ("ses:SendEmail", f"arn:aws:ses:{ACCOUNT}:identity/to@example.com"),
    ]
    assert permissions[0].context == {"ses:FromAddress": ("from@example.com",), "ses:Recipients": ("to@example.com",)}


def test_metrics_are_put_into_a_namespace(sent: Any) -> None:
    environ = sent(
        "cloudwatch", "put_metric_data", Namespace="Greenlight", MetricData=[{"MetricName": "m", "Value": 1.0}]
    )
    (permission,) = permissions_for(call_of(environ, "monitoring"), "lambda.amazonaws.com")
    assert (permission.action, permission.resource) == ("cloudwatch:PutMetricData", "*")
    assert permission.context == {"cloudwatch:namespace": ("Greenlight",)}


def test_a_job_takes_its_role_with_it_and_step_functions_tags_it(sent: Any) -> None:
    environ = sent(
        "sagemaker",
        "create_processing_job",
        ProcessingJobName="p",
        RoleArn=JOB_ROLE,
        AppSpecification={"ImageUri": "i"},
        ProcessingResources={"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}},
    )
    job = f"arn:aws:sagemaker:{ACCOUNT}:processing-job/p"
    asked = permissions_for(call_of(environ, "sagemaker"), "states.amazonaws.com")
    assert [(each.action, each.resource) for each in asked] == [
        ("sagemaker:CreateProcessingJob", job),
        ("iam:PassRole", JOB_ROLE),
        ("sagemaker:AddTags", job),
    ]
    assert asked[1].context == {"iam:PassedToService": ("sagemaker.amazonaws.com",)}
    assert json.loads(environ["wsgi.input"].read())["ProcessingJobName"] == "p", "the body stays readable"


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "named"),
    [
        ("sqs", "list_queues", {}, "sqs:ListQueues"),
        ("s3", "list_buckets", {}, "s3:ListBuckets"),
        ("lambda", "list_functions", {}, "lambda:ListFunctions"),
    ],
)
def test_what_nobody_looked_up_is_named(
    sent: Any, service: str, operation: str, parameters: dict[str, Any], named: str
) -> None:
    with pytest.raises(UnknownActionError, match=named):
        needed(sent(service, operation, **parameters))


def test_presigned_addresses_carry_their_signature() -> None:
    environ = {"QUERY_STRING": "AWSAccessKeyId=laptop&Signature=s&Expires=1"}
    credential = credential_of(environ)
    assert credential is not None
    assert (credential.access_key, credential.service, credential.token) == ("laptop", "s3", None)
    environ = {"QUERY_STRING": "X-Amz-Credential=key%2F20260101%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Security-Token=t"}
    credential = credential_of(environ)
    assert credential is not None
    assert (credential.access_key, credential.service, credential.token) == ("key", "s3", "t")
    assert credential_of({"QUERY_STRING": "a=b"}) is None
