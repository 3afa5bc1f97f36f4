"""API Gateway's payload format 2.0: a request as a function's event, and a function's result as a response.

Source: API Gateway developer guide, "Create AWS Lambda proxy integrations for HTTP APIs".
"""

from __future__ import annotations

import base64
import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from werkzeug.wrappers import Request, Response

from local.home import ACCOUNT, REGION

TEXT_TYPES = {"application/json", "application/xml", "application/javascript"}


class MalformedResultError(ValueError):
    """The function's result is no response."""


@dataclass(frozen=True)
class Route:
    """Where in an API a request arrived; caller is the ARN of who signed it, on a route that asks for a signature."""

    api_id: str
    route_key: str
    path: str
    path_parameters: Mapping[str, str]
    caller: str | None = None


def event_of(request: Request, body: bytes, route: Route) -> dict[str, Any]:
    """The event for a function."""
    raw_query = request.query_string.decode()
    is_text = _is_text(request.mimetype)
    headers = {name.lower(): value for name, value in request.headers.items() if name.lower() != "cookie"}
    headers.update({"x-forwarded-for": str(request.remote_addr), "x-forwarded-proto": request.scheme})
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": route.route_key,
        "rawPath": route.path,
        "rawQueryString": raw_query,
        "headers": headers,
        "requestContext": _context(request, route),
        "isBase64Encoded": bool(body) and not is_text,
    }
    if request.headers.get("Cookie"):
        event["cookies"] = [each.strip() for each in request.headers["Cookie"].split(";")]
    if raw_query:
        event["queryStringParameters"] = _joined(parse_qsl(raw_query, keep_blank_values=True))
    if route.path_parameters:
        event["pathParameters"] = dict(route.path_parameters)
    if body:
        event["body"] = body.decode(errors="replace") if is_text else base64.b64encode(body).decode()
    return event


def response_of(payload: bytes) -> Response:
    """The response that a function's result stands for.

    payload: JSON;  anything without a statusCode is the body itself, as JSON, with status 200
    Raises MalformedResultError.
    """
    result = json.loads(payload)
    if not isinstance(result, dict) or "statusCode" not in result:
        body = result if isinstance(result, str) else json.dumps(result)
        return Response(body, 200, content_type="application/json")
    status, body, headers = result["statusCode"], result.get("body") or "", result.get("headers") or {}
    if not str(status).isdecimal() or not isinstance(body, str) or not isinstance(headers, dict):
        raise MalformedResultError("a response needs a number as statusCode, text as body and a mapping as headers")
    content = base64.b64decode(body) if result.get("isBase64Encoded") else body.encode()
    response = Response(content, int(status), content_type="text/plain;charset=UTF-8")
    for name, value in headers.items():
        response.headers[name] = str(value).lower() if isinstance(value, bool) else str(value)
    for cookie in result.get("cookies") or []:
        response.headers.add("Set-Cookie", cookie)
    return response


def _context(request: Request, route: Route) -> dict[str, Any]:
    now = time.time()
    context: dict[str, Any] = {
        "accountId": ACCOUNT,
        "apiId": route.api_id,
        "domainName": request.host,
        "domainPrefix": route.api_id,
        "http": {
            "method": request.method,
            "path": route.path,
            "protocol": request.environ.get("SERVER_PROTOCOL", "HTTP/1.1"),
            "sourceIp": request.remote_addr,
            "userAgent": request.headers.get("User-Agent", ""),
        },
        "requestId": str(uuid.uuid4()),
        "routeKey": route.route_key,
        "stage": "$default",
        "time": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now)),
        "timeEpoch": int(now * 1000),
    }
    if route.caller:
        context["authorizer"] = {"iam": {"accountId": ACCOUNT, "userArn": route.caller, "region": REGION}}
    return context


def _is_text(mimetype: str) -> bool:
    return mimetype.startswith("text/") or mimetype in TEXT_TYPES or mimetype.endswith(("+json", "+xml"))


def _joined(pairs: list[tuple[str, str]]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in pairs:
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined
