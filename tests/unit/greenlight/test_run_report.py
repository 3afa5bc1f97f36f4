from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from greenlight.history import History
from greenlight.run_report import RunReport, report
from greenlight.run_text import print_end, print_run
from greenlight.state_notes import state_note

Story = Any
PLAN = {
    "decision": "go",
    "preprocess": {"reuse": True, "reason": "Reused from run a.", "job_name": "a-preprocess"},
    "train_model": {"reuse": False, "reason": "Run.", "job_name": "b-train"},
    "evaluate_model": None,
}


def _report(told: Story) -> RunReport:
    history = History(told.events)
    return report("run-1", "review-snippets", history, told.events[-1]["timestamp"])


COST = {
    "run_usd": "1.62",
    "endpoint_usd_per_month": "83.95",
    "region": "us-east-1",
    "prices_as_of": "2026-09-28",
}


def test_the_document_has_exactly_its_keys(story: Callable[..., Story]) -> None:
    checked = {"metrics": {"accuracy": 0.75}, "champion_metrics": {"accuracy": 0.7}, "findings": []}
    told = (
        story()
        .visit("PrepareRun", prepare_run={**PLAN, "cost": COST})
        .visit("CheckMetrics", check_metrics=checked)
        .succeed("Released")
    )
    assert _report(told).to_json() == {
        "run_id": "run-1",
        "recipe": "review-snippets",
        "outcome": "Released",
        "states": [
            {"name": "PrepareRun", "status": "succeeded", "seconds": 1.0},
            {"name": "CheckMetrics", "status": "succeeded", "seconds": 1.0},
            {"name": "Released", "status": "succeeded", "seconds": 1.0},
        ],
        "metrics": {"accuracy": 0.75, "champion_accuracy": 0.7},
        "reused": [{"state": "Preprocess", "reason": "Reused from run a."}],
        "cause": None,
        "cost": COST,
    }


def test_who_overrode_rejected_metrics_is_told_with_the_reason(
    story: Callable[..., Story], capsys: pytest.CaptureFixture[str]
) -> None:
    plan = {**PLAN, "requested_by": "ann", "override_reason": "It is urgent."}
    failed = {"rule": "accuracy_floor", "verdict": "failed", "sentence": "accuracy 0.7 is below its floor."}
    checked = {"metrics": {"accuracy": 0.7}, "findings": [failed], "overridden": True}
    told = story().visit("PrepareRun", prepare_run=plan).visit("CheckMetrics", check_metrics=checked)
    found = _report(told.succeed("Released"))
    assert found.to_json()["override"] == {"who": "ann", "why": "It is urgent."}
    print_end(found)
    assert "ann overrode the rules that failed: It is urgent." in capsys.readouterr().out
    assert state_note("CheckMetrics", {"check_metrics": checked}) == (
        "accuracy 0.700, broke accuracy_floor, overridden"
    )


@pytest.mark.parametrize("state", ["WriteReport", "WriteRejectionReport"])
def test_a_run_with_a_report_says_how_to_get_it(
    story: Callable[..., Story], capsys: pytest.CaptureFixture[str], state: str
) -> None:
    key = {"WriteReport": "write_report", "WriteRejectionReport": "write_rejection_report"}[state]
    noted = {"report_uri": "s3://bucket/runs/run-1/write_report/report.html", "report_digest": "d"}
    found = _report(story().visit("PrepareRun", prepare_run=PLAN).visit(state, **{key: noted}).succeed("Released"))
    assert found.to_json()["report"] == noted
    print_run(found)
    assert "greenlight report run-1 --out FILE" in capsys.readouterr().out


def test_a_run_that_just_started_has_nothing_to_tell(story: Callable[..., Story]) -> None:
    document = _report(story()).to_json()
    assert (document["outcome"], document["states"], document["metrics"]) == ("Running", [], {})
    assert document["cause"] is None


def test_the_cause_of_a_no_is_the_reason_that_closed_the_run(story: Callable[..., Story]) -> None:
    closed = {"outcome": "DataRejected", "reason": "3 rows, 200 needed"}
    assert _report(story().visit("CloseRun", close_run=closed).succeed("DataRejected")).cause == "3 rows, 200 needed"


def test_the_cause_of_nothing_new_is_what_prepare_run_said(story: Callable[..., Story]) -> None:
    plan = {"decision": "nothing_new", "reason": "Nothing is new.", "compared": {"data": "unchanged"}}
    found = _report(story().visit("PrepareRun", prepare_run=plan).succeed("NothingNew"))
    assert (found.cause, found.compared, found.reused) == ("Nothing is new.", {"data": "unchanged"}, [])


def test_the_cause_of_a_fault_begins_with_the_scripts_own_error(story: Callable[..., Story]) -> None:
    reported = {"error": "States.TaskFailed", "cause": "ValueError: bad row", "state": "TrainModel"}
    told = story().enter("TrainModel").add("TaskFailed").leave("TrainModel")
    found = _report(told.visit("ReportFault", report_fault=reported).fail("Faulted"))
    assert found.cause == "ValueError: bad row (States.TaskFailed in TrainModel)"


def test_a_fault_that_could_not_be_reported_still_has_its_cause(story: Callable[..., Story]) -> None:
    fault = {"Error": "States.TaskFailed", "Cause": json.dumps({"FailureReason": "ValueError: bad row"})}
    assert (
        _report(story().leave("TrainModel", fault=fault).fail("Faulted")).cause
        == "ValueError: bad row (States.TaskFailed)"
    )


def test_an_execution_that_failed_by_itself_tells_its_own_error(story: Callable[..., Story]) -> None:
    details = {"error": "States.Runtime", "cause": "no such path"}
    told = story().enter("PrepareRun").add("ExecutionFailed", executionFailedEventDetails=details)
    assert _report(told).cause == "no such path (States.Runtime in PrepareRun)"
