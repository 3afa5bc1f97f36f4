"""From the mail to the decision, over the HTTP events a browser's requests become."""

from __future__ import annotations

import base64
import io
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import ValidationError

from lambdas.decide_approval import handler as page
from lambdas.observed import logger
from lambdas.request_approval.handler import RequestApprovalInput, request_approval
from steps.approval import CODE_TRIES, COMMENT_CHARACTERS
from steps.audit import AuditEvent
from steps.contracts import (
    ApprovalDecision,
    CheckMetricsResult,
    LiveVersion,
    PrepareRunResult,
    RegisterModelResult,
)
from steps.errors import ServiceUnavailableError
from steps.ports import ApprovalRecords, ArtifactStore, Mail, Mailer, Workflow

pytestmark = pytest.mark.usefixtures("measured")

URL = "https://api.example.com/approvals"
Respond = dict[str, Any]


class Context(LambdaContext):
    _function_name = "decide-approval"
    _memory_limit_in_mb = 512
    _invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:decide-approval"
    _aws_request_id = "request"


@pytest.fixture
def opened_at() -> datetime:
    """When the mails go out; the page looks at the clock."""
    return datetime.now(UTC)


@pytest.fixture
def mails(
    *,
    plan: PrepareRunResult,
    checked: CheckMetricsResult,
    registered: RegisterModelResult,
    live: LiveVersion,
    objects: dict[str, bytes],
    recipe_text: str,
    artifacts: ArtifactStore,
    approvals: ApprovalRecords,
    mail: Mailer,
    sent: list[Mail],
    waiting: set[str],
    opened_at: datetime,
) -> list[Mail]:
    """The mails of one request; a state waits with the token `task`."""
    objects[plan.recipe_uri] = recipe_text.encode()
    waiting.add("task")
    request_approval(
        RequestApprovalInput(
            run_id=plan.run_id,
            task_token="task",
            execution_arn="arn",
            plan=plan.model_copy(update={"champion": live}),
            check_metrics=checked.model_copy(update={"champion_metrics": live.metrics}),
            register_model=registered,
        ),
        URL,
        artifacts=artifacts,
        approvals=approvals,
        mail=mail,
        now=opened_at,
        approval_id="a1",
    )
    return sent


@pytest.fixture(autouse=True)
def page_on_fakes(
    monkeypatch: pytest.MonkeyPatch, approvals: ApprovalRecords, artifacts: ArtifactStore, executions: Workflow
) -> None:
    """The composition place of the page, with fakes in it."""
    monkeypatch.setenv("RELEASE_TABLE", "table")
    page.settings.cache_clear()
    monkeypatch.setattr(page, "approval_records", lambda _table: approvals)
    monkeypatch.setattr(page, "artifact_store", lambda: artifacts)
    monkeypatch.setattr(page, "workflow", lambda: executions)


def link_of(mail: Mail) -> str:
    found = re.search(rf"{URL}/\S+", mail.text)
    assert found is not None
    return found.group()


def code_of(mail: Mail) -> str:
    found = re.search(r"code: (\d{3} \d{3})", mail.text)
    assert found is not None
    return found.group(1)


def token_of(mail: Mail) -> str:
    return parse_qs(urlsplit(link_of(mail)).query)["token"][0]


def call(method: str, path: str, query: dict[str, str], headers: dict[str, str], body: str | None) -> Respond:
    event = {
        "version": "2.0",
        "routeKey": f"{method} {path}",
        "rawPath": path,
        "rawQueryString": urlencode(query),
        "queryStringParameters": query,
        "headers": headers,
        "requestContext": {
            "domainName": "api.example.com",
            "stage": "$default",
            "http": {"method": method, "path": path},
        },
        # API Gateway encodes every body that is neither JSON nor text.
        "body": base64.b64encode(body.encode()).decode() if body is not None else None,
        "isBase64Encoded": body is not None,
    }
    response: Respond = page.handler(event, Context())
    return response


def get(link: str, method: str = "GET") -> Respond:
    parts = urlsplit(link)
    return call(method, parts.path, {name: values[0] for name, values in parse_qs(parts.query).items()}, {}, None)


def post(fields: dict[str, str], *, approval_id: str = "a1", **headers: str) -> Respond:
    sent = {"content-type": "application/x-www-form-urlencoded", **{k.replace("_", "-"): v for k, v in headers.items()}}
    return call("POST", f"/approvals/{approval_id}", {}, sent, urlencode(fields))


def form(mail: Mail, decision: str = "approve", **changes: str) -> dict[str, str]:
    return {"token": token_of(mail), "code": code_of(mail), "decision": decision, "comment": "Looks good.", **changes}


def test_each_approver_gets_a_mail_with_a_link_and_a_code_of_their_own(mails: list[Mail]) -> None:
    assert [mail.to for mail in mails] == ["ann@example.com", "bob@example.com"]
    assert token_of(mails[0]) != token_of(mails[1])


