from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from steps.model_checks import MODEL_CHECKS, ModelCheck, ModelChecks
from training.evaluation.training_notes import model_checks
from training.model_checks import (
    ModelCheckError,
    choose_batch,
    choose_texts,
    cross_entropy,
    guess_loss,
    loss_falls,
    one_batch_overfits,
    require,
    same_seed_same_model,
    served_as_trained,
    untrained_output,
    write_checks,
)

TWO = np.array([[1, 0], [0, 1], [1, 0], [0, 1]], dtype=np.float32)


def test_a_model_that_answers_as_its_task_wants_passes_untrained() -> None:
    answered = np.array([[0.25, 0.75], [0.5, 0.5]])
    assert untrained_output(answered, rows=2, n_outputs=2, task="binary").verdict == "passed"
    assert untrained_output(np.array([[3.0], [-9.0]]), rows=2, n_outputs=1, task="regression").verdict == "passed"
    assert untrained_output(np.array([[0.9, 0.9]]), rows=1, n_outputs=2, task="multi_label").verdict == "passed"


@pytest.mark.parametrize(
    ("outputs", "task", "said"),
    [
        (np.array([[0.2, 0.3, 0.5]]), "binary", "it answers the shape (1, 3)"),
        (np.array([[0.2], [0.8]]), "binary", "it answers the shape (2, 1)"),
        (np.array([[math.nan, 0.5]]), "binary", "some of its answers are no numbers"),
        (np.array([[1.2, -0.2]]), "multi_class", "no probabilities between 0 and 1"),
        (np.array([[1.2, 0.0]]), "multi_label", "no probabilities between 0 and 1"),
        (np.array([[0.5, 0.6]]), "binary", "do not add up to 1"),
    ],
)
def test_a_wrong_shape_or_range_is_said(outputs: NDArray[np.float64], task: str, said: str) -> None:
    check = untrained_output(outputs, rows=1, n_outputs=2, task=task)
    assert (check.verdict, said in check.sentence) == ("failed", True)


def test_a_batch_is_learned_by_heart_at_a_quarter_of_a_guess() -> None:
    assert one_batch_overfits(0.17, 0.68, 32).verdict == "passed"
    slow = one_batch_overfits(0.18, 0.68, 32)
    assert slow.verdict == "failed"
    assert "0.1800; a guess has 0.6800, and at most 0.1700 is wanted" in slow.sentence
    assert one_batch_overfits(math.nan, 0.68, 32).verdict == "failed"


def test_the_same_seed_must_give_the_same_answers() -> None:
    assert same_seed_same_model(np.zeros((2, 2)), np.full((2, 2), 1e-7)).verdict == "passed"
    other = same_seed_same_model(np.zeros((2, 2)), np.array([[0, 0], [0, 0.01]]))
    assert (other.verdict, "differ by 0.01 at most" in other.sentence) == ("failed", True)
    assert same_seed_same_model(np.zeros((2, 2)), np.zeros((2, 1))).verdict == "failed"


def test_the_loss_must_fall() -> None:
    assert loss_falls(0.7, 0.6, 10).verdict == "passed"
    assert loss_falls(0.7, 0.7, 10).verdict == "failed"
    assert loss_falls(0.7, math.nan, 10).verdict == "failed"


def test_an_archive_must_answer_as_the_model_in_memory_relative_to_large_numbers() -> None:
    assert served_as_trained(np.array([[200_000.0]]), np.array([[200_010.0]])).verdict == "passed"
    assert served_as_trained(np.array([[0.5]]), np.array([[0.5003]])).verdict == "failed"
    assert served_as_trained(np.array([[0.5, 0.5]]), np.array([[0.5]])).verdict == "failed"


def test_a_batch_has_every_class_and_takes_equal_rows_once() -> None:
    targets = np.eye(3, dtype=np.float32)[[0, 0, 0, 0, 1, 2]]
    assert choose_batch(["a", "a", "b", "c", "d", "e"], targets, rows=6) == [0, 4, 5]
    texts, chosen = choose_texts(["Good film", "good  FILM", "bad film", "dull"], TWO, rows=8)
    assert texts == ["Good film", "bad film", "dull"]
    assert chosen.tolist() == [[1, 0], [1, 0], [0, 1]]


def test_a_batch_is_looked_for_no_further_than_needed() -> None:
    def endless() -> object:
        number = 0
        while True:
            yield str(number)
            number += 1
            assert number < 100

    targets = np.eye(2, dtype=np.float32)[np.arange(1000) % 2]
    assert len(choose_batch(endless(), targets, rows=8)) == 4  # type: ignore[arg-type]  # a generator of texts


def test_losses_are_those_of_the_right_classes_and_of_all_labels() -> None:
    answered = np.array([[0.5, 0.5], [0.2, 0.8]])
    right = np.array([[1, 0], [0, 1]], dtype=np.float32)
    expected = -(math.log(0.5) + math.log(0.8)) / 2
    assert cross_entropy(answered, right, one_is_right=True) == pytest.approx(expected)
    per_label = -(2 * math.log(0.5) + 2 * math.log(0.8)) / 4
    assert cross_entropy(answered, right, one_is_right=False) == pytest.approx(per_label)
    assert guess_loss(TWO, one_is_right=True) == pytest.approx(math.log(2))


def test_a_failed_check_before_training_ends_it_with_its_sentence() -> None:
    require([one_batch_overfits(0.0, 1.0, 8)])
    with pytest.raises(ModelCheckError, match="failed before it was trained: Trained on 8 rows alone"):
        require([one_batch_overfits(0.9, 1.0, 8)])


def test_what_was_checked_lies_at_the_archives_root(tmp_path: Path) -> None:
    write_checks(tmp_path / "model", [loss_falls(0.7, math.inf, 10)])
    [check] = ModelChecks.model_validate_json((tmp_path / "model" / MODEL_CHECKS).read_text()).checks
    assert isinstance(check, ModelCheck)
    assert check.verdict == "failed"
    assert model_checks(tmp_path / "model") == [check]
