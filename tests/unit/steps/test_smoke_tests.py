from __future__ import annotations

import math

import pytest

from steps.answers import Output
from steps.contracts import RunSmokeTestsResult
from steps.recipe import Task
from steps.recipe_sections.release import SmokeCase, SmokeSection
from steps.smoke_tests import Reply, judge_smoke_tests

CLASSES = ["negative", "positive"]
SMOKE = SmokeSection(
    cases=[SmokeCase(text="Wonderful.", label="positive"), SmokeCase(text="Dreadful.", label="negative")],
    max_latency_ms=500,
)
RIGHT = [Reply(40.0, Output([0.1, 0.9])), Reply(40.0, Output([0.8, 0.2]))]


def test_right_answers_in_time_pass() -> None:
    result = judge_smoke_tests("binary", SMOKE, CLASSES, RIGHT)
    assert result.verdict == "passed"
    assert [(answer.case, answer.answered, answer.probability) for answer in result.answers] == [
        (1, "positive", 0.9),
        (2, "negative", 0.8),
    ]


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (
            Reply(40.0, Output([0.6, 0.4])),
            "must be 'positive', but the endpoint answered 'negative' with probability 0.60",
        ),
        (Reply(500.1, Output([0.1, 0.9])), "took 500 ms; 500 ms are allowed"),
        (Reply(40.0, error="endpoint greenlight-reviews answered ModelError"), "got no answer: endpoint"),
        (Reply(40.0, Output([0.9])), "no probabilities of the 2 classes"),
        (Reply(40.0, Output([math.nan, 0.9])), "no probabilities of the 2 classes"),
        (Reply(40.0, Output([7.0, 0.9])), "no probabilities of the 2 classes"),
        (Reply(40.0, Output([0.9, 0.9])), "no probabilities of the 2 classes"),
    ],
)
def test_a_wrong_slow_missing_or_senseless_answer_fails_with_its_reason(reply: Reply, words: str) -> None:
    result = judge_smoke_tests("binary", SMOKE, CLASSES, [reply, RIGHT[1]])
    assert result.verdict == "failed"
    assert words in result.reason
    assert [answer.passed for answer in result.answers] == [False, True]


def test_an_answer_exactly_at_the_allowed_time_passes() -> None:
    assert judge_smoke_tests("binary", SMOKE, CLASSES, [Reply(500.0, Output([0.1, 0.9])), RIGHT[1]]).verdict == "passed"


def test_a_case_is_judged_with_the_thresholds_of_the_evaluation() -> None:
    replies = [Reply(40.0, Output([0.7, 0.3])), Reply(40.0, Output([0.8, 0.2]))]
    assert judge_smoke_tests("binary", SMOKE, CLASSES, replies).verdict == "failed"
    assert judge_smoke_tests("binary", SMOKE, CLASSES, replies, thresholds={"positive": 0.3}).verdict == "passed"


def test_the_reason_counts_the_failures() -> None:
    wrong = [Reply(40.0, Output([0.9, 0.1])), Reply(40.0, Output([0.1, 0.9]))]
    assert judge_smoke_tests("binary", SMOKE, CLASSES, wrong).reason.endswith("2 of 2 cases failed.")


def test_a_reply_too_few_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="shorter"):
        judge_smoke_tests("binary", SMOKE, CLASSES, RIGHT[:1])


LABELS = ["rude", "threat", "spam"]


def judged(task: Task, case: SmokeCase, values: list[float]) -> RunSmokeTestsResult:
    names = {"multi_label": LABELS, "regression": []}.get(task, CLASSES)
    return judge_smoke_tests(task, SmokeSection(cases=[case]), names, [Reply(40.0, Output(values))])


@pytest.mark.parametrize(
    ("labels", "values", "verdict"),
    [
        (["rude", "spam"], [0.9, 0.1, 0.5], "passed"),
        (["spam", "rude"], [0.9, 0.1, 0.5], "passed"),
        ([], [0.4, 0.1, 0.2], "passed"),
        ([], [0.4, 0.6, 0.2], "failed"),
        (["rude"], [0.9, 0.1, 0.5], "failed"),
        (["rude", "spam"], [0.9, 0.1, 0.49], "failed"),
    ],
)
def test_several_labels_must_be_exactly_those_of_the_case(labels: list[str], values: list[float], verdict: str) -> None:
    assert judged("multi_label", SmokeCase(text="a", labels=labels), values).verdict == verdict


@pytest.mark.parametrize(
    ("limits", "value", "verdict"),
    [
        ({"minimum": 100, "maximum": 200}, 100.0, "passed"),
        ({"minimum": 100, "maximum": 200}, 200.0, "passed"),
        ({"minimum": 100, "maximum": 200}, 200.5, "failed"),
        ({"minimum": 100}, 99.0, "failed"),
        ({"minimum": 100}, 1e9, "passed"),
        ({"maximum": 200}, -5.0, "passed"),
        ({"minimum": 0, "maximum": 0}, 0.0, "passed"),
    ],
)
def test_a_number_must_lie_between_the_limits_of_the_case(limits: dict[str, float], value: float, verdict: str) -> None:
    assert judged("regression", SmokeCase(row={"area": 1.0}, **limits), [value]).verdict == verdict


@pytest.mark.parametrize(
    ("task", "case", "values", "sentence"),
    [
        (
            "multi_label",
            SmokeCase(text="a", labels=["rude", "spam"]),
            [0.1, 0.2, 0.3],
            "Smoke case 1 must be 'rude', 'spam', but the endpoint answered no label.",
        ),
        (
            "multi_label",
            SmokeCase(text="a", labels=[]),
            [0.1, 0.9],
            "Smoke case 1 was answered with no probabilities of the 3 labels.",
        ),
        (
            "regression",
            SmokeCase(row={"area": 1.0}, minimum=1_234_567.5, maximum=2e6),
            [34900.25],
            "Smoke case 1 must be from 1,234,567.5 to 2,000,000, but the endpoint answered 34,900.25.",
        ),
        (
            "regression",
            SmokeCase(row={"area": 1.0}, minimum=1),
            [0.0],
            "must be at least 1, but the endpoint answered 0.",
        ),
        ("regression", SmokeCase(row={"area": 1.0}, maximum=1), [1.0, 2.0], "was answered with no single number."),
    ],
)
def test_the_reason_names_labels_and_numbers_as_they_are(
    task: Task, case: SmokeCase, values: list[float], sentence: str
) -> None:
    assert judged(task, case, values).reason.endswith(sentence)


def test_what_was_wanted_and_answered_is_kept_for_every_task() -> None:
    [several] = judged("multi_label", SmokeCase(text="a", labels=["rude"]), [0.9, 0.8, 0.1]).answers
    assert (several.expected, several.answered, several.probability) == ("rude", "rude, threat", 0.0)
    [number] = judged("regression", SmokeCase(row={"a": 1.0}, maximum=5), [4.5]).answers
    assert (number.expected, number.answered, number.passed) == ("at most 5", "4.5", True)


def test_many_labels_do_not_outgrow_the_runs_state() -> None:
    names = [f"label number {number} of a hundred" for number in range(100)]
    result = judge_smoke_tests(
        "multi_label",
        SmokeSection(cases=[SmokeCase(text="a", labels=names)] * 30),
        names,
        [Reply(40.0, Output([0.0] + [1.0] * 99))] * 30,
    )
    assert result.verdict == "failed"
    assert len(result.model_dump_json()) < 40_000