def test_the_first_two_lines_say_what_is_asked_by_when_and_what_happens_otherwise(mails: list[Mail]) -> None:
    first, second = mails[0].text.splitlines()[:2]
    assert first.startswith("You are asked whether reviews version 2 may go live. Please answer by ")
    assert second == "If nobody answers by then, nothing changes: version 1 stays live."
    assert mails[0].subject.startswith("Approve reviews version 2? Answer by ")


def test_the_mail_shows_the_decisive_numbers_and_no_secret_of_the_workflow(mails: list[Mail]) -> None:
    assert "Accuracy: 78.4 % (live version 1: 75.0 %, gain +3.4 points)" in mails[0].text
    assert "Log loss: 0.500 (live version 1: 0.550, gain +0.050)" in mails[0].text
    assert "+3.4 points" in mails[0].html
    assert not any("task" in body for body in (mails[0].text, link_of(mails[0])))


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_looking_at_the_page_decides_nothing(mails: list[Mail], answered: dict[str, str], method: str) -> None:
    for _ in range(3):
        assert get(link_of(mails[0]), method)["statusCode"] == 200
    assert answered == {}
    assert post(form(mails[0]))["statusCode"] == 200


def test_the_page_shows_the_comparison_and_a_form_without_script(mails: list[Mail]) -> None:
    response = get(link_of(mails[0]))
    html = response["body"]
    for words in ("May reviews version 2 go live?", "78.4 %", "75.0 %", "+3.4 points", "at most 0.600", "1,280 rows"):
        assert words in html
    assert 'action="./a1"' in html
    assert "<script" not in html
    assert "http" not in html


def test_the_page_is_kept_nowhere_and_frames_and_loads_nothing(mails: list[Mail]) -> None:
    headers = get(link_of(mails[0]))["headers"]
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"
    policy = headers["Content-Security-Policy"]
    for rule in ("default-src 'none'", "form-action 'self'", "frame-ancestors 'none'", "style-src 'sha256-"):
        assert rule in policy
    assert "unsafe-inline" not in policy


def test_an_approval_is_handed_to_the_state_that_waits(
    mails: list[Mail], answered: dict[str, str], registered: RegisterModelResult
) -> None:
    response = post(form(mails[1], comment=" Fine.\r\nGo. "))
    assert response["statusCode"] == 200
    assert "Approved. Thank you!" in response["body"]
    decision = ApprovalDecision.model_validate_json(answered["task"])
    assert (decision.decision, decision.approver, decision.comment) == ("approved", "bob@example.com", "Fine.\nGo.")
    assert decision.model_digest == registered.model_digest


def test_a_denial_is_handed_on_too(mails: list[Mail], answered: dict[str, str]) -> None:
    assert "Denied. Thank you!" in post(form(mails[0], "deny"))["body"]
    assert json.loads(answered["task"])["decision"] == "denied"


def test_the_audit_record_says_who_decided_what_they_saw_and_why(
    mails: list[Mail], audited: list[AuditEvent], plan: PrepareRunResult
) -> None:
    post(form(mails[0], "deny", comment="Not now."))
    [audit] = audited
    assert (audit.kind, audit.who, audit.why) == ("denied", ["ann@example.com"], "Not now.")
    assert (audit.metrics["accuracy"], audit.champion_metrics["accuracy"]) == (0.784, 0.75)
    assert (audit.data_digest, audit.model_version, audit.champion_version) == (plan.data_digest, "2", "1")


def test_after_a_decision_the_task_token_is_forgotten(mails: list[Mail], approvals: ApprovalRecords) -> None:
    post(form(mails[0]))
    request = approvals.request("a1")
    assert request is not None
    assert request.task_token is None


def test_a_second_answer_is_friendly_and_changes_nothing(mails: list[Mail], answered: dict[str, str]) -> None:
    post(form(mails[0]))
    second = post(form(mails[1], "deny"))
    assert second["statusCode"] == 409
    assert "This is already decided" in second["body"]
    assert "approved" in second["body"]
    assert json.loads(answered["task"])["decision"] == "approved"
    looked = get(link_of(mails[1]))
    assert looked["statusCode"] == 200
    assert "This is already decided" in looked["body"]
    assert "<form" not in looked["body"]


def test_a_wrong_code_decides_nothing_and_counts_down(mails: list[Mail], answered: dict[str, str]) -> None:
    wrong = "000000" if code_of(mails[0]) != "000 000" else "111111"
    response = post(form(mails[0], code=wrong, comment="My reasons <b>"))
    assert response["statusCode"] == 403
    assert f"{CODE_TRIES - 1} tries are left" in response["body"]
    assert "My reasons &lt;b&gt;" in response["body"]
    assert answered == {}


def test_five_wrong_codes_lock_that_link_and_no_other(mails: list[Mail], answered: dict[str, str]) -> None:
    wrong = "000000" if code_of(mails[0]) != "000 000" else "111111"
    statuses = [post(form(mails[0], code=wrong))["statusCode"] for _ in range(CODE_TRIES)]
    assert statuses == [403, 403, 403, 403, 423]
    assert post(form(mails[0]))["statusCode"] == 423
    assert answered == {}
    assert post(form(mails[1]))["statusCode"] == 200


