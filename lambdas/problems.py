"""Problems of the APIs, as application/problem+json (RFC 9457)."""

from __future__ import annotations

import json
from http import HTTPStatus

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
