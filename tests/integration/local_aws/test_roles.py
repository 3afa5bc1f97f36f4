"""Calls by roles: allowed as their policies say, refused in each protocol's own words."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import boto3
import pytest
import requests
from botocore.exceptions import ClientError

from local.home import Home

Client = Callable[[str], Any]

CALLER = """
import boto3, json
from botocore.exceptions import ClientError

def handler(event, context):
    client = boto3.client(event["service"])
    try:
        answer = getattr(client, event["operation"])(**event["parameters"])
    except ClientError as error:
        metadata = error.response["ResponseMetadata"]
        return {"code": error.response["Error"]["Code"], "status": metadata["HTTPStatusCode"],
                "message": error.response["Error"]["Message"]}
    return {"code": "", "arn": answer.get("Arn", "")}
"""

DATA = "arn:aws:s3:::role-data"
TABLE = "arn:aws:dynamodb:us-east-1:123456789012:table/role-table"
LOGS = {"Effect": "Allow", "Action": "logs:*", "Resource": "*"}


@pytest.fixture(scope="module")
def bucket(client: Client) -> str:
    client("s3").create_bucket(Bucket="role-data")
    client("s3").put_object(Bucket="role-data", Key="there", Body=b"x")
    return "role-data"


@pytest.fixture(scope="module")
def call(
    client: Client, bucket: str, make_function: Callable[..., str], make_role: Callable[..., str]
) -> Callable[..., Any]:
    """Makes a call by a function whose role may only read the bucket's objects and one table."""
    statements = [
        LOGS,
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"},
        {"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": TABLE},
    ]
    role = make_role(client("iam"), "reader", "lambda.amazonaws.com", *statements)
    name = make_function("role-caller", CALLER, Role=role, Timeout=30)

    def made(service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        event = {"service": service, "operation": operation, "parameters": parameters}
        answer = client("lambda").invoke(FunctionName=name, Payload=json.dumps(event))
        result: dict[str, Any] = json.loads(answer["Payload"].read())
        assert "code" in result, result
        return result

    return made


WHO = "User: arn:aws:sts::123456789012:assumed-role/reader/role-caller is not authorized to perform:"


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "code", "status", "what"),
    [
        (
            "s3",
            "put_object",
            {"Bucket": "role-data", "Key": "k"},
            "AccessDenied",
            403,
            f"s3:PutObject on resource: {DATA}/k",
        ),
        (
            "dynamodb",
            "get_item",
            {"TableName": "other", "Key": {"pk": {"S": "a"}}},
            "AccessDeniedException",
            400,
            f"dynamodb:GetItem on resource: {TABLE.replace('role-table', 'other')}",
        ),
        (
            "lambda",
            "invoke",
            {"FunctionName": "role-caller"},
            "AccessDeniedException",
            403,
            "lambda:InvokeFunction on resource: arn:aws:lambda:us-east-1:123456789012:function:role-caller",
        ),
        (
            "sns",
            "publish",
            {"TopicArn": "arn:aws:sns:us-east-1:123456789012:t", "Message": "m"},
            "AccessDenied",
            403,
            "sns:Publish on resource: arn:aws:sns:us-east-1:123456789012:t",
        ),
        (
            "cloudwatch",
            "put_metric_data",
            {"Namespace": "n", "MetricData": [{"MetricName": "m", "Value": 1}]},
            "AccessDeniedException",
            400,
            "cloudwatch:PutMetricData",
        ),
    ],
)
def test_a_denied_call_reads_as_on_aws(  # noqa: PLR0917 - by name, from the table above
    call: Callable[..., Any],
    service: str,
    operation: str,
    parameters: dict[str, Any],
    code: str,
    status: int,
    what: str,
) -> None:
    answer = call(service, operation, **parameters)
    because = f"because no identity-based policy allows the {what.split(maxsplit=1)[0]} action"
    assert (answer["code"], answer["status"]) == (code, status)
    assert answer["message"] == f"{WHO} {what} {because}"


def test_an_allowed_call_is_made_as_the_role(call: Callable[..., Any]) -> None:
    assert call("s3", "get_object", Bucket="role-data", Key="there")["code"] == ""
    assert call("sts", "get_caller_identity")["arn"] == "arn:aws:sts::123456789012:assumed-role/reader/role-caller"


def test_who_may_not_list_a_bucket_is_not_told_what_is_missing(call: Callable[..., Any]) -> None:
    answer = call("s3", "get_object", Bucket="role-data", Key="missing")
    assert answer["code"] == "AccessDenied"
    assert "s3:ListBucket on resource: arn:aws:s3:::role-data" in answer["message"]
    assert call("s3", "head_object", Bucket="role-data", Key="missing")["code"] == "403"


