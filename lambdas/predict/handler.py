"""The prediction API and its pages. Nothing is answered before somebody has said who asks; see access.py."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.event_handler.openapi.models import APIKey, APIKeyIn, SecurityScheme, Server
from aws_lambda_powertools.event_handler.openapi.params import Body, Path
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

from lambdas.observed import api_handler, logger
from lambdas.predict import composition, page_routes
from lambdas.predict.access import KEY_HEADER, admit, header_of
from lambdas.predict.asked import ask
from lambdas.predict.composition import settings as settings  # noqa: PLC0414 - every handler has its settings
from lambdas.predict.documents import MAX_BODY_BYTES, Health, ModelList
from lambdas.predict.page_routes import event_of
from lambdas.predict.paths import PATHS, is_page, template_of
from lambdas.predict.predict import find_model, live_cards
from lambdas.problems import decoded_body, problem_response, read_json, require_json
from steps.errors import ReleaseError
from steps.predictions import (
    MAX_INSTANCES,
    ModelDescription,
    PredictionRequest,
    PredictionResponse,
    ProblemDetails,
    description_of,
    summary_of,
)
from steps.problem import Problem

app = APIGatewayHttpResolver(enable_validation=True)
app.include_router(page_routes.router)

RecipePath = Annotated[str, Path(description="The recipe's name.")]


def documented(success: type[BaseModel], *problems: HTTPStatus) -> dict[int, Any]:
    """The answers of a route, for the OpenAPI document."""
    answers: dict[int, Any] = {200: {"description": "OK", "content": {"application/json": {"model": success}}}}
    for status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, *problems, HTTPStatus.SERVICE_UNAVAILABLE):
        content = {"application/problem+json": {"model": ProblemDetails}}
        answers[status.value] = {"description": status.phrase, "content": content}
    return answers


@app.post(
    "/models/<recipe>/predictions",
    summary="Ask the live version about one or many rows",
    description=f"At most {MAX_INSTANCES} rows and {MAX_BODY_BYTES} bytes. Rows that cannot be answered are listed "
    "under errors, and the others are answered; 422 when none can be.",
    tags=["predictions"],
    responses=documented(
        PredictionResponse,
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.CONFLICT,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.BAD_GATEWAY,
    ),
)
def answer(recipe: RecipePath, request: Annotated[PredictionRequest, Body()]) -> Response[str]:
    """Predictions of the live version, one per instance."""
    services = composition.services()
    return json_response(ask(request, find_model(recipe, services.records, services.store), services))


@app.get("/models", summary="List the live models", tags=["models"], responses=documented(ModelList))
def list_models() -> Response[str]:
    """Every live model, with its version and metrics."""
    services = composition.services()
    cards = live_cards(services.records, services.store)
    return json_response(ModelList(models=[summary_of(card) for card in cards]))


@app.get(
    "/models/<recipe>",
    summary="Show a live model",
    tags=["models"],
    responses=documented(ModelDescription, HTTPStatus.NOT_FOUND),
)
def show(recipe: RecipePath) -> Response[str]:
    """What is live, how good it is, of what it was made, and who approved it."""
    services = composition.services()
    return json_response(description_of(find_model(recipe, services.records, services.store).card))


@app.get("/health", summary="Whether the API runs", tags=["health"], responses=documented(Health), security=[{}])
def health() -> Response[str]:
    """Whether the function runs; it asks nobody else."""
    return json_response(Health(status="ok"))


@app.get("/openapi.json", include_in_schema=False)
def openapi() -> Response[str]:
    """This API as an OpenAPI document."""
    return Response(HTTPStatus.OK, "application/json", openapi_document())


@cache
def openapi_document() -> str:
    """The OpenAPI document, made once for a container."""
    by_key = composition.services().access == "API_KEY"
    scheme: SecurityScheme = APIKey(
        name=KEY_HEADER if by_key else "Authorization",
        description="A key, made by `greenlight keys create`."
        if by_key
        else "AWS Signature Version 4, service execute-api.",
        **{"in": APIKeyIn.header},
    )
    name = "ApiKey" if by_key else "AwsIam"
    return app.get_openapi_json_schema(
        title="Predictions",
        version="1",
        description="Predictions of the live models. Every answer names the version that gave it.",
        # Below where the document itself lies, which on a laptop is no host's root.
        servers=[Server(url="./")],
        security_schemes={name: scheme},
        security=[{name: []}],
    )


def json_response(document: BaseModel) -> Response[str]:
    """A document as the answer; what has no value is left out but for answers that are null."""
    body = document.model_dump_json(exclude_none=True)
    return Response(HTTPStatus.OK, "application/json", body, headers={"Cache-Control": "no-store"})


def told(error: Problem | ReleaseError, event: APIGatewayProxyEventV2) -> Response[str]:
    """What went wrong, as a page to a person and as a document to a program."""
    if isinstance(error, ReleaseError):
        # A service behind the API did not answer.
        logger.error("prediction API out of order", reason=str(error))
        wait = {"Retry-After": "60"}
        error = Problem(HTTPStatus.SERVICE_UNAVAILABLE, "Please try again in a minute.", headers=wait)
    return page_routes.problem_page(error, event) if is_page(event.path) else problem_response(error)


def problem(error: Problem | ReleaseError) -> Response[str]:
    """The same for the request that is answered just now."""
    return told(error, event_of(app))


def not_found(_error: Exception) -> Response[str]:
    """Any other address, or an address with another method."""
    event = event_of(app)
    template = template_of(event.path)
    if template is None or event.http_method in PATHS[template]:
        return problem(Problem(HTTPStatus.NOT_FOUND, f"There is {', '.join(PATHS)}; GET /models lists all."))
    methods = ", ".join([*PATHS[template], *(["HEAD"] if "GET" in PATHS[template] else [])])
    detail = f"{template} takes {methods}, not {event.http_method[:20]}."
    return problem(Problem(HTTPStatus.METHOD_NOT_ALLOWED, detail, headers={"Allow": methods}))


def invalid(error: RequestValidationError) -> Response[str]:
    """A body that is JSON but no request."""
    first = error.errors()[0]
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"][1:]).lstrip(".")
    if first["type"] == "too_long":
        sent = first.get("ctx", {}).get("actual_length")
        detail = f"Send at most {MAX_INSTANCES} instances a request, not {sent}."
        return problem(Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail))
    detail = f'{place or "the body"}: {first["msg"]}. Send {{"instances": [row, ...]}}.'
    return problem(Problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail))


app.exception_handler(Problem)(problem)
app.exception_handler(ReleaseError)(problem)
app.exception_handler(RequestValidationError)(invalid)
app.not_found(not_found)


@api_handler
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """An HTTP API's event, payload format 2.0."""
    request = APIGatewayProxyEventV2(as_get(event))
    services = composition.services()
    refusal = None
    try:
        caller = admit(request, services.access, services.keys, now=datetime.now(UTC))
        if caller.name is not None:
            logger.append_keys(caller=caller.name)
        if template_of(request.path) == "/models/{recipe}/predictions" and request.http_method == "POST":
            # Before powertools reads it: it takes forms as well, and stumbles over what is nested too deeply.
            content_type = header_of(request, "content-type")
            require_json(content_type)
            read_json(decoded_body(request), content_type, most_bytes=MAX_BODY_BYTES)
    except (Problem, ReleaseError) as error:
        refusal = error
    if refusal is None:
        return app.resolve(request.raw_event, context)
    response = told(refusal, request)
    headers = {**response.headers, "Content-Type": response.content_type}
    return {"statusCode": int(response.status_code), "headers": headers, "body": response.body}


def as_get(event: dict[str, Any]) -> dict[str, Any]:
    """HEAD is GET without the body, which API Gateway drops."""
    http = event["requestContext"]["http"]
    if http["method"] != "HEAD":
        return event
    return {**event, "requestContext": {**event["requestContext"], "http": {**http, "method": "GET"}}}
