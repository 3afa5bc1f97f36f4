from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from local.http_api.events import MalformedResultError, Route, event_of, response_of

ROUTE = Route("abc", "POST /models/{recipe}", "/models/mood", {"recipe": "mood"})


def event(body: bytes = b"", **request: Any) -> dict[str, Any]:
    builder = EnvironBuilder(path="/_api/abc/models/mood", method="POST", data=body, **request)
    return event_of(Request(builder.get_environ()), body, ROUTE)


def test_the_event_is_of_format_2() -> None:
    made = event(query_string="a=1&a=2&b=x%20y", headers={"X-Colour": "green", "User-Agent": "curl"})
    assert made["version"] == "2.0"
    assert made["routeKey"] == "POST /models/{recipe}"
    assert made["rawPath"] == "/models/mood"
    assert made["rawQueryString"] == "a=1&a=2&b=x%20y"
    assert made["queryStringParameters"] == {"a": "1,2", "b": "x y"}
    assert made["pathParameters"] == {"recipe": "mood"}
    assert made["headers"]["x-colour"] == "green"
    assert made["requestContext"]["http"]["method"] == "POST"
    assert made["requestContext"]["http"]["path"] == "/models/mood"
    assert made["requestContext"]["http"]["userAgent"] == "curl"
    assert "body" not in made
    assert made["isBase64Encoded"] is False


def test_cookies_have_a_place_of_their_own() -> None:
    made = event(headers={"Cookie": "a=1; b=2"})
    assert made["cookies"] == ["a=1", "b=2"]
    assert "cookie" not in made["headers"]


@pytest.mark.parametrize("content_type", ["application/json", "text/csv; charset=utf-8", "application/problem+json"])
def test_text_arrives_as_it_is(content_type: str) -> None:
    made = event("grün".encode(), content_type=content_type)
    assert (made["body"], made["isBase64Encoded"]) == ("grün", False)


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "image/png", ""])
def test_everything_else_arrives_encoded(content_type: str) -> None:
    made = event(b"a=1", content_type=content_type)
    assert (base64.b64decode(made["body"]), made["isBase64Encoded"]) == (b"a=1", True)


def test_a_response_has_status_headers_cookies_and_body() -> None:
    result = {"statusCode": 201, "headers": {"Content-Type": "text/html", "X-N": 3}, "cookies": ["a=1", "b=2"]}
    response = response_of(json.dumps({**result, "body": "<p>"}).encode())
    assert (response.status_code, response.get_data()) == (201, b"<p>")
    assert response.headers["Content-Type"] == "text/html"
    assert response.headers["X-N"] == "3"
    assert response.headers.getlist("Set-Cookie") == ["a=1", "b=2"]


def test_an_encoded_body_is_decoded() -> None:
    body = base64.b64encode(b"\x00\xff").decode()
    response = response_of(json.dumps({"statusCode": 200, "body": body, "isBase64Encoded": True}).encode())
    assert response.get_data() == b"\x00\xff"


@pytest.mark.parametrize("result", [{"a": 1}, [1], 3, None])
def test_a_bare_value_is_a_json_body(result: Any) -> None:
    response = response_of(json.dumps(result).encode())
    assert (response.status_code, response.mimetype) == (200, "application/json")
    assert json.loads(response.get_data()) == result


@pytest.mark.parametrize(
    "result",
    [{"statusCode": "ok"}, {"statusCode": 200, "body": {"a": 1}}, {"statusCode": 200, "headers": ["x"]}],
)
def test_a_malformed_result_is_refused(result: Any) -> None:
    with pytest.raises(MalformedResultError):
        response_of(json.dumps(result).encode())
