from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from lambdas.observed import logger
from lambdas.predict.documents import MAX_BODY_BYTES
from steps.contracts import LiveVersion
from steps.errors import PredictionError, ServiceUnavailableError
from steps.model_card import ModelCard
from steps.ports import ModelPackage, ModelRegistry, ReleaseRecords
from steps.predictions import MAX_INSTANCES
from tests.unit.lambdas.predict.calls import FakeModel, ask, call, document

HOUSE = {"LotArea": 8450, "Street": "Pave"}


def test_each_text_gets_its_class_and_all_probabilities_in_order(model: FakeModel) -> None:
    model.numbers = {"Dreadful.": [0.8, 0.2]}
    response = ask({"instances": ["Wonderful.", "Dreadful."]})
    assert response["statusCode"] == 200
    assert document(response) == {
        "recipe": "reviews",
        "model_version": "1",
        "predictions": [
            {"label": "positive", "probability": 0.9, "probabilities": {"negative": 0.1, "positive": 0.9}},
            {"label": "negative", "probability": 0.8, "probabilities": {"negative": 0.8, "positive": 0.2}},
        ],
        "errors": [],
        "not_for": "Judging people.",
    }


def test_labels_are_answered_each_for_itself() -> None:
    answer = document(ask({"instances": ["Hm."]}, "comments"))
    assert answer["predictions"] == [{"labels": ["rude"], "probabilities": {"rude": 0.9, "spam": 0.2}}]


def test_a_table_is_answered_by_a_number_with_what_the_model_warns_of(model: FakeModel) -> None:
    model.warnings = ["Street 'Gold' was never seen in training."]
    answer = document(ask({"instances": [{**HOUSE, "Street": "Gold", "Id": 1}]}, "houses"))
    assert answer["predictions"] == [{"value": 181234.5, "warnings": model.warnings}]
    assert model.asked == [[{"LotArea": 8450.0, "Street": "Gold"}]]


def test_valid_rows_are_answered_and_bad_ones_listed(model: FakeModel) -> None:
    response = ask({"instances": ["", "Wonderful.", 5, "x" * 301]})
    assert response["statusCode"] == 200
    answer = document(response)
    assert [each and each["label"] for each in answer["predictions"]] == [None, "positive", None, None]
    assert [each["index"] for each in answer["errors"]] == [0, 2, 3]
    assert answer["errors"][2]["reason"] == "has 301 characters; at most 300 are taken"
    assert model.asked == [["Wonderful."]], "bad rows never reach the model"


def test_when_no_row_can_be_answered_the_status_says_so(model: FakeModel) -> None:
    response = ask({"instances": ["", {"text": "Wonderful."}]})
    assert response["statusCode"] == 422
    problem = document(response)
    assert (problem["recipe"], problem["model_version"]) == ("reviews", "1")
    assert problem["errors"] == [
        {"index": 0, "reason": "is an empty text"},
        {"index": 1, "reason": "is an object; this model takes a text"},
    ]
    assert model.asked == []


def test_a_misspelt_column_is_named() -> None:
    problem = document(ask({"instances": [{"LotAera": 1, "Street": None}]}, "houses"))
    assert "LotArea (is 'LotAera' meant for it?)" in problem["errors"][0]["reason"]


def test_an_answer_that_is_none_of_the_task_is_listed_beside_the_good_ones(model: FakeModel) -> None:
    model.numbers = {"Odd.": [0.5]}
    answer = document(ask({"instances": ["Odd.", "Wonderful."]}))
    assert answer["predictions"][0] is None
    assert answer["errors"] == [{"index": 0, "reason": "the model gave no probabilities of negative, positive"}]


def test_live_models_are_listed_by_name() -> None:
    models = document(call("GET", "/models"))["models"]
    assert [(each["recipe"], each["model_version"]) for each in models] == [
        ("comments", "4"),
        ("houses", "2"),
        ("reviews", "1"),
    ]


