"""From which probability a class or a label is answered, chosen on rows that neither train nor measure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.metrics import precision_recall_curve

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

HALF = 0.5


def choose_thresholds(
    task: str, class_names: Sequence[str], outputs: NDArray[np.float64], answers: NDArray[Any]
) -> dict[str, float]:
    """Name -> threshold with the largest f1 on these rows: of a binary recipe's second class, or of each label.

    outputs: (rows, outputs);  answers: as PreparedRows.answers gives them
    """
    if task == "binary":
        return {class_names[1]: best_threshold(outputs[:, 1], answers)}
    return {name: best_threshold(outputs[:, n], answers[:, n]) for n, name in enumerate(class_names)}


def best_threshold(probability: NDArray[np.float64], label: NDArray[np.int64]) -> float:
    """The threshold with the largest f1; of equals the one nearest to a half.

    probability: (rows,), in [0, 1];  label: (rows,), 0 and 1 both
    It lies halfway between two answers that occur, so that the last digits of an answer do not decide.
    """
    precision, recall, scores = precision_recall_curve(label, probability)
    # The last point is no threshold's.
    total = precision[:-1] + recall[:-1]
    f1 = np.divide(2 * precision[:-1] * recall[:-1], total, out=np.zeros_like(total), where=total > 0)
    below = np.concatenate([[0.0], scores[:-1]])
    limits = (below + scores) / 2
    best = np.flatnonzero(np.isclose(f1, f1.max(), rtol=0, atol=1e-12))
    return float(limits[best[np.abs(limits[best] - HALF).argmin()]])
