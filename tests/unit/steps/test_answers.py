from __future__ import annotations

import math

import pytest

from steps.answers import NO_THRESHOLDS, Answer, Output, read_answer
from steps.recipe import Task

CLASSES = ["negative", "positive"]
LABELS = ["rude", "threat", "spam"]


def test_the_likeliest_class_is_the_answer() -> None:
    assert read_answer("binary", CLASSES, Output([0.25, 0.75]), NO_THRESHOLDS) == Answer(
        label="positive", probability=0.75, probabilities={"negative": 0.25, "positive": 0.75}
    )


def test_the_first_of_two_equally_likely_classes_is_the_answer() -> None:
    answer = read_answer("binary", CLASSES, Output([0.5, 0.5]), NO_THRESHOLDS)
    assert answer is not None
    assert answer.label == "negative"


def test_a_label_is_among_the_answers_from_one_half_on() -> None:
    assert read_answer("multi_label", LABELS, Output([0.9, 0.5, 0.499]), NO_THRESHOLDS) == Answer(
        labels=["rude", "threat"], probabilities={"rude": 0.9, "threat": 0.5, "spam": 0.499}
    )


@pytest.mark.parametrize(("probability", "label"), [(0.3, "positive"), (0.29, "negative"), (0.8, "positive")])
def test_the_second_of_two_classes_is_answered_from_its_threshold_on(probability: float, label: str) -> None:
    answer = read_answer("binary", CLASSES, Output([1 - probability, probability]), {"positive": 0.3})
    assert answer is not None
    assert (answer.label, answer.probability) == (label, (answer.probabilities or {})[label])


def test_each_label_has_its_own_threshold_or_one_half() -> None:
    answer = read_answer("multi_label", LABELS, Output([0.6, 0.2, 0.6]), {"rude": 0.7, "threat": 0.2})
    assert answer is not None
    assert answer.labels == ["threat", "spam"]


def test_no_label_at_all_is_an_answer() -> None:
    answer = read_answer("multi_label", LABELS, Output([0.1, 0.2, 0.3]), NO_THRESHOLDS)
    assert answer is not None
    assert answer.labels == []


def test_a_regression_answers_its_number() -> None:
    assert read_answer("regression", [], Output([-12.5]), NO_THRESHOLDS) == Answer(value=-12.5)


def test_warnings_go_with_the_answer() -> None:
    answer = read_answer("regression", [], Output([1.0], ["Street is a value never seen in training."]), NO_THRESHOLDS)
    assert answer == Answer(value=1.0, warnings=["Street is a value never seen in training."])


def test_fields_of_other_tasks_are_left_out_of_json() -> None:
    answer = read_answer("regression", [], Output([1.5]), NO_THRESHOLDS)
    assert answer is not None
    assert answer.model_dump_json(exclude_none=True) == '{"value":1.5}'


@pytest.mark.parametrize("task", ["binary", "multi_class", "multi_label", "regression"])
@pytest.mark.parametrize("values", [[], [math.nan, 0.5], [math.inf, 0.0], [0.2, 0.3, 0.5, 0.0], [1.5, -0.5]])
def test_numbers_of_another_shape_or_range_are_no_answer(task: Task, values: list[float]) -> None:
    names = {"multi_label": LABELS, "regression": []}.get(task, CLASSES)
    assert read_answer(task, names, Output(values), NO_THRESHOLDS) is None


@pytest.mark.parametrize(
    ("values", "is_answer"), [([0.4951, 0.4951], True), ([0.49, 0.49], False), ([0.9, 0.9], False)]
)
def test_probabilities_of_classes_add_up_to_one_but_for_rounding(values: list[float], is_answer: bool) -> None:
    assert (read_answer("binary", CLASSES, Output(values), NO_THRESHOLDS) is not None) == is_answer
    assert read_answer("multi_label", CLASSES, Output(values), NO_THRESHOLDS) is not None
