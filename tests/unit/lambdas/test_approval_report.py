"""The report beside the question: the very file, under its digest, and rows that nobody else sees."""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.decide_approval import handler as page
from lambdas.decide_approval.report import shown_report
from steps.approval import ApprovalFacts, ApprovalRequest, draw_secret, gather_facts, keep_secret
from steps.contracts import CheckMetricsResult, PrepareRunResult, RegisterModelResult, WriteReportResult
from steps.errors import ServiceUnavailableError
from steps.ports import ApprovalRecords, ArtifactStore, Workflow
from steps.recipe import Recipe
from steps.report.document import read_document
from steps.report.write import write_report
from tests import full_report

ANN = draw_secret("ann@example.com")
REPORT_URI = "s3://bucket/runs/r/write_report/report.html"
BODY = write_report(full_report.full_facts())


class Context(LambdaContext):
    _function_name = "decide-approval"
    _memory_limit_in_mb = 512
    _invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:decide-approval"
    _aws_request_id = "request"


@pytest.fixture(autouse=True)
def on_fakes(
    monkeypatch: pytest.MonkeyPatch, approvals: ApprovalRecords, executions: Workflow, artifacts: ArtifactStore
) -> None:
    """The composition place of the page, with fakes in it."""
    monkeypatch.setenv("RELEASE_TABLE", "table")
    page.settings.cache_clear()
    monkeypatch.setattr(page, "approval_records", lambda _table: approvals)
    monkeypatch.setattr(page, "workflow", lambda: executions)
    monkeypatch.setattr(page, "artifact_store", lambda: artifacts)


@pytest.fixture
def facts(
    reviews: Recipe, plan: PrepareRunResult, checked: CheckMetricsResult, registered: RegisterModelResult
) -> ApprovalFacts:
    """A question about a run with a report."""
    report = WriteReportResult(report_uri=REPORT_URI, report_digest=hashlib.sha256(BODY).hexdigest())
    return gather_facts(reviews, plan, checked, registered, report=report)


@pytest.fixture
def asked(facts: ApprovalFacts, objects: dict[str, bytes], approvals: ApprovalRecords) -> ApprovalRequest:
    """The question, open, with its report and rows in the store."""
    assert facts.examples_uri
    objects[REPORT_URI] = BODY
    objects[facts.examples_uri] = full_report.EXAMPLES.model_dump_json().encode()
    now = datetime.now(UTC)
    request = ApprovalRequest(
        approval_id="a1",
        execution_arn="arn",
        task_token="task",
        opened_at=now,
        deadline=now + timedelta(hours=1),
        approvers=[keep_secret("a1", ANN)],
        facts=facts,
    )
    approvals.open(request)
    return request


def get(path: str, token: str, method: str = "GET") -> dict[str, Any]:
    event = {
        "version": "2.0",
        "routeKey": f"{method} {path}",
        "rawPath": path,
        "rawQueryString": urlencode({"token": token}),
        "queryStringParameters": {"token": token},
        "headers": {},
        "requestContext": {
            "domainName": "api.example.com",
            "stage": "$default",
            "http": {"method": method, "path": path},
        },
        "isBase64Encoded": False,
    }
    response: dict[str, Any] = page.handler(event, Context())
    return response


def page_of(token: str = ANN.token) -> dict[str, Any]:
    return get("/approvals/a1", token)


def policy_of(response: dict[str, Any]) -> str:
    return str(response["headers"]["Content-Security-Policy"])


def allows(response: dict[str, Any], style: str) -> bool:
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"'sha256-{digest}'" in policy_of(response)


@pytest.mark.usefixtures("asked")
def test_the_page_shows_the_part_of_the_very_file_in_its_own_style() -> None:
    response = page_of()
    document = read_document(BODY, hashlib.sha256(BODY).hexdigest())
    assert response["statusCode"] == 200
    assert document.part in response["body"]
    styles = re.findall(r"<style>(.*?)</style>", response["body"], re.DOTALL)
    assert len(styles) == 2
    assert all(allows(response, style) for style in styles)
    assert document.style in styles


@pytest.mark.usefixtures("asked")
def test_no_style_stands_in_an_attribute_where_the_policy_would_stop_it() -> None:
    assert " style=" not in page_of()["body"]


@pytest.mark.usefixtures("asked")
def test_rows_stand_on_the_page_and_are_text() -> None:
    html = page_of()["body"]
    assert "A text of a reviewer." in html
    assert full_report.NASTY not in html
    assert "Another text." in html
    assert "A text of a reviewer." not in BODY.decode()


