"""One released model behind HTTP: for programs, for people with a browser, and for SageMaker hosting.

POST /predictions   rows to answers, as the prediction API takes and gives them
GET  /model         what serves: version, metrics, data, approval
GET  /health        whether it serves; open to anybody
GET  /openapi.json  all this as an OpenAPI document
     /              a page to try the model
GET  /ping, POST /invocations   SageMaker's contract
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request

from serving import hosting, page
from serving.access import KEY_HEADER, LOOPBACK_HOSTS, Keys
from serving.answering import predict
from serving.guards import HEALTH, AccessLog, KeysOnly, LimitedBody, OwnHostOnly
from serving.hosted_model import invocations_of
from serving.model import Model
from serving.problems import tell_problems
from serving.served import Served, ServedModel
from serving.turns import Turns
from steps.model_card import ModelCard
from steps.predictions import (
    Document,
    ModelDescription,
    PredictionRequest,
    PredictionResponse,
    ProblemDetails,
    description_of,
)
from steps.problem import Problem

router = APIRouter()


class Health(Document):
    """Whether the server answers, and what."""

    status: str
    recipe: str
    model_version: str


@dataclass(frozen=True)
class Options:
    """How a server is reached.

    keys: who may ask; None for everybody who reaches the address
    is_loopback: only programs of this machine reach it
    """

    keys: Keys | None = None
    is_loopback: bool = False
    turns: Turns = field(default_factory=Turns)


def only_json(request: Request) -> None:
    """Refuses a body of another type; raises Problem."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Send the body as application/json.")


def documented(*problems: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    """The problems of a route, for the OpenAPI document."""
    schema = {"$ref": "#/components/schemas/ProblemDetails"}
    content = {"application/problem+json": {"schema": schema}}
    return {status.value: {"description": status.phrase, "content": content} for status in problems}


@router.post(
    "/predictions",
    summary="Ask the model about one or many rows",
    tags=["predictions"],
    dependencies=[Depends(only_json)],
    response_model_exclude_none=True,
    responses=documented(
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.CONFLICT,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    ),
)
async def predictions(asked: PredictionRequest, request: Request, served: ServedModel) -> PredictionResponse:
    """Rows that cannot be answered are listed under errors, and the others are answered; 422 when none can be."""
    request.state.rows = len(asked.instances)
    return await served.turns.take(partial(predict, asked, served.model, served.card))


@router.get("/model", summary="Show the model", tags=["model"], responses=documented(HTTPStatus.UNAUTHORIZED))
async def model(served: ServedModel) -> ModelDescription:
    """What serves, how good it is, of what it was made, and who approved it."""
    return description_of(served.card)


@router.get("/health", summary="Whether the model answers", tags=["health"])
async def health(served: ServedModel) -> Health:
    """Answers once the model is loaded: nothing is answered before."""
    return Health(status="ok", recipe=served.card.recipe, model_version=served.card.model_version)


def create_app(model: Model, card: ModelCard, options: Options | None = None) -> FastAPI:
    """The application of one model.

    model: takes what `card.input` says and gives what `card.task` says
    """
    options = options or Options()
    app = FastAPI(
        title=f"Predictions of {card.recipe}",
        version=card.model_version,
        description=f"{card.description} Every answer names the version that gave it. {card.not_for}".strip(),
        # The pages that FastAPI would add load scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
    )
    app.state.served = Served(model, card, options.turns, options.keys)
    app.state.invoke = invocations_of(model)
    app.include_router(router)
    app.include_router(page.router)
    app.include_router(hosting.router)
    tell_problems(app)
    _describe_problems(app, options.keys)
    # The last that is added is the first to see a request.
    app.add_middleware(LimitedBody)
    if options.keys is not None:
        app.add_middleware(KeysOnly, keys=options.keys, open_paths=HEALTH | page.OPEN)
    if options.is_loopback:
        app.add_middleware(OwnHostOnly, hosts=LOOPBACK_HOSTS)
    app.add_middleware(AccessLog)
    return app


def _describe_problems(app: FastAPI, keys: Keys | None) -> None:
    """Put into the OpenAPI document what routes do not declare: the shape of a problem, and the key."""
    generated: Callable[[], dict[str, Any]] = app.openapi

    def openapi() -> dict[str, Any]:
        document = generated()
        components = document.setdefault("components", {})
        components["schemas"]["ProblemDetails"] = ProblemDetails.model_json_schema(
            ref_template="#/components/schemas/{model}"
        ) | {"$defs": {}}
        components["schemas"]["ProblemDetails"].pop("$defs")
        if keys is not None:
            components["securitySchemes"] = {"ApiKey": {"type": "apiKey", "in": "header", "name": KEY_HEADER}}
            document["security"] = [{"ApiKey": []}]
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # as FastAPI says to extend it
