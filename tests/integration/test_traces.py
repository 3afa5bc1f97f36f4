"""What a function tells X-Ray: the run it belongs to, and nothing that it answers."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parents[2]
FUNCTION = """
import sys
from types import SimpleNamespace

from aws_xray_sdk.core import lambda_launcher

# Where the SDK tells Lambda that it is there; elsewhere it would leave a file behind.
lambda_launcher.TOUCH_FILE_DIR = sys.argv[1]
from lambdas.observed import state_handler

@state_handler
def handler(event, context):
    if event.get("fail"):
        raise LookupError("nothing there")
    return {"approver": "ann@example.com"}

context = SimpleNamespace(
    function_name="check", memory_limit_in_mb=512, invoked_function_arn="arn", aws_request_id="request-1"
)
handler({"run_id": "r1", "plan": {"recipe": "reviews"}}, context)
try:
    handler({"run_id": "r2", "fail": True}, context)
except LookupError:
    pass
"""


def subsegments(received: list[bytes]) -> list[dict[str, Any]]:
    """What the daemon was sent: a header line and a document each."""
    return [json.loads(packet.split(b"\n", 1)[1]) for packet in received]


def test_a_trace_names_the_run_and_holds_no_answer(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as daemon:
        daemon.bind(("127.0.0.1", 0))
        daemon.settimeout(30)
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "POWERTOOLS_"))},
            "LAMBDA_TASK_ROOT": str(PROJECT),
            "POWERTOOLS_SERVICE_NAME": "greenlight",
            "AWS_XRAY_DAEMON_ADDRESS": f"127.0.0.1:{daemon.getsockname()[1]}",
            "_X_AMZN_TRACE_ID": f"Root=1-{int(time.time()):x}-{'0' * 24};Parent={'1' * 16};Sampled=1",
        }
        subprocess.run(
            [sys.executable, "-c", FUNCTION, str(tmp_path)], env=environment, cwd=PROJECT, check=True, timeout=120
        )
        received = [daemon.recv(65536) for _ in range(2)]
    first, second = subsegments(received)
    assert first["name"] == "## handler"
    assert (first["annotations"]["run_id"], first["annotations"]["recipe"]) == ("r1", "reviews")
    assert first["annotations"]["Service"] == "greenlight"
    assert second["annotations"]["run_id"] == "r2"
    assert second["fault"] or second["error"]
    assert b"ann@example.com" not in b"".join(received)


APPROVAL_PAGE = """
import json, os, sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlencode

import boto3
from aws_xray_sdk.core import lambda_launcher
from moto import mock_aws

lambda_launcher.TOUCH_FILE_DIR = sys.argv[1]
token, code = sys.argv[2:4]
with mock_aws():
    dynamodb = boto3.client("dynamodb")
    keys = ("pk", "sk")
    dynamodb.create_table(
        TableName="releases",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in keys],
    )
    from lambdas.adapters.dynamodb_approvals import DynamoApprovalRecords
    from lambdas.decide_approval import handler as page
    from steps.approval import ApprovalFacts, ApprovalRequest, Secret, keep_secret

    words = ("recipe", "description", "run_id", "requested_by", "model_version")
    words += ("model_digest", "data_digest", "recipe_digest", "code_digest", "reason")
    facts = ApprovalFacts(
        **{word: "reviews-20260302-090000-ab12" if word == "run_id" else "reviews" for word in words},
        champion_version=None, changes={}, metrics=[], rows=1,
    )
    now = datetime.now(UTC)
    asked = keep_secret("a1", Secret(address="ann@example.com", token=token, code=code))
    DynamoApprovalRecords(dynamodb, "releases").open(
        ApprovalRequest(
            approval_id="a1", execution_arn="arn", task_token="the-task-token", opened_at=now,
            deadline=now + timedelta(hours=1), approvers=[asked], facts=facts,
        )
    )
    context = SimpleNamespace(
        function_name="page", memory_limit_in_mb=512, invoked_function_arn="arn", aws_request_id="request-1"
    )
    wrong = {"token": token, "code": "x" + code, "decision": "approve"}
    statuses = []
    for method, query, body in (("GET", {"token": token}, None), ("POST", {}, urlencode(wrong))):
        event = {
            "version": "2.0", "routeKey": "", "rawPath": "/approvals/a1", "rawQueryString": urlencode(query),
            "queryStringParameters": query, "headers": {"content-type": "application/x-www-form-urlencoded"},
            "requestContext": {
                "domainName": "x", "stage": "$default", "http": {"method": method, "path": "/approvals/a1"},
            },
            "body": body, "isBase64Encoded": False,
        }
        statuses.append(page.handler(event, context)["statusCode"])
    assert statuses == [200, 403], statuses
"""


def test_a_trace_of_the_approval_page_holds_no_token_no_code_and_no_address(tmp_path: Path) -> None:
    token, code = "a-token-of-some-forty-three-characters-here", "135790"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as daemon:
        daemon.bind(("127.0.0.1", 0))
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "POWERTOOLS_"))},
            "LAMBDA_TASK_ROOT": str(PROJECT),
            "POWERTOOLS_SERVICE_NAME": "greenlight",
            "RELEASE_TABLE": "releases",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_XRAY_DAEMON_ADDRESS": f"127.0.0.1:{daemon.getsockname()[1]}",
            "_X_AMZN_TRACE_ID": f"Root=1-{int(time.time()):x}-{'0' * 24};Parent={'1' * 16};Sampled=1",
        }
        subprocess.run(
            [sys.executable, "-c", APPROVAL_PAGE, str(tmp_path), token, code],
            env=environment,
            cwd=PROJECT,
            check=True,
            timeout=300,
        )
        received = packets(daemon)
    traced = b"".join(received)
    assert sum(each["name"] == "## handler" for each in subsegments(received)) == 2
    assert b'"dynamodb"' in traced, "its requests are traced"
    for secret in (token, code, "ann@example.com", "the-task-token"):
        assert secret.encode() not in traced


def packets(daemon: socket.socket) -> list[bytes]:
    """All that has arrived."""
    daemon.settimeout(1)
    received = []
    while True:
        try:
            received.append(daemon.recv(65536))
        except TimeoutError:
            return received
