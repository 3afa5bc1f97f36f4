"""What a training script notes in its archive, and how EvaluateModel takes it over."""

from __future__ import annotations

from pathlib import Path

import pytest

from steps.learning_curve import write_learning_curve
from steps.model_checks import MODEL_CHECKS, ModelCheck, ModelChecks
from training.evaluation.asked_model import ModelArchiveError
from training.evaluation.training_notes import learning_curves, model_checks


def test_the_losses_of_each_epoch_are_drawn_from_one_on(tmp_path: Path) -> None:
    write_learning_curve(tmp_path, {"training": [0.9, 0.5, 0.4], "validation": [0.8, float("nan"), 0.7]})
    training, validation = learning_curves(tmp_path)
    assert (training.name, training.x, training.y) == ("training", [1, 2, 3], [0.9, 0.5, 0.4])
    assert (validation.x, validation.y) == ([1, 3], [0.8, 0.7])


@pytest.mark.parametrize("rounds", [0, 1, 99, 100, 101, 1998, 5000])
def test_of_many_rounds_some_are_kept_the_first_and_the_last_among_them(tmp_path: Path, rounds: int) -> None:
    write_learning_curve(tmp_path, {"training": [1 / (number + 1) for number in range(rounds)]})
    [curve] = learning_curves(tmp_path)
    assert len(curve.x) <= 100
    assert [curve.x[0], curve.x[-1]] == [1, rounds] if rounds else curve.x == []


def test_the_checks_of_a_training_are_taken_over(tmp_path: Path) -> None:
    check = ModelCheck(name="loss_falls", verdict="passed", observed=0.4, limit=0.9, sentence="The loss fell.")
    (tmp_path / MODEL_CHECKS).write_text(ModelChecks(checks=[check]).model_dump_json())
    assert model_checks(tmp_path) == [check]


def test_an_archive_without_notes_has_none(tmp_path: Path) -> None:
    assert (learning_curves(tmp_path), model_checks(tmp_path)) == ([], [])


def test_notes_that_are_none_are_an_error_that_names_the_file_and_repeats_nothing_of_it(tmp_path: Path) -> None:
    (tmp_path / MODEL_CHECKS).write_text('{"checks": [{"name": "something secret"}]}')
    with pytest.raises(ModelArchiveError, match=r"the archive's model_checks\.json is not what steps/model") as caught:
        model_checks(tmp_path)
    assert "secret" not in str(caught.value)
