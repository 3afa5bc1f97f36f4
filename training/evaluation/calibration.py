"""Whether a model's probabilities mean what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from steps.evaluation_report import Calibration, CalibrationBin
from training.evaluation.statistics import wilson_interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from training.evaluation.resampling import MeasuredRows

BINS = 10


def calibration_of(rows: MeasuredRows) -> Calibration | None:
    """Of the answered class, or of all labels together; None for a regression."""
    if rows.task == "regression":
        return None
    if rows.task == "multi_label":
        return calibration(rows.outputs.ravel(), rows.answers.ravel().astype(np.float64))
    promised = rows.outputs[np.arange(len(rows.given)), rows.given]
    return calibration(promised, rows.right.astype(np.float64))


def calibration(probability: NDArray[np.float64], outcome: NDArray[np.float64]) -> Calibration:
    """Promises in bins of one width, held against what came true; bins without a promise are left out.

    probability: (answers,), in [0, 1];  outcome: (answers,), 0 or 1
    Source: Guo et al., "On Calibration of Modern Neural Networks", ICML 2017 (expected calibration error);
    Brier, Monthly Weather Review 78 (1950), pp. 1-3, one-class form.
    """
    places = np.minimum((probability * BINS).astype(np.int64), BINS - 1)
    counts = np.bincount(places, minlength=BINS)
    promised = np.bincount(places, weights=probability, minlength=BINS)
    came_true = np.bincount(places, weights=outcome, minlength=BINS)
    filled = np.flatnonzero(counts)
    bins = [
        CalibrationBin(
            rows=int(counts[n]),
            mean_probability=float(promised[n] / counts[n]),
            observed_share=float(came_true[n] / counts[n]),
            interval=wilson_interval(int(came_true[n]), int(counts[n])),
        )
        for n in filled
    ]
    return Calibration(
        expected_calibration_error=float(np.abs(promised - came_true).sum() / len(probability)),
        brier_score=float(((probability - outcome) ** 2).mean()),
        bins=bins,
    )
