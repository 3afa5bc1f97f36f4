from __future__ import annotations

from typing import Any

import pytest

from steps.adopt_model import adopt_import, adopt_search, search_report
from steps.contracts import ImportReport, SearchReport, Trial
from steps.errors import NoModelFoundError


def tuning(goal: str = "Minimize") -> dict[str, Any]:
    objective = {"Type": goal, "MetricName": "validation_loss"}
    return {"HyperParameterTuningJobConfig": {"HyperParameterTuningJobObjective": objective}}


def trial(name: str, objective: float | None, status: str = "Completed") -> Trial:
    return Trial(
        training_job=name, status=status, objective=objective, hyperparameters={"l2": "0.123456", "kind": '"a"'}
    )


TRIALS = [trial("one", 0.5), trial("two", None, "Failed"), trial("three", 0.25), trial("four", None)]


@pytest.mark.parametrize(("goal", "best"), [("Minimize", "three"), ("Maximize", "one")])
def test_the_best_goes_on_and_those_without_an_objective_come_last(goal: str, best: str) -> None:
    report = search_report("search", tuning(goal), TRIALS)
    assert report.trials[0].training_job == best
    assert {each.training_job for each in report.trials[2:]} == {"two", "four"}
    adopted = adopt_search(report, "s3://b/trials.json")
    assert adopted.verdict == "adopted"
    assert adopted.search
    assert (adopted.search.best.training_job, adopted.search.tried, adopted.search.measured) == (best, 4, 2)


def test_people_read_the_best_values_and_how_many_were_tried() -> None:
    report = search_report("search", tuning(), TRIALS)
    assert adopt_search(report, "s3://b/trials.json").reason == (
        "Best of 4 trainings: validation_loss 0.2500 with l2 0.1235, kind a. 2 of them gave no validation_loss."
    )


def test_of_equal_trials_the_same_one_is_taken_always() -> None:
    trials = [trial("b", 0.5), trial("a", 0.5)]
    assert search_report("s", tuning(), trials).trials == search_report("s", tuning(), trials[::-1]).trials


@pytest.mark.parametrize("trials", [[], [trial("one", None)], [trial("one", 0.1, "Stopped")]])
def test_a_search_without_a_measured_model_is_a_fault_that_says_what_to_log(trials: list[Trial]) -> None:
    report = SearchReport(tuning_job="s", objective="validation_loss", goal="Minimize", trials=trials)
    with pytest.raises(NoModelFoundError, match="let the training script log it once"):
        adopt_search(report, "s3://b/trials.json")


@pytest.mark.parametrize(("judged", "verdict"), [("accepted", "adopted"), ("rejected", "rejected")])
def test_an_import_is_what_its_job_found(judged: str, verdict: str) -> None:
    report = ImportReport.model_validate({"verdict": judged, "reason": "Because.", "digest": "d", "archive_bytes": 1})
    adopted = adopt_import(report)
    assert (adopted.verdict, adopted.reason, adopted.search) == (verdict, "Because.", None)
