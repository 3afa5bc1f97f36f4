"""Metrics under weights of the rows, for many weightings at once: what a bootstrap measures again and again.

With every weight 1 they are those of training/metrics.py, which a test holds them to. A metric that a weighting leaves
undefined is NaN there. Classes and labels that no row has, or every row, are left out of a mean over them, so that
the rows of a slice can be measured, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from training.metrics import BINARY

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

RESAMPLES = 1000
# With many rows a metric hardly moves, so that fewer resamples do; they are bounded by the numbers that are drawn.
FEWEST_RESAMPLES = 200
DRAWN_NUMBERS = 40_000_000
_NUMBERS_AT_ONCE = 4_000_000


def resample_weights(rows: int, outputs: int, seed: int) -> Iterator[Floats]:
    """How often each row was drawn, as (resamples, rows) of some resamples at a time.

    outputs: how many numbers a row is measured by
    """
    chance = np.random.default_rng(seed)
    count = int(np.clip(DRAWN_NUMBERS // (rows * outputs), FEWEST_RESAMPLES, RESAMPLES))
    at_once = max(1, _NUMBERS_AT_ONCE // rows)
    for start in range(0, count, at_once):
        drawn = [
            np.bincount(chance.integers(0, rows, rows), minlength=rows) for _ in range(min(at_once, count - start))
        ]
        yield np.array(drawn, dtype=np.float64)


@dataclass(frozen=True)
class MeasuredRows:
    """What one model answered to some rows.

    outputs: (rows, outputs), the model's numbers;  answers, given: what was to be answered and what was, in the shape
    of PreparedRows.answers
    """

    task: str
    outputs: Floats
    answers: NDArray[Any]
    given: NDArray[Any]

    def part(self, rows: NDArray[np.bool_]) -> MeasuredRows:
        """The rows that are marked."""
        return MeasuredRows(self.task, self.outputs[rows], self.answers[rows], self.given[rows])

    @property
    def right(self) -> NDArray[np.bool_]:
        """(rows,), whether a row was answered wholly right; of classes and labels."""
        same = np.asarray(self.answers == self.given)
        return np.asarray(same.all(axis=1)) if self.task == "multi_label" else same


class WeightedMetrics:
    """The metrics of one model's answers under weightings of its rows."""

    def __init__(self, rows: MeasuredRows, names: Collection[str]) -> None:
        """Make ready to measure those metrics of these names that the task has."""
        self._task: _Classes | _Labels | _Numbers
        if rows.task == "regression":
            self._task = _Numbers(rows)
        else:
            self._task = (_Labels if rows.task == "multi_label" else _Classes)(rows, names)
        self._names = names

    def values(self, weights: Floats) -> dict[str, Floats]:
        """Name -> (weightings,); weights: (weightings, rows)."""
        with np.errstate(divide="ignore", invalid="ignore"):
            measured = self._task.values(weights)
        return {name: value for name, value in measured.items() if name in self._names}

    def once(self, rows: int) -> dict[str, float]:
        """Each row counted once; what these rows leave undefined is left out."""
        measured = self.values(np.ones((1, rows)))
        return {name: float(value[0]) for name, value in measured.items() if np.isfinite(value[0])}


class _Classes:
    """accuracy, balanced_accuracy, f1, roc_auc, log_loss."""

    def __init__(self, rows: MeasuredRows, names: Collection[str]) -> None:
        n_classes = rows.outputs.shape[1]
        probabilities = rows.outputs / rows.outputs.sum(axis=1, keepdims=True)
        self._is_binary = n_classes == BINARY
        self._is = (rows.answers[:, None] == np.arange(n_classes)).astype(np.float64)  # (rows, classes)
        self._given = (rows.given[:, None] == np.arange(n_classes)).astype(np.float64)
        self._loss = -np.log(_clipped((probabilities * self._is).sum(axis=1)))
        ranked = range(1, 2) if self._is_binary else range(n_classes)
        wanted = "roc_auc" in names
        self._rankings = [_Ranking(probabilities[:, n], self._is[:, n]) for n in ranked if wanted]

    def values(self, weights: Floats) -> dict[str, Floats]:
        total = weights.sum(axis=1)
        right, there, given = weights @ (self._is * self._given), weights @ self._is, weights @ self._given
        # Of rows of one class there is nothing to tell apart.
        several = np.where((there > 0).sum(axis=1) > 1, 1.0, np.nan)
        f1 = 2 * right / (there + given)  # (weightings, classes)
        return {
            "accuracy": right.sum(axis=1) / total,
            "balanced_accuracy": _mean(right / there, there > 0) * several,
            "f1": (f1[:, 1] if self._is_binary else _mean(f1, there + given > 0)) * several,
            "log_loss": weights @ self._loss / total,
            "roc_auc": _mean_of_rankings([each.both(weights)[0] for each in self._rankings]),
        }


