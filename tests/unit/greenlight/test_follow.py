from __future__ import annotations

import io
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import pytest
from rich.console import Console

from greenlight.errors import InterruptedRunError
from greenlight.follow import Follower
from greenlight.history import History
from greenlight.program import executions_of
from greenlight.run_view import LineView, TableView, view_for

Story = Any


class Notes:
    """A view that remembers what it was told."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def update(self, history: History, note: str) -> None:
        current = history.current()
        self.seen.append((current.name if current else history.outcome, note))


def _follow(
    target: Any, told: Story, continuation: Callable[[Story], object], **arguments: Any
) -> tuple[History, Notes]:
    target.stepfunctions.put("run-1", told)
    view = Notes()
    steps = iter([lambda: continuation(told)])
    follower = Follower(
        executions=executions_of(target),
        view=view,
        poll_seconds=0,
        sleep=lambda _seconds: next(steps)(),
        **({"note": lambda _state, _history: "", "on_approval": lambda: ""} | arguments),
    )
    return follower.follow("run-1"), view


def test_a_run_is_watched_until_it_ends(target: Any, story: Callable[..., Story]) -> None:
    told = story().enter("PrepareRun")
    history, view = _follow(target, told, lambda s: s.leave("PrepareRun").succeed("NothingNew"))
    assert history.outcome == "NothingNew"
    assert [name for name, _ in view.seen] == ["PrepareRun", "NothingNew"]


def test_the_approver_is_called_once_when_the_question_has_been_sent(target: Any, story: Callable[..., Story]) -> None:
    calls: list[int] = []

    def on_approval() -> str:
        calls.append(1)
        return "asked"

    told = story().enter("RequestApproval").add("TaskScheduled").add("TaskSubmitted")
    _, view = _follow(target, told, lambda s: s.leave("RequestApproval").succeed("Released"), on_approval=on_approval)
    assert calls == [1]
    assert ("RequestApproval", "asked") in view.seen


def test_stopping_to_watch_says_that_the_run_goes_on(target: Any, story: Callable[..., Story]) -> None:
    def interrupt(_story: Story) -> None:
        raise KeyboardInterrupt

    with pytest.raises(InterruptedRunError, match="the run goes on; `greenlight show run-1`"):
        _follow(target, story().enter("TrainModel"), interrupt)


def test_without_a_terminal_each_state_is_one_line(story: Callable[..., Story]) -> None:
    told = story().visit(
        "PrepareRun", prepare_run={"decision": "go", "train_model": {"reuse": True, "reason": "Same."}}
    )
    told.visit("IsAnythingNew", "Choice").visit("ValidateData", validate_data={"rows": 1234, "findings": []})
    out = io.StringIO()
    view = view_for(Console(file=out, width=100), lambda: told.events[-1]["timestamp"])
    assert isinstance(view, LineView)
    with view:
        for count in range(len(told.events) + 1):
            view.update(History(told.events[:count]), "")
        view.update(History(told.succeed("Released").events), "")
    assert [line.split() for line in out.getvalue().splitlines()] == [
        ["PrepareRun", "1.0", "s"],
        ["TrainModel", "Same."],
        ["ValidateData", "1.0", "s", "1,234", "rows"],
        ["Released"],
    ]


def test_on_a_terminal_the_running_state_shows_its_note(story: Callable[..., Story]) -> None:
    told = story().visit("PrepareRun").enter("TrainModel")
    out = io.StringIO()
    view = view_for(Console(file=out, force_terminal=True, width=80), lambda: told.events[-1]["timestamp"])
    assert isinstance(view, TableView)
    with view:
        view.update(History(told.events), "epoch 3 of 10")
    assert "TrainModel" in out.getvalue()
    assert "epoch 3 of 10" in out.getvalue()
