"""Hyperparameters as the strings that a training job passes, and those of the text classifier."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind = TypeVar("Kind", bound="FromStrings")

# How a value of each type is read from small letters, and what it must be.
_READERS: dict[str, tuple[Any, str]] = {
    "int": (int, "a whole number"),
    "float": (float, "a number"),
    "bool": ({"true": True, "false": False}.__getitem__, "true or false"),
}

# Longer runs are as rare as whole words, and each length makes every text's features more by as many as its letters.
MAX_CHARACTERS = 8


class HyperparameterError(ValueError):
    """A hyperparameter has a value that cannot be used."""


@dataclass(frozen=True)
class FromStrings:
    """Base of a script's hyperparameters: whole numbers, numbers, and true or false, each with a default."""

    @classmethod
    def from_strings(cls: type[Kind], given: Mapping[str, str]) -> Kind:
        """Build from `name -> value as text`; what is not given keeps its default.

        Raises HyperparameterError naming the one that is unknown or cannot be read.
        """
        known = {field.name: str(field.type) for field in fields(cls)}
        values: dict[str, Any] = {}
        for name, text in given.items():
            if name not in known:
                raise HyperparameterError(f"unknown hyperparameter '{name}'; there are {', '.join(known)}")
            read, kind = _READERS[known[name]]
            try:
                values[name] = read(text.lower())
            except (ValueError, KeyError) as error:
                raise HyperparameterError(f"{name} must be {kind}, not '{text}'") from error
        return cls(**values)


@dataclass(frozen=True)
class Hyperparameters(FromStrings):
    """What a recipe may set under `training.hyperparameters`.

    Raises HyperparameterError naming the one that is wrong.
    """

    epochs: int = 30  # at most; training stops earlier when the validation loss no longer falls
    patience: int = 3  # epochs without a lower validation loss before it stops
    batch_size: int = 256  # texts
    learning_rate: float = 0.05  # of Adam
    l2: float = 0.3  # penalty on the squared factors, shared out over the training rows
    first_factor: float = 2.0  # what naive Bayes' ratios are multiplied by before training
    smoothing: float = 1.0  # added to each feature's count
    stem_characters: int = 5  # first letters of a word used as its stem; 0 for no stems
    characters: int = 0  # longest run of neighbouring characters of a word used as a feature; 0 for none
    balance: float = 0.0  # multi_label: 0 weighs every row alike, 1 a label's rare side as much as its frequent one
    min_texts: int = 2  # texts in which a feature must occur
    max_features: int = 500_000  # the most frequent ones are kept
    seed: int = 7

    def __post_init__(self) -> None:
        for name in ("epochs", "patience", "batch_size", "min_texts", "max_features"):
            if getattr(self, name) < 1:
                raise HyperparameterError(f"{name} must be at least 1, not {getattr(self, name)}")
        for name in ("learning_rate", "smoothing", "first_factor"):
            if not 0 < getattr(self, name) < float("inf"):
                raise HyperparameterError(f"{name} must be above 0, not {getattr(self, name)}")
        for name in ("l2", "stem_characters", "seed"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise HyperparameterError(f"{name} must be 0 or more, not {getattr(self, name)}")
        if not 0 <= self.characters <= MAX_CHARACTERS:
            raise HyperparameterError(f"characters must be between 0 and {MAX_CHARACTERS}, not {self.characters}")
        if not 0 <= self.balance <= 1:
            raise HyperparameterError(f"balance must be between 0 and 1, not {self.balance}")
