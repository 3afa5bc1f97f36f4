from __future__ import annotations

import io
import json
from typing import Any

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.observed import logger
from lambdas.predict import handler as api
from lambdas.predict.predict import MAX_BODY_BYTES, MAX_INSTANCES, MAX_TEXT_CHARACTERS
from steps.contracts import LiveVersion
from steps.ports import Predictor, ReleaseRecords


class Context(LambdaContext):
    _function_name = "predict"
    _memory_limit_in_mb = 512
    _invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:predict"
    _aws_request_id = "request"


@pytest.fixture(autouse=True)
def api_on_fakes(
    monkeypatch: pytest.MonkeyPatch,
    records: ReleaseRecords,
    model: Predictor,
    live: LiveVersion,
    replies: dict[str, list[float]],
) -> None:
    """The composition place of the API, with fakes in it and version 1 live."""
    monkeypatch.setenv("RELEASE_TABLE", "table")
    api.settings.cache_clear()
    monkeypatch.setattr(api, "release_records", lambda _table: records)
    monkeypatch.setattr(api, "predictor", lambda: model)
    records.set_live("reviews", live)
    replies |= {"Wonderful.": [0.1, 0.9], "Dreadful.": [0.8, 0.2], "Odd.": [0.5]}


def call(method: str, path: str, body: str | None = None, content_type: str = "application/json") -> dict[str, Any]:
    event = {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"content-type": content_type},
        "requestContext": {"stage": "$default", "http": {"method": method, "path": path}},
        "body": body,
        "isBase64Encoded": False,
    }
    response: dict[str, Any] = api.handler(event, Context())
    return response


def ask(document: object, recipe: str = "reviews") -> dict[str, Any]:
    return call("POST", f"/models/{recipe}/predictions", json.dumps(document))


def test_each_text_gets_its_class_and_all_probabilities_in_order() -> None:
    response = ask({"instances": ["Wonderful.", "Dreadful."]})
    assert response["statusCode"] == 200
    assert json.loads(response["body"]) == {
        "recipe": "reviews",
        "model_version": "1",
        "predictions": [
            {"label": "positive", "probability": 0.9, "probabilities": {"negative": 0.1, "positive": 0.9}},
            {"label": "negative", "probability": 0.8, "probabilities": {"negative": 0.8, "positive": 0.2}},
        ],
    }


def test_a_model_is_shown_with_its_version_and_metrics(live: LiveVersion) -> None:
    shown = json.loads(call("GET", "/models/reviews")["body"])
    assert (shown["model_version"], shown["metrics"]) == ("1", live.metrics)


def test_health_asks_nobody_else() -> None:
    assert json.loads(call("GET", "/health")["body"]) == {"status": "ok"}


@pytest.mark.parametrize(
    ("document", "status", "words"),
    [
        ({"texts": ["a"]}, 422, "instances: Field required"),
        ({"instances": []}, 422, "at least 1 item"),
        ({"instances": [""]}, 422, "instances[0]: String should have at least 1 character"),
        ({"instances": ["a", 5]}, 422, "instances[1]: Input should be a valid string"),
        ({"instances": ["x" * (MAX_TEXT_CHARACTERS + 1)]}, 422, "at most 20000 characters"),
        ({"instances": "Wonderful."}, 422, "instances: Input should be a valid list"),
        (["Wonderful."], 422, "the body: Input should be"),
        ({"instances": ["a"] * (MAX_INSTANCES + 1)}, 413, "at most 100 instances a request, not 101"),
        ({"instances": ["x" * 20_000] * 250}, 413, f"at most {MAX_BODY_BYTES} bytes"),
        ({"instances": ["Unheard of."]}, 503, "does not answer at the moment"),
        ({"instances": ["Odd."]}, 502, "no probabilities of negative, positive"),
    ],
)
def test_a_problem_has_its_status_and_a_sentence(document: object, status: int, words: str) -> None:
    response = ask(document)
    problem = json.loads(response["body"])
    assert (response["statusCode"], problem["status"]) == (status, status)
    assert response["headers"]["Content-Type"] == "application/problem+json"
    assert words in problem["detail"]


def test_a_body_that_is_no_json_is_told_so() -> None:
    response = call("POST", "/models/reviews/predictions", "{")
    assert response["statusCode"] == 400
    assert "not valid JSON" in json.loads(response["body"])["detail"]


def test_another_content_type_is_refused() -> None:
    assert call("POST", "/models/reviews/predictions", "text", "text/csv")["statusCode"] == 415


@pytest.mark.parametrize("path", ["/models/names", "/models", "/"])
def test_what_is_not_there_is_not_found(path: str) -> None:
    assert call("GET", path)["statusCode"] == 404


def test_a_model_that_was_never_released_is_not_found() -> None:
    response = ask({"instances": ["Wonderful."]}, recipe="names")
    assert response["statusCode"] == 404
    assert json.loads(response["body"])["detail"] == "No version of a model 'names' is live."


def test_no_text_of_a_caller_is_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    log = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", log)
    ask({"instances": ["Wonderful."]})
    ask({"instances": ["Unheard of."]})
    logged = log.getvalue()
    assert "predicted" in logged
    assert "Wonderful" not in logged
    assert "Unheard" not in logged
