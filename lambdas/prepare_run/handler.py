"""PrepareRun: read what a plan follows from, take the lock, and write the plan."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.adapters.dynamodb_releases import release_records
from lambdas.adapters.s3 import artifact_store
from lambdas.adapters.sagemaker import job_history
from lambdas.adapters.stepfunctions import workflow
from lambdas.endings import count_end
from lambdas.observed import logger, state_handler
from lambdas.prepare_run.lock import LockRequest, take_lock
from lambdas.prepare_run.reading import PrepareRunInput, PrepareRunSettings, read_facts
from lambdas.prepare_run.reuse import begin_steps, find_earlier_steps
from steps.contracts import Outcome, PrepareRunResult
from steps.ports import ArtifactStore, JobHistory, ReleaseRecords, Workflow
from steps.prepare_run import (
    Facts,
    is_nothing_new,
    keep_ceiling,
    lock_deadline,
    nothing_new_reason,
    plan_run,
    stand_still,
)
from steps.prices import price_table

# The ends that no later function sees.
_ENDS: dict[str, Outcome] = {"nothing_new": "NothingNew", "already_running": "AlreadyRunning"}


@cache
def settings() -> PrepareRunSettings:
    """The function's environment, read at the first call."""
    return PrepareRunSettings.from_environment()


def prepare_run(
    request: PrepareRunInput,
    environment: PrepareRunSettings,
    *,
    artifacts: ArtifactStore,
    records: ReleaseRecords,
    jobs: JobHistory,
    executions: Workflow,
    now: datetime,
) -> PrepareRunResult:
    """Decide whether a run goes on, and plan it; safe to repeat."""
    facts = read_facts(request, environment, artifacts, records)
    if nothing_new := _nothing_new(facts):
        return nothing_new
    deadline = lock_deadline(facts.recipe, now)
    wanted = LockRequest(facts.recipe.name, facts.run_id, request.execution_arn, deadline, facts.started_at)
    owner = take_lock(wanted, records, executions, now=now)
    if owner is not None:
        return stand_still(
            facts, "already_running", f"Run {owner} of this recipe is under way; try again when it has ended."
        )
    # Another release may have ended between the first look at the live version and the lock.
    facts = replace(facts, live=records.live(facts.recipe.name))
    if nothing_new := _nothing_new(facts):
        records.free_lock(facts.recipe.name, facts.run_id)
        return nothing_new
    plan = plan_run(facts, find_earlier_steps(facts, records, jobs, artifacts))
    plan = keep_ceiling(plan, facts.recipe, environment.aws_region, price_table())
    if plan.decision == "go":
        begin_steps(plan, records)
    return plan


def _nothing_new(facts: Facts) -> PrepareRunResult | None:
    """The result of a run whose inputs are those of the live version; None when it goes on."""
    if facts.live is None or not is_nothing_new(facts):
        return None
    return stand_still(facts, "nothing_new", nothing_new_reason(facts.live))


@state_handler
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Event: run_id, execution_arn, state_machine_arn, started_at, input. Result: PrepareRunResult."""
    request = PrepareRunInput.model_validate(event)
    environment = settings()
    result = prepare_run(
        request,
        environment,
        artifacts=artifact_store(),
        records=release_records(environment.release_table),
        jobs=job_history(),
        executions=workflow(),
        now=datetime.now(UTC),
    )
    logger.info("run prepared", decision=result.decision, compared=result.compared)
    if result.decision in _ENDS:
        count_end(result.recipe, _ENDS[result.decision])
    return result.model_dump(mode="json")
