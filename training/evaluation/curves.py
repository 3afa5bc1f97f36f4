"""Lines for a report to draw, of few enough points to be drawn anywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.metrics import precision_recall_curve, roc_curve

from steps.evaluation_report import Curve, Curves
from training.metrics import BINARY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from training.evaluation.resampling import MeasuredRows

    Floats = NDArray[np.float64]

POINTS = 100
MOST_CURVES = 20
_DECIMALS = 5


def curves_of(rows: MeasuredRows, class_names: Sequence[str]) -> Curves:
    """Of a regression the predictions against the targets; else ROC and precision-recall.

    Of two classes the second has one, of more each against the rest; of many those with the most rows.
    """
    if rows.task == "regression":
        chosen = np.unique(np.linspace(0, len(rows.answers) - 1, POINTS).round().astype(np.int64))
        x, y = rows.outputs[chosen, 0].tolist(), rows.answers[chosen].tolist()
        return Curves(predicted=[Curve(name="test rows", x=x, y=y)])
    if rows.task == "multi_label":
        is_there = rows.answers
    else:
        is_there = (rows.answers[:, None] == np.arange(len(class_names))).astype(np.int64)
    is_binary = rows.task != "multi_label" and len(class_names) == BINARY
    by_rows = np.argsort(-is_there.sum(axis=0), kind="stable").tolist()
    drawn = [1] if is_binary else sorted(by_rows[:MOST_CURVES])
    roc, precision_recall = [], []
    for n in drawn:
        false_positive_rate, true_positive_rate, _ = roc_curve(is_there[:, n], rows.outputs[:, n])
        precision, recall, _ = precision_recall_curve(is_there[:, n], rows.outputs[:, n])
        roc.append(curve(class_names[n], false_positive_rate, true_positive_rate))
        # scikit-learn's begins on the right.
        precision_recall.append(curve(class_names[n], recall[::-1], precision[::-1]))
    return Curves(roc=roc, precision_recall=precision_recall)


def curve(name: str, x: Floats, y: Floats) -> Curve:
    """At most POINTS of a line, both ends among them, spread evenly along it; x, y: (points,)."""
    if len(x) > POINTS:
        # Both axes count alike, whatever their units.
        steps = np.hypot(np.diff(x) / (np.ptp(x) or 1), np.diff(y) / (np.ptp(y) or 1))
        along = np.concatenate([[0.0], np.cumsum(steps)])
        chosen = np.unique(np.searchsorted(along, np.linspace(0, along[-1], POINTS)).clip(0, len(x) - 1))
        chosen[0], chosen[-1] = 0, len(x) - 1
        x, y = x[chosen], y[chosen]
    return Curve(name=name, x=np.round(x, _DECIMALS).tolist(), y=np.round(y, _DECIMALS).tolist())