def test_a_model_is_shown_with_its_metrics_data_and_approval(cards: dict[str, ModelCard]) -> None:
    shown = document(call("GET", "/models/houses"))
    assert shown["data"] == {"training_rows": 6000, "test_rows": 1279, "digest": cards["houses"].data_digest}
    assert shown["input"]["features"]["numeric"] == ["LotArea"]
    assert (shown["metrics"], shown["approval"]) == (cards["houses"].metrics, cards["houses"].approval)
    assert "s3://" not in json.dumps(shown), "where the archive lies is nobody's business"


def test_a_version_from_before_there_were_cards_answers_too(records: ReleaseRecords, live: LiveVersion) -> None:
    records.set_live("old-reviews", live)
    assert document(ask({"instances": ["Fine."]}, "old-reviews"))["predictions"][0]["label"] == "positive"
    assert document(call("GET", "/models/old-reviews"))["metrics"] == live.metrics


def test_health_asks_nobody_else() -> None:
    assert document(call("GET", "/health", signed=False)) == {"status": "ok"}


@pytest.mark.parametrize(
    ("sent", "status", "words"),
    [
        ({"texts": ["a"]}, 422, "Field required"),
        ({"instances": ["a"], "more": 1}, 422, "more: Extra inputs are not permitted"),
        ({"instances": []}, 422, "instances: List should have at least 1 item"),
        ({"instances": "Wonderful."}, 422, "instances: Input should be a valid list"),
        ({"instances": ["a"], "model_version": 1}, 422, "model_version: Input should be a valid string"),
        ({"instances": ["a"], "model_version": "one"}, 422, "model_version: String should match pattern"),
        (["Wonderful."], 422, "Send {"),
        (None, 422, "Send {"),
        ({"instances": ["a"] * (MAX_INSTANCES + 1)}, 413, "at most 100 instances a request, not 101"),
        ({"instances": ["x" * MAX_BODY_BYTES]}, 413, f"at most {MAX_BODY_BYTES} bytes"),
        ({"instances": ["a"], "model_version": "99"}, 404, "There is no version 99 of reviews; version 1 is live."),
    ],
)
def test_a_problem_has_its_status_and_a_sentence(sent: object, status: int, words: str) -> None:
    response = ask(sent)
    problem = document(response)
    assert (response["statusCode"], problem["status"]) == (status, status)
    assert response["headers"]["Content-Type"] == "application/problem+json"
    assert words in problem["detail"]


@pytest.mark.parametrize(
    ("body", "content_type", "status", "words"),
    [
        ("{", "application/json", 400, "not valid JSON"),
        ("", "application/json", 400, "The body is empty"),
        (None, "application/json", 400, "The body is empty"),
        ("[" * 100_000, "application/json", 400, "nested too deeply"),
        ('{"instances": [' + "1" * 5000 + "]}", "application/json", 400, "not valid JSON"),
        (b"\xff\xfe", "application/json", 400, "no text in UTF-8"),
        ("a,b", "text/csv", 415, "as application/json"),
        (b"\xff\xfe", "application/octet-stream", 415, "as application/json"),
        ("instances=a", "application/x-www-form-urlencoded", 415, "as application/json"),
        (b"--x", "multipart/form-data; boundary=x", 415, "as application/json"),
        ("{}", "", 415, "as application/json"),
    ],
)
def test_a_body_that_cannot_be_read_is_told_so(body: Any, content_type: str, status: int, words: str) -> None:
    response = call("POST", "/models/reviews/predictions", body, headers={"content-type": content_type})
    assert (response["statusCode"], words in document(response)["detail"]) == (status, True)


@pytest.mark.parametrize(
    ("why", "words", "seconds"),
    [("busy", "too much to do", "5"), ("absent", "is not there", "60"), ("failed", "", "5")],
)
def test_an_endpoint_that_cannot_answer_says_when_to_try_again(
    model: FakeModel, why: Any, words: str, seconds: str
) -> None:
    model.fault = PredictionError("endpoint greenlight-reviews answered ThrottlingException", why)
    response = ask({"instances": ["Wonderful."]})
    assert (response["statusCode"], response["headers"]["Retry-After"]) == (503, seconds)
    assert words in document(response)["detail"]
    assert document(response)["model_version"] == "1"


