from __future__ import annotations

from typing import Any

import numpy as np

from training.evaluation.examples import MOST_EXAMPLES, TEXT_CHARACTERS, choose_examples, disagreeing_rows
from training.evaluation.resampling import MeasuredRows
from training.metrics import answered

NAMES = ["bad", "good"]


def rows(task: str, answers: Any, outputs: Any, thresholds: dict[str, float] | None = None) -> MeasuredRows:
    given = answered(task, NAMES, np.array(outputs), thresholds or {})
    return MeasuredRows(task, np.array(outputs), np.array(answers), given)


def test_the_most_confident_mistakes_come_first_and_right_answers_never() -> None:
    candidate = rows("binary", [0, 0, 1, 1], [[0.4, 0.6], [0.1, 0.9], [0.2, 0.8], [0.7, 0.3]])
    found = choose_examples(["a", "b", "c", "d"], NAMES, candidate, None)
    assert [(one.row_number, one.row) for one in found.mistakes] == [(2, "b"), (4, "d"), (1, "a")]
    first = found.mistakes[0]
    assert (first.expected, first.candidate, first.candidate_probability) == ("bad", "good", 0.9)
    assert (first.champion, first.champion_probability, found.disagreements) == (None, None, [])


def test_disagreements_are_clear_when_both_are_sure() -> None:
    candidate = rows("binary", [0, 0, 1], [[0.1, 0.9], [0.2, 0.8], [0.3, 0.7]])
    champion = rows("binary", [0, 0, 1], [[0.51, 0.49], [0.75, 0.25], [0.1, 0.9]])
    found = choose_examples(["a", "b", "c"], NAMES, candidate, champion)
    assert [one.row_number for one in found.disagreements] == [2, 1]
    assert (found.disagreements[0].candidate, found.disagreements[0].champion) == ("good", "bad")
    assert found.disagreements[0].champion_probability == 0.75
    assert disagreeing_rows(candidate, champion) == 2


def test_answers_by_a_threshold_are_told_as_they_are_given() -> None:
    candidate = rows("binary", [0], [[0.7, 0.3]], {"good": 0.2})
    [mistake] = choose_examples(["a"], NAMES, candidate, None).mistakes
    assert (mistake.candidate, mistake.candidate_probability) == ("good", 0.3)


def test_a_row_of_labels_is_as_wrong_as_its_worst_label() -> None:
    candidate = rows("multi_label", [[0, 0], [1, 1], [1, 0]], [[0.6, 0.1], [0.9, 0.05], [0.8, 0.1]])
    champion = rows("multi_label", [[0, 0], [1, 1], [1, 0]], [[0.1, 0.1], [0.9, 0.9], [0.7, 0.2]])
    found = choose_examples(["a", "b", "c"], NAMES, candidate, champion)
    assert [(one.row_number, one.candidate_probability) for one in found.mistakes] == [(2, 0.95), (1, 0.6)]
    assert (found.mistakes[0].expected, found.mistakes[0].candidate) == ("bad, good", "bad")
    assert found.mistakes[1].expected == "no label"
    assert [one.row_number for one in found.disagreements] == [2, 1]
    assert disagreeing_rows(candidate, champion) == 2


def test_numbers_are_as_wrong_as_they_are_far_away_and_their_disagreements_are_not_counted() -> None:
    candidate = rows("regression", [100.0, 200.0, 300.0], [[110.0], [200.0], [1500.0]])
    champion = rows("regression", [100.0, 200.0, 300.0], [[110.0], [250.0], [1490.0]])
    found = choose_examples([{"area": 1.0}] * 3, [], candidate, champion)
    assert [one.row_number for one in found.mistakes] == [3, 1]
    assert (found.mistakes[0].expected, found.mistakes[0].candidate) == ("300.000", "1,500")
    assert [one.row_number for one in found.disagreements] == [2, 3]
    assert disagreeing_rows(candidate, champion) is None


def test_examples_are_few_and_short() -> None:
    count = 3 * MOST_EXAMPLES
    candidate = rows("binary", [0] * count, [[0.1, 0.9]] * count)
    found = choose_examples(["x" * 9 * TEXT_CHARACTERS] * count, NAMES, candidate, candidate)
    assert len(found.mistakes) == MOST_EXAMPLES
    text = found.mistakes[0].row
    assert isinstance(text, str)
    assert len(text) == TEXT_CHARACTERS
    assert text.endswith("…")
    [cells] = choose_examples(
        [{"street": "y" * 999, "area": 1.0}], NAMES, rows("binary", [0], [[0.1, 0.9]]), None
    ).mistakes
    assert isinstance(cells.row, dict)
    assert len(str(cells.row["street"])) < 999
    assert cells.row["area"] == 1.0
