"""The approval page is always the one deployed last: it must show and decide what an older deployment has asked.

REQUEST is an item of the release table word for word as the first version of RequestApproval stored it; only the times
are moved to the present. Never change it to make a test pass: a field that is missing in it must stay optional.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import boto3
import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from moto import mock_aws

from lambdas.adapters.dynamodb_approvals import DynamoApprovalRecords
from lambdas.decide_approval import handler as page
from steps.contracts import ApprovalDecision
from steps.ports import Workflow

TOKEN, CODE = "OO9pAVI_KwhMsjmve2TW1h2IduXfoSPDn1KYUQa2AMw", "310 511"
DIGEST = "0eb3e36bfb24dcd9bb1d1bece1531216b59539a8fde17ee80224af0653c92aa3"
DOCUMENT = {
    "approval_id": "a1",
    "execution_arn": "arn",
    "opened_at": "2026-11-20T10:12:54.095389Z",
    "deadline": "2026-11-20T11:12:54.095389Z",
    "approvers": [
        {
            "address": "ann@example.com",
            "token_hash": "6c26352fd5882c02eeefbd079c0a50dab6ae855c67990ef00c247577ff9bb150",
            "code_hash": "36f8d2847443900496b7d9db161aefea4aca144c7415a385f9db111601c33fcf",
        }
    ],
    "facts": {
        "recipe": "reviews",
        "description": "Is a review positive?",
        "run_id": "reviews-20260302-090000-ab12",
        "requested_by": "schedule",
        "model_version": "2",
        "model_digest": DIGEST,
        "data_digest": "da7a",
        "recipe_digest": "746f1782203bc39d9390a6b65ab232b49fd78099504135e322aeb26f7c28b6cc",
        "code_digest": "0c8bc5bb79edf9a1731cb2af4b669407d17f3eaa25663dc27193e5549e2d73e8",
        "champion_version": "1",
        "changes": {"data": "first release", "recipe": "first release", "code": "first release"},
        "metrics": [
            {
                "name": "accuracy",
                "candidate": 0.784,
                "floor": 0.7,
                "floor_is_ceiling": False,
                "champion": 0.75,
                "gain": 0.034,
            },
            {
                "name": "roc_auc",
                "candidate": 0.86,
                "floor": None,
                "floor_is_ceiling": False,
                "champion": None,
                "gain": None,
            },
        ],
        "rows": 1280,
        "reason": "Every floor is reached.",
    },
}


class Context(LambdaContext):
    _function_name = "decide-approval"
    _memory_limit_in_mb = 512
    _invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:decide-approval:live"
    _aws_request_id = "request"


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch, executions: Workflow, waiting: set[str]) -> Iterator[None]:
    """An older deployment has asked an hour's question just now, and its run waits."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("RELEASE_TABLE", "releases")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    now = datetime.now(UTC)
    document = DOCUMENT | {"opened_at": now.isoformat(), "deadline": (now + timedelta(hours=1)).isoformat()}
    with mock_aws():
        dynamodb: Any = boto3.client("dynamodb")
        keys = {"pk": "HASH", "sk": "RANGE"}
        dynamodb.create_table(
            TableName="releases",
            KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys.items()],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in keys],
            BillingMode="PAY_PER_REQUEST",
        )
        item = {
            "pk": {"S": "APPROVAL#a1"},
            "sk": {"S": "REQUEST"},
            "document": {"S": json.dumps(document)},
            "status": {"S": "pending"},
            "task_token": {"S": "task"},
            "delete_after": {"N": str(int((now + timedelta(days=90)).timestamp()))},
        }
        dynamodb.put_item(TableName="releases", Item=item)
        monkeypatch.setattr(page, "approval_records", lambda table: DynamoApprovalRecords(dynamodb, table))
        monkeypatch.setattr(page, "workflow", lambda: executions)
        page.settings.cache_clear()
        waiting.add("task")
        yield
    page.settings.cache_clear()


def call(method: str, query: dict[str, str], form: dict[str, str] | None = None) -> dict[str, Any]:
    path = "/approvals/a1"
    event = {
        "version": "2.0",
        "routeKey": f"{method} {path}",
        "rawPath": path,
        "rawQueryString": urlencode(query),
        "queryStringParameters": query,
        "headers": {"content-type": "application/x-www-form-urlencoded"} if form else {},
        "requestContext": {
            "domainName": "api.example.com",
            "stage": "$default",
            "http": {"method": method, "path": path},
        },
        "body": urlencode(form) if form else None,
        "isBase64Encoded": False,
    }
    response: dict[str, Any] = page.handler(event, Context())
    return response


def test_an_old_request_is_shown_with_its_numbers() -> None:
    response = call("GET", {"token": TOKEN})
    assert response["statusCode"] == 200
    for words in ("May reviews version 2 go live?", "78.4 %", "75.0 %", "+3.4 points", "1,280 rows"):
        assert words in response["body"]


@pytest.mark.parametrize("decision", ["approve", "deny"])
def test_an_old_request_is_decided_and_the_waiting_run_told_no_more_than_it_knows(
    decision: str, answered: dict[str, str]
) -> None:
    shown = call("GET", {"token": TOKEN})["body"]
    assert f'value="{decision}"' in shown
    response = call("POST", {}, {"token": TOKEN, "code": CODE, "decision": decision, "comment": "Because."})
    assert response["statusCode"] == 200, response["body"]
    told = json.loads(answered["task"])
    # Its functions are as old as the run, and refuse a field that they have never heard of.
    assert set(told) == {"decision", "approver", "comment", "decided_at", "model_digest", "approval_id"}
    decided = ApprovalDecision.model_validate(told)
    assert (decided.decision, decided.approver, decided.comment, decided.model_digest) == (
        {"approve": "approved", "deny": "denied"}[decision],
        "ann@example.com",
        "Because.",
        DIGEST,
    )
    assert "already" in call("GET", {"token": TOKEN})["body"]
