"""A run as it goes: a live table on a terminal, one line a state elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from greenlight.history import History, StateSummary
from greenlight.outcomes import style
from greenlight.run_report import REUSABLE, reused_steps
from greenlight.state_notes import state_note

# A Choice takes no time, and what it decided shows in the state that follows.
_SHOWN = frozenset({"Task", "Wait", "Succeed", "Fail", "Parallel", "Map"})
_MARKS = {"succeeded": Text("✓", "green"), "failed": Text("✗", "red"), "aborted": Text("■", "yellow")}


class RunView(Protocol):
    """Shows a run while it goes; entered before the first update and left after the last."""

    def __enter__(self) -> Self:
        """Begin to show."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the last picture standing."""

    def update(self, history: History, note: str) -> None:
        """Show what is known now; note belongs to the state that is running."""


def view_for(console: Console, clock: Callable[[], datetime]) -> RunView:
    """The view that suits the console."""
    return TableView(console, clock) if console.is_terminal else LineView(console, clock)


class TableView:
    """A table that is drawn again and again in place."""

    def __init__(self, console: Console, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._console = console
        self._spinner = Spinner("dots", style="cyan")
        self._history = History()
        self._note = ""
        self._live = Live(get_renderable=self._draw, console=console, refresh_per_second=8, transient=False)

    def __enter__(self) -> Self:
        """Begin to draw."""
        self._live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Draw once more and stop."""
        self._live.__exit__(kind, error, trace)

    def update(self, history: History, note: str) -> None:
        """Draw this from now on."""
        self._history, self._note = history, note

    def _draw(self) -> RenderableType:
        table = Table.grid(padding=(0, 2))
        table.add_column(width=1)
        table.add_column()
        table.add_column(justify="right")
        table.add_column(overflow="ellipsis", no_wrap=True)
        rows = _rows(self._history, self._clock(), self._note)
        for state, seconds, note in rows[-max(8, self._console.height - 4) :]:
            mark = _MARKS.get(state.status, self._spinner) if isinstance(state, StateSummary) else Text("=", "blue")
            table.add_row(mark, Text(state.name, _name_style(state)), seconds, Text(note, "dim"))
        return table


class LineView:
    """One line when a state ends, and one when a person is asked."""

    def __init__(self, console: Console, clock: Callable[[], datetime]) -> None:
        self._console = console
        self._clock = clock
        self._told: set[str] = set()

    def __enter__(self) -> Self:
        """Nothing to prepare."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to clear up."""

    def update(self, history: History, note: str) -> None:
        """Tell what is new."""
        current = history.current()
        for state, seconds, words in _rows(history, self._clock(), ""):
            if not (current and current.name == state.name):
                self._tell(state.name, f"{state.name:<26} {seconds:>8}  {words}")
        if current and current.submitted and current.name == "RequestApproval" and note:
            self._tell(note, f"{current.name:<26} {'':>8}  {note}")

    def _tell(self, what: str, line: str) -> None:
        # A state in a loop is told once, when it is first left.
        if what not in self._told:
            self._told.add(what)
            self._console.print(line.rstrip(), markup=False, soft_wrap=True)


class _ReusedState:
    """A row for a state that was not run again."""

    status = "reused"

    def __init__(self, name: str) -> None:
        self.name = name


def _rows(history: History, now: datetime, note: str) -> Sequence[tuple[StateSummary | _ReusedState, str, str]]:
    document = history.document()
    current = history.current()
    rows: list[tuple[StateSummary | _ReusedState, str, str]] = []
    for state in history.states(now):
        if state.type not in _SHOWN:
            continue
        is_current = current is not None and current.name == state.name
        words = note if is_current else state_note(state.name, document)
        rows.append((state, "" if state.type in ("Succeed", "Fail") else f"{state.seconds:.1f} s", words))
        if state.name == "PrepareRun":
            rows.extend((_ReusedState(reused.state), "", reused.reason) for reused in reused_steps(document))
    return rows


def _name_style(state: StateSummary | _ReusedState) -> str:
    if isinstance(state, StateSummary) and state.type in ("Succeed", "Fail"):
        return f"bold {style(state.name)}"
    return "bold" if state.status == "running" else "dim" if state.name in REUSABLE and state.status == "reused" else ""
