"""How sure each metric is, and whether the candidate's differs from the live version's.

A share of rows has Wilson's interval, McNemar's test and Newcombe's interval of the difference. Every other metric is
measured again in resamples of the rows, the same for both models: a bootstrap, paired where two are compared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from steps.evaluation_report import Interval, PairedTest
from steps.recipe_sections.metrics import LOSS_METRICS
from training.evaluation.resampling import WeightedMetrics, resample_weights
from training.evaluation.statistics import (
    bootstrap_p_value,
    mcnemar_mid_p,
    paired_difference_interval,
    percentile_interval,
    wilson_interval,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

    from training.evaluation.resampling import MeasuredRows

# Shares of rows that are right.
SHARES = frozenset({"accuracy", "subset_accuracy"})
# The same rows are drawn for every model and in every run.
SEED = 20


class Comparison(NamedTuple):
    """Each by the name of its metric."""

    intervals: dict[str, Interval]
    champion_intervals: dict[str, Interval]
    paired: dict[str, PairedTest]


def compare(candidate: MeasuredRows, champion: MeasuredRows | None, names: Collection[str]) -> Comparison:
    """Intervals of these metrics of both, and a paired test of each that both have.

    candidate, champion: what they answered to the same rows
    """
    models = [candidate] if champion is None else [candidate, champion]
    shares = SHARES.intersection(names)
    intervals: list[dict[str, Interval]] = [
        {name: wilson_interval(int(each.right.sum()), len(each.right)) for name in shares} for each in models
    ]
    paired = {name: _mcnemar(*(each.right for each in models)) for name in shares if champion is not None}
    resampled = _resampled(models, [name for name in names if name not in shares])
    for found, values in zip(intervals, resampled, strict=True):
        measured = {name: percentile_interval(each) for name, each in values.items()}
        found.update({name: interval for name, interval in measured.items() if interval is not None})
    if champion is not None:
        ones = [WeightedMetrics(each, names).once(len(each.answers)) for each in models]
        for name in resampled[0].keys() & resampled[1].keys():
            test = _bootstrap(name, [each.get(name, np.nan) for each in ones], [each[name] for each in resampled])
            paired.update({} if test is None else {name: test})
    in_order = [{name: found[name] for name in names if name in found} for found in intervals]
    return Comparison(
        intervals=in_order[0],
        champion_intervals={} if champion is None else in_order[1],
        paired={name: paired[name] for name in names if name in paired},
    )


def _resampled(models: Sequence[MeasuredRows], names: Collection[str]) -> list[dict[str, NDArray[np.float64]]]:
    """For each model, name -> its values in the same resamples."""
    if not names:
        return [{} for _ in models]
    rows, outputs = models[0].outputs.shape
    metrics = [WeightedMetrics(each, names) for each in models]
    parts = [[each.values(weights) for each in metrics] for weights in resample_weights(rows, outputs, SEED)]
    return [
        {name: np.concatenate([part[number][name] for part in parts]) for name in parts[0][number]}
        for number in range(len(models))
    ]


def _mcnemar(candidate: NDArray[np.bool_], champion: NDArray[np.bool_]) -> PairedTest:
    both, neither = int((candidate & champion).sum()), int((~candidate & ~champion).sum())
    only_candidate, only_champion = int((candidate & ~champion).sum()), int((champion & ~candidate).sum())
    return PairedTest(
        gain=(only_candidate - only_champion) / len(candidate),
        interval=paired_difference_interval(both, only_candidate, only_champion, neither),
        p_value=mcnemar_mid_p(only_candidate, only_champion),
        test="mcnemar",
    )


def _bootstrap(name: str, values: Sequence[float], resampled: Sequence[NDArray[np.float64]]) -> PairedTest | None:
    """Of candidate and champion; None where one of them has no such metric."""
    sign = -1 if name in LOSS_METRICS else 1
    gains = sign * (resampled[0] - resampled[1])
    gain, interval = sign * (values[0] - values[1]), percentile_interval(gains)
    if interval is None or not np.isfinite(gain):
        return None
    return PairedTest(gain=gain, interval=interval, p_value=bootstrap_p_value(gains), test="paired_bootstrap")
