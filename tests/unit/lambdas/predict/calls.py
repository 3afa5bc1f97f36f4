"""How tests ask the prediction API: the events that API Gateway sends, and a model that answers by the book."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.predict import handler
from steps.answers import Output, Row
from steps.api_keys import ApiKey
from steps.errors import PredictionError

SECRET = "s" * 43
KEY, LINK_KEY = f"gl_app_{SECRET}", f"gl_link_{SECRET}"
SIGNED = {"iam": {"userArn": "arn:aws:sts::123456789012:assumed-role/caller/ann@example.com"}}


class Context(LambdaContext):
    _function_name = "predict"
    _memory_limit_in_mb = 512
    _invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:predict"
    _aws_request_id = "request"


@dataclass
class FakeModel:
    """Answers by the row's text, or what `numbers` says for every row; `fault` is raised instead."""

    numbers: dict[str, list[float]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    fault: PredictionError | None = None
    asked: list[list[Row]] = field(default_factory=list)

    def predict(self, endpoint_name: str, rows: Sequence[Row]) -> list[Output]:
        self.asked.append(list(rows))
        if self.fault is not None:
            raise self.fault
        default = {"greenlight-comments": [0.9, 0.2], "greenlight-houses": [181234.5]}.get(endpoint_name, [0.1, 0.9])
        return [Output(self.numbers.get(str(row), default), self.warnings) for row in rows]


class FakeKeys:
    def __init__(self, records: dict[str, ApiKey]) -> None:
        self._records = records

    def get(self, name: str) -> ApiKey | None:
        return self._records.get(name)


def call(
    method: str,
    path: str,
    body: str | bytes | None = None,
    *,
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
    cookie: str | None = None,
    signed: bool = True,
) -> dict[str, Any]:
    """Send what API Gateway sends; signed: as it does for a caller whose signature it has checked."""
    is_text = not isinstance(body, bytes)
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": urlencode(query or {}),
        "queryStringParameters": dict(query or {}),
        "headers": {"host": "api.example.com", "x-forwarded-proto": "https", **(headers or {})},
        "requestContext": {
            "stage": "$default",
            "requestId": "id",
            "domainName": "api.example.com",
            "http": {"method": method, "path": path},
            **({"authorizer": SIGNED} if signed else {}),
        },
        "body": body if isinstance(body, str | None) else base64.b64encode(body).decode(),
        "isBase64Encoded": not is_text,
        **({"cookies": [f"other=1; greenlight-key={cookie}".partition("; ")[2]]} if cookie is not None else {}),
    }
    response: dict[str, Any] = handler.handler(event, Context())
    return response


def ask(document: object, recipe: str = "reviews", **options: Any) -> dict[str, Any]:
    """Ask for predictions as a program does."""
    headers = {"content-type": "application/json", **options.pop("headers", {})}
    return call("POST", f"/models/{recipe}/predictions", json.dumps(document), headers=headers, **options)


def document(response: Mapping[str, Any]) -> Any:
    return json.loads(response["body"])


def send_form(path: str, fields: Mapping[str, str], **options: Any) -> dict[str, Any]:
    """Send a page's form as a browser does."""
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        "sec-fetch-site": "same-origin",
        **options.pop("headers", {}),
    }
    return call("POST", path, urlencode(fields).encode(), headers=headers, **options)
