from __future__ import annotations

import pytest

from local.http_api.routes import Match, find_route


@pytest.mark.parametrize(
    ("route_keys", "method", "path", "expected"),
    [
        (["GET /health"], "GET", "/health", Match("GET /health", {})),
        (["GET /health"], "POST", "/health", None),
        (["GET /health"], "HEAD", "/health", None),
        (["GET /health"], "GET", "/health/", None),
        (["GET /health", "HEAD /health"], "HEAD", "/health", Match("HEAD /health", {})),
        (["ANY /health"], "HEAD", "/health", Match("ANY /health", {})),
        (["ANY /health", "GET /health"], "GET", "/health", Match("GET /health", {})),
        (["GET /models/{recipe}"], "GET", "/models/mood", Match("GET /models/{recipe}", {"recipe": "mood"})),
        (["GET /models/{recipe}"], "GET", "/models/mood/predictions", None),
        (["GET /models/{recipe}", "GET /models/all"], "GET", "/models/all", Match("GET /models/all", {})),
        (["GET /{proxy+}", "GET /a/{b}"], "GET", "/a/b", Match("GET /a/{b}", {"b": "b"})),
        (["GET /{proxy+}", "GET /a/{b}"], "GET", "/a/b/c", Match("GET /{proxy+}", {"proxy": "a/b/c"})),
        (["$default", "GET /{proxy+}"], "GET", "/x", Match("GET /{proxy+}", {"proxy": "x"})),
        (["$default", "GET /x"], "POST", "/y/z", Match("$default", {})),
        (["GET /a.b"], "GET", "/axb", None),
        ([], "GET", "/", None),
    ],
)
def test_the_most_specific_route_answers(route_keys: list[str], method: str, path: str, expected: Match | None) -> None:
    assert find_route(route_keys, method, path) == expected
