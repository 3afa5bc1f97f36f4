from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import f1_score

from training.evaluation.thresholds import best_threshold, choose_thresholds


def test_the_threshold_lies_between_the_answers_that_it_parts() -> None:
    assert best_threshold(np.array([0.1, 0.2, 0.3, 0.4]), np.array([0, 0, 1, 1])) == pytest.approx(0.25)


def test_no_threshold_has_a_larger_f1() -> None:
    chance = np.random.default_rng(3)
    label = (chance.random(400) < 0.15).astype(np.int64)
    probability = np.clip(0.2 * label + chance.normal(0.2, 0.1, 400), 0, 1)
    chosen = best_threshold(probability, label)
    every = [f1_score(label, probability >= limit) for limit in np.linspace(0, 1, 1001)]
    assert f1_score(label, probability >= chosen) >= max(every)
    assert max(every) > f1_score(label, probability >= 0.5, zero_division=0) + 0.1


def test_of_equally_good_thresholds_the_nearest_to_a_half_is_taken() -> None:
    # 0.3 and 0.7 part the classes with one mistake each.
    probability, label = np.array([0.1, 0.4, 0.5, 0.9]), np.array([0, 1, 0, 1])
    assert best_threshold(probability, label) == pytest.approx(0.25)
    assert best_threshold(np.array([0.2, 0.9]), np.array([0, 1])) == pytest.approx(0.55)


def test_every_label_and_the_second_of_two_classes_get_one() -> None:
    outputs = np.array([[0.9, 0.1], [0.8, 0.2], [0.6, 0.4]])
    assert choose_thresholds("binary", ["bad", "good"], outputs, np.array([0, 0, 1])) == {"good": pytest.approx(0.3)}
    marks = np.array([[1, 0], [0, 0], [0, 1]])
    chosen = choose_thresholds("multi_label", ["rude", "threat"], outputs, marks)
    assert chosen == {"rude": pytest.approx(0.85), "threat": pytest.approx(0.3)}
