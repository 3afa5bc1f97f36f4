"""What the prediction API does, apart from HTTP: read the request, ask the live version, name the classes."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lambdas.problems import Problem, read_json
from steps.answers import Output, read_answer
from steps.contracts import LiveVersion
from steps.errors import PredictionError
from steps.ports import Predictor, ReleaseRecords

MAX_INSTANCES = 100
MAX_TEXT_CHARACTERS = 20_000
# API Gateway takes 10 MB, a SageMaker endpoint 6 MiB; this leaves room for what JSON adds.
MAX_BODY_BYTES = 4 << 20


class PredictionRequest(BaseModel):
    """Body of a request."""

    model_config = ConfigDict(extra="forbid", strict=True)

    instances: list[Annotated[str, Field(min_length=1, max_length=MAX_TEXT_CHARACTERS)]] = Field(min_length=1)


class Prediction(BaseModel):
    """Answer to one text."""

    label: str
    probability: float
    probabilities: dict[str, float]


class PredictionResponse(BaseModel):
    """Answers to a request, in its order."""

    model_config = ConfigDict(protected_namespaces=())

    recipe: str
    model_version: str
    predictions: list[Prediction]


def read_request(body: str, content_type: str) -> list[str]:
    """The texts of a request; raises Problem."""
    document = read_json(body, content_type, most_bytes=MAX_BODY_BYTES)
    try:
        texts = PredictionRequest.model_validate(document).instances
    except ValidationError as error:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, _what_is_wrong(error)) from error
    if len(texts) > MAX_INSTANCES:
        raise Problem(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"Send at most {MAX_INSTANCES} instances a request, not {len(texts)}."
        )
    return texts


def find_live(recipe: str, records: ReleaseRecords) -> LiveVersion:
    """The live version of a recipe; raises Problem."""
    live = records.live(recipe)
    if live is None:
        raise Problem(HTTPStatus.NOT_FOUND, f"No version of a model '{recipe}' is live.")
    return live


def predict(recipe: str, live: LiveVersion, texts: list[str], model: Predictor) -> PredictionResponse:
    """Ask the live version; raises Problem."""
    try:
        outputs = model.predict(live.endpoint_name, texts)
    except PredictionError as error:
        raise Problem(
            HTTPStatus.SERVICE_UNAVAILABLE, "The model does not answer at the moment; try again in a minute."
        ) from error
    return PredictionResponse(
        recipe=recipe,
        model_version=live.model_version,
        predictions=[_name_classes(output, live.class_names) for output in outputs],
    )


def _name_classes(output: Output, class_names: list[str]) -> Prediction:
    answer = read_answer("multi_class", class_names, output)
    if answer is None or answer.label is None or answer.probability is None or answer.probabilities is None:
        raise Problem(HTTPStatus.BAD_GATEWAY, f"The model answered no probabilities of {', '.join(class_names)}.")
    return Prediction(label=answer.label, probability=answer.probability, probabilities=answer.probabilities)


def _what_is_wrong(error: ValidationError) -> str:
    first = error.errors(include_input=False)[0]
    key = "".join(f"[{part}]" if isinstance(part, int) else str(part) for part in first["loc"]) or "the body"
    return f'{key}: {first["msg"]}. Send {{"instances": ["a text", ...]}}.'
