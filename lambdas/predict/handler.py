"""The prediction API: POST /models/{recipe}/predictions, GET /models/{recipe}, GET /health."""

from __future__ import annotations

import time
from functools import cache
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.adapters.dynamodb_releases import release_records
from lambdas.adapters.sagemaker_runtime import predictor
from lambdas.observed import METRICS_NAMESPACE, api_handler, logger
from lambdas.predict.predict import find_live, predict, read_request
from lambdas.problems import Problem, problem_response
from lambdas.settings import Settings
from steps.errors import ReleaseError

metrics = Metrics(namespace=METRICS_NAMESPACE)
app = APIGatewayHttpResolver()


class PredictSettings(Settings):
    """Environment of the prediction API."""

    release_table: str


@cache
def settings() -> PredictSettings:
    """The function's environment, read at the first call."""
    return PredictSettings.from_environment()


@app.post("/models/<recipe>/predictions")
def answer(recipe: str) -> dict[str, Any]:
    """Predictions of the live version, one per instance."""
    event = app.current_event
    texts = read_request(event.decoded_body or "", event.headers.get("content-type", ""))
    live = find_live(recipe, release_records(settings().release_table))
    began = time.monotonic()
    result = predict(recipe, live, texts, predictor())
    latency_ms = (time.monotonic() - began) * 1000
    metrics.add_dimension(name="recipe", value=recipe)
    metrics.add_metric(name="Predictions", unit=MetricUnit.Count, value=len(texts))
    metrics.add_metric(name="ModelLatency", unit=MetricUnit.Milliseconds, value=latency_ms)
    for prediction in result.predictions:
        # What the model thinks of its own answers: it falls when texts come that it was not trained on.
        metrics.add_metric(name="Confidence", unit=MetricUnit.NoUnit, value=prediction.probability)
    metrics.flush_metrics()
    logger.info("predicted", recipe=recipe, model_version=live.model_version, instances=len(texts))
    return result.model_dump(mode="json")


@app.get("/models/<recipe>")
def show(recipe: str) -> dict[str, Any]:
    """What is live, and how good it is."""
    live = find_live(recipe, release_records(settings().release_table))
    return {
        "recipe": recipe,
        "model_version": live.model_version,
        "class_names": live.class_names,
        "metrics": live.metrics,
        "released_at": live.released_at.isoformat(),
        "model_digest": live.model_digest,
        "run_id": live.run_id,
    }


@app.get("/health")
def health() -> dict[str, str]:
    """Whether the function runs; it asks nobody else."""
    return {"status": "ok"}


@app.not_found
def not_found(_error: Exception) -> Response[str]:
    """Any other address."""
    return problem_response(Problem(HTTPStatus.NOT_FOUND, "There is POST /models/{recipe}/predictions."))


def out_of_order(error: ReleaseError) -> Response[str]:
    """A service behind the API did not answer."""
    logger.error("prediction API out of order", reason=str(error))
    return problem_response(Problem(HTTPStatus.SERVICE_UNAVAILABLE, "Please try again in a minute."))


app.exception_handler(Problem)(problem_response)
app.exception_handler(ReleaseError)(out_of_order)


@api_handler
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """An HTTP API's event, payload format 2.0."""
    return app.resolve(event, context)
