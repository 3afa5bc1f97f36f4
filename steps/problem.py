"""A problem that ends a request of the APIs or of the server, as application/problem+json (RFC 9457)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

MEDIA_TYPE = "application/problem+json"


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

    def body(self) -> bytes:
        """The document that tells a caller what was wrong."""
        document = {
            "type": "about:blank",
            "title": self.status.phrase,
            "status": self.status.value,
            "detail": self.detail,
            **self.members,
        }
        # A caller's own words may hold half of a character, which no answer can be written with.
        return json.dumps(document, ensure_ascii=False).encode(errors="replace")
