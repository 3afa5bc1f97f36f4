"""The two containers' scripts, called as their images call them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from werkzeug.wrappers import Response

from serving import score_rows, transform_rows
from serving.model import load_model
from serving.table_booster import TableBooster
from serving.table_transformer import MAX_WARNINGS, TableTransformer
from serving.unusable_input import UnusableInputError
from tests.small_table import ROW, unpack


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unpack(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def transformer(folder: Path) -> TableTransformer:
    return transform_rows.model_fn(str(folder))


@pytest.fixture(scope="module")
def booster(folder: Path) -> TableBooster:
    return score_rows.model_fn(str(folder))


def asked(transformer: TableTransformer, rows: list[Any]) -> dict[str, Any]:
    answer = transform_rows.transform_fn(transformer, json.dumps({"instances": rows}), "application/json", "*/*")
    assert isinstance(answer, tuple)
    body, content_type = answer
    assert content_type == "application/json"
    transformed: dict[str, Any] = json.loads(body)
    return transformed


def test_what_two_containers_answer_is_what_the_model_answers_in_one_process(
    folder: Path, transformer: TableTransformer, booster: TableBooster
) -> None:
    rows = [ROW, {**ROW, "street": "Maple", "area": 77.7}, {**ROW, "age": None, "heating": None}]
    transformed = json.dumps(asked(transformer, rows))
    answer = score_rows.predict_fn(score_rows.input_fn(transformed, "application/json"), booster)
    body, content_type = score_rows.output_fn(answer, "text/csv")
    assert content_type == "application/json"
    outputs = load_model(folder).predict(rows)
    assert json.loads(body) == {
        "predictions": [list(output.values) for output in outputs],
        "warnings": [list(output.warnings) for output in outputs],
    }


def test_zeros_and_ones_are_written_short(transformer: TableTransformer) -> None:
    body, _ = transform_rows.transform_fn(transformer, json.dumps({"instances": [ROW]}), "application/json", "")  # type: ignore[misc]  # a tuple, as above
    assert ",0,1," in str(body)
    assert "0.0" not in str(body)


@pytest.mark.parametrize(
    ("body", "content_type", "status", "message"),
    [
        ('{"instances": [{"area": 1}]}', "application/json", 400, "instances[0] lacks the column age and 2 more"),
        ('{"instances": []}', "application/json", 400, "there are no rows to answer"),
        ("nonsense", "application/json", 400, "the body is no JSON"),
        (b"\xff", "application/jsonlines", 400, "the body is not UTF-8 text"),
        ("<a/>", "text/xml", 415, "rows of type 'text/xml' are not read here"),
    ],
)
def test_a_request_that_cannot_be_answered_has_a_status_and_a_sentence(
    transformer: TableTransformer, body: str | bytes, content_type: str, status: int, message: str
) -> None:
    answer = transform_rows.transform_fn(transformer, body, content_type, "*/*")
    assert isinstance(answer, Response)
    assert (answer.status_code, answer.content_type) == (status, "application/json")
    assert message in json.loads(answer.get_data())["error"]


def test_a_matrix_of_another_width_is_refused(booster: TableBooster) -> None:
    with pytest.raises(UnusableInputError, match=r"shape \(1, 3\), but the booster reads \d features"):
        booster.score(np.zeros((1, 3), dtype=np.float32))


def test_many_warnings_of_a_row_are_counted() -> None:
    from serving.table_transformer import _capped  # noqa: PLC0415

    sentences = [f"column {number}" for number in range(MAX_WARNINGS)]
    assert _capped(sentences) == sentences
    assert _capped([*sentences, "one more"]) == [*sentences[:-1], "2 more columns are like these"]
