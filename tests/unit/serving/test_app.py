from __future__ import annotations

import hashlib
import json
import logging
import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from serving.access import Keys
from serving.app import Options, create_app
from serving.guards import LimitedBody
from serving.model import Model
from serving.served import Served, served_by
from serving.turns import Turns
from steps.answers import Output, Row
from steps.model_card import ModelCard
from tests.unit.serving.fake_models import Areas, Lengths

KEY = "gl_tests_" + "k" * 43
KEYS = Keys(frozenset({hashlib.sha256(KEY.encode()).hexdigest()}))
PROBLEM = "application/problem+json"


def client_of(model: Model, card: ModelCard, options: Options | None = None) -> TestClient:
    return TestClient(create_app(model, card, options), raise_server_exceptions=False)


@pytest.fixture
def client(lengths: Lengths, card: ModelCard) -> TestClient:
    return client_of(lengths, card)


def test_rows_are_answered_and_bad_ones_listed_with_the_version(client: TestClient, lengths: Lengths) -> None:
    answer = client.post("/predictions", json={"instances": ["12345678", 5, "ab"]})
    assert answer.status_code == 200
    document = answer.json()
    assert [each and (each["label"], each["probability"]) for each in document["predictions"]] == [
        ("positive", 0.8),
        None,
        ("negative", 0.8),
    ]
    assert document["errors"] == [{"index": 1, "reason": "is a number; this model takes a text"}]
    assert document["model_version"] == "3"
    assert document["not_for"] == "Judging the person who wrote it."
    assert lengths.asked == [["12345678", "ab"]]
    assert "value" not in document["predictions"][0]


def test_a_table_is_answered_with_its_warnings_in_both_ways(table_card: ModelCard) -> None:
    client = client_of(Areas(), table_card)
    row = {"area": 10, "garage": "basement"}
    answer = client.post("/predictions", json={"instances": [row, {"area": 1}]}).json()
    assert answer["predictions"][0] == {"value": 20.0, "warnings": ["garage 'basement' was never seen"]}
    assert answer["errors"][0]["index"] == 1
    hosted = client.post("/invocations", json={"instances": [row]})
    assert hosted.json() == {"predictions": [[20.0]], "warnings": [["garage 'basement' was never seen"]]}
    lines = client.post("/invocations", content="area,garage\n4,none\n", headers={"content-type": "text/csv"})
    assert lines.json()["predictions"] == [[8.0]]


def test_another_model_can_be_injected(client: TestClient, lengths: Lengths, card: ModelCard) -> None:
    app = client.app
    assert isinstance(app, FastAPI)
    other = card.model_copy(update={"model_version": "4"})
    app.dependency_overrides[served_by] = lambda: Served(lengths, other, Turns(), None)
    assert client.post("/predictions", json={"instances": ["a"]}).json()["model_version"] == "4"


def test_the_model_tells_what_it_is_but_not_where_it_lies(client: TestClient) -> None:
    document = client.get("/model").json()
    assert (document["recipe"], document["model_version"], document["metrics"]) == ("reviews", "3", {"accuracy": 0.8})
    assert document["data"]["test_rows"] == 100
    assert document["approval"] == "Approved by one person."
    assert "s3://" not in json.dumps(document)


def test_there_is_a_health_route(client: TestClient) -> None:
    assert client.get("/health").json() == {"status": "ok", "recipe": "reviews", "model_version": "3"}
    assert client.get("/ping").status_code == 200


