from __future__ import annotations

from typing import Any

import pytest

from steps.answers import NO_THRESHOLDS, Answer, Output, read_answer
from steps.behaviour.expectations import NO_ANSWER, Miss, miss_of
from steps.recipe_sections.behaviour import BehaviourTest

LABELS = ["toxic", "insult"]


def a_test(kind: str, expect: dict[str, Any] | None = None, tolerance: float = 0.0) -> BehaviourTest:
    change = {} if kind == "minimum_functionality" else {"change": {"typos": 1}}
    return BehaviourTest.model_validate(
        {"name": "one", "kind": kind, "test_rows": 5, "tolerance": tolerance, "expect": expect, **change}
    )


def classes(positive: float) -> Answer | None:
    return read_answer("binary", ["negative", "positive"], Output([1 - positive, positive]), NO_THRESHOLDS)


def labels(*values: float) -> Answer | None:
    return read_answer("multi_label", LABELS, Output(values), NO_THRESHOLDS)


def number(value: float) -> Answer | None:
    return read_answer("regression", [], Output([value]), NO_THRESHOLDS)


def minimum(expect: dict[str, Any], answer: Answer | None) -> Miss | None:
    return miss_of(a_test("minimum_functionality", expect), None, answer)


def test_minimum_functionality_wants_the_class() -> None:
    assert minimum({"label": "positive"}, classes(0.6)) is None
    assert minimum({"label": "positive"}, classes(0.2)) == Miss("positive", "negative (0.80)")


@pytest.mark.parametrize(
    ("expect", "miss"),
    [
        ({"labels": ["insult", "toxic"]}, None),
        ({"labels": []}, "no label"),
        ({"labels": ["toxic"]}, "toxic"),
        ({"includes": ["toxic"]}, None),
        ({"excludes": ["insult"]}, "not insult"),
        ({"includes": ["toxic"], "excludes": ["insult"]}, "toxic, not insult"),
    ],
)
def test_minimum_functionality_wants_these_labels(expect: dict[str, Any], miss: str | None) -> None:
    found = minimum(expect, labels(0.9, 0.7))
    assert found == (None if miss is None else Miss(miss, "toxic (0.90), insult (0.70)"))


def test_no_label_is_said_to_be_none() -> None:
    assert minimum({"includes": ["toxic"]}, labels(0.1, 0.2)) == Miss("toxic", "no label")


@pytest.mark.parametrize(
    ("expect", "value", "wanted"),
    [
        ({"minimum": 10}, 10.0, None),
        ({"minimum": 10}, 9.9, "at least 10"),
        ({"maximum": 20_000}, 20_001.0, "at most 20,000"),
        ({"minimum": 10, "maximum": 20}, 21.0, "from 10 to 20"),
    ],
)
def test_minimum_functionality_wants_a_number_in_its_range(
    expect: dict[str, Any], value: float, wanted: str | None
) -> None:
    found = minimum(expect, number(value))
    assert (found.expected if found else None) == wanted


@pytest.mark.parametrize(
    ("before", "after", "tolerance", "fails"),
    [
        (0.9, 0.6, 0.0, False),  # the same class
        (0.55, 0.48, 0.0, True),
        (0.55, 0.48, 0.1, False),  # forgiven: it hardly moved
        (0.7, 0.48, 0.1, True),
    ],
)
def test_invariance_of_a_class(before: float, after: float, tolerance: float, *, fails: bool) -> None:
    assert (miss_of(a_test("invariance", tolerance=tolerance), classes(before), classes(after)) is not None) == fails


def test_invariance_of_labels_looks_at_those_that_came_or_went() -> None:
    strict, mild = a_test("invariance"), a_test("invariance", tolerance=0.1)
    assert miss_of(strict, labels(0.9, 0.1), labels(0.6, 0.4)) is None
    assert miss_of(strict, labels(0.9, 0.46), labels(0.9, 0.54)) == Miss(
        "toxic (0.90), as before", "toxic (0.90), insult (0.54)"
    )
    assert miss_of(mild, labels(0.9, 0.46), labels(0.9, 0.54)) is None
    assert miss_of(mild, labels(0.9, 0.46), labels(0.2, 0.54)) is not None


@pytest.mark.parametrize(
    ("after", "fails"), [(100_000.0, False), (104_999.0, False), (105_100.0, True), (94_000.0, True)]
)
def test_invariance_of_a_number_has_a_share_to_move(after: float, *, fails: bool) -> None:
    test = a_test("invariance", tolerance=0.05)
    assert (miss_of(test, number(100_000.0), number(after)) is not None) == fails


@pytest.mark.parametrize(
    ("direction", "after", "tolerance", "miss"),
    [
        ("not_lower", 0.6, 0.0, None),
        ("not_lower", 0.9, 0.0, None),
        ("not_lower", 0.5, 0.0, "positive not lower than 0.6"),
        ("not_lower", 0.55, 0.1, None),
        ("not_higher", 0.5, 0.0, None),
        ("not_higher", 0.7, 0.0, "positive not higher than 0.6"),
    ],
)
def test_a_probability_may_move_one_way_only(direction: str, after: float, tolerance: float, miss: str | None) -> None:
    test = a_test("directional", {"direction": direction, "of": "positive"}, tolerance)
    found = miss_of(test, classes(0.6), classes(after))
    assert found == (None if miss is None else Miss(miss, f"positive {after:.4g}"))


def test_a_number_may_move_one_way_only() -> None:
    test = a_test("directional", {"direction": "not_lower"}, 0.01)
    assert miss_of(test, number(200_000.0), number(199_000.0)) is None
    assert miss_of(test, number(200_000.0), number(190_000.0)) == Miss("not lower than 200,000", "190,000")
    # A negative number has a share to move as well.
    assert miss_of(test, number(-200.0), number(-201.0)) is None
    assert miss_of(test, number(-200.0), number(-210.0)) is not None


def test_last_digits_of_another_batch_are_no_failure() -> None:
    test = a_test("directional", {"direction": "not_lower", "of": "positive"})
    assert miss_of(test, classes(0.6), classes(0.6 - 1e-7)) is None
    assert miss_of(a_test("directional", {"direction": "not_lower"}), number(200_000.0), number(199_999.99)) is None


def test_a_model_that_gives_no_answer_has_failed() -> None:
    assert minimum({"label": "positive"}, None) == Miss("positive", NO_ANSWER)
    assert miss_of(a_test("invariance"), classes(0.9), None) == Miss("an answer", NO_ANSWER)
    assert miss_of(a_test("invariance"), None, classes(0.9)) == Miss("an answer to the row as it was", NO_ANSWER)
