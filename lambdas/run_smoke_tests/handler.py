"""RunSmokeTests: ask the live endpoint the recipe's smoke cases and some evaluated rows, one at a time."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

from lambdas.adapters.s3 import artifact_store
from lambdas.adapters.sagemaker_runtime import predictor
from lambdas.artifacts import planned, read_metrics, read_recipe
from lambdas.observed import logger, state_handler
from steps.answers import Row
from steps.contracts import PrepareRunResult, RunSmokeTestsResult
from steps.errors import PredictionError
from steps.evaluated_rows import EVALUATED_ROWS, EvaluatedRow, EvaluatedRows
from steps.ports import ArtifactStore, Predictor
from steps.recipe import Recipe
from steps.smoke_tests import Reply, judge_smoke_tests


class RunSmokeTestsInput(BaseModel):
    """Event of RunSmokeTests."""

    run_id: str
    plan: PrepareRunResult


def run_smoke_tests(
    request: RunSmokeTestsInput, artifacts: ArtifactStore, model: Predictor, clock: Callable[[], float]
) -> RunSmokeTestsResult:
    """The verdict on the live endpoint; an endpoint that does not answer has failed, which is no fault of the run.

    clock: seconds that only ever grow, such as time.monotonic
    """
    recipe, endpoint = read_recipe(request.plan, artifacts), planned(request.plan.endpoint).endpoint_name
    evaluated = _read_evaluated(recipe, request.plan, artifacts)
    asked = [*(case.instance for case in recipe.smoke.cases), *(each.row for each in evaluated)]
    # The first request of a fresh endpoint pays for warming up; whether it is answered is the cases' business.
    with contextlib.suppress(PredictionError):
        model.predict(endpoint, asked[:1])
    replies = [_ask(model, endpoint, row, clock) for row in asked]
    cases = len(recipe.smoke.cases)
    compared = list(zip(evaluated, replies[cases:], strict=True))
    return judge_smoke_tests(
        recipe.task,
        recipe.smoke,
        recipe.data.class_names,
        replies[:cases],
        compared,
        thresholds=read_metrics(request.plan, artifacts).thresholds,
    )


def _read_evaluated(recipe: Recipe, plan: PrepareRunResult, artifacts: ArtifactStore) -> list[EvaluatedRow]:
    if not recipe.smoke.evaluated_rows:
        return []
    uri = f"{planned(plan.evaluate_model).output_uri}/{EVALUATED_ROWS}"
    return EvaluatedRows.model_validate_json(artifacts.read(uri)).rows


def _ask(model: Predictor, endpoint: str, row: Row, clock: Callable[[], float]) -> Reply:
    began = clock()
    try:
        [output] = model.predict(endpoint, [row])
    except PredictionError as error:
        return Reply(latency_ms=(clock() - began) * 1000, error=str(error))
    return Reply(latency_ms=(clock() - began) * 1000, output=output)


@state_handler
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Event: run_id, plan. Result: RunSmokeTestsResult."""
    request = RunSmokeTestsInput.model_validate(event)
    result = run_smoke_tests(request, artifact_store(), predictor(), time.monotonic)
    logger.info("smoke tests run", verdict=result.verdict, reason=result.reason)
    return result.model_dump(mode="json")
