from __future__ import annotations

import math

import pytest

from steps.recipe_sections.release import SmokeCase, SmokeSection
from steps.smoke_tests import Reply, best_class, judge_smoke_tests

CLASSES = ["negative", "positive"]
SMOKE = SmokeSection(
    cases=[SmokeCase(text="Wonderful.", label="positive"), SmokeCase(text="Dreadful.", label="negative")],
    max_latency_ms=500,
)
RIGHT = [Reply(40.0, [0.1, 0.9]), Reply(40.0, [0.8, 0.2])]


def test_right_answers_in_time_pass() -> None:
    result = judge_smoke_tests(SMOKE, CLASSES, RIGHT)
    assert result.verdict == "passed"
    assert [(answer.case, answer.answered, answer.probability) for answer in result.answers] == [
        (1, "positive", 0.9),
        (2, "negative", 0.8),
    ]


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(40.0, [0.6, 0.4]), "must be 'positive', but the endpoint answered 'negative' with probability 0.60"),
        (Reply(500.1, [0.1, 0.9]), "took 500 ms; 500 ms are allowed"),
        (Reply(40.0, error="endpoint greenlight-reviews answered ModelError"), "got no answer: endpoint"),
        (Reply(40.0, [0.9]), "no probabilities of the 2 classes"),
        (Reply(40.0, [math.nan, 0.9]), "no probabilities of the 2 classes"),
        (Reply(40.0, [7.0, 0.9]), "no probabilities of the 2 classes"),
        (Reply(40.0, [0.9, 0.9]), "no probabilities of the 2 classes"),
    ],
)
def test_a_wrong_slow_missing_or_senseless_answer_fails_with_its_reason(reply: Reply, words: str) -> None:
    result = judge_smoke_tests(SMOKE, CLASSES, [reply, RIGHT[1]])
    assert result.verdict == "failed"
    assert words in result.reason
    assert [answer.passed for answer in result.answers] == [False, True]


def test_an_answer_exactly_at_the_allowed_time_passes() -> None:
    assert judge_smoke_tests(SMOKE, CLASSES, [Reply(500.0, [0.1, 0.9]), RIGHT[1]]).verdict == "passed"


def test_the_reason_counts_the_failures() -> None:
    wrong = [Reply(40.0, [0.9, 0.1]), Reply(40.0, [0.1, 0.9])]
    assert judge_smoke_tests(SMOKE, CLASSES, wrong).reason.endswith("2 of 2 cases failed.")


def test_a_reply_too_few_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="shorter"):
        judge_smoke_tests(SMOKE, CLASSES, RIGHT[:1])


def test_the_first_of_two_equally_likely_classes_is_the_answer() -> None:
    assert best_class([0.5, 0.5], CLASSES) == "negative"