class _Labels:
    """subset_accuracy, and the means over the labels of f1, roc_auc, average_precision, log_loss."""

    def __init__(self, rows: MeasuredRows, names: Collection[str]) -> None:
        self._is, self._given = rows.answers.astype(np.float64), rows.given.astype(np.float64)  # (rows, labels)
        self._right = rows.right.astype(np.float64)
        probable = _clipped(rows.outputs), _clipped(1 - rows.outputs)
        self._loss = -np.where(self._is > 0, np.log(probable[0]), np.log(probable[1])).mean(axis=1)
        wanted = not {"roc_auc", "average_precision"}.isdisjoint(names)
        self._rankings = [_Ranking(rows.outputs[:, n], self._is[:, n]) for n in range(self._is.shape[1]) if wanted]

    def values(self, weights: Floats) -> dict[str, Floats]:
        total = weights.sum(axis=1)
        right, there, given = weights @ (self._is * self._given), weights @ self._is, weights @ self._given
        ranked = [each.both(weights) for each in self._rankings]
        return {
            "subset_accuracy": weights @ self._right / total,
            "f1": _mean(2 * right / (there + given), (there > 0) & (there < total[:, None])),
            "roc_auc": _mean_of_rankings([area for area, _ in ranked]),
            "average_precision": _mean_of_rankings([precision for _, precision in ranked]),
            "log_loss": weights @ self._loss / total,
        }


class _Numbers:
    """r2, mean_absolute_error, root_mean_squared_error, root_mean_squared_log_error."""

    def __init__(self, rows: MeasuredRows) -> None:
        predicted, target = rows.outputs[:, 0], rows.answers
        self._error = predicted - target
        # Near zero, squares lose no digits.
        self._target = target - target.mean()
        self._log_error: Floats | None = None
        if min(target.min(), predicted.min()) >= 0:
            self._log_error = np.log1p(predicted) - np.log1p(target)

    def values(self, weights: Floats) -> dict[str, Floats]:
        total = weights.sum(axis=1)
        squared = weights @ self._error**2
        spread = weights @ self._target**2 - (weights @ self._target) ** 2 / total
        measured = {
            "r2": np.where(spread > 0, 1 - squared / spread, np.nan),
            "mean_absolute_error": weights @ np.abs(self._error) / total,
            "root_mean_squared_error": np.sqrt(squared / total),
        }
        if self._log_error is not None:
            measured["root_mean_squared_log_error"] = np.sqrt(weights @ self._log_error**2 / total)
        return measured


class _Ranking:
    """How well one output ranks the rows that have a class above those that have not; equal outputs share a place."""

    def __init__(self, output: Floats, is_there: Floats) -> None:
        self._order = np.argsort(-output, kind="stable")
        self._is_there = is_there[self._order]
        in_order = output[self._order]
        self._ends = np.flatnonzero(np.append(in_order[1:] != in_order[:-1], True))

    def both(self, weights: Floats) -> tuple[Floats, Floats]:
        """roc_auc and average_precision, (weightings,) each; NaN where the rows are all of one kind."""
        ordered = weights[:, self._order]
        # Rows at and above each place, and those of them that have the class: (weightings, places).
        above = np.cumsum(ordered, axis=1)[:, self._ends]
        found = np.cumsum(ordered * self._is_there, axis=1)[:, self._ends]
        others = above - found
        new = np.diff(found, axis=1, prepend=0)
        has, has_not = found[:, -1], others[:, -1]
        area = (np.diff(others, axis=1, prepend=0) * (found - new / 2)).sum(axis=1) / (has * has_not)
        precision = np.divide(found, above, out=np.zeros_like(found), where=above > 0)
        return area, np.where(has * has_not > 0, (new * precision).sum(axis=1) / has, np.nan)


def _clipped(probability: Floats) -> Floats:
    """As scikit-learn does before it takes a logarithm."""
    smallest = np.finfo(np.float64).eps
    return np.clip(probability, smallest, 1 - smallest)


def _mean(values: Floats, counts: NDArray[np.bool_]) -> Floats:
    """Mean over the last axis of those that count; NaN where none does."""
    return np.asarray(np.where(counts, values, 0).sum(axis=-1) / counts.sum(axis=-1))


def _mean_of_rankings(values: Sequence[Floats]) -> Floats:
    """Mean over classes or labels of the defined ones; no value where nothing was asked for."""
    each = np.array(values).T
    return _mean(each, np.isfinite(each))
