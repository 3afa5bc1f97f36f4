"""Where an approver tries candidate and live version side by side. Nothing here decides anything."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.adapters.dynamodb_approvals import approval_records
from lambdas.adapters.dynamodb_releases import release_records
from lambdas.adapters.dynamodb_trials import trial_records
from lambdas.adapters.s3 import artifact_store
from lambdas.adapters.sagemaker import endpoint_service
from lambdas.adapters.sagemaker_runtime import page_predictor
from lambdas.adapters.sagemaker_trials import trial_hosting
from lambdas.decide_approval.decide import Answer, look_at
from lambdas.decide_approval.pages import answer_page
from lambdas.observed import api_handler, logger
from lambdas.problems import decoded_body
from lambdas.settings import Settings
from lambdas.try_models.box import asked_instance, read_offer
from lambdas.try_models.pages import form_page, refusal_page, tried_page
from lambdas.try_models.try_models import Services, try_models
from steps.errors import ReleaseError
from steps.pages.form import OTHER_FIELDS, FormError, read_fields
from steps.pages.web_pages import is_cross_site
from steps.problem import Problem
from steps.trial import TrialOffer

# A text of 20,000 characters, each of up to 12 bytes in a form's encoding, or a wide table.
MAX_BODY_BYTES = 1 << 20
# A recipe's table has at most a thousand columns.
_MOST_FIELDS = 1000 + OTHER_FIELDS

app = APIGatewayHttpResolver()


class TryModelsSettings(Settings):
    """Environment of the trial's page."""

    release_table: str
    job_role_arn: str


@cache
def settings() -> TryModelsSettings:
    """The function's environment, read at the first call."""
    return TryModelsSettings.from_environment()


def services() -> Services:
    """What a trial asks, on AWS."""
    environment = settings()
    return Services(
        store=artifact_store(),
        records=release_records(environment.release_table),
        trials=trial_records(environment.release_table),
        endpoints=endpoint_service(),
        hosting=trial_hosting(environment.job_role_arn),
        predictor=page_predictor(),
    )


@app.route("/approvals/<approval_id>/trial", method=["GET", "HEAD"])
def show(approval_id: str) -> Response[str]:
    """The box alone. Makes nothing and asks nobody."""
    token = (app.current_event.query_string_parameters or {}).get("token", "")
    seen, offer = _look(approval_id, token)
    if offer is None or seen.request is None:
        return _closed(seen, token)
    return form_page(seen.request, offer, token=token)


@app.post("/approvals/<approval_id>/trial")
def ask(approval_id: str) -> Response[str]:
    """Ask both models about the row in the form."""
    event = app.current_event
    headers = {name.lower(): str(value) for name, value in event.headers.items()}
    if is_cross_site(headers, event.request_context.domain_name or ""):
        return _refused(HTTPStatus.FORBIDDEN, "The form came from another site. Please open the link from your mail.")
    try:
        body = decoded_body(event)
        if len(body.encode(errors="replace")) > MAX_BODY_BYTES:
            return _refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "That was too much. Please shorten what you entered.")
        fields = read_fields(headers.get("content-type", ""), body, most_fields=_MOST_FIELDS)
    except (FormError, Problem) as error:
        return _refused(
            HTTPStatus(error.status), "The form could not be read. Please open the link from your mail again."
        )
    token = fields.get("token", "")
    seen, offer = _look(approval_id, token)
    if offer is None or seen.request is None:
        return _closed(seen, token)
    tried = try_models(seen.request, offer, asked_instance(fields, offer), services(), now=datetime.now(UTC))
    logger.info(
        "models tried",
        is_refused=bool(tried.problem),
        candidate=tried.candidate is not None and tried.candidate.answer is not None,
        champion=tried.champion is not None and tried.champion.answer is not None,
    )
    return tried_page(seen.request, tried, token=token)


@app.not_found
def not_found(_error: Exception) -> Response[str]:
    """Any other address."""
    return refusal_page(HTTPStatus.NOT_FOUND, "There is nothing here", "Please use the whole link from your mail.")


def out_of_order(error: ReleaseError) -> Response[str]:
    """A service behind the page did not answer."""
    logger.error("trial out of order", reason=str(error))
    return _refused(
        HTTPStatus.SERVICE_UNAVAILABLE, "The models cannot be tried just now. Please try again in a minute."
    )


app.exception_handler(ReleaseError)(out_of_order)


@api_handler
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """An HTTP API's event, payload format 2.0."""
    return app.resolve(event, context)


def _look(approval_id: str, token: str) -> tuple[Answer, TrialOffer | None]:
    """What a link leads to, and what may be tried there; nothing unless the question is open."""
    seen = look_at(approval_id, token, approval_records(settings().release_table), now=datetime.now(UTC))
    if seen.request is None or seen.situation not in {"open", "voted"}:
        return seen, None
    logger.append_keys(run_id=seen.request.facts.run_id)
    return seen, read_offer(seen.request, artifact_store())


def _closed(seen: Answer, token: str) -> Response[str]:
    if seen.situation in {"open", "voted"}:
        return refusal_page(HTTPStatus.NOT_FOUND, "There is nothing to try", "This version's recipe offers no trial.")
    return answer_page(seen, token=token, is_question=True)


def _refused(status: HTTPStatus, sentence: str) -> Response[str]:
    return refusal_page(status, "Nobody was asked", sentence)
