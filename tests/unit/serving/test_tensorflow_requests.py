from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any

import pytest

from serving.tensorflow_requests import UnreadableBodyError, UnsupportedContentTypeError, read_request, write_answer


@pytest.fixture(autouse=True)
def the_servers_own_limit() -> Iterator[None]:
    """Training raises the length of a CSV's field for its whole process, which may be that of these tests."""
    limit = csv.field_size_limit(131_072)
    yield
    csv.field_size_limit(limit)


@pytest.mark.parametrize(
    ("body", "content_type", "request_read"),
    [
        ('{"instances": ["a"]}', "application/json", {"instances": ["a"]}),
        ('{"inputs": ["a"]}', "application/json; charset=utf-8", {"inputs": ["a"]}),
        ('"a"', "application/json", {"instances": ["a"]}),
        ("[1, 2]", "application/json", {"instances": [[1, 2]]}),
        ("[[1, 2], [3, 4]]", "application/json", {"instances": [[1, 2], [3, 4]]}),
        ('{"text": "a"}', "application/json", {"instances": [{"text": "a"}]}),
        ('{"x": 1}\n{"x": 2}\n', "application/jsonlines", {"instances": [{"x": 1}, {"x": 2}]}),
        ("[1]\n[2]", "application/jsons", {"instances": [[1], [2]]}),
        ("1,2\n3,4\n", "text/csv", {"instances": [[1.0, 2.0], [3.0, 4.0]]}),
        ('"a, b"\nc', "text/csv", {"instances": ["a, b", "c"]}),
    ],
)
def test_bodies_are_read_as_the_image_reads_them(body: str, content_type: str, request_read: dict[str, Any]) -> None:
    assert read_request(body.encode(), content_type) == request_read


@pytest.mark.parametrize(
    ("body", "content_type", "error"),
    [
        (b"a", "image/png", UnsupportedContentTypeError),
        (b"a", "", UnsupportedContentTypeError),
        (b"{", "application/json", UnreadableBodyError),
        (b"", "application/json", UnreadableBodyError),
        (b"\xff", "application/json", UnreadableBodyError),
        (b'{"examples": []}', "application/json", UnreadableBodyError),
        (b"[" * 100_000, "application/json", UnreadableBodyError),
        (b"1" * 5000, "application/json", UnreadableBodyError),
        (b"x" * 200_000, "text/csv", UnreadableBodyError),
    ],
)
def test_bodies_that_the_image_cannot_read_are_errors(body: bytes, content_type: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        read_request(body, content_type)


def test_an_answer_is_json_or_the_lines_that_were_asked_for() -> None:
    assert write_answer({"predictions": [[0.5]]}, "*/*") == (b'{"predictions": [[0.5]]}', "application/json")
    assert write_answer({"predictions": []}, "application/jsonlines")[1] == "application/jsonlines"
