"""report: what a run found out, as a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from greenlight.console import output, print_json
from greenlight.history import History
from greenlight.program import Json, RunId, executions_of, target_of
from greenlight.saved_report import noted_report, read_report, save_new


def report(
    context: typer.Context,
    run_id: RunId,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Where to; RUN.html without it. A file that is there is never replaced."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Save a run's report: one HTML file with all that was found, to read, to print and to send on."""
    target = target_of(context)
    noted = noted_report(run_id, executions_of(target).read(run_id, History()).document())
    body = read_report(target.s3, noted)
    file = out or Path(f"{run_id}.html")
    save_new(body, file)
    if as_json:
        print_json({"run_id": run_id, "file": str(file), "bytes": len(body), **noted})
        return
    output().print(f"Saved {file} ({len(body):,} bytes); open it in a browser.", markup=False, soft_wrap=True)
