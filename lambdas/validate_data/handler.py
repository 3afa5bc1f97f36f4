"""ValidateData: judge the data's profile by the recipe's rules, and compare it with that of the live version."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

from lambdas.adapters.s3 import artifact_store
from lambdas.artifacts import planned, read_recipe
from lambdas.observed import logger, state_handler
from steps.contracts import LiveVersion, PrepareRunResult, ValidateDataResult
from steps.drift import LiveData, compare_data
from steps.drift_report import DRIFT_REPORT
from steps.errors import ArtifactMissingError
from steps.ports import ArtifactStore
from steps.profile import PROFILE, DataProfile
from steps.validate_data import validate_data


class ValidateDataInput(BaseModel):
    """Event of ValidateData."""

    run_id: str
    plan: PrepareRunResult


def judge_data(request: ValidateDataInput, artifacts: ArtifactStore) -> ValidateDataResult:
    """The verdict on the run's data, beside the data of the live version where that is known."""
    plan = request.plan
    profile = DataProfile.model_validate_json(artifacts.read(f"{planned(plan.preprocess).output_uri}/{PROFILE}"))
    recipe = read_recipe(plan, artifacts)
    if profile.problems:
        return validate_data(profile, recipe)
    drift = compare_data(profile, recipe, _live_data(plan.champion, artifacts))
    drift_uri = f"{plan.run_uri}/validate_data/{DRIFT_REPORT}"
    artifacts.write(drift_uri, drift.model_dump_json().encode())
    return validate_data(profile, recipe, drift, drift_uri)


def _live_data(version: LiveVersion | None, artifacts: ArtifactStore) -> LiveData | str:
    """The live version's data, or a sentence that says why there is none to compare with."""
    if version is None:
        return "This is the recipe's first release, so there is no earlier data to compare with."
    if version.profile_uri is None:
        was = f"Version {version.model_version} was released before its data's distributions were kept"
        return f"{was}, so nothing is compared."
    try:
        document = artifacts.read(version.profile_uri)
    except ArtifactMissingError:
        return f"The profile of version {version.model_version}'s data is gone, so nothing is compared."
    return LiveData(version, DataProfile.model_validate_json(document))


@state_handler
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Event: run_id, plan. Result: ValidateDataResult."""
    request = ValidateDataInput.model_validate(event)
    result = judge_data(request, artifact_store())
    failed = [finding.rule for finding in result.findings if finding.verdict == "failed"]
    warned = [finding.rule for finding in result.findings if finding.verdict == "warned"]
    logger.info("data validated", verdict=result.verdict, rows=result.rows, failed=failed, warned=warned)
    return result.model_dump(mode="json")