@pytest.mark.parametrize(
    ("request_sent", "status", "detail"),
    [
        ({"content": b"x", "headers": {"content-type": "text/plain"}}, 415, "application/json"),
        ({"content": b'{"instances": ["a"]}', "headers": {"content-type": "text/plain"}}, 415, "application/json"),
        ({"content": b"{", "headers": {"content-type": "application/json"}}, 400, "not valid JSON"),
        ({"content": b"\xff", "headers": {"content-type": "application/json"}}, 400, "not valid JSON"),
        ({"content": b"", "headers": {"content-type": "application/json"}}, 422, "instances"),
        ({"content": b"[" * 100_000, "headers": {"content-type": "application/json"}}, 400, "not valid JSON"),
        ({"json": {}}, 422, "instances"),
        ({"json": {"instances": []}}, 422, "instances"),
        ({"json": {"instances": "secret row"}}, 422, "instances"),
        ({"json": {"instances": ["a"], "secret row": 1}}, 422, "unknown key"),
        ({"json": {"instances": ["a"] * 101}}, 413, "at most 100 instances a request, not 101"),
        ({"json": {"instances": ["a"], "model_version": "2"}}, 409, "Version 3 of reviews serves here"),
        ({"json": {"instances": [None, {}]}}, 422, "None of the rows"),
        ({"content": b'"' + b"x" * (6 << 20) + b'"', "headers": {"content-type": "application/json"}}, 413, "bytes"),
    ],
)
def test_wrong_requests_get_a_problem_that_repeats_nothing(
    client: TestClient, request_sent: dict[str, Any], status: int, detail: str
) -> None:
    answer = client.post("/predictions", **request_sent)
    assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM), answer.text
    problem = answer.json()
    assert problem["status"] == status
    assert detail in problem["detail"]
    assert "secret row" not in answer.text


def test_a_body_without_a_length_is_counted_as_it_comes(client: TestClient) -> None:
    def chunks() -> Any:
        for _ in range(7):
            yield b"x" * (1 << 20)

    answer = client.post("/predictions", content=chunks(), headers={"content-type": "application/json"})
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/nowhere", 404), ("GET", "/predictions", 405), ("GET", "/docs", 404)]
)
def test_other_addresses_are_problems(client: TestClient, method: str, path: str, status: int) -> None:
    answer = client.request(method, path)
    assert "/predictions" in answer.json()["detail"]
    assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM)


class Broken:
    def predict(self, rows: Sequence[Row]) -> list[Output]:
        raise RuntimeError(f"secret {rows}")


def test_a_defect_is_answered_500_without_a_word_of_it(card: ModelCard) -> None:
    answer = client_of(Broken(), card).post("/predictions", json={"instances": ["a"]})
    assert (answer.status_code, answer.headers["content-type"]) == (500, PROBLEM)
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text


def test_debug_mode_is_off(client: TestClient) -> None:
    assert isinstance(client.app, FastAPI)
    assert client.app.debug is False


def test_numbers_that_are_no_answer_are_a_bad_gateway(card: ModelCard) -> None:
    class Wrong:
        def predict(self, rows: Sequence[Row]) -> list[Output]:
            return [Output(values=[2.0]) for _ in rows]

    answer = client_of(Wrong(), card).post("/predictions", json={"instances": ["a"]})
    assert answer.status_code == 502
    assert answer.json()["model_version"] == "3"


class Slow:
    """Answers when it is let go."""

    def __init__(self) -> None:
        self.asked, self.go = threading.Event(), threading.Event()

    def predict(self, rows: Sequence[Row]) -> list[Output]:
        self.asked.set()
        self.go.wait(10)
        return [Output(values=[0.5, 0.5]) for _ in rows]


def test_a_model_that_takes_too_long_is_not_waited_for(card: ModelCard) -> None:
    slow = Slow()
    client = client_of(slow, card, Options(turns=Turns(seconds=0.01)))
    try:
        answer = client.post("/predictions", json={"instances": ["a"]})
    finally:
        slow.go.set()
    assert answer.status_code == 504


def test_who_comes_when_too_many_wait_is_told_to_come_back(card: ModelCard) -> None:
    slow = Slow()
    # One loop for both requests, as in a server.
    with client_of(slow, card, Options(turns=Turns(max_waiting=1))) as client:
        answers: list[int] = []

        def ask() -> None:
            answers.append(client.post("/predictions", json={"instances": ["a"]}).status_code)

        first = threading.Thread(target=ask)
        first.start()
        try:
            assert slow.asked.wait(10)
            refused = client.post("/predictions", json={"instances": ["a"]})
        finally:
            slow.go.set()
            first.join()
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
    assert answers == [200]


