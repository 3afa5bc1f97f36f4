"""Rows of every task with what a made-up model answered to them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.evaluation.resampling import MeasuredRows
from training.metrics import answered

ROWS = 120
NAMES = {"binary": ["no", "yes"], "multi_class": ["a", "b", "c"], "multi_label": ["x", "y", "z"], "regression": []}
METRICS = {
    "binary": ["accuracy", "balanced_accuracy", "f1", "roc_auc", "log_loss"],
    "multi_class": ["accuracy", "balanced_accuracy", "f1", "roc_auc", "log_loss"],
    "multi_label": ["subset_accuracy", "f1", "roc_auc", "average_precision", "log_loss"],
    "regression": ["r2", "mean_absolute_error", "root_mean_squared_error", "root_mean_squared_log_error"],
}


def some_rows(task: str, seed: int = 1, rows: int = ROWS) -> MeasuredRows:
    chance = np.random.default_rng(seed)
    answers: NDArray[Any]
    if task == "regression":
        answers = chance.gamma(3, 100, rows)
        outputs = (answers * chance.uniform(0.8, 1.3, rows))[:, None]
    elif task == "multi_label":
        answers = (chance.random((rows, 3)) < (0.5, 0.3, 0.15)).astype(np.int64)
        # Rounded, so that many answers are equal.
        outputs = np.clip(0.3 * answers + chance.random((rows, 3)) * 0.6, 0, 1).round(2)
    else:
        answers = np.arange(rows) % len(NAMES[task])
        scores = chance.normal(size=(rows, len(NAMES[task]))).round(1)
        scores[np.arange(rows), answers] += 1
        outputs = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    return MeasuredRows(task, outputs, answers, answered(task, NAMES[task], outputs, {}))
