from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from greenlight.history import History

Story = Any


def _states(history: History, after_seconds: float = 0) -> list[tuple[str, str, float]]:
    assert history.started_at is not None
    now = history.started_at + timedelta(seconds=after_seconds)
    return [(state.name, state.status, state.seconds) for state in history.states(now)]


def test_a_run_that_succeeds_is_named_after_its_end_state(story: Callable[..., Story]) -> None:
    history = History(story().visit("PrepareRun").succeed("NothingNew").events)
    assert history.outcome == "NothingNew"
    assert _states(history) == [("PrepareRun", "succeeded", 1.0), ("NothingNew", "succeeded", 1.0)]


def test_a_run_that_ends_in_a_fail_state_is_named_after_it(story: Callable[..., Story]) -> None:
    history = History(story().visit("ReportFault").fail("Faulted").events)
    assert history.outcome == "Faulted"
    assert history.error == ("ReleaseFaulted", "see report_fault")


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [("ExecutionAborted", "Aborted"), ("ExecutionTimedOut", "TimedOut"), ("ExecutionFailed", "Failed")],
)
def test_a_run_that_stops_inside_a_task_is_named_after_how_it_stopped(
    story: Callable[..., Story], kind: str, outcome: str
) -> None:
    history = History(story().enter("TrainModel").add(kind).events)
    assert history.outcome == outcome
    assert history.current() is None


def test_a_run_under_way_counts_the_seconds_of_its_current_state(story: Callable[..., Story]) -> None:
    history = History(story().visit("PrepareRun").enter("Preprocess").events)
    assert history.outcome == "Running"
    assert _states(history, after_seconds=10) == [("PrepareRun", "succeeded", 1.0), ("Preprocess", "running", 7.0)]


def test_a_state_in_a_loop_is_listed_once_with_all_its_seconds(story: Callable[..., Story]) -> None:
    told = story()
    for _ in range(3):
        told.visit("DescribeEndpoint").visit("WaitForEndpoint", "Wait")
    states = History(told.events).states(told.events[-1]["timestamp"])
    assert [(state.name, state.seconds, state.visits) for state in states] == [
        ("DescribeEndpoint", 3.0, 3),
        ("WaitForEndpoint", 3.0, 3),
    ]


def test_a_task_that_failed_and_was_caught_stays_failed(story: Callable[..., Story]) -> None:
    told = story().enter("TrainModel").add("TaskScheduled").add("TaskFailed").leave("TrainModel").enter("ReportFault")
    assert _states(History(told.events))[0][:2] == ("TrainModel", "failed")


def test_a_task_that_was_tried_again_and_succeeded_succeeded(story: Callable[..., Story]) -> None:
    told = story().enter("PrepareRun").add("LambdaFunctionScheduled").add("LambdaFunctionFailed")
    told.add("LambdaFunctionScheduled").add("LambdaFunctionSucceeded").leave("PrepareRun")
    assert _states(History(told.events))[0][:2] == ("PrepareRun", "succeeded")


def test_a_task_that_asked_somebody_is_submitted(story: Callable[..., Story]) -> None:
    history = History(story().enter("RequestApproval").add("TaskScheduled").events)
    current = history.current()
    assert current is not None
    assert not current.submitted
    history.add([{"id": 9, "type": "TaskSubmitted", "timestamp": history.started_at}])
    assert current.submitted


def test_the_document_is_the_newest_state_seen(story: Callable[..., Story]) -> None:
    told = story().visit("ValidateData", validate_data={"rows": 5}).enter("TrainModel")
    assert History(told.events).document() == {"recipe": "review-snippets", "validate_data": {"rows": 5}}


def test_events_that_come_again_or_in_reverse_change_nothing(story: Callable[..., Story]) -> None:
    events = story().visit("PrepareRun").visit("Preprocess").succeed("Released").events
    once, again = History(events), History()
    again.add(reversed(events[:3]))
    again.add(reversed(events))
    again.add(events)
    assert again.outcome == once.outcome
    assert again.visits == once.visits
