from __future__ import annotations

import json
from typing import Any

import pytest

from greenlight.errors import CommandError, FaultError, WrongUseError
from greenlight.predictions import read_answer, signed_request

ANSWER = {"recipe": "r", "model_version": "3", "predictions": [{"label": "yes", "probability": 0.9}]}


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
        (403, '{"message": "Forbidden"}', WrongUseError, "Forbidden .HTTP 403"),
        (503, '{"detail": "Try again."}', FaultError, "Try again. .HTTP 503"),
        (502, "<html>", FaultError, "answered no JSON .HTTP 502"),
    ],
)
def test_a_refusal_is_told_in_the_apis_own_words(status: int, text: str, error: type[CommandError], words: str) -> None:
    with pytest.raises(error, match=words):
        read_answer("r", status, text)
