from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from greenlight.errors import WrongUseError
from greenlight.executions import Executions
from greenlight.history import History
from greenlight.program import executions_of
from steps.contracts import RunInput

Story = Any
Target = Any


@pytest.fixture
def executions(target: Target) -> Executions:
    return executions_of(target)


def test_runs_are_listed_newest_first_with_their_end_and_recipe(
    executions: Executions, target: Target, story: Callable[..., Story]
) -> None:
    older, newer = story().visit("PrepareRun").succeed("Released"), story().enter("PrepareRun")
    for event in older.events:
        event["timestamp"] -= older.events[-1]["timestamp"] - older.events[0]["timestamp"]
    target.stepfunctions.put("older", older)
    target.stepfunctions.put("newer", newer)
    found = executions.newest(10)
    assert [(run.run_id, run.recipe, run.outcome) for run in found] == [
        ("newer", "review-snippets", "Running"),
        ("older", "review-snippets", "Released"),
    ]
    assert found[0].ended_at is None
    assert found[1].ended_at == older.events[-1]["timestamp"]
    assert [run.run_id for run in executions.newest(1)] == ["newer"]


def test_a_run_nobody_started_is_named(executions: Executions) -> None:
    with pytest.raises(WrongUseError, match="there is no run 'other'"):
        executions.describe("other")


def test_a_long_history_is_read_page_by_page_and_then_only_its_end(
    executions: Executions, target: Target, story: Callable[..., Story], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("greenlight.executions._PAGE_EVENTS", 4)
    told = story()
    for _ in range(5):
        told.visit("DescribeEndpoint")
    target.stepfunctions.put("long", told)
    history = executions.read("long", History())
    assert (history.last_id, history.visits[0].entered_at) == (11, told.events[1]["timestamp"])
    told.succeed("Released")
    assert executions.read("long", history).outcome == "Released"
    assert [state.visits for state in history.states(told.events[-1]["timestamp"])] == [5, 1]


def test_a_run_is_started_under_its_id_with_what_was_asked(
    executions: Executions, target: Target, story: Callable[..., Story]
) -> None:
    target.stepfunctions.next_story = story()
    executions.start("mine", RunInput(recipe="review-snippets", data_uri="s3://b/k", requested_by="me"))
    assert target.stepfunctions.inputs["mine"] == {
        "recipe": "review-snippets",
        "data_uri": "s3://b/k",
        "force": False,
        "waits": False,
        "requested_by": "me",
    }
