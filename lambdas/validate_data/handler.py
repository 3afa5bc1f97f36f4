"""ValidateData: read the data's profile and judge it by the recipe's rules."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

from lambdas.adapters.s3 import artifact_store
from lambdas.artifacts import planned, read_recipe
from lambdas.observed import logger, state_handler
from steps.contracts import PrepareRunResult, ValidateDataResult
from steps.ports import ArtifactStore
from steps.profile import DataProfile
from steps.validate_data import validate_data


class ValidateDataInput(BaseModel):
    """Event of ValidateData."""

    run_id: str
    plan: PrepareRunResult


def judge_data(request: ValidateDataInput, artifacts: ArtifactStore) -> ValidateDataResult:
    """The verdict on the run's data."""
    profile_uri = f"{planned(request.plan.preprocess).output_uri}/profile.json"
    profile = DataProfile.model_validate_json(artifacts.read(profile_uri))
    return validate_data(profile, read_recipe(request.plan, artifacts))


@state_handler
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Event: run_id, plan. Result: ValidateDataResult."""
    request = ValidateDataInput.model_validate(event)
    result = judge_data(request, artifact_store())
    failed = [finding.rule for finding in result.findings if finding.verdict == "failed"]
    warned = [finding.rule for finding in result.findings if finding.verdict == "warned"]
    logger.info("data validated", verdict=result.verdict, rows=result.rows, failed=failed, warned=warned)
    return result.model_dump(mode="json")