def test_a_model_that_answers_nonsense_is_a_bad_gateway(model: FakeModel) -> None:
    model.numbers = {"Odd.": [0.5]}
    assert ask({"instances": ["Odd."]})["statusCode"] == 502


def test_a_service_that_is_out_of_order_is_no_error_of_the_function(
    records: ReleaseRecords, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_recipe: str) -> None:
        raise ServiceUnavailableError("DynamoDB, GetItem: words")

    monkeypatch.setattr(records, "live", fail)
    response = ask({"instances": ["Wonderful."]})
    assert (response["statusCode"], response["headers"]["Retry-After"]) == (503, "60")
    assert "DynamoDB" not in response["body"]


def test_the_live_version_may_be_asked_for_by_its_number() -> None:
    assert document(ask({"instances": ["Fine."], "model_version": "1"}))["model_version"] == "1"


def test_a_version_that_exists_but_does_not_serve_is_a_conflict(
    registry: ModelRegistry, publish: Callable[[ModelCard], None], cards: dict[str, ModelCard]
) -> None:
    package = ModelPackage("greenlight-reviews", {}, "", [], "ml.m5.large", "s3://b/r", {}, "t", "{}")
    registry.register(package)
    arn, version = registry.register(package)
    publish(cards["reviews"].model_copy(update={"model_version": version, "model_package_arn": arn}))
    response = ask({"instances": ["Fine."], "model_version": "1"})
    assert response["statusCode"] == 409
    assert document(response)["detail"] == "Version 1 of reviews does not serve; version 2 does."
    assert document(response)["model_version"] == "2"


@pytest.mark.parametrize("recipe", ["names", "x" * 5000, "Reviews", "re views", "..", "RECIPE#reviews"])
def test_a_model_that_was_never_released_is_not_found(recipe: str) -> None:
    for response in (ask({"instances": ["Fine."]}, recipe), call("GET", f"/models/{recipe}")):
        assert response["statusCode"] == 404
        assert document(response)["detail"].endswith("GET /models lists all.")


@pytest.mark.parametrize("path", ["/models/", "/models/a/b/c", "/model", "/health/", "/.env", "//"])
def test_an_address_that_is_none_is_not_found(path: str) -> None:
    response = call("GET", path)
    assert (response["statusCode"], response["headers"]["Content-Type"]) == (404, "application/problem+json")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/models/reviews/predictions", "POST"),
        ("PUT", "/models/reviews/predictions", "POST"),
        ("DELETE", "/models/reviews", "GET, HEAD"),
        ("POST", "/models", "GET, HEAD"),
        ("POST", "/health", "GET, HEAD"),
        ("PATCH", "/recipes/reviews", "GET, POST, HEAD"),
    ],
)
def test_another_method_is_refused_and_the_right_ones_are_named(method: str, path: str, allowed: str) -> None:
    response = call(method, path)
    assert (response["statusCode"], response["headers"]["Allow"]) == (405, allowed)


def test_head_is_answered_where_get_is() -> None:
    assert call("HEAD", "/models")["statusCode"] == 200
    assert call("HEAD", "/health", signed=False)["statusCode"] == 200


def test_no_row_of_a_caller_is_logged_but_who_asked(monkeypatch: pytest.MonkeyPatch, model: FakeModel) -> None:
    log = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", log)
    ask({"instances": ["Wonderful."]})
    model.fault = PredictionError("endpoint greenlight-reviews answered ModelError")
    ask({"instances": ["Unheard of."]})
    logged = log.getvalue()
    assert "predicted" in logged
    assert '"caller":"assumed-role/caller"' in logged
    for secret in ("Wonderful", "Unheard", "ann@example.com"):
        assert secret not in logged
