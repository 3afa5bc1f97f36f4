"""CheckRows: read what SplitRows counted, and say whether there is anything to ask the model."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

from lambdas.adapters.s3 import artifact_store
from lambdas.observed import logger, state_handler
from steps.batch_contracts import CheckRowsResult, PrepareBatchResult, SplitReport
from steps.check_rows import check_rows
from steps.ports import ArtifactStore


class CheckRowsInput(BaseModel):
    """Event of CheckRows."""

    run_id: str
    plan: PrepareBatchResult


def judge_rows(request: CheckRowsInput, artifacts: ArtifactStore) -> CheckRowsResult:
    """The verdict on the batch's rows."""
    return check_rows(SplitReport.model_validate_json(artifacts.read(f"{request.plan.answers_uri}/split.json")))


@state_handler
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Event: run_id, plan. Result: CheckRowsResult."""
    result = judge_rows(CheckRowsInput.model_validate(event), artifact_store())
    logger.info("rows checked", verdict=result.verdict, rows=result.rows, answerable=result.answerable)
    return result.model_dump(mode="json")
