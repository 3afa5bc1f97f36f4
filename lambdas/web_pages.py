"""Pages for people as HTTP responses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response

from steps.pages import web_pages


class WebPages(web_pages.WebPages):
    """The pages in a folder: templates, and a page.css beside the shared style."""

    def page(
        self, status: HTTPStatus, template: str, values: Mapping[str, object], *, styles: Sequence[str] = ()
    ) -> Response[str]:
        """A template with values in it. styles: those of a part that was made elsewhere"""
        return Response(
            status_code=status,
            content_type="text/html; charset=utf-8",
            body=self.html(template, values),
            headers={**self.headers_with(*styles)},
        )

    def refusal(self, status: HTTPStatus, heading: str, sentence: str) -> Response[str]:
        """A page for a request that is not even looked at."""
        return self.page(status, "refusal.html", {"heading": heading, "sentence": sentence})
