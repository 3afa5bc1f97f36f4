"""The report of an evaluation: what was measured of candidate and live version on the same rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from steps.evaluation_report import MetricsReport
from training.evaluation.calibration import calibration_of
from training.evaluation.comparison import compare
from training.evaluation.curves import curves_of
from training.evaluation.examples import disagreeing_rows
from training.evaluation.slices import measure_slices
from training.metrics import confusion_counts, majority_accuracy, measure, metrics_per_label

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from steps.answers import Row
    from steps.recipe import Recipe
    from training.evaluation.resampling import MeasuredRows


def report_on(
    recipe: Recipe,
    inputs: Iterable[Row],
    candidate: MeasuredRows,
    champion: MeasuredRows | None,
    thresholds: Mapping[str, float],
) -> MetricsReport:
    """What was measured of both in the test rows.

    inputs: what the models saw, row by row;  candidate, champion: what they answered to it
    thresholds: those by which the candidate answered
    """
    names, answers = recipe.data.class_names, candidate.answers
    is_number, is_labels = recipe.task == "regression", recipe.task == "multi_label"
    metrics = measure(recipe.task, candidate.outputs, answers, candidate.given)
    live = None if champion is None else measure(recipe.task, champion.outputs, answers, champion.given)
    sure = compare(candidate, champion, list(metrics))
    of_labels: dict[str, Any] = {}
    if is_labels:
        of_labels = metrics_per_label(candidate.outputs, answers, names, candidate.given)
    return MetricsReport(
        rows=len(answers),
        candidate=metrics,
        champion=live,
        majority_baseline_accuracy=None if is_number else majority_accuracy(answers),
        confusion=[] if is_number or is_labels else confusion_counts(candidate.given, answers, len(names)),
        class_names=names,
        mean_baseline_root_mean_squared_error=float(answers.std()) if is_number else None,
        per_label=of_labels,
        intervals=sure.intervals,
        champion_intervals=sure.champion_intervals,
        paired=sure.paired,
        thresholds=dict(thresholds),
        calibration=calibration_of(candidate),
        champion_calibration=None if champion is None else calibration_of(champion),
        slices=measure_slices(recipe, inputs, candidate, champion, list(metrics)),
        curves=curves_of(candidate, names),
        disagreements=None if champion is None else disagreeing_rows(candidate, champion),
    )
