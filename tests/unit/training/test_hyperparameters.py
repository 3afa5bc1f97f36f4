from __future__ import annotations

import pytest

from training.hyperparameters import HyperparameterError, Hyperparameters


def test_strings_become_numbers_and_the_rest_keeps_its_default() -> None:
    given = Hyperparameters.from_strings({"epochs": "5", "learning_rate": "1e-3"})
    assert given == Hyperparameters(epochs=5, learning_rate=0.001)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("epochs", "0", "epochs must be at least 1, not 0"),
        ("epochs", "-3", "epochs must be at least 1, not -3"),
        ("epochs", "2.5", "epochs must be a whole number, not '2.5'"),
        ("batch_size", "many", "batch_size must be a whole number, not 'many'"),
        ("learning_rate", "fast", "learning_rate must be a number, not 'fast'"),
        ("learning_rate", "0", "learning_rate must be above 0, not 0.0"),
        ("learning_rate", "nan", "learning_rate must be above 0, not nan"),
        ("l2", "-1", "l2 must be 0 or more, not -1.0"),
        ("l2", "inf", "l2 must be 0 or more, not inf"),
        ("stem_characters", "-1", "stem_characters must be 0 or more, not -1"),
        ("characters", "9", "characters must be between 0 and 8, not 9"),
        ("characters", "-1", "characters must be between 0 and 8, not -1"),
        ("balance", "1.5", "balance must be between 0 and 1, not 1.5"),
        ("balance", "nan", "balance must be between 0 and 1, not nan"),
    ],
)
def test_a_value_that_cannot_be_used_is_named(name: str, value: str, message: str) -> None:
    with pytest.raises(HyperparameterError, match=f"^{message}$".replace("(", r"\(")):
        Hyperparameters.from_strings({name: value})


def test_an_unknown_name_is_told_with_the_known_ones() -> None:
    with pytest.raises(HyperparameterError, match="unknown hyperparameter 'epoch'; there are epochs, patience, "):
        Hyperparameters.from_strings({"epoch": "3"})
