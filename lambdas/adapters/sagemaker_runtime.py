"""Predictor on SageMaker's runtime."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Literal

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import BaseModel, FiniteFloat, ValidationError

from lambdas.adapters.faults import PAGE_PREDICTION_CONFIG, PREDICTION_CONFIG, error_code, error_message
from steps.answers import Output, Row
from steps.errors import PredictionError

if TYPE_CHECKING:
    from mypy_boto3_sagemaker_runtime import SageMakerRuntimeClient

# SageMaker runtime API reference, InvokeEndpoint, and what every AWS API may say.
_BUSY_CODES = frozenset(
    {"ThrottlingException", "Throttling", "TooManyRequestsException", "ServiceUnavailable", "ModelNotReadyException"}
)


class _Answer(BaseModel):
    predictions: list[list[FiniteFloat]]
    warnings: list[list[str]] | None = None


class SageMakerPredictor:
    """Endpoints that answer as `steps/answers.py` says."""

    def __init__(self, client: SageMakerRuntimeClient) -> None:
        self._client = client

    def predict(self, endpoint_name: str, rows: Sequence[Row]) -> list[Output]:
        """The model's numbers and warnings for each row; raises PredictionError."""
        try:
            answer = self._client.invoke_endpoint(
                EndpointName=endpoint_name,
                ContentType="application/json",
                Accept="application/json",
                # As UTF-8: escapes would make a text up to three times as long, and an endpoint takes 6 MiB.
                Body=json.dumps({"instances": list(rows)}, ensure_ascii=False).encode(),
            )
            body = answer["Body"].read()
        except ClientError as error:
            raise PredictionError(f"endpoint {endpoint_name} answered {error_code(error)}", _why(error)) from error
        except BotoCoreError as error:
            raise PredictionError(f"endpoint {endpoint_name} did not answer ({type(error).__name__})") from error
        try:
            given = _Answer.model_validate_json(body)
        except ValidationError as error:
            raise PredictionError(f"endpoint {endpoint_name} answered something that is no prediction") from error
        warnings = given.warnings or [[]] * len(rows)
        if not len(given.predictions) == len(warnings) == len(rows):
            raise PredictionError(
                f"endpoint {endpoint_name} gave {len(given.predictions)} answers to {len(rows)} rows"
                + (f" and warnings for {len(warnings)}" if len(warnings) != len(rows) else "")
            )
        return [Output(values, said) for values, said in zip(given.predictions, warnings, strict=True)]


def _why(error: ClientError) -> Literal["absent", "busy", "failed"]:
    code, message = error_code(error), error_message(error).lower()
    if code in _BUSY_CODES:
        return "busy"
    # The one code of everything that is wrong with a request; words tell what.
    return "absent" if code == "ValidationError" and "not found" in message else "failed"


@cache
def predictor() -> SageMakerPredictor:
    """One client per container, made at the first call."""
    return SageMakerPredictor(boto3.client("sagemaker-runtime", config=PREDICTION_CONFIG))


@cache
def page_predictor() -> SageMakerPredictor:
    """One that gives up before the page that waits for it does."""
    return SageMakerPredictor(boto3.client("sagemaker-runtime", config=PAGE_PREDICTION_CONFIG))
