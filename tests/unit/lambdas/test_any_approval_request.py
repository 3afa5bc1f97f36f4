"""Ten thousand requests to the approval page: none is an error of ours, none decides but with token and code."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lambdas.decide_approval import handler as page
from lambdas.observed import logger
from steps.approval import ApprovalRequest, ApprovalRules, draw_secret, gather_facts, keep_secret
from steps.contracts import CheckMetricsResult, PrepareRunResult, RegisterModelResult
from steps.ports import ApprovalRecords, ArtifactStore, Workflow
from steps.recipe import Recipe

REQUESTS = 10_000
SAFE = (HealthCheck.function_scoped_fixture, HealthCheck.too_slow)
ANN, BOB = draw_secret("ann@example.com"), draw_secret("bob@example.com")
# What a person might type, what a scanner might send, and what somebody might guess.
TOKENS = st.sampled_from([ANN.token, BOB.token, ANN.token[:-1], ANN.token.swapcase(), "", "token"]) | st.text(
    max_size=50
)
CODES = (
    st.sampled_from([ANN.code, BOB.code, f"{ANN.code[:3]} {ANN.code[3:]}", ANN.code[:5], "", "0" * 6])
    | st.from_regex(r"[0-9]{6}", fullmatch=True)
    | st.text(max_size=12)
)
DECISIONS = st.sampled_from(["approve", "deny", "withdraw", "", "Approve", "decided"]) | st.text(max_size=12)
COMMENTS = st.sampled_from(["", "Yes.", "<script>alert(1)</script>", "'\"&", "x" * 3000]) | st.text(max_size=40)
TURNS = st.sampled_from(["0", "1", "-1", "9999999", "٣"]) | st.text(max_size=4)
FIELDS = st.fixed_dictionaries(
    {}, optional={"token": TOKENS, "code": CODES, "decision": DECISIONS, "comment": COMMENTS, "turn": TURNS}
)
RIGHT_FORM = st.fixed_dictionaries(
    {"token": st.just(ANN.token), "code": CODES, "decision": DECISIONS, "comment": COMMENTS, "turn": TURNS}
)
BODIES = (RIGHT_FORM | FIELDS).map(lambda fields: urlencode(fields, errors="replace").encode()) | st.binary(max_size=60)
FORM_TYPE = "application/x-www-form-urlencoded"
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "content-type": st.sampled_from([FORM_TYPE, f"{FORM_TYPE}; charset=utf-8", "text/plain", "multipart/form-data"])
        | st.text(max_size=20),
        "origin": st.sampled_from(["null", "https://api.example.com", "https://evil.example.com", "//", "http://["]),
        "sec-fetch-site": st.sampled_from(["same-origin", "same-site", "cross-site", "none", ""]),
        "sec-purpose": st.just("prefetch;prerender"),
        "cookie": st.text(max_size=20),
    },
)
PATHS = st.sampled_from(
    ["/approvals/a1"] * 4 + ["/approvals/a2", "/approvals/a1/report", "/approvals/", "/", "/favicon.ico"]
)
METHODS = st.sampled_from(["POST"] * 4 + ["GET", "GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"])


class Context(LambdaContext):
    _function_name = "decide-approval"
    _memory_limit_in_mb = 512
    _invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:decide-approval"
    _aws_request_id = "request"


@pytest.fixture
def ask_anew(
    *,
    monkeypatch: pytest.MonkeyPatch,
    reviews: Recipe,
    plan: PrepareRunResult,
    checked: CheckMetricsResult,
    registered: RegisterModelResult,
    approvals: ApprovalRecords,
    artifacts: ArtifactStore,
    executions: Workflow,
    waiting: set[str],
) -> Iterator[Callable[[], ApprovalRequest]]:
    """Opens the same question to ann and bob again, as if nobody had ever tried; both must approve."""
    monkeypatch.setenv("RELEASE_TABLE", "table")
    page.settings.cache_clear()
    monkeypatch.setattr(page, "approval_records", lambda _table: approvals)
    monkeypatch.setattr(page, "artifact_store", lambda: artifacts)
    monkeypatch.setattr(page, "workflow", lambda: executions)
    facts = gather_facts(reviews, plan, checked, registered)

    def ask() -> ApprovalRequest:
        now = datetime.now(UTC)
        request = ApprovalRequest(
            approval_id="a1",
            execution_arn="arn",
            task_token="task-token-that-nobody-sees",
            opened_at=now,
            deadline=now + timedelta(hours=1),
            approvers=[keep_secret("a1", ANN), keep_secret("a1", BOB)],
            facts=facts,
            rules=ApprovalRules(quorum=1),
        )
        approvals.open(request)
        for index in (0, 1):
            while approvals.count_attempt("a1", index, limit=1) is None:
                approvals.forgive_attempt("a1", index)
            approvals.forgive_attempt("a1", index)
        waiting.add("task-token-that-nobody-sees")
        return request

    level = logger.log_level
    logger.setLevel("CRITICAL")  # ten thousand lines that nobody reads
    yield ask
    logger.setLevel(level)


def event(method: str, path: str, query: dict[str, str], headers: dict[str, str], body: bytes | None) -> dict[str, Any]:
    """As API Gateway sends it, payload format 2.0."""
    return {
        "version": "2.0",
        "routeKey": f"{method} {path}",
        "rawPath": path,
        "rawQueryString": urlencode(query, errors="replace"),
        "queryStringParameters": query or None,
        "headers": headers,
        "requestContext": {
            "domainName": "api.example.com",
            "stage": "$default",
            "http": {"method": method, "path": path},
        },
        "body": None if body is None else base64.b64encode(body).decode(),
        "isBase64Encoded": body is not None,
    }


def sent_form(body: bytes | None) -> dict[str, str]:
    """What a server reads of a body, written apart from the one that is tested."""
    pairs = (part.partition(b"=") for part in (body or b"").split(b"&"))
    return {name.decode(errors="replace"): value.decode(errors="replace") for name, _, value in pairs}


@settings(max_examples=REQUESTS, deadline=None, suppress_health_check=SAFE)
@given(
    method=METHODS,
    path=PATHS,
    query=st.fixed_dictionaries({}, optional={"token": TOKENS, "code": CODES, "decision": DECISIONS}),
    headers=HEADERS,
    body=st.none() | BODIES,
)
def test_no_request_is_an_error_and_none_decides_without_token_and_code(
    *,
    ask_anew: Callable[[], ApprovalRequest],
    approvals: ApprovalRecords,
    answered: dict[str, str],
    method: str,
    path: str,
    query: dict[str, str],
    headers: dict[str, str],
    body: bytes | None,
) -> None:
    before = ask_anew()
    answered.clear()
    response = page.handler(event(method, path, query, headers, body), Context())
    assert response["statusCode"] < 500
    shown = str(response["body"])
    assert method == "HEAD" or "<html" in shown
    assert "task-token-that-nobody-sees" not in shown
    assert "<script" not in shown
    policy = response["headers"]["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert response["headers"]["Referrer-Policy"] == "no-referrer"
    assert response["headers"]["X-Content-Type-Options"] == "nosniff"
    assert response["headers"]["Cache-Control"] == "no-store"

    after = approvals.request("a1")
    assert after is not None
    form = sent_form(body)
    owner = {ANN.token: ANN, BOB.token: BOB}.get(form.get("token", ""))
    may_decide = (
        owner is not None
        and (method, path) == ("POST", "/approvals/a1")
        and "".join(each for each in form.get("code", "") if each.isdecimal()) == owner.code
        and form.get("decision") in {"approve", "deny", "withdraw"}
        and headers.get("sec-fetch-site") in {None, "same-origin", "none"}
    )
    if not may_decide:
        assert answered == {}
        assert (after.status, after.votes, after.decision) == (before.status, before.votes, before.decision)
    for output in answered.values():
        assert owner is not None
        assert json.loads(output)["approver"] == owner.address


def test_the_two_who_may_decide_can(ask_anew: Callable[[], ApprovalRequest], answered: dict[str, str]) -> None:
    ask_anew()
    body = urlencode({"token": ANN.token, "code": ANN.code, "decision": "approve"}).encode()
    response = page.handler(event("POST", "/approvals/a1", {}, {"content-type": FORM_TYPE}, body), Context())
    assert response["statusCode"] == 200
    assert [json.loads(output)["decision"] for output in answered.values()] == ["approved"]


@pytest.mark.parametrize("body", ["%%%", "=", "gA=="])
def test_a_body_that_is_not_what_it_is_said_to_be_is_no_error(
    ask_anew: Callable[[], ApprovalRequest], body: str
) -> None:
    ask_anew()
    sent = event("POST", "/approvals/a1", {}, {"content-type": FORM_TYPE}, b"")
    response = page.handler({**sent, "body": body, "isBase64Encoded": True}, Context())
    assert 400 <= response["statusCode"] < 500
