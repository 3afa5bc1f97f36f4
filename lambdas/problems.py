"""Bodies of the APIs' requests, and problems as their answers."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.data_classes.common import BaseProxyEvent

from steps.problem import MEDIA_TYPE, Problem


def decoded_body(event: BaseProxyEvent) -> str:
    """A request's body as text; raises Problem."""
    try:
        return event.decoded_body or ""
    except ValueError as error:
        raise Problem(HTTPStatus.BAD_REQUEST, "The body is no text in UTF-8.") from error


def require_json(content_type: str) -> None:
    """Refuse a body of another kind before it is looked at; raises Problem."""
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Send the body as application/json.")


def read_json(body: str, content_type: str, *, most_bytes: int) -> Any:  # noqa: ANN401 - whatever JSON holds
    """The document in a request's body; raises Problem."""
    require_json(content_type)
    if len(body.encode()) > most_bytes:
        raise Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"The body may hold at most {most_bytes} bytes.")
    if not body.strip():
        raise Problem(HTTPStatus.BAD_REQUEST, "The body is empty; send a JSON document.")
    try:
        return json.loads(body)
    except ValueError as error:
        raise Problem(HTTPStatus.BAD_REQUEST, f"The body is not valid JSON: {error}") from error
    except RecursionError as error:
        raise Problem(HTTPStatus.BAD_REQUEST, "The body is nested too deeply.") from error


def problem_response(problem: Problem) -> Response[str]:
    """The response that tells a caller what was wrong."""
    return Response(
        status_code=problem.status,
        content_type=MEDIA_TYPE,
        body=problem.body().decode(),
        headers=dict(problem.headers),
    )
