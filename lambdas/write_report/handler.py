"""WriteReport: put all that the run found out into one file, beside the run's other artifacts."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

from lambdas.adapters.s3 import artifact_store
from lambdas.artifacts import model_origin, planned, read_recipe
from lambdas.observed import logger, state_handler
from steps.contracts import PrepareRunResult, RunState, WriteReportResult
from steps.cost import LargestCost, plan_cost
from steps.drift_report import DriftReport
from steps.errors import PriceMissingError
from steps.evaluation_report import EVALUATION_REPORT, EXAMPLES, EvaluatedExamples, MetricsReport
from steps.ports import ArtifactStore
from steps.prices import PriceTable, price_table
from steps.profile import DataProfile
from steps.recipe import Recipe
from steps.report.facts import REPORT, REPORT_FOLDER, ReportFacts
from steps.report.write import write_report


class WriteReportInput(BaseModel):
    """Event of WriteReport."""

    run_id: str
    state: RunState


def gather_report(state: RunState, artifacts: ArtifactStore, prices: PriceTable) -> ReportFacts:
    """All that the run has found out so far."""
    plan = planned(state.prepare_run)
    recipe = read_recipe(plan, artifacts)
    profile = artifacts.read(f"{planned(plan.preprocess).output_uri}/profile.json")
    drift_uri = state.validate_data.drift_uri if state.validate_data else None
    facts = ReportFacts(
        recipe=recipe,
        plan=plan,
        data=state.validate_data,
        profile=DataProfile.model_validate_json(profile),
        drift=DriftReport.model_validate_json(artifacts.read(drift_uri)) if drift_uri else None,
        cost=_cost(recipe, plan, prices),
    )
    if state.adopt_model is not None and state.adopt_model.verdict == "rejected":
        return replace(facts, refused_model=state.adopt_model.reason)
    if state.check_metrics is None:
        return facts
    folder = planned(plan.evaluate_model).output_uri
    return replace(
        facts,
        origin=model_origin(recipe, plan, artifacts),
        checked=state.check_metrics,
        measured=MetricsReport.model_validate_json(artifacts.read(f"{folder}/{EVALUATION_REPORT}")),
        examples=EvaluatedExamples.model_validate_json(artifacts.read(f"{folder}/{EXAMPLES}")),
    )


def keep_report(state: RunState, artifacts: ArtifactStore, prices: PriceTable) -> WriteReportResult:
    """Write the run's report; the same state always gives the same bytes."""
    body = write_report(gather_report(state, artifacts, prices))
    uri = f"{planned(state.prepare_run).run_uri}/{REPORT_FOLDER}/{REPORT}"
    artifacts.write(uri, body)
    return WriteReportResult(report_uri=uri, report_digest=hashlib.sha256(body).hexdigest())


@state_handler
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Event: run_id, state. Result: WriteReportResult."""
    request = WriteReportInput.model_validate(event)
    result = keep_report(request.state, artifact_store(), price_table())
    logger.info("report written", report_digest=result.report_digest)
    return result.model_dump(mode="json")


def _cost(recipe: Recipe, plan: PrepareRunResult, prices: PriceTable) -> LargestCost | None:
    if plan.cost is None:
        return None
    try:
        return plan_cost(recipe, plan, plan.cost.region, prices)
    except PriceMissingError:
        # PrepareRun knew them, so another deployment's table lies beside this function.
        return None
