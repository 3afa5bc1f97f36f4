"""RequestApproval: keep the request, then mail each approver a link and a code of their own."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel, ConfigDict

from lambdas.adapters.dynamodb_approvals import approval_records
from lambdas.adapters.s3 import artifact_store
from lambdas.artifacts import model_origin, read_metrics, read_recipe
from lambdas.mailing import MailSettings, mailer
from lambdas.mails.compose import approval_mail, link_to
from lambdas.observed import logger, state_handler
from steps.approval import ApprovalRequest, Secret, draw_secret, gather_facts, keep_secret, rules_of
from steps.contracts import CheckMetricsResult, PrepareRunResult, RegisterModelResult, WriteReportResult
from steps.errors import MailError, RecipientUnconfirmedError
from steps.ports import ApprovalRecords, ArtifactStore, Mailer
from steps.trial import offer_trial, trial_uri


class RequestApprovalInput(BaseModel):
    """Event of RequestApproval; what is wrong with it is told without the token."""

    model_config = ConfigDict(hide_input_in_errors=True)

    run_id: str
    task_token: str
    execution_arn: str
    plan: PrepareRunResult
    check_metrics: CheckMetricsResult
    register_model: RegisterModelResult
    write_report: WriteReportResult | None = None


class RequestApprovalSettings(MailSettings):
    """Environment of RequestApproval."""

    release_table: str
    approval_url: str


@cache
def settings() -> RequestApprovalSettings:
    """The function's environment, read at the first call."""
    return RequestApprovalSettings.from_environment()


def request_approval(
    request: RequestApprovalInput,
    approval_url: str,
    *,
    artifacts: ArtifactStore,
    approvals: ApprovalRecords,
    mail: Mailer,
    now: datetime,
    approval_id: str,
    draw: Callable[[str], Secret] = draw_secret,
) -> ApprovalRequest:
    """Ask everybody the recipe names. The request is kept first: a mail without it would lead nowhere."""
    recipe = read_recipe(request.plan, artifacts)
    thresholds = read_metrics(request.plan, artifacts).thresholds
    offer = offer_trial(recipe, request.plan, request.check_metrics, request.register_model, thresholds, now=now)
    if offer is not None:
        artifacts.write(trial_uri(request.plan), offer.model_dump_json().encode())
    deadline = now + timedelta(seconds=request.plan.approval_deadline_seconds)
    drawn = [draw(address) for address in recipe.approval.approvers]
    opened = ApprovalRequest(
        approval_id=approval_id,
        execution_arn=request.execution_arn,
        task_token=request.task_token,
        opened_at=now,
        deadline=deadline,
        approvers=[keep_secret(approval_id, secret) for secret in drawn],
        facts=gather_facts(
            recipe,
            request.plan,
            request.check_metrics,
            request.register_model,
            origin=model_origin(recipe, request.plan, artifacts),
            report=request.write_report,
        ),
        trial_uri=trial_uri(request.plan) if offer is not None else None,
        rules=rules_of(recipe.approval, request.check_metrics, deadline),
    )
    approvals.open(opened)
    unconfirmed = 0
    for secret in drawn:
        try:
            mail.send(approval_mail(opened, secret, link_to(approval_url, approval_id, secret)))
        except RecipientUnconfirmedError:
            # The reminder brings them a link of their own, if they confirm until then.
            unconfirmed += 1
    if unconfirmed == len(drawn):
        raise MailError(
            "nobody could be asked: SNS has sent every approver a link to confirm first. Once one of them has, start "
            "the run again; what was done is reused"
        )
    if unconfirmed:
        logger.warning("approvers have not confirmed to SNS", approvers=unconfirmed)
    return opened


@state_handler
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Event: RequestApprovalInput. The workflow ignores the result: it waits for the decision."""
    request = RequestApprovalInput.model_validate(event)
    environment = settings()
    opened = request_approval(
        request,
        environment.approval_url,
        artifacts=artifact_store(),
        approvals=approval_records(environment.release_table),
        mail=mailer(environment),
        now=datetime.now(UTC),
        approval_id=secrets.token_urlsafe(16),
    )
    logger.info("approval requested", approval_id=opened.approval_id, approvers=len(opened.approvers))
    return {"approval_id": opened.approval_id}