def test_an_action_that_nobody_looked_up_is_denied_and_says_so(call: Callable[..., Any]) -> None:
    answer = call("lambda", "list_functions")
    assert answer["code"] == "AccessDeniedException"
    assert "the laptop does not know what AWS checks for it (lambda:ListFunctions)" in answer["message"]


def test_a_changed_policy_counts_at_once(client: Client, call: Callable[..., Any]) -> None:
    iam = client("iam")
    more = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"{DATA}/allowed/*"}
    iam.put_role_policy(
        RoleName="reader", PolicyName="more", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [more]})
    )
    try:
        assert call("s3", "put_object", Bucket="role-data", Key="allowed/k")["code"] == ""
    finally:
        iam.delete_role_policy(RoleName="reader", PolicyName="more")
    assert call("s3", "put_object", Bucket="role-data", Key="allowed/k")["code"] == "AccessDenied"


def test_a_permissions_boundary_bounds(client: Client, call: Callable[..., Any]) -> None:
    iam = client("iam")
    document = {
        "Version": "2012-10-17",
        "Statement": [LOGS, {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}],
    }
    boundary = iam.create_policy(PolicyName="bound", PolicyDocument=json.dumps(document))["Policy"]["Arn"]
    iam.put_role_permissions_boundary(RoleName="reader", PermissionsBoundary=boundary)
    try:
        answer = call("s3", "get_object", Bucket="role-data", Key="there")
    finally:
        iam.delete_role_permissions_boundary(RoleName="reader")
    assert answer["message"].endswith("because no permissions boundary allows the s3:GetObject action")


