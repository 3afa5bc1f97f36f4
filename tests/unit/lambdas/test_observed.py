"""What a function's lines, metrics and traces say about the run they belong to."""

from __future__ import annotations

import io
import json
from types import SimpleNamespace
from typing import Any

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.observed import Handler, api_handler, event_handler, logger, publish, run_of, state_handler

CONTEXT: Any = SimpleNamespace(
    function_name="check",
    memory_limit_in_mb=512,
    invoked_function_arn="arn:aws:lambda:us-east-1:123456789012:function:check",
    aws_request_id="request-1",
)


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    stream = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", stream)
    return stream


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def metric_lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]


def saying(words: str) -> Handler:
    def handler(_event: dict[str, Any], _context: LambdaContext) -> str:
        logger.info(words)
        return words

    return handler


@pytest.mark.parametrize(
    ("event", "run"),
    [
        ({"run_id": "r1", "plan": {"recipe": "reviews"}}, {"run_id": "r1", "recipe": "reviews"}),
        ({"run_id": "r1", "state": {"recipe": "reviews"}}, {"run_id": "r1", "recipe": "reviews"}),
        ({"run_id": "r1", "input": {"recipe": "reviews"}}, {"run_id": "r1", "recipe": "reviews"}),
        ({"run_id": "r1", "recipe": "reviews"}, {"run_id": "r1", "recipe": "reviews"}),
        ({"run_id": "r1", "input": {}}, {"run_id": "r1"}),
        ({"run_id": "r1", "state": "no object", "input": None}, {"run_id": "r1"}),
        ({}, {}),
    ],
)
def test_a_states_event_names_its_run_and_recipe(event: dict[str, Any], run: dict[str, str]) -> None:
    assert run_of(event) == run


def test_every_line_of_a_state_names_its_run_and_only_its_run(log: io.StringIO) -> None:
    handler = state_handler(saying("checked"))
    handler({"run_id": "r1", "plan": {"recipe": "reviews"}}, CONTEXT)
    handler({"run_id": "r2"}, CONTEXT)
    assert [(line["message"], line["run_id"], line.get("recipe")) for line in lines(log)] == [
        ("checked", "r1", "reviews"),
        ("checked", "r2", None),
    ]


def test_a_states_fault_is_logged_with_its_run_and_raised_as_it_is(log: io.StringIO) -> None:
    @state_handler
    def handler(_event: dict[str, Any], _context: LambdaContext) -> None:
        raise LookupError("nothing there")

    with pytest.raises(LookupError, match="nothing there"):
        handler({"run_id": "r1"}, CONTEXT)
    [line] = lines(log)
    assert (line["level"], line["run_id"], line["exception_name"]) == ("ERROR", "r1", "LookupError")


def test_a_metric_carries_the_run_beside_its_dimensions(capsys: pytest.CaptureFixture[str]) -> None:
    @state_handler
    def handler(_event: dict[str, Any], _context: LambdaContext) -> None:
        publish("RunsEnded", 1, recipe="reviews", outcome="Released")

    handler({"run_id": "r1"}, CONTEXT)
    handler({"run_id": "r2"}, CONTEXT)
    cold, first, second = metric_lines(capsys)
    assert (cold["ColdStart"], cold["function_name"], cold["run_id"]) == ([1.0], "check", "r1")
    assert (first["RunsEnded"], first["run_id"], second["run_id"]) == ([1.0], "r1", "r2")
    [published] = first["_aws"]["CloudWatchMetrics"]
    assert published["Namespace"] == "Greenlight"
    assert {"outcome", "recipe"} <= set(published["Dimensions"][0])
    assert "run_id" not in published["Dimensions"][0]


def test_a_line_of_an_api_carries_the_id_its_caller_was_given(log: io.StringIO) -> None:
    api_handler(saying("answered"))({"requestContext": {"requestId": "call-1"}}, CONTEXT)
    [line] = lines(log)
    assert (line["message"], line["correlation_id"]) == ("answered", "call-1")


def test_what_belongs_to_no_run_names_none(log: io.StringIO) -> None:
    event_handler(saying("watched"))({"run_id": "r1"}, CONTEXT)
    [line] = lines(log)
    assert "run_id" not in line
