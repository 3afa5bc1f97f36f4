"""The second part of a table's model: an xgboost booster, from the transformed matrix to the answers.

It runs in the second container of an inference pipeline, whose Python is 3.10 and has no pydantic.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from serving.table_files import BOOSTER
from serving.unusable_input import UnusableInputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Attributes of the booster, which travel inside its file.
TASK = "task"
LOG_TARGET = "log_target"
THREADS = 2


class TableBooster:
    """A trained booster that answers as its recipe's task wants; safe for threads."""

    def __init__(self, booster: Any) -> None:  # noqa: ANN401 - xgboost has no types
        self._booster = booster
        self._task = booster.attr(TASK)
        self._log_target = booster.attr(LOG_TARGET) == "true"

    @classmethod
    def load(cls, folder: Path) -> TableBooster:
        """From an unpacked archive; raises xgboost's XGBoostError for a file that is no booster."""
        import xgboost  # noqa: PLC0415 - not needed to import this module

        booster = xgboost.Booster({"nthread": THREADS})
        booster.load_model(folder / BOOSTER)
        return cls(booster)

    def score(self, matrix: NDArray[np.float32]) -> NDArray[np.float64]:
        """Answers, (rows, outputs): a probability a class, or the one number of a regression.

        Raises UnusableInputError when the matrix has another number of columns than the booster.
        """
        features = self._booster.num_features()
        if matrix.ndim != 2 or matrix.shape[1] != features:  # noqa: PLR2004 - rows and features
            raise UnusableInputError(
                f"the matrix has the shape {matrix.shape}, but the booster reads {features} features"
            )
        raw = np.asarray(self._booster.inplace_predict(matrix), dtype=np.float64)
        if self._task == "binary":
            return np.column_stack([1 - raw, raw])  # one output: the probability of the second class
        if self._task == "regression" and self._log_target:
            raw = np.expm1(raw)
        return raw.reshape(len(matrix), -1)