def test_a_bucket_policy_refuses_even_the_owner(client: Client, bucket: str) -> None:
    s3 = client("s3")
    tls_only = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [DATA, f"{DATA}/*"]}
    condition = {"Bool": {"aws:SecureTransport": "false"}}
    frozen = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": f"{DATA}/frozen/*"}
    statements = [{**tls_only, "Condition": condition}, frozen]
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements}))
    try:
        s3.put_object(Bucket=bucket, Key="free", Body=b"")
        with pytest.raises(ClientError, match="explicit deny in a resource-based policy"):
            s3.put_object(Bucket=bucket, Key="frozen/a", Body=b"")
    finally:
        s3.delete_bucket_policy(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="frozen/a", Body=b"")


def test_nobody_without_a_known_key_is_let_in(home: Home, bucket: str) -> None:
    stranger: dict[str, Any] = {
        "aws_access_key_id": "AKIAOTHER",
        "aws_secret_access_key": "x",
        "region_name": "us-east-1",
    }
    for service, operation, code in (
        ("dynamodb", "list_tables", "UnrecognizedClientException"),
        ("sts", "get_caller_identity", "InvalidClientTokenId"),
        ("s3", "list_buckets", "InvalidAccessKeyId"),
        ("lambda", "list_functions", "UnrecognizedClientException"),
    ):
        made = boto3.client(service, endpoint_url=home.endpoint_url, **stranger)  # type: ignore[call-overload]
        with pytest.raises(ClientError) as refused:
            getattr(made, operation)()
        assert refused.value.response["Error"]["Code"] == code
    assert requests.get(f"{home.endpoint_url}/{bucket}/there", timeout=5).status_code == 403
    assert requests.get(f"{home.endpoint_url}/", timeout=5).status_code == 403


def test_an_object_opened_to_everybody_is_open(client: Client, home: Home, bucket: str) -> None:
    public = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"{DATA}/there"}
    client("s3").put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [public]}))
    try:
        assert requests.get(f"{home.endpoint_url}/{bucket}/there", timeout=5).text == "x"
        assert requests.get(f"{home.endpoint_url}/{bucket}/other", timeout=5).status_code == 403
    finally:
        client("s3").delete_bucket_policy(Bucket=bucket)


def test_a_function_needs_a_role_that_lambda_can_assume(
    client: Client, make_function: Callable[..., str], make_role: Callable[..., str]
) -> None:
    role = make_role(client("iam"), "not-for-lambda", "states.amazonaws.com")
    with pytest.raises(ClientError, match="The role defined for the function cannot be assumed by Lambda") as refused:
        make_function("no-role", CALLER, Role=role)
    assert refused.value.response["Error"]["Code"] == "InvalidParameterValueException"


def run_machine(client: Client, name: str, role: str, states: dict[str, Any]) -> dict[str, Any]:
    stepfunctions = client("stepfunctions")
    definition = json.dumps({"StartAt": next(iter(states)), "States": states})
    machine = stepfunctions.create_state_machine(name=name, definition=definition, roleArn=role)["stateMachineArn"]
    arn = stepfunctions.start_execution(stateMachineArn=machine)["executionArn"]
    for _ in range(300):
        described: dict[str, Any] = stepfunctions.describe_execution(executionArn=arn)
        if described["status"] != "RUNNING":
            return described
        time.sleep(0.05)
    raise AssertionError("the execution does not end")


def test_a_state_machine_calls_as_its_own_role(
    client: Client, make_function: Callable[..., str], make_role: Callable[..., str]
) -> None:
    function = make_function("role-echo", "def handler(event, context):\n    return event")
    arn = f"arn:aws:lambda:us-east-1:123456789012:function:{function}"
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": arn},
        "End": True,
    }
    may = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": arn}
    allowed = make_role(client("iam"), "may-invoke", "states.amazonaws.com", may)
    denied = make_role(client("iam"), "may-not-invoke", "states.amazonaws.com", {**may, "Resource": f"{arn}:live"})
    assert run_machine(client, "allowed", allowed, {"A": task})["status"] == "SUCCEEDED"
    failed = run_machine(client, "denied", denied, {"A": task})
    assert (failed["status"], failed["error"]) == ("FAILED", "Lambda.AWSLambdaException")
    assert failed["cause"].startswith(
        "User: arn:aws:sts::123456789012:assumed-role/may-not-invoke/states is not authorized to perform: "
        f"lambda:InvokeFunction on resource: {arn} because no identity-based policy allows the lambda:InvokeFunction "
        "action (Service: AWSLambda; Status Code: 403; Error Code: AccessDeniedException;"
    )


JOB = {"Type": "Task", "Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync", "Parameters": {}, "End": True}
LOGGED = {"level": "ERROR", "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": "g"}}]}


@pytest.mark.parametrize(
    ("service", "action", "settings", "reason"),
    [
        ("lambda.amazonaws.com", "*", {}, "is authorized to assume the provided role"),
        ("states.amazonaws.com", "sagemaker:*", {}, "not authorized to create managed-rule"),
        (
            "states.amazonaws.com",
            "events:*",
            {"loggingConfiguration": LOGGED},
            "not authorized to access the Log Destination",
        ),
    ],
)
def test_a_state_machine_is_refused_whose_role_lacks_what_step_functions_needs(  # noqa: PLR0917 - from the table
    client: Client, make_role: Callable[..., str], service: str, action: str, settings: dict[str, Any], reason: str
) -> None:
    name = f"machine-{reason.rsplit(maxsplit=1)[-1]}"
    role = make_role(client("iam"), name, service, {"Effect": "Allow", "Action": action, "Resource": "*"})
    definition = json.dumps({"StartAt": "A", "States": {"A": JOB}})
    with pytest.raises(ClientError, match=reason) as refused:
        client("stepfunctions").create_state_machine(name=name, definition=definition, roleArn=role, **settings)
    assert refused.value.response["Error"]["Code"] == "AccessDeniedException"


def test_a_function_whose_role_may_not_log_runs_unseen(
    client: Client, make_function: Callable[..., str], make_role: Callable[..., str]
) -> None:
    may = {"Effect": "Allow", "Action": "logs:CreateLogGroup", "Resource": "*"}
    name = make_function(
        "unseen",
        "def handler(event, context):\n    return 'done'",
        Role=make_role(client("iam"), "may-not-log", "lambda.amazonaws.com", may),
    )
    assert client("lambda").invoke(FunctionName=name)["Payload"].read() == b'"done"'
    assert client("logs").describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{name}")["logGroups"] == []


def test_what_roles_did_is_noted_once_and_without_addresses(
    client: Client, home: Home, call: Callable[..., Any]
) -> None:
    for _ in range(2):
        call(
            "sesv2",
            "send_email",
            FromEmailAddress="sender@example.com",
            Destination={"ToAddresses": ["reader@example.com"]},
            Content={"Simple": {"Subject": {"Data": "s"}, "Body": {"Text": {"Data": "t"}}}},
        )
    text = home.access_log.read_text()
    noted = [json.loads(line) for line in text.splitlines()]
    mails = [each for each in noted if each["action"] == "ses:SendEmail"]
    assert [(each["role"].rpartition("/")[2], each["allowed"]) for each in mails] == [("reader", False)]
    assert mails[0]["resource"].startswith("arn:aws:ses:us-east-1:123456789012:identity/mail-")
    assert "@" not in text
    assert client("iam").get_role(RoleName="reader")["Role"]["Arn"] == mails[0]["role"]
