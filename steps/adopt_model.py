"""AdoptModel: take the model of a search or an import as the run's own, or say why not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from steps.contracts import AdoptModelResult, ImportReport, SearchReport, SearchSummary, Trial
from steps.errors import NoModelFoundError


def search_report(tuning_job: str, request: Mapping[str, Any], trials: Sequence[Trial]) -> SearchReport:
    """All trainings of a search, the best first and those without an objective last.

    request: the tuning job's, as PrepareRun planned it
    """
    objective = request["HyperParameterTuningJobConfig"]["HyperParameterTuningJobObjective"]
    sign = 1 if objective["Type"] == "Minimize" else -1
    ranked = sorted(
        trials, key=lambda trial: (trial.objective is None, sign * (trial.objective or 0), trial.training_job)
    )
    return SearchReport(tuning_job=tuning_job, objective=objective["MetricName"], goal=objective["Type"], trials=ranked)


def best_trial(report: SearchReport) -> Trial:
    """The trial whose model goes on; raises NoModelFoundError when none has an objective and a model."""
    usable = [trial for trial in report.trials if trial.objective is not None and trial.status == "Completed"]
    if not usable:
        raise NoModelFoundError(
            f"none of the search's {len(report.trials)} trainings logged `objective {report.objective}=<number>`; let "
            "the training script log it once at its end, or correct tuning.objective in the recipe"
        )
    return usable[0]


def adopt_search(report: SearchReport, trials_uri: str) -> AdoptModelResult:
    """The result for a search; raises NoModelFoundError as best_trial does."""
    best = best_trial(report)
    summary = SearchSummary(
        objective=report.objective,
        goal=report.goal,
        best=best,
        tried=len(report.trials),
        measured=sum(trial.objective is not None for trial in report.trials),
        trials_uri=trials_uri,
    )
    return AdoptModelResult(verdict="adopted", reason=search_sentence(summary), search=summary)


def adopt_import(report: ImportReport) -> AdoptModelResult:
    """The result for an import."""
    return AdoptModelResult(
        verdict="adopted" if report.verdict == "accepted" else "rejected",
        reason=report.reason,
    )


def search_sentence(found: SearchSummary) -> str:
    """What a search found, such as `Best of 6 trainings: validation_loss 0.4312 with l2 0.31, epochs 4.`"""
    words = ", ".join(f"{name} {short(value)}" for name, value in found.best.hyperparameters.items())
    failed = found.tried - found.measured
    rest = f" {failed} of them gave no {found.objective}." if failed else ""
    count = "1 training" if found.tried == 1 else f"{found.tried} trainings"
    return f"Best of {count}: {found.objective} {found.best.objective:.4f} with {words}.{rest}"


def short(value: str) -> str:
    """A hyperparameter's value for people: four digits of a fraction, text without its quotes."""
    try:
        number = float(value)
    except ValueError:
        return value.strip('"')
    return value if number.is_integer() else f"{number:.4g}"
