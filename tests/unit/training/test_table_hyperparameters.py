from __future__ import annotations

import pytest

from training.hyperparameters import HyperparameterError
from training.table_hyperparameters import TableHyperparameters


def test_strings_become_numbers_and_truths_and_the_rest_keeps_its_default() -> None:
    given = TableHyperparameters.from_strings(
        {"max_depth": "6", "learning_rate": "1e-1", "log_target": "True", "refit": "false"}
    )
    assert given == TableHyperparameters(max_depth=6, learning_rate=0.1, log_target=True, refit=False)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("num_boost_round", "0", "num_boost_round must be at least 1, not 0"),
        ("num_boost_round", "2.5", "num_boost_round must be a whole number, not '2.5'"),
        ("early_stopping_rounds", "0", "early_stopping_rounds must be at least 1, not 0"),
        ("max_depth", "0", "max_depth must be at least 1, not 0"),
        ("max_categories", "1", "max_categories must be at least 2, not 1"),
        ("learning_rate", "0", "learning_rate must be above 0 and at most 1, not 0.0"),
        ("subsample", "1.5", "subsample must be above 0 and at most 1, not 1.5"),
        ("colsample_bytree", "nan", "colsample_bytree must be above 0 and at most 1, not nan"),
        ("reg_lambda", "-1", "reg_lambda must be 0 or more, not -1.0"),
        ("min_child_weight", "inf", "min_child_weight must be 0 or more, not inf"),
        ("learning_rate", "fast", "learning_rate must be a number, not 'fast'"),
        ("log_target", "yes", "log_target must be true or false, not 'yes'"),
        ("max_dept", "3", "unknown hyperparameter 'max_dept'; there are num_boost_round, "),
    ],
)
def test_a_value_that_cannot_be_used_is_named(name: str, value: str, message: str) -> None:
    with pytest.raises(HyperparameterError, match=f"^{message}"):
        TableHyperparameters.from_strings({name: value})
