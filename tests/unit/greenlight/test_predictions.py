from __future__ import annotations

import json
from typing import Any

import pytest
import requests

from greenlight.errors import CommandError, FaultError, WrongUseError
from greenlight.predictions import predict, read_answer, signed_request

ANSWER = {
    "recipe": "r",
    "model_version": "3",
    "predictions": [{"label": "yes", "probability": 0.9}, None],
    "errors": [{"index": 1, "reason": "is an empty text"}],
    "not_for": "Judging people.",
}


def test_a_request_is_signed_for_the_api_gateway_of_the_region(target: Any) -> None:
    request = signed_request(target, "http://127.0.0.1:4747/_api/p/models/r/predictions", b"{}")
    signature = request.headers["Authorization"]
    assert signature.startswith("AWS4-HMAC-SHA256 Credential=laptop/")
    assert "/us-east-1/execute-api/aws4_request" in signature


def test_an_answer_is_the_document_of_predict() -> None:
    assert read_answer("r", 200, json.dumps(ANSWER)).to_json() == ANSWER


@pytest.mark.parametrize(
    ("status", "text", "error", "words"),
    [
        (404, '{"title": "Not Found", "detail": "None is live."}', WrongUseError, "None is live. .HTTP 404"),
        (
            422,
            json.dumps({"detail": "None can.", "errors": [{"index": n, "reason": "is null"} for n in range(7)]}),
            WrongUseError,
            "None can. row 1 is null; row 2 is null; row 3 is null; row 4 is null; row 5 is null; and 2 more .HTTP 422",
        ),
        (403, '{"message": "Forbidden"}', WrongUseError, "Forbidden .HTTP 403"),
        (503, '{"detail": "Try again."}', FaultError, "Try again. .HTTP 503"),
        (502, "<html>", FaultError, "answered no JSON .HTTP 502"),
    ],
)
def test_a_refusal_is_told_in_the_apis_own_words(status: int, text: str, error: type[CommandError], words: str) -> None:
    with pytest.raises(error, match=words):
        read_answer("r", status, text)


def asked_with(target: Any, monkeypatch: pytest.MonkeyPatch, status: int = 200) -> requests.PreparedRequest:
    """The request that `predict` sends, answered by ANSWER."""
    sent: list[requests.PreparedRequest] = []

    def send(_session: requests.Session, request: requests.PreparedRequest, **_: Any) -> requests.Response:
        sent.append(request)
        response = requests.Response()
        response.status_code = status
        response._content = json.dumps(ANSWER).encode()
        return response

    monkeypatch.setattr(requests.Session, "send", send)
    predict(target, "r", ["a"], "3")
    return sent[0]


def test_where_requests_are_signed_no_key_is_sent(target: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GREENLIGHT_API_KEY", "gl_a_b")
    request = asked_with(target, monkeypatch)
    assert "x-api-key" not in request.headers
    assert "Authorization" in request.headers
    assert json.loads(request.body or b"") == {"instances": ["a"], "model_version": "3"}


def test_where_there_are_keys_the_one_in_the_environment_is_sent(target: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(target.outputs, "ApiAccess", "API_KEY")
    monkeypatch.setenv("GREENLIGHT_API_KEY", "gl_a_b")
    request = asked_with(target, monkeypatch)
    assert request.headers["x-api-key"] == "gl_a_b"
    assert "Authorization" not in request.headers
