"""What a served model is asked and what it answers, in one shape for every task.

Every endpoint takes `{"instances": [row, …]}` and gives `{"predictions": [[number, …], …]}`, one list a row: a
probability for each class (they add up to 1), a probability for each label (each for itself), or the one number of a
regression. It may add `{"warnings": [[sentence, …], …]}`, one list a row.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from steps.recipe import Task

# A text, or a table's row: column -> value, None where there is none.
Row = str | Mapping[str, str | float | None]

# A label is among the answers from this probability on, unless its version has a threshold of its own.
LABEL_THRESHOLD = 0.5
# Of a version that answers the likeliest class, and every label from one half on.
NO_THRESHOLDS: Mapping[str, float] = MappingProxyType({})
# Probabilities of one row, added up, may miss 1 by as much as single precision and rounding allow.
_SUM_TOLERANCE = 0.01


@dataclass(frozen=True)
class Output:
    """What the model gave for one row, and what it found worth a warning."""

    values: Sequence[float]
    warnings: Sequence[str] = ()


class Answer(BaseModel):
    """A prediction in the words of its recipe; fields of other tasks are None and left out of JSON.

    binary, multi_class: label, probability, probabilities;  multi_label: labels, probabilities;  regression: value
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str | None = None
    probability: float | None = None
    labels: list[str] | None = None
    probabilities: dict[str, float] | None = None
    value: float | None = None
    warnings: list[str] | None = None


def read_answer(
    task: Task, class_names: Sequence[str], output: Output, thresholds: Mapping[str, float]
) -> Answer | None:
    """The model's numbers as an answer; None when they are none of this task.

    class_names: in the order of the model's outputs, none for a regression
    thresholds: name -> probability from which it is answered, as the version's evaluation chose them: of a binary
    recipe's second class, or of labels; without one a class is answered when it is the likeliest, a label from
    LABEL_THRESHOLD on
    """
    values, warnings = list(output.values), list(output.warnings) or None
    if not all(math.isfinite(value) for value in values):
        return None
    if task == "regression":
        return Answer(value=values[0], warnings=warnings) if len(values) == 1 else None
    if len(values) != len(class_names) or not all(0 <= value <= 1 for value in values):
        return None
    probabilities = dict(zip(class_names, values, strict=True))
    if task == "multi_label":
        labels = [name for name, value in probabilities.items() if value >= thresholds.get(name, LABEL_THRESHOLD)]
        return Answer(labels=labels, probabilities=probabilities, warnings=warnings)
    if abs(sum(values) - 1) > _SUM_TOLERANCE:
        return None
    label = _answered_class(task, probabilities, thresholds)
    return Answer(label=label, probability=probabilities[label], probabilities=probabilities, warnings=warnings)


def _answered_class(task: Task, probabilities: Mapping[str, float], thresholds: Mapping[str, float]) -> str:
    """The likeliest, the first of equals; of two classes the second from its threshold on, where it has one."""
    names = list(probabilities)
    if task == "binary" and names[1] in thresholds:
        return names[1] if probabilities[names[1]] >= thresholds[names[1]] else names[0]
    return max(names, key=lambda name: probabilities[name])