@pytest.mark.parametrize(("approval_id", "token"), [("a1", "wrong"), ("a2", None), ("a1", "")])
def test_a_wrong_token_and_an_unknown_request_look_the_same(
    mails: list[Mail], approval_id: str, token: str | None
) -> None:
    fields = form(mails[0]) if token is None else form(mails[0], token=token)
    response = post(fields, approval_id=approval_id)
    assert response["statusCode"] == 404
    assert response["body"] == get(f"{URL}/nothing?token=x")["body"]


def test_after_the_deadline_nothing_can_be_decided(
    mails: list[Mail], answered: dict[str, str], approvals: ApprovalRecords, opened_at: datetime
) -> None:
    request = approvals.request("a1")
    assert request is not None
    approvals.open(request.model_copy(update={"deadline": opened_at - timedelta(seconds=1)}))
    assert get(link_of(mails[0]))["statusCode"] == 410
    response = post(form(mails[0]))
    assert response["statusCode"] == 410
    assert "This is no longer open" in response["body"]
    assert answered == {}


def test_a_state_that_waits_no_longer_closes_the_request(
    mails: list[Mail], waiting: set[str], audited: list[AuditEvent]
) -> None:
    waiting.clear()
    assert post(form(mails[0]))["statusCode"] == 410
    assert get(link_of(mails[1]))["statusCode"] == 410
    assert audited == []


class Unreachable:
    def is_running(self, _execution_arn: str) -> bool:
        raise ServiceUnavailableError("Step Functions: timed out")

    def answer(self, _task_token: str, _output: str) -> bool:
        raise ServiceUnavailableError("Step Functions: timed out")


def test_a_decision_that_cannot_be_handed_on_can_be_made_again(
    mails: list[Mail], answered: dict[str, str], executions: Workflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "workflow", Unreachable)
    response = post(form(mails[0]))
    assert response["statusCode"] == 503
    assert "Nothing was decided" in response["body"]
    monkeypatch.setattr(page, "workflow", lambda: executions)
    assert post(form(mails[0]))["statusCode"] == 200
    assert json.loads(answered["task"])["decision"] == "approved"


@pytest.mark.parametrize(
    ("fields", "headers", "status"),
    [
        ({}, {"sec_fetch_site": "cross-site"}, 403),
        ({}, {"sec_fetch_site": "same-site"}, 403),
        ({}, {"origin": "https://evil.example.com"}, 403),
        ({}, {"origin": "http://["}, 403),
        ({}, {"content_type": "multipart/form-data; boundary=x"}, 415),
        ({"decision": "maybe"}, {}, 400),
        ({"comment": "x" * 40_000}, {}, 413),
        ({f"field{number}": "x" for number in range(20)}, {}, 400),
        ({"comment": "x" * (COMMENT_CHARACTERS + 1)}, {}, 413),
    ],
)
def test_what_no_browser_on_the_page_would_send_is_refused(
    *, mails: list[Mail], answered: dict[str, str], fields: dict[str, str], headers: dict[str, str], status: int
) -> None:
    assert post(form(mails[0], **fields), **headers)["statusCode"] == status
    assert answered == {}
    # A refusal costs no try at the code.
    assert post(form(mails[0]))["statusCode"] == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"sec_fetch_site": "same-origin", "origin": "null"},
        {"origin": "https://api.example.com"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:4747", "host": "127.0.0.1:4747"},
        {},
    ],
)
def test_what_a_browser_on_the_page_sends_is_taken(mails: list[Mail], headers: dict[str, str]) -> None:
    assert post(form(mails[0]), **headers)["statusCode"] == 200


def test_a_comment_at_the_limit_is_taken_however_its_lines_break(mails: list[Mail]) -> None:
    comment = ("x" * 9 + "\r\n") * (COMMENT_CHARACTERS // 10)
    assert post(form(mails[0], comment=comment))["statusCode"] == 200


def test_another_address_is_answered_kindly() -> None:
    response = get("https://api.example.com/elsewhere")
    assert response["statusCode"] == 404
    assert "use the whole link" in response["body"]


def test_nothing_the_page_logs_holds_a_token_a_code_or_an_address(
    mails: list[Mail], monkeypatch: pytest.MonkeyPatch
) -> None:
    log = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", log)
    get(link_of(mails[0]))
    post(form(mails[0]))
    logged = log.getvalue()
    assert "approval form taken" in logged
    for secret in (token_of(mails[0]), code_of(mails[0]).replace(" ", ""), "ann@example.com", '"task"'):
        assert secret not in logged


def test_an_event_that_is_wrong_is_told_without_its_token() -> None:
    with pytest.raises(ValidationError, match="check_metrics") as caught:
        RequestApprovalInput.model_validate({"run_id": "r1", "task_token": "secret", "plan": {"run_id": "r1"}})
    assert "secret" not in str(caught.value)
