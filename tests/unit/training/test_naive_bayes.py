from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from training.naive_bayes import NaiveBayesBag, log_count_ratios

# Ids 2 and 3; feature 2 in both texts of class 0, feature 3 in both texts of class 1 and one of class 0.
IDS = tf.ragged.constant([[2], [2, 3], [3], [3]], dtype=tf.int64)
LABELS = np.array([0, 0, 1, 1])


def test_ratios_by_hand() -> None:
    ratios = log_count_ratios(IDS, LABELS, n_ids=4, n_classes=2, smoothing=1.0)
    # Smoothed shares of features 2 and 3: in class 0 3/5 and 2/5, in class 1 1/4 and 3/4.
    expected = np.log([(3 / 5) / (1 / 4), (2 / 5) / (3 / 4)])
    assert ratios[:2].tolist() == [[0, 0], [0, 0]]
    np.testing.assert_allclose(ratios[2:, 0], expected, rtol=1e-6)
    np.testing.assert_allclose(ratios[2:, 1], -expected, rtol=1e-6)


def test_with_three_classes_each_is_held_against_the_rest() -> None:
    ids = tf.ragged.constant([[2], [3], [4], [4]], dtype=tf.int64)
    ratios = log_count_ratios(ids, np.array([0, 1, 2, 2]), n_ids=5, n_classes=3, smoothing=1.0)
    assert ratios.shape == (5, 3)
    assert ratios[2:].argmax(axis=1).tolist() == [0, 1, 2]
    assert ratios[2, 0] == pytest.approx(np.log((2 / 4) / (1 / 6)))


def test_probabilities_before_training_are_those_of_length_one_ratios() -> None:
    ratios = log_count_ratios(IDS, LABELS, n_ids=4, n_classes=2, smoothing=1.0)
    bag = NaiveBayesBag(ratios, np.array([0.5, 0.5]), first_factor=2.0, l2=0.0)
    answers = bag(tf.constant([[2, 0], [2, 3], [0, 0], [1, 0]], dtype=tf.int64)).numpy()
    one_feature = np.exp([2.0, -2.0])
    np.testing.assert_allclose(answers[0], one_feature / one_feature.sum(), rtol=1e-5)
    a, b = ratios[2, 0], ratios[3, 0]
    score = 2 * (a + b) / np.hypot(a, b)
    np.testing.assert_allclose(answers[1, 0], 1 / (1 + np.exp(-2 * score)), rtol=1e-5)
    np.testing.assert_allclose(answers[2:], 0.5)
    np.testing.assert_allclose(answers.sum(axis=1), 1.0, rtol=1e-6)


def test_a_text_of_which_nothing_is_known_gets_the_class_shares() -> None:
    bag = NaiveBayesBag(np.zeros((4, 3), np.float32), np.array([0.2, 0.3, 0.5]), first_factor=2.0, l2=0.0)
    np.testing.assert_allclose(bag(tf.constant([[1]], dtype=tf.int64)).numpy(), [[0.2, 0.3, 0.5]], rtol=1e-6)


def test_a_batch_without_any_feature_is_answered() -> None:
    bag = NaiveBayesBag(np.zeros((4, 2), np.float32), np.array([0.5, 0.5]), first_factor=2.0, l2=0.0)
    assert bag(tf.zeros((3, 0), dtype=tf.int64)).numpy().tolist() == [[0.5, 0.5]] * 3