@pytest.mark.usefixtures("asked")
def test_a_strangers_link_shows_nothing_of_it() -> None:
    for path in ("/approvals/a1", "/approvals/a1/report"):
        response = get(path, "guessed")
        assert response["statusCode"] == 404
        assert "A text of a reviewer" not in response["body"]
        assert "Passed" not in response["body"]


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_report_has_a_page_of_its_own(method: str) -> None:
    response = get("/approvals/a1/report", ANN.token, method)
    assert response["statusCode"] == 200
    assert response["body"].encode() == BODY
    assert allows(response, read_document(BODY, hashlib.sha256(BODY).hexdigest()).style)
    assert response["headers"]["Cache-Control"] == "no-store"


@pytest.mark.usefixtures("asked")
def test_a_report_that_was_changed_is_not_shown_and_the_question_stays(objects: dict[str, bytes]) -> None:
    objects[REPORT_URI] = BODY.replace(b"78.4", b"98.4")
    response = page_of()
    assert response["statusCode"] == 200
    assert "The report was changed after it was written" in response["body"]
    assert "98.4" not in response["body"]
    assert "78.4 %" in response["body"]
    assert 'value="approve"' in response["body"]
    assert get("/approvals/a1/report", ANN.token)["statusCode"] == 404


@pytest.mark.usefixtures("asked")
def test_a_store_that_does_not_answer_leaves_the_question(monkeypatch: pytest.MonkeyPatch) -> None:
    class Silent:
        def read(self, _uri: str) -> bytes:
            raise ServiceUnavailableError("S3 did not answer")

    monkeypatch.setattr(page, "artifact_store", Silent)
    response = page_of()
    assert response["statusCode"] == 200
    assert "cannot be read just now" in response["body"]
    assert 'value="approve"' in response["body"]


def test_a_request_without_a_report_has_the_numbers_it_was_asked_with(
    asked: ApprovalRequest, approvals: ApprovalRecords
) -> None:
    before = {"report_uri": None, "report_digest": None, "examples_uri": None}
    approvals.open(asked.model_copy(update={"facts": asked.facts.model_copy(update=before)}))
    response = page_of()
    assert "How good is it?" in response["body"]
    assert "78.4 %" in response["body"]
    assert get("/approvals/a1/report", ANN.token)["statusCode"] == 404


def test_rows_of_a_table_are_shown_by_column(facts: ApprovalFacts, artifacts: ArtifactStore) -> None:
    mistake = full_report.EXAMPLES.mistakes[0].model_copy(update={"row": {"area": 71.0, "garage": None}})
    assert facts.examples_uri
    artifacts.write(REPORT_URI, BODY)
    examples = full_report.EXAMPLES.model_copy(update={"mistakes": [mistake]})
    artifacts.write(facts.examples_uri, examples.model_dump_json().encode())
    shown = shown_report(facts, artifacts)
    assert shown.mistakes[0].cells == [("area", "71.0"), ("garage", "no value")]


def test_of_a_long_row_the_beginning_is_shown(facts: ApprovalFacts, artifacts: ArtifactStore) -> None:
    mistake = full_report.EXAMPLES.mistakes[0].model_copy(update={"row": "long " * 4000})
    assert facts.examples_uri
    artifacts.write(REPORT_URI, BODY)
    examples = full_report.EXAMPLES.model_copy(update={"mistakes": [mistake]})
    artifacts.write(facts.examples_uri, examples.model_dump_json().encode())
    ((_, text),) = shown_report(facts, artifacts).mistakes[0].cells
    assert len(text) < 700
    assert text.endswith("… (20,000 characters in all)")


def test_an_evaluation_without_rows_shows_the_report_alone(facts: ApprovalFacts, artifacts: ArtifactStore) -> None:
    artifacts.write(REPORT_URI, BODY)
    shown = shown_report(facts, artifacts)
    assert shown.part
    assert not shown.mistakes


def test_of_a_wide_table_the_first_columns_are_shown(facts: ApprovalFacts, artifacts: ArtifactStore) -> None:
    row = {f"column {number}": 1.0 for number in range(1000)}
    mistake = full_report.EXAMPLES.mistakes[0].model_copy(update={"row": row})
    assert facts.examples_uri
    artifacts.write(REPORT_URI, BODY)
    examples = full_report.EXAMPLES.model_copy(update={"mistakes": [mistake]})
    artifacts.write(facts.examples_uri, examples.model_dump_json().encode())
    cells = shown_report(facts, artifacts).mistakes[0].cells
    assert len(cells) == 61
    assert cells[-1] == ("…", "and 940 more columns")
