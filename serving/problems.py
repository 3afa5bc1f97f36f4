"""Problems as application/problem+json (RFC 9457), and where FastAPI's own errors become one."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from steps.predictions import MAX_INSTANCES
from steps.problem import MEDIA_TYPE, Problem

ADDRESSES = "There is POST /predictions, GET /model, GET /health, GET /openapi.json and the page at /."


def problem_response(problem: Problem) -> Response:
    """The response that tells a caller what was wrong."""
    return Response(problem.body(), status_code=problem.status, headers=problem.headers, media_type=MEDIA_TYPE)


def tell_problems(app: FastAPI) -> None:
    """Let every error of an application end as a problem; none repeats what the caller sent."""
    app.exception_handler(Problem)(_problem)
    app.exception_handler(HTTPException)(_http)
    app.exception_handler(RequestValidationError)(_invalid)
    app.exception_handler(Exception)(_defect)


async def _problem(_request: Request, error: Problem) -> Response:
    return problem_response(error)


async def _http(request: Request, error: HTTPException) -> Response:
    status = HTTPStatus(error.status_code)
    if status is HTTPStatus.NOT_FOUND:
        return problem_response(Problem(status, ADDRESSES))
    if status is HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = (error.headers or {}).get("Allow", "")
        detail = f"{request.url.path} takes {allowed}, not {request.method[:20]}."
        return problem_response(Problem(status, detail, headers=error.headers))
    # What FastAPI says of a body that it cannot parse.
    return problem_response(Problem(status, "The body is not valid JSON.", headers=error.headers))


async def _invalid(_request: Request, error: RequestValidationError) -> Response:
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        return problem_response(Problem(HTTPStatus.BAD_REQUEST, "The body is not valid JSON."))
    if first["type"] == "too_long":
        sent = first.get("ctx", {}).get("actual_length")
        detail = f"Send at most {MAX_INSTANCES} instances a request, not {sent}."
        return problem_response(Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail))
    where = ".".join(str(part) for part in first["loc"][1:2]) or "the body"
    known = where if where in {"the body", "instances", "model_version"} else "an unknown key"
    detail = f'{known}: {first["msg"]}. Send {{"instances": [row, ...]}}.'
    return problem_response(Problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail))


async def _defect(_request: Request, _error: Exception) -> Response:
    """Starlette has logged the error; a caller learns nothing of it."""
    return problem_response(Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "The server made a mistake; its log says which."))
