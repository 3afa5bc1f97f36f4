from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from training.fine_tuning import BATCHES_IN_ORDER, Batches, best_shares, cross_entropy
from training.hyperparameters import HyperparameterError
from training.model_checks import ModelCheckError
from training.transformer_checks import rehearse
from training.transformer_classifier import _untrained, train
from training.transformer_hyperparameters import TransformerHyperparameters
from training.transformer_model import Reader
from training.word_pieces import WordPieces

TEXTS = ["good film", "the bad films!", "unaffordable", "a good good movie", "bad", "movies"] * 12
TARGETS = np.eye(2, dtype=np.float32)[[1, 0, 0, 1, 0, 1] * 12]
ROWS = (TEXTS, TARGETS)
SMALL: dict[str, Any] = {"max_tokens": 8, "head_tokens": 2, "epochs": 2, "batch_size": 8, "trained_layers": 1}


def rows_of(lengths: list[int]) -> list[Any]:
    return [np.full(length, number + 1, np.int32) for number, length in enumerate(lengths)]


def test_an_epoch_holds_every_row_once_with_texts_of_like_length_together() -> None:
    lengths = np.random.default_rng(1).integers(3, 90, 500).tolist()
    batches = Batches(rows_of(lengths), np.zeros((500, 2), np.float32), 8, 0, 7)
    epoch = batches.in_order()
    assert len(epoch) == batches.steps == 63
    assert sorted(np.concatenate(epoch).tolist()) == list(range(500))
    spread = np.mean([max(lengths[row] for row in rows) - min(lengths[row] for row in rows) for rows in epoch])
    assert spread < 90 / BATCHES_IN_ORDER * 2
    assert [rows.tolist() for rows in batches.in_order()] != [rows.tolist() for rows in epoch]


def test_batches_are_padded_to_their_own_longest_text() -> None:
    batches = Batches(rows_of([2, 1, 4]), np.eye(3, dtype=np.float32), 2, 0, None)
    found = [(ids.numpy().tolist(), targets.numpy().tolist()) for ids, targets in batches.dataset()]
    assert found == [([[2, 0], [1, 1]], [[0, 1, 0], [1, 0, 0]]), ([[3, 3, 3, 3]], [[0, 0, 1]])]


@pytest.mark.parametrize(
    ("head", "kept"), [(0, [8, 9, 10, 11]), (1, [4, 9, 10, 11]), (3, [4, 5, 6, 11]), (4, [4, 5, 6, 7])]
)
def test_a_long_text_keeps_its_beginning_and_its_end(head: int, kept: list[int]) -> None:
    pieces = WordPieces(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *"abcdefgh"])
    read = Reader(pieces, max_tokens=6, head_tokens=head)
    assert read(tf.constant(["a b c d e f g h", "a b c d", "", "a"])).to_list() == [
        [2, *kept, 3],
        [2, 4, 5, 6, 7, 3],
        [2, 3],
        [2, 4, 3],
    ]


def test_losses_are_those_of_the_probabilities() -> None:
    logits, targets = np.array([[1.0, 2.0], [0.5, -1.0]]), np.array([[0, 1], [1, 0]], np.float32)
    softmax = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    wanted = -np.log([softmax[0, 1], softmax[1, 0]]).mean()
    assert cross_entropy(logits, targets, one_is_right=True) == pytest.approx(wanted)
    sigmoid = 1 / (1 + np.exp(-logits))
    wanted = -np.log(np.where(targets == 1, sigmoid, 1 - sigmoid)).mean()
    assert cross_entropy(logits, targets, one_is_right=False) == pytest.approx(wanted)


def test_the_better_model_weighs_more_and_both_together_are_never_worse() -> None:
    chance = np.random.default_rng(2)
    labels = chance.integers(0, 2, 400)
    targets = np.eye(2, dtype=np.float32)[labels]
    right = (labels * 2 - 1)[:, np.newaxis] * np.array([[-1.0, 1.0]])
    good, weak = right + chance.normal(size=(400, 2)), 0.2 * right + chance.normal(size=(400, 2))
    shares = best_shares(good, weak, targets, one_is_right=True)
    assert shares[0] > shares[1] >= 0
    both = cross_entropy(shares[0] * good + shares[1] * weak, targets, one_is_right=True)
    assert both <= min(cross_entropy(logits, targets, one_is_right=True) for logits in (good, weak))


@pytest.mark.parametrize("one_is_right", [True, False])
def test_a_model_is_trained_and_its_answer_does_not_depend_on_its_neighbours(weights: Any, one_is_right: bool) -> None:
    hp = TransformerHyperparameters(**SMALL, max_rows=40, max_validation_rows=30)
    served, found, _ = train(ROWS, ROWS, weights.folder, one_is_right=one_is_right, hp=hp)
    assert found["rows"] == {"fine_tuned": 40, "held_out": 30}
    together = served.probabilities(TEXTS)
    alone = np.concatenate([served.probabilities([text]) for text in TEXTS[:6]])
    np.testing.assert_allclose(alone, together[:6], atol=1e-6)
    if one_is_right:
        np.testing.assert_allclose(together.sum(axis=1), 1.0, atol=1e-6)
    losses = found["validation_loss"]
    assert losses["encoder"] <= losses["frozen"]
    assert losses["served"] <= min(losses["encoder"], losses["n_grams"]) + 1e-6
    assert set(found["shares"]) == {"encoder", "n_grams"}


def test_the_same_seed_gives_the_same_model_to_the_last_bit(weights: Any) -> None:
    hp = TransformerHyperparameters(**SMALL, seed=5, n_grams=0)
    answers = [
        train(ROWS, ROWS, weights.folder, one_is_right=True, hp=hp)[0].probabilities(TEXTS[:12]) for _ in range(2)
    ]
    np.testing.assert_array_equal(answers[0], answers[1])


def test_fine_tuning_that_makes_it_worse_is_not_kept(weights: Any) -> None:
    hp = TransformerHyperparameters(**{**SMALL, "learning_rate": 0.9, "n_grams": 0, "warm_up": 0.0})
    _, found, _ = train(ROWS, ROWS, weights.folder, one_is_right=True, hp=hp)
    losses = found["validation_loss"]
    assert min(found["history"]["val_cross_entropy"]) > losses["frozen"]
    assert losses["served"] == losses["encoder"] == pytest.approx(losses["frozen"])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"max_tokens": 17}, "max_tokens may be 16 at most with these weights, not 17"),
        ({"trained_layers": 3}, "trained_layers may be 2 at most with these weights, not 3"),
    ],
)
def test_more_than_the_weights_have_is_an_error(weights: Any, changes: dict[str, int], message: str) -> None:
    hp = TransformerHyperparameters(**{**SMALL, **changes})
    with pytest.raises(HyperparameterError, match=message):
        train(ROWS, ROWS, weights.folder, one_is_right=True, hp=hp)


def test_a_model_that_starts_elsewhere_each_time_fails_before_it_is_trained(
    weights: Any,
) -> None:
    hp = TransformerHyperparameters(**SMALL)
    chance = iter(range(100))

    def make() -> Any:
        keras.utils.set_random_seed(next(chance))
        return _untrained(weights.folder, 2, hp)

    texts, targets = ROWS
    with pytest.raises(ModelCheckError, match="Trained twice with the same seed, its answers differ"):
        rehearse(make, texts, targets, task="binary", seed=1)
    checks = rehearse(lambda: _untrained(weights.folder, 2, hp), texts, targets, task="binary", seed=1)
    assert [check.verdict for check in checks] == ["passed"] * 3
