"""CheckMetrics: read what evaluation measured and judge it by the recipe's gates."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

from lambdas.adapters.s3 import artifact_store
from lambdas.artifacts import read_metrics, read_recipe
from lambdas.observed import logger, state_handler
from steps.check_metrics import Override, check_metrics
from steps.contracts import CheckMetricsResult, PrepareRunResult
from steps.ports import ArtifactStore


class CheckMetricsInput(BaseModel):
    """Event of CheckMetrics."""

    run_id: str
    plan: PrepareRunResult


def judge_metrics(request: CheckMetricsInput, artifacts: ArtifactStore) -> CheckMetricsResult:
    """The verdict on the run's candidate."""
    plan = request.plan
    return check_metrics(
        read_metrics(plan, artifacts),
        read_recipe(plan, artifacts),
        live=plan.champion,
        override=Override(plan.requested_by, plan.override_reason) if plan.override_reason else None,
    )


@state_handler
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Event: run_id, plan. Result: CheckMetricsResult."""
    request = CheckMetricsInput.model_validate(event)
    result = judge_metrics(request, artifact_store())
    logger.info(
        "metrics checked",
        verdict=result.verdict,
        needs_approval=result.needs_approval,
        overridden=result.overridden,
        metrics=result.metrics,
    )
    return result.model_dump(mode="json")
