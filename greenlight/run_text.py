"""A run in words and tables, for people."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from greenlight.console import output
from greenlight.outcomes import MEANING, style
from greenlight.run_report import RunReport
from steps.adopt_model import short
from steps.contracts import SearchReport

_MARKS = {"passed": ("✓ ", "green"), "failed": ("✗ ", "red"), "warned": ("! ", "yellow")}
_STATUS_STYLE = {"succeeded": "green", "failed": "red", "aborted": "yellow", "running": "cyan"}


def print_run(found: RunReport) -> None:
    """All of a run: its states, then what print_end tells."""
    console = output()
    table = Table(box=None, pad_edge=False)
    table.add_column("state")
    table.add_column("status")
    table.add_column("seconds", justify="right")
    for state in found.states:
        again = f" ({state.visits} times)" if state.visits > 1 else ""
        status = Text(state.status, _STATUS_STYLE[state.status])
        table.add_row(state.name + again, status, f"{state.seconds:.2f}")
    console.print(Text.assemble("run ", (found.run_id, "bold"), "  recipe ", (found.recipe, "bold")), soft_wrap=True)
    if found.states:
        console.print()
        console.print(table)
    print_end(found, all_findings=True)
    if found.cost:
        console.print(
            f"\nOn AWS it could cost at most {found.cost['run_usd']} USD, by prices of {found.cost['region']} "
            f"as of {found.cost['prices_as_of']}",
            style="dim",
            soft_wrap=True,
        )
    if found.report:
        console.print(f"\nAll that it found, as one page: greenlight report {found.run_id} --out FILE", soft_wrap=True)
    if found.states and found.states[-1].name == "RequestApproval" and found.states[-1].status == "running":
        console.print(f"\nIt waits for a person: greenlight approve {found.run_id} (or reject)", soft_wrap=True)


def print_end(found: RunReport, *, all_findings: bool = False) -> None:
    """How a run ended: outcome, reason, numbers, what was reused, and the rules that were broken (or all)."""
    console = output()
    meaning = MEANING.get(found.outcome, "")
    console.print()
    console.print(Text.assemble((found.outcome, f"bold {style(found.outcome)}"), f": {meaning}" if meaning else ""))
    if found.cause:
        console.print(Text(found.cause, style(found.outcome)), soft_wrap=True)
    if found.outcome == "NothingNew":
        for name, verdict in found.compared.items():
            console.print(f"  compared {name}: {verdict}", markup=False, soft_wrap=True)
    for reused in found.reused:
        console.print(f"{reused.state}: {reused.reason}", markup=False, soft_wrap=True)
    if found.model and found.model.get("verdict") == "adopted":
        console.print(str(found.model["reason"]), markup=False, soft_wrap=True)
    if found.metrics:
        console.print()
        _print_metrics(console, found)
    if found.override:
        said = f"{found.override['who']} overrode the rules that failed: {found.override['why']}"
        console.print(said, style="yellow", markup=False, soft_wrap=True)
    shown = [finding for finding in found.findings if all_findings or finding["verdict"] != "passed"]
    for finding in shown:
        console.print(Text.assemble(_MARKS[finding["verdict"]], str(finding["sentence"])), soft_wrap=True)


def print_trials(report: SearchReport) -> None:
    """Every training of a search, the best first."""
    console = output()
    names = list(report.trials[0].hyperparameters) if report.trials else []
    table = Table(box=None, pad_edge=False)
    for column in ("training", "status", report.objective, *names):
        table.add_column(column, justify="left" if column in {"training", "status"} else "right")
    for trial in report.trials:
        value = "-" if trial.objective is None else f"{trial.objective:.4f}"
        values = (short(trial.hyperparameters.get(name, "-")) for name in names)
        table.add_row(trial.training_job, trial.status, value, *values)
    console.print()
    console.print(table)


def _print_metrics(console: Console, found: RunReport) -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column("metric")
    table.add_column("candidate", justify="right")
    table.add_column("live version", justify="right")
    for name, value in found.metrics.items():
        live = found.champion_metrics.get(name)
        table.add_row(name, f"{value:,.4f}", "-" if live is None else f"{live:,.4f}")
    console.print(table)
