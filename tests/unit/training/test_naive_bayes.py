from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from training.naive_bayes import NaiveBayesBag, label_weights, log_count_ratios

# Ids 2 and 3; feature 2 in both texts of class 0, feature 3 in both texts of class 1 and one of class 0.
IDS = tf.ragged.constant([[2], [2, 3], [3], [3]], dtype=tf.int64)
TARGETS = np.array([[1, 0], [1, 0], [0, 1], [0, 1]], np.float32)


def test_ratios_by_hand() -> None:
    ratios = log_count_ratios(IDS, TARGETS, n_ids=4, smoothing=1.0)
    # Smoothed shares of features 2 and 3: in class 0 3/5 and 2/5, in class 1 1/4 and 3/4.
    expected = np.log([(3 / 5) / (1 / 4), (2 / 5) / (3 / 4)])
    assert ratios[:2].tolist() == [[0, 0], [0, 0]]
    np.testing.assert_allclose(ratios[2:, 0], expected, rtol=1e-6)
    np.testing.assert_allclose(ratios[2:, 1], -expected, rtol=1e-6)


def test_with_three_classes_each_is_held_against_the_rest() -> None:
    ids = tf.ragged.constant([[2], [3], [4], [4]], dtype=tf.int64)
    ratios = log_count_ratios(ids, np.eye(3, dtype=np.float32)[[0, 1, 2, 2]], n_ids=5, smoothing=1.0)
    assert ratios.shape == (5, 3)
    assert ratios[2:].argmax(axis=1).tolist() == [0, 1, 2]
    assert ratios[2, 0] == pytest.approx(np.log((2 / 4) / (1 / 6)))


def test_probabilities_before_training_are_those_of_length_one_ratios() -> None:
    ratios = log_count_ratios(IDS, TARGETS, n_ids=4, smoothing=1.0)
    bag = NaiveBayesBag(ratios, np.array([0.5, 0.5]), one_is_right=True, first_factor=2.0, l2=0.0)
    answers = bag(tf.constant([[2, 0], [2, 3], [0, 0], [1, 0]], dtype=tf.int64)).numpy()
    one_feature = np.exp([2.0, -2.0])
    np.testing.assert_allclose(answers[0], one_feature / one_feature.sum(), rtol=1e-5)
    a, b = ratios[2, 0], ratios[3, 0]
    score = 2 * (a + b) / np.hypot(a, b)
    np.testing.assert_allclose(answers[1, 0], 1 / (1 + np.exp(-2 * score)), rtol=1e-5)
    np.testing.assert_allclose(answers[2:], 0.5)
    np.testing.assert_allclose(answers.sum(axis=1), 1.0, rtol=1e-6)


def test_a_text_of_which_nothing_is_known_gets_the_class_shares() -> None:
    shares = np.array([0.2, 0.3, 0.5])
    bag = NaiveBayesBag(np.zeros((4, 3), np.float32), shares, one_is_right=True, first_factor=2.0, l2=0.0)
    np.testing.assert_allclose(bag(tf.constant([[1]], dtype=tf.int64)).numpy(), [[0.2, 0.3, 0.5]], rtol=1e-6)


def test_a_batch_without_any_feature_is_answered() -> None:
    shares = np.array([0.5, 0.5])
    bag = NaiveBayesBag(np.zeros((4, 2), np.float32), shares, one_is_right=True, first_factor=2.0, l2=0.0)
    assert bag(tf.zeros((3, 0), dtype=tf.int64)).numpy().tolist() == [[0.5, 0.5]] * 3


def test_a_label_is_held_against_the_rows_without_it_whatever_other_labels_they_have() -> None:
    targets = np.array([[1, 1], [0, 1], [0, 0], [0, 0]], np.float32)
    ratios = log_count_ratios(IDS, targets, n_ids=4, smoothing=1.0)
    # Features 2 and 3 with label 0: 1 and 0; without it: 1 and 3. With label 1: 2 and 1; without it: 0 and 2.
    np.testing.assert_allclose(ratios[2:, 0], np.log([(2 / 3) / (2 / 6), (1 / 3) / (4 / 6)]), rtol=1e-6)
    np.testing.assert_allclose(ratios[2:, 1], np.log([(3 / 5) / (1 / 4), (2 / 5) / (3 / 4)]), rtol=1e-6)


def test_each_label_has_a_probability_of_its_own() -> None:
    ratios = np.zeros((3, 2), np.float32)
    ratios[2] = [0.7, -0.2]
    bag = NaiveBayesBag(ratios, np.array([0.1, 0.75]), one_is_right=False, first_factor=2.0, l2=0.0)
    unknown, known = bag(tf.constant([[1], [2]], dtype=tf.int64)).numpy()
    np.testing.assert_allclose(unknown, [0.1, 0.75], rtol=1e-6)
    np.testing.assert_allclose(known, 1 / (1 + np.exp([-2 + np.log(9), 2 - np.log(3)])), rtol=1e-5)


@pytest.mark.parametrize(("balance", "with_it", "without_it"), [(0.0, 1.0, 1.0), (1.0, 5.0, 5 / 9), (0.5, 2.5, 5 / 6)])
def test_the_rare_side_of_a_label_weighs_more_the_more_balance_there_is(
    balance: float, with_it: float, without_it: float
) -> None:
    rare, frequent = label_weights(np.array([0.1]), balance)
    np.testing.assert_allclose([rare[0], frequent[0]], [with_it, without_it], rtol=1e-5)
    assert 0.1 * rare[0] + 0.9 * frequent[0] == pytest.approx(1.0)
