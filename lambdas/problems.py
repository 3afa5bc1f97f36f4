"""Problems of the APIs, as application/problem+json (RFC 9457)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.data_classes.common import BaseProxyEvent


class Problem(Exception):  # noqa: N818 - the RFC's word
    """Ends a request with a status and a sentence for the caller.

    headers: what HTTP wants said beside it;  members: what else a program should find in the answer, such as an id
    that the sentence names
    """

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        **members: Any,  # noqa: ANN401 - whatever JSON holds
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = dict(headers or {})
        self.members = members


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
    body = {
        "type": "about:blank",
        "title": problem.status.phrase,
        "status": problem.status.value,
        "detail": problem.detail,
        **problem.members,
    }
    return Response(
        status_code=problem.status,
        content_type="application/problem+json",
        # A caller's own words may hold half of a character, which no answer can be written with.
        body=json.dumps(body, ensure_ascii=False).encode(errors="replace").decode(),
        headers=dict(problem.headers),
    )
