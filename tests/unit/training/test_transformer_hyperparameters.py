from __future__ import annotations

import pytest

from training.hyperparameters import HyperparameterError
from training.transformer_hyperparameters import TransformerHyperparameters


def test_strings_become_numbers_and_the_rest_keeps_its_default() -> None:
    given = TransformerHyperparameters.from_strings({"epochs": "5", "learning_rate": "1e-5"})
    assert given == TransformerHyperparameters(epochs=5, learning_rate=0.00001)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("epochs", "0", "epochs must be at least 1, not 0"),
        ("epochs", "2.5", "epochs must be a whole number, not '2.5'"),
        ("batch_size", "0", "batch_size must be at least 1, not 0"),
        ("learning_rate", "0", "learning_rate must be above 0 and below 1, not 0.0"),
        ("learning_rate", "nan", "learning_rate must be above 0 and below 1, not nan"),
        ("learning_rate", "fast", "learning_rate must be a number, not 'fast'"),
        ("warm_up", "1", "warm_up must be 0 or more and below 1, not 1.0"),
        ("dropout", "-0.1", "dropout must be 0 or more and below 1, not -0.1"),
        ("max_tokens", "2", "max_tokens must be at least 3, not 2"),
        ("head_tokens", "300", "head_tokens must be between 0 and max_tokens - 2, which is"),
        ("trained_layers", "-1", "trained_layers must be 0 or more, not -1"),
        ("max_rows", "-5", "max_rows must be 0 or more, not -5"),
        ("n_grams", "2", "n_grams must be 0 or 1, not 2"),
        ("layers", "2", "unknown hyperparameter 'layers'; there are epochs, "),
    ],
)
def test_a_value_that_cannot_be_used_is_named(name: str, value: str, message: str) -> None:
    with pytest.raises(HyperparameterError) as caught:
        TransformerHyperparameters.from_strings({name: value})
    assert message in str(caught.value)
