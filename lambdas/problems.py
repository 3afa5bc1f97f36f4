"""Problems of the APIs, as application/problem+json (RFC 9457)."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response


class Problem(Exception):  # noqa: N818 - the RFC's word
    """Ends a request with a status and a sentence for the caller.

    members: what else a program should find in the answer, such as an id that the sentence names
    """

    def __init__(self, status: HTTPStatus, detail: str, **members: str | None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.members = members


def read_json(body: str, content_type: str, *, most_bytes: int) -> Any:  # noqa: ANN401 - whatever JSON holds
    """The document in a request's body; raises Problem."""
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Send the body as application/json.")
    if len(body.encode()) > most_bytes:
        raise Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"The body may hold at most {most_bytes} bytes.")
    try:
        return json.loads(body)
    except ValueError as error:
        raise Problem(HTTPStatus.BAD_REQUEST, f"The body is not valid JSON: {error}") from error


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
        status_code=problem.status, content_type="application/problem+json", body=json.dumps(body, ensure_ascii=False)
    )