@pytest.mark.parametrize("path", ["/model", "/openapi.json", "/invocations", "/predictions", "/nowhere"])
def test_without_the_key_nothing_but_health_is_answered(lengths: Lengths, card: ModelCard, path: str) -> None:
    client = client_of(lengths, card, Options(keys=KEYS))
    for headers in ({}, {b"x-api-key": b"gl_tests_wrong"}, {b"x-api-key": b"\xc3\xa4"}):
        for method in ("GET", "POST"):
            answer = client.request(method, path, headers=headers)
            assert (answer.status_code, answer.headers["content-type"]) == (401, PROBLEM)
            assert "ApiKey" in answer.headers["www-authenticate"]
    assert client.get("/health").status_code == 200
    assert lengths.asked == []


def test_with_the_key_it_answers_and_the_document_says_so(lengths: Lengths, card: ModelCard) -> None:
    client = client_of(lengths, card, Options(keys=KEYS))
    client.headers["x-api-key"] = KEY
    assert client.post("/predictions", json={"instances": ["a"]}).status_code == 200
    assert client.get("/openapi.json").json()["security"] == [{"ApiKey": []}]


def test_a_server_of_this_machine_answers_under_its_own_name_only(lengths: Lengths, card: ModelCard) -> None:
    client = client_of(lengths, card, Options(is_loopback=True))
    for host in ("127.0.0.1:8080", "localhost", "[::1]:8080"):
        assert client.get("/health", headers={"host": host}).status_code == 200
    answer = client.get("/model", headers={"host": "rebound.example"})
    assert (answer.status_code, answer.headers["content-type"]) == (421, PROBLEM)


def test_the_log_has_a_line_for_a_request_and_nothing_of_its_rows(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    client.post("/predictions?text=secret", json={"instances": ["secret", "b"]})
    client.get("/secret")
    client.get("/health")
    lines = [json.loads(record.message) for record in caplog.records if record.name == "serving.access"]
    assert [(line["method"], line["route"], line["status"], line.get("rows")) for line in lines] == [
        ("POST", "/predictions", 200, 2),
        ("GET", "none", 404, None),
    ]
    assert all("secret" not in json.dumps(line) for line in lines)


def test_the_openapi_document_describes_requests_answers_and_problems(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    asking = document["paths"]["/predictions"]["post"]
    schema = asking["requestBody"]["content"]["application/json"]["schema"]
    assert schema == {"$ref": "#/components/schemas/PredictionRequest"}
    assert asking["responses"]["422"]["content"][PROBLEM]["schema"] == {"$ref": "#/components/schemas/ProblemDetails"}
    assert set(document["components"]["schemas"]) >= {"PredictionResponse", "ProblemDetails", "RowError"}
    assert "/ping" not in document["paths"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=60),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=10), children, max_size=4),
    max_leaves=12,
)
Send = Callable[[TestClient, Any], Any]


@pytest.mark.parametrize("path", ["/predictions", "/invocations"])
@given(document=JSON | st.fixed_dictionaries({"instances": st.lists(JSON, max_size=5)}))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_json_makes_the_server_fail(table_card: ModelCard, path: str, document: Any) -> None:
    answer = client_of(Areas(), table_card).post(
        path, content=json.dumps(document), headers={"content-type": "application/json"}
    )
    assert answer.status_code < 500


@given(body=st.binary(max_size=200), kind=st.sampled_from(["application/json", "text/csv", "application/jsonlines"]))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bytes_make_the_server_fail(card: ModelCard, table_card: ModelCard, body: bytes, kind: str) -> None:
    for client in (client_of(Lengths(), card), client_of(Areas(), table_card)):
        for path in ("/predictions", "/invocations"):
            assert client.post(path, content=body, headers={"content-type": kind}).status_code < 500


def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    import asyncio  # noqa: PLC0415

    said: list[dict[str, Any]] = []

    async def never(_scope: Any, _receive: Any, _send: Any) -> None:
        raise AssertionError

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(10)
        raise AssertionError

    async def send(message: Any) -> None:
        said.append(message)

    scope = {"type": "http", "method": "POST", "path": "/predictions", "headers": []}
    asyncio.run(LimitedBody(never, seconds=0.01)(scope, receive, send))
    assert said[0]["status"] == 408
