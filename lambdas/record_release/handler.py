"""RecordRelease: make the version the live one, approve its package, free the lock, tell people."""

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
from lambdas.artifacts import planned, read_metrics, read_recipe
from lambdas.endings import EndingSettings, concerned, count_end, tell
from lambdas.mailing import mailer
from lambdas.mails.compose import Outcomes, released_mail
from lambdas.observed import logger, state_handler
from steps.approval import ApprovalRequest, compare_metrics
from steps.approval_words import decided_by, who_approved
from steps.audit_events import event_of_release
from steps.contracts import LiveVersion, RecordReleaseResult, RunState
from steps.ports import ArtifactStore, AuditTrail, Mail, ModelRegistry, ReleaseRecords, RunRecord
from steps.recipe import Recipe
from steps.record_release import live_version, model_card


class RecordReleaseInput(BaseModel):
    """Event of RecordRelease."""

    run_id: str
    state: RunState


@cache
def settings() -> EndingSettings:
    """The function's environment, read at the first call."""
    return EndingSettings.from_environment()


def record_release(
    state: RunState,
    *,
    recipe: Recipe,
    artifacts: ArtifactStore,
    registry: ModelRegistry,
    records: ReleaseRecords,
    audit: AuditTrail,
    now: datetime,
    asked: ApprovalRequest | None = None,
) -> LiveVersion:
    """Record the release; safe to repeat. The card is written first: a live version always has one."""
    plan = planned(state.prepare_run)
    live = live_version(state, recipe=recipe, previous=records.live(recipe.name), now=now)
    approved_by = who_approved(asked)
    card = model_card(state, recipe, live, read_metrics(plan, artifacts).thresholds, approved_by)
    artifacts.write(planned(live.card_uri), card.model_dump_json(indent=2).encode())
    why = "Released without a person, as the recipe's policy allows."
    if state.request_approval is not None:
        why = f"Approved: {state.request_approval.comment}"
    elif state.decide_at_deadline is not None:
        why = state.decide_at_deadline.reason
    registry.approve(live.model_package_arn, f"{why} Smoke tests passed on {live.endpoint_name}.")
    records.set_live(recipe.name, live)
    audit.append(event_of_release(state, live, approved_by))
    said = f"Version {live.model_version} is live."
    records.end_run(RunRecord(plan.run_id, recipe.name, "Released", said, plan.started_at, now))
    records.free_lock(recipe.name, plan.run_id)
    return live


def release_mails(
    state: RunState, recipe: Recipe, live: LiveVersion, asked: ApprovalRequest | None = None
) -> list[Mail]:
    """The good news, once for everybody whom it concerns; asked: the run's request for approval."""
    before = LiveVersion.model_validate(live.previous) if live.previous else None
    about = Outcomes(recipe.name, live.run_id, before.model_version if before else None, decided_by(asked))
    metrics = compare_metrics(recipe, planned(state.check_metrics), before)
    people = concerned(recipe, planned(state.prepare_run), asked)
    return [released_mail(about, to=to, live=live, metrics=metrics) for to in people]


@state_handler
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Event: run_id, state. Result: RecordReleaseResult."""
    request = RecordReleaseInput.model_validate(event)
    environment = settings()
    plan = planned(request.state.prepare_run)
    recipe = read_recipe(plan, artifact_store())
    asked = approval_records(environment.release_table).request_of(plan.run_id)
    live = record_release(
        request.state,
        recipe=recipe,
        artifacts=artifact_store(),
        registry=model_registry(),
        records=release_records(environment.release_table),
        audit=audit_trail(environment.release_table),
        now=datetime.now(UTC),
        asked=asked,
    )
    logger.info("released", model_version=live.model_version, endpoint_name=live.endpoint_name)
    count_end(recipe.name, "Released")
    tell(release_mails(request.state, recipe, live, asked), mailer(environment), logger)
    return RecordReleaseResult(
        model_version=live.model_version, endpoint_name=live.endpoint_name, released_at=live.released_at
    ).model_dump(mode="json")
