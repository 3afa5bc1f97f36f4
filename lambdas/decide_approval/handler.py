"""The page behind the mailed link. Reading it decides nothing; only its form does."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.adapters.dynamodb_approvals import approval_records
from lambdas.adapters.s3 import artifact_store
from lambdas.adapters.stepfunctions import workflow
from lambdas.decide_approval.decide import Answer, decide, look_at
from lambdas.decide_approval.form import Refusal, read_form
from lambdas.decide_approval.pages import answer_page, has_form, refusal_page, report_page
from lambdas.decide_approval.report import ShownReport, shown_report, whole_report
from lambdas.observed import api_handler, logger
from lambdas.problems import decoded_body
from lambdas.settings import Settings
from lambdas.try_models.box import read_offer
from steps.errors import ReleaseError
from steps.problem import Problem
from steps.report.document import ReportUnreadableError
from steps.trial import TrialOffer

app = APIGatewayHttpResolver()


class DecideApprovalSettings(Settings):
    """Environment of the approval page."""

    release_table: str


@cache
def settings() -> DecideApprovalSettings:
    """The function's environment, read at the first call."""
    return DecideApprovalSettings.from_environment()


@app.route("/approvals/<approval_id>", method=["GET", "HEAD"])
def show(approval_id: str) -> Response[str]:
    """The question with its form, or why there is nothing to decide."""
    token = (app.current_event.query_string_parameters or {}).get("token", "")
    answer = look_at(approval_id, token, approval_records(settings().release_table), now=datetime.now(UTC))
    _log("approval page shown", answer)
    return answer_page(answer, token=token, is_question=True, offer=_offer(answer), report=_report(answer))


@app.route("/approvals/<approval_id>/report", method=["GET", "HEAD"])
def show_report(approval_id: str) -> Response[str]:
    """The report that the question is about, as a page of its own; also after the decision."""
    token = (app.current_event.query_string_parameters or {}).get("token", "")
    answer = look_at(approval_id, token, approval_records(settings().release_table), now=datetime.now(UTC))
    _log("report asked for", answer)
    if answer.request is None:
        return answer_page(answer, token=token, is_question=True)
    try:
        return report_page(whole_report(answer.request.facts, artifact_store()))
    except ReportUnreadableError as error:
        return refusal_page(HTTPStatus.NOT_FOUND, "There is no report to show", str(error))


@app.post("/approvals/<approval_id>")
def take(approval_id: str) -> Response[str]:
    """Take the decision that the form carries."""
    event = app.current_event
    try:
        body = decoded_body(event)
    except Problem as problem:
        return refusal_page(problem.status, "Nothing was decided", "Please open the link from your mail again.")
    form = read_form(event.headers, body, host=event.request_context.domain_name or "")
    if isinstance(form, Refusal):
        return refusal_page(form.status, "Nothing was decided", form.sentence)
    records = approval_records(settings().release_table)
    answer = decide(approval_id, form, records, workflow(), now=datetime.now(UTC))
    _log("approval form taken", answer)
    return answer_page(answer, token=form.token, is_question=False, offer=_offer(answer), report=_report(answer))


@app.not_found
def not_found(_error: Exception) -> Response[str]:
    """Any other address."""
    return refusal_page(HTTPStatus.NOT_FOUND, "There is nothing here", "Please use the whole link from your mail.")


def out_of_order(error: ReleaseError) -> Response[str]:
    """A service behind the page did not answer."""
    logger.error("approval page out of order", reason=str(error))
    return refusal_page(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The page is out of order for a moment",
        "Nothing was decided. Please try again in a minute.",
    )


app.exception_handler(ReleaseError)(out_of_order)


@api_handler
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """An HTTP API's event, payload format 2.0."""
    return app.resolve(event, context)


def _offer(answer: Answer) -> TrialOffer | None:
    """What may be tried; a question can be answered without it."""
    if answer.request is None:
        return None
    try:
        return read_offer(answer.request, artifact_store())
    except ReleaseError as error:
        logger.warning("no trial offered", reason=str(error))
        return None


def _report(answer: Answer) -> ShownReport | None:
    if answer.request is None or answer.request.facts.report_uri is None or not has_form(answer):
        return None
    return shown_report(answer.request.facts, artifact_store())


def _log(message: str, answer: Answer) -> None:
    if answer.request is not None:
        logger.append_keys(run_id=answer.request.facts.run_id)
    logger.info(message, situation=answer.situation)
