"""The report of an evaluation: what was measured of candidate and live version on the same rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from steps.evaluation_report import MetricsReport
from training.metrics import confusion_counts, majority_accuracy, measure, metrics_per_label

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from steps.recipe import Recipe
    from training.evaluation.asked_model import AskedModel


def report_on(
    recipe: Recipe, answers: NDArray[Any], candidate: AskedModel, champion: AskedModel | None
) -> MetricsReport:
    """What was measured of both; answers: as PreparedRows.answers gives them."""
    names = recipe.data.class_names
    is_number, is_labels = recipe.task == "regression", recipe.task == "multi_label"
    given = candidate.answered(recipe)
    return MetricsReport(
        rows=len(answers),
        candidate=measure(recipe.task, candidate.outputs, answers, given),
        champion=None
        if champion is None
        else measure(recipe.task, champion.outputs, answers, champion.answered(recipe)),
        majority_baseline_accuracy=None if is_number else majority_accuracy(answers),
        confusion=[] if is_number or is_labels else confusion_counts(given, answers, len(names)),
        class_names=names,
        mean_baseline_root_mean_squared_error=float(answers.std()) if is_number else None,
        per_label=metrics_per_label(candidate.outputs, answers, names, given) if is_labels else {},
        thresholds=dict(candidate.thresholds),
    )
