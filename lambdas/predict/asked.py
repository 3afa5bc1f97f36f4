"""One request for predictions, from a program or from a page: answered, measured and noted in the log."""

from __future__ import annotations

import time

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit

from lambdas.observed import METRICS_NAMESPACE, logger
from lambdas.predict.composition import Services
from lambdas.predict.predict import LiveModel, predict, require_version
from steps.answers import Answer
from steps.predictions import PredictionRequest, PredictionResponse

metrics = Metrics(namespace=METRICS_NAMESPACE)


def ask(request: PredictionRequest, model: LiveModel, services: Services) -> PredictionResponse:
    """Answer a request; raises Problem."""
    recipe = model.card.recipe
    require_version(request.model_version, model.card, services.registry)
    began = time.monotonic()
    result = predict(request, model, services.predictor)
    latency_ms = (time.monotonic() - began) * 1000
    answers = [answer for answer in result.predictions if answer is not None]
    metrics.add_dimension(name="recipe", value=recipe)
    metrics.add_metric(name="Predictions", unit=MetricUnit.Count, value=len(answers))
    metrics.add_metric(name="ModelLatency", unit=MetricUnit.Milliseconds, value=latency_ms)
    for answer in answers:
        sure = confidence(answer)
        if sure is not None:
            metrics.add_metric(name="Confidence", unit=MetricUnit.NoUnit, value=sure)
    metrics.flush_metrics()
    logger.info(
        "predicted",
        recipe=recipe,
        model_version=result.model_version,
        instances=len(request.instances),
        refused=len(result.errors),
    )
    return result


def confidence(answer: Answer) -> float | None:
    """What the model thinks of its own answer: it falls when rows come that it was not trained on.

    The probability of the class; of several labels the mean probability of being right; none of a number.
    """
    if answer.probability is not None:
        return answer.probability
    if answer.probabilities:
        return sum(max(each, 1 - each) for each in answer.probabilities.values()) / len(answer.probabilities)
    return None
