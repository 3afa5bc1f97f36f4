"""CloseRun: end a run that was told no; the lock is freed, the package rejected, people told."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

from lambdas.adapters.dynamodb_approvals import approval_records
from lambdas.adapters.dynamodb_audit import audit_trail
from lambdas.adapters.dynamodb_releases import release_records
from lambdas.adapters.s3 import artifact_store
from lambdas.adapters.sagemaker import model_registry
from lambdas.artifacts import planned, read_recipe
from lambdas.endings import EndingSettings, concerned, count_end, tell
from lambdas.mailing import mailer
from lambdas.mails.compose import Outcomes, closed_mail
from lambdas.observed import logger, state_handler
from steps.approval_words import decided_by
from steps.audit_events import event_of_end
from steps.close_run import close_run
from steps.contracts import CloseRunResult, LiveVersion, RunState
from steps.ports import AuditTrail, ModelRegistry, ReleaseRecords, RunRecord


class CloseRunInput(BaseModel):
    """Event of CloseRun."""

    run_id: str
    state: RunState


@cache
def settings() -> EndingSettings:
    """The function's environment, read at the first call."""
    return EndingSettings.from_environment()


def end_run(
    state: RunState, *, registry: ModelRegistry, records: ReleaseRecords, audit: AuditTrail, now: datetime
) -> tuple[CloseRunResult, LiveVersion | None]:
    """Record the end; safe to repeat. Returns how it ended and what is live after it."""
    plan = planned(state.prepare_run)
    closed = close_run(state)
    if state.register_model is not None:
        registry.reject(state.register_model.model_package_arn, f"{closed.outcome}: {closed.reason}")
    live = records.live(plan.recipe)
    if live is not None and live.run_id == plan.run_id:
        # The release was recorded, then its recording failed: the endpoint went back, so the record does too.
        live = LiveVersion.model_validate(live.previous) if live.previous else None
        records.set_live(plan.recipe, live)
    event = event_of_end(state, closed, now=now)
    if event is not None:
        audit.append(event)
    records.end_run(RunRecord(plan.run_id, plan.recipe, closed.outcome, closed.reason, plan.started_at, now))
    records.free_lock(plan.recipe, plan.run_id)
    return closed, live


@state_handler
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Event: run_id, state. Result: CloseRunResult."""
    request = CloseRunInput.model_validate(event)
    environment = settings()
    closed, live = end_run(
        request.state,
        registry=model_registry(),
        records=release_records(environment.release_table),
        audit=audit_trail(environment.release_table),
        now=datetime.now(UTC),
    )
    logger.info("run closed", outcome=closed.outcome)
    plan = planned(request.state.prepare_run)
    count_end(plan.recipe, closed.outcome)
    asked = approval_records(environment.release_table).request_of(plan.run_id)
    about = Outcomes(plan.recipe, plan.run_id, live.model_version if live else None, decided_by(asked))
    people = concerned(read_recipe(plan, artifact_store()), plan, asked)
    mails = [closed_mail(about, to=to, outcome=closed.outcome, reason=closed.reason) for to in people]
    tell(mails, mailer(environment), logger)
    return closed.model_dump(mode="json")
