from __future__ import annotations

import json
from typing import Any

import pytest

from local.events.patterns import PatternError, check_pattern


@pytest.mark.parametrize(
    "pattern",
    [
        {"source": ["aws.s3"], "detail": {"object": {"key": [{"prefix": "incoming/"}]}}},
        {"detail": {"size": [{"numeric": [">", 0, "<=", 5]}], "key": [{"suffix": {"equals-ignore-case": ".CSV"}}]}},
        {"detail": {"a": [{"exists": False}, None, 3, True], "b": [{"anything-but": ["x", 1]}]}},
        {"detail": {"b": [{"anything-but": {"prefix": ["x"]}}], "c": [{"cidr": "10.0.0.0/24"}]}},
        {"detail": {"$or": [{"a": ["x"]}, {"b": [{"wildcard": "*.csv"}]}]}},
        {"detail": {"a": [{"equals-ignore-case": "x"}]}},
    ],
)
def test_a_pattern_that_eventbridge_documents_is_taken(pattern: dict[str, Any]) -> None:
    check_pattern(json.dumps(pattern))


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ({}, "at least one field"),
        ({"source": "aws.s3"}, "source must be an object or an array"),
        ({"source": []}, "source must be an object or an array that is not empty"),
        ({"detail": {}}, "detail must be an object with at least one field"),
        ({"detail": {"key": [{"starts-with": "x"}]}}, 'detail.key: the comparison {"starts-with": "x"} is not known'),
        ({"detail": {"key": [{"prefix": 3}]}}, "detail.key: the comparison"),
        ({"detail": {"key": [{"prefix": "a", "suffix": "b"}]}}, "neither a value nor one comparison"),
        ({"detail": {"key": [["a"]]}}, "neither a value nor one comparison"),
        ({"detail": {"size": [{"numeric": ["!=", 1]}]}}, "detail.size: the comparison"),
        ({"detail": {"size": [{"numeric": [">", "1"]}]}}, "detail.size: the comparison"),
        ({"detail": {"ip": [{"cidr": "10.0.0.0/99"}]}}, "detail.ip: the comparison"),
        ({"detail": {"a": [{"exists": "yes"}]}}, "detail.a: the comparison"),
        ({"detail": {"a": [{"anything-but": []}]}}, "detail.a: the comparison"),
        ({"detail": {"a": [{"anything-but": {"numeric": [">", 1]}}]}}, "detail.a: the comparison"),
        ({"detail": {"$or": [{"a": ["x"]}]}}, "at least two objects"),
        (["source"], "must be an object"),
    ],
)
def test_any_other_is_refused_by_its_place(pattern: object, words: str) -> None:
    with pytest.raises(PatternError) as refused:
        check_pattern(json.dumps(pattern))
    assert words in str(refused.value)


def test_what_is_not_json_is_refused() -> None:
    with pytest.raises(PatternError, match="not valid JSON"):
        check_pattern("{")
