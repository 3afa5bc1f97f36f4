"""runs and show: what happened."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import chain
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from greenlight.console import output, print_json
from greenlight.executions import Run
from greenlight.history import History
from greenlight.log_lines import PROCESSING_GROUP, TRAINING_GROUP, LogLine, function_lines, job_lines
from greenlight.outcomes import style
from greenlight.program import Document, Json, RunId, executions_of, target_of
from greenlight.run_report import RunReport, planned_states, report
from greenlight.run_text import print_run, print_trials
from greenlight.target import Target
from steps.contracts import SearchReport


def runs(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many runs at most.")] = 20,
    as_json: Json = False,
) -> None:
    """List the newest runs and how they ended."""
    found = executions_of(target_of(context)).newest(limit)
    if as_json:
        print_json([_run_document(run) for run in found])
        return
    if not found:
        output().print("No runs yet; start one with `greenlight run RECIPE`.")
        return
    table = Table(box=None, pad_edge=False)
    for column in ("run", "recipe", "outcome", "started", "seconds"):
        table.add_column(column, justify="right" if column == "seconds" else "left", no_wrap=True)
    for run in found:
        seconds = ((run.ended_at or datetime.now(UTC)) - run.started_at).total_seconds()
        started = f"{run.started_at.astimezone():%Y-%m-%d %H:%M:%S}"
        table.add_row(run.run_id, run.recipe, Text(run.outcome, style(run.outcome)), started, f"{seconds:.1f}")
    output().print(table)


def show(
    context: typer.Context,
    run_id: RunId,
    logs: Annotated[bool, typer.Option("--logs", help="Also print what the run's functions and jobs logged.")] = False,
    as_json: Json = False,
) -> None:
    """Show one run: its states and seconds, its numbers, what was reused, and why it ended as it did."""
    target = target_of(context)
    executions = executions_of(target)
    run = executions.describe(run_id)
    history = executions.read(run_id, History())
    found = report(run_id, run.recipe, history, datetime.now(UTC))
    lines = sorted(_log_lines(target, run, history), key=lambda line: line.at) if logs else []
    if as_json:
        document = found.to_json()
        if trials := _trials(target, found):
            document["trials"] = trials.model_dump(mode="json")["trials"]
        print_json(document | {"logs": [_line_document(line) for line in lines]} if logs else document)
        return
    print_run(found)
    if trials := _trials(target, found):
        print_trials(trials)
    if logs:
        output().print()
    for line in lines:
        output().print(
            Text.assemble((f"{line.at:%H:%M:%S} {line.source} ", "dim"), line.text), soft_wrap=True, highlight=False
        )


def _trials(target: Target, found: RunReport) -> SearchReport | None:
    """The trainings of the run's search; None when it had none, or they are gone with their bucket's objects."""
    search = (found.model or {}).get("search")
    if not search:
        return None
    bucket, _, key = search["trials_uri"].removeprefix("s3://").partition("/")
    try:
        body = target.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except target.s3.exceptions.NoSuchKey:
        return None
    return SearchReport.model_validate_json(body)


def _log_lines(target: Target, run: Run, history: History) -> Iterator[LogLine]:
    plan = history.document().get("prepare_run") or {}
    jobs = []
    for state, step in planned_states(plan).items():
        entered = any(visit.name == state for visit in history.visits)
        if entered and plan.get(step):
            group = TRAINING_GROUP if state in {"TrainModel", "TuneModel"} else PROCESSING_GROUP
            jobs.append(job_lines(target.logs, group, plan[step]["job_name"]))
    said = function_lines(target.logs, target.stack_name, run.run_id, run.started_at, run.ended_at)
    return chain(said, *jobs)


def _run_document(run: Run) -> Document:
    return {
        "run_id": run.run_id,
        "recipe": run.recipe,
        "outcome": run.outcome,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
    }


def _line_document(line: LogLine) -> Document:
    return {"at": line.at, "source": line.source, "text": line.text}
