"""The table model's hyperparameters, read from the strings that a training job passes."""

from __future__ import annotations

from dataclasses import dataclass

from training.hyperparameters import FromStrings, HyperparameterError


@dataclass(frozen=True)
class TableHyperparameters(FromStrings):
    """What a recipe may set under `training.hyperparameters`; most have xgboost's own names.

    Raises HyperparameterError naming the one that is wrong.
    """

    num_boost_round: int = (
        3000  # trees a class at most; training stops earlier when the validation loss no longer falls
    )
    early_stopping_rounds: int = 100  # trees without a lower validation loss before it stops
    learning_rate: float = 0.02  # share of each tree's answer that counts
    max_depth: int = 4  # questions a tree asks of a row
    min_child_weight: float = 2.0  # rows, weighed by their uncertainty, that a leaf must have
    subsample: float = 0.6  # share of the rows that each tree sees
    colsample_bytree: float = 0.2  # share of the features that each tree sees
    reg_lambda: float = 1.0  # penalty on the squared answers of the leaves
    max_categories: int = 100  # of one column; the rarest of a column with more are one category together
    log_target: bool = False  # regression: fit the logarithm of 1 + the target, for a positive and skewed one
    refit: bool = True  # once the number of trees is known, train anew on training and validation rows together
    seed: int = 7

    def __post_init__(self) -> None:
        for name in ("num_boost_round", "early_stopping_rounds", "max_depth"):
            if getattr(self, name) < 1:
                raise HyperparameterError(f"{name} must be at least 1, not {getattr(self, name)}")
        if self.max_categories < 2:  # noqa: PLR2004 - the frequent and the rest
            raise HyperparameterError(f"max_categories must be at least 2, not {self.max_categories}")
        for name in ("learning_rate", "subsample", "colsample_bytree"):
            if not 0 < getattr(self, name) <= 1:
                raise HyperparameterError(f"{name} must be above 0 and at most 1, not {getattr(self, name)}")
        for name in ("min_child_weight", "reg_lambda", "seed"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise HyperparameterError(f"{name} must be 0 or more, not {getattr(self, name)}")
