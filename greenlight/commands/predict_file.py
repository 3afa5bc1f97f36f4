"""predict --file: ask a version about every row of a file, by a batch of its own."""

from __future__ import annotations

import contextlib
import json
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from botocore.exceptions import ClientError
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from greenlight.batch_files import check_columns, check_files, download_predictions, size_of, upload_rows
from greenlight.batch_version import card_of
from greenlight.console import output, print_json, progress
from greenlight.errors import FaultError, InterruptedRunError, StoppedError, WrongUseError
from greenlight.executions import Executions
from greenlight.follow import Follower
from greenlight.history import History, StateVisit
from greenlight.log_lines import PROCESSING_GROUP, last_line
from greenlight.outcomes import MEANING, exit_code
from greenlight.program import Document
from greenlight.run_start import new_run_id, user_name
from greenlight.run_view import view_for
from greenlight.target import Target
from steps.batch_contracts import BatchInput, BatchReport

STOPPED = "Stopped by whoever started it."
_JOBS = {"SplitRows": "split_rows", "JoinPredictions": "join_predictions"}


@dataclass(frozen=True)
class FileRequest:
    """What was asked for."""

    recipe: str
    file: Path
    out: Path
    version: str | None
    text_column: str | None
    force: bool


FileOption = Annotated[
    Path | None, typer.Option("--file", metavar="CSV", help="Ask about every row of this file, by a batch of its own.")
]
OutOption = Annotated[
    Path | None, typer.Option("--out", metavar="CSV", help="With --file: where the rows with their answers go.")
]
VersionOption = Annotated[
    str | None,
    typer.Option("--version", metavar="N", help="This version answers; without --file only the live one can."),
]
TextColumnOption = Annotated[
    str | None, typer.Option("--text-column", metavar="NAME", help="With --file: the text's column in it.")
]
ForceOption = Annotated[bool, typer.Option("--force", help="With --file: replace --out when it is there.")]


def requested_file(  # noqa: PLR0917 - the command's options, in their order
    recipe: str,
    texts: Sequence[str],
    file: Path | None,
    out: Path | None,
    version: str | None,
    text_column: str | None,
    *,
    force: bool,
) -> FileRequest | None:
    """What was asked for with --file; None without it.

    Raises WrongUseError for options that do not go together.
    """
    if file is None:
        alone = {"--out": out, "--text-column": text_column, "--force": force}
        if given := [name for name, value in alone.items() if value]:
            raise WrongUseError(f"{given[0]} goes with --file; give the CSV to ask about")
        return None
    if texts:
        raise WrongUseError("give texts or rows, or a file with --file, not both")
    if out is None:
        raise WrongUseError("say with --out where the predictions go, such as --out predictions.csv")
    return FileRequest(recipe, file, out, version, text_column, force)


def predict_file(target: Target, request: FileRequest, *, as_json: bool) -> None:
    """Ask about a file's rows and write the answers beside them; Ctrl-C stops the batch."""
    began = time.monotonic()
    check_files(request.file, request.out, force=request.force)
    card = card_of(target, request.recipe, request.version)
    if card is not None:
        check_columns(request.file, card.input, request.text_column)
    executions = Executions(
        target.stepfunctions, target.output("BatchStateMachineArn"), target.output("BatchStateMachineAliasArn")
    )
    batch_id = new_run_id(f"{request.recipe}-batch", _now(), secrets.token_hex(2))
    _start(target, executions, batch_id, request)
    history = _follow(target, executions, batch_id)
    report = _result(target, batch_id, history)
    bucket, folder = target.output("ArtifactBucket"), f"batches/{batch_id}/predictions"
    with _carried("Downloading", size_of(target.s3, bucket, folder)) as told:
        download_predictions(target.s3, bucket, folder, request.out, told)
    seconds = time.monotonic() - began
    if as_json:
        print_json(_document(batch_id, request, report, history, seconds))
    else:
        _print(request, report, seconds)
    raise typer.Exit(exit_code(history.outcome))


def _start(target: Target, executions: Executions, batch_id: str, request: FileRequest) -> None:
    bucket = target.output("ArtifactBucket")
    try:
        with _carried(f"Uploading {request.file.name}", request.file.stat().st_size) as told:
            rows_uri = upload_rows(target.s3, bucket, f"batches/{batch_id}/rows", request.file, told)
    except KeyboardInterrupt:
        raise StoppedError("nothing was started, and what had been uploaded is removed") from None
    given = BatchInput(
        recipe=request.recipe,
        rows_uri=rows_uri,
        file_name=request.file.name[:200],
        version=request.version,
        text_column=request.text_column,
        requested_by=user_name(),
    )
    try:
        executions.start(batch_id, given)
    except KeyboardInterrupt:
        # Whether the request had arrived is not known.
        with contextlib.suppress(ClientError):
            executions.stop(batch_id, STOPPED)
        raise StoppedError(f"the batch {batch_id} is stopped, and nothing was written") from None
    progress().print(f"batch:  [bold]{batch_id}[/]", soft_wrap=True)


def _follow(target: Target, executions: Executions, batch_id: str) -> History:
    follower = Follower(
        executions=executions,
        view=view_for(progress(), _now),
        poll_seconds=target.poll_seconds,
        note=_note(target, batch_id),
        on_approval=lambda: "",
    )
    try:
        return follower.follow(batch_id)
    except InterruptedRunError:
        with contextlib.suppress(ClientError):  # it may have ended meanwhile
            executions.stop(batch_id, STOPPED)
        raise StoppedError(f"the batch {batch_id} is stopped, and nothing was written") from None


def _note(target: Target, batch_id: str) -> Callable[[StateVisit, History], str]:
    """Words beside the running state: a job's newest line, or how many parts are answered."""
    bucket = target.output("ArtifactBucket")

    def note(state: StateVisit, history: History) -> str:
        document = history.document()
        if state.name in _JOBS:
            plan = (document.get("prepare_batch") or {}).get(_JOBS[state.name]) or {}
            return last_line(target.logs, PROCESSING_GROUP, plan["job_name"]) if plan else ""
        if state.name == "TransformRows":
            pages = target.s3.get_paginator("list_objects_v2").paginate(
                Bucket=bucket, Prefix=f"batches/{batch_id}/answers/part-"
            )
            answered = sum(len(page.get("Contents", [])) for page in pages)
            return f"{answered} of {document['check_rows']['parts']} parts answered"
        return ""

    return note


def _result(target: Target, batch_id: str, history: History) -> BatchReport:
    """What the batch wrote; raises WrongUseError or FaultError with the batch's own words when it wrote nothing."""
    document = history.document()
    if history.outcome == "BatchRefused":
        raise WrongUseError(document["prepare_batch"]["reason"])
    if history.outcome == "RowsRejected":
        raise WrongUseError(document["check_rows"]["reason"])
    if history.outcome not in {"BatchDone", "NoRowAnswered"}:
        fault = document.get("report_batch_fault")
        said = f"{fault['state']} failed ({fault['error']}): {fault['cause']}" if fault else MEANING[history.outcome]
        raise FaultError(f"the batch {batch_id}: {said}")
    key = f"batches/{batch_id}/predictions/report.json"
    body = target.s3.get_object(Bucket=target.output("ArtifactBucket"), Key=key)["Body"].read()
    return BatchReport.model_validate(json.loads(body))


def _document(batch_id: str, request: FileRequest, report: BatchReport, history: History, seconds: float) -> Document:
    return {
        "batch_id": batch_id,
        "outcome": history.outcome,
        **report.model_dump(mode="json"),
        "seconds": round(seconds, 1),
        "out": str(request.out),
        "exit_code": int(exit_code(history.outcome)),
    }


def _print(request: FileRequest, report: BatchReport, seconds: float) -> None:
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in report.errors.items())
    missed = f", {report.rows - report.answered:,} not ({reasons})" if reasons else ""
    warned = f", {report.warnings:,} with a warning" if report.warnings else ""
    output().print(
        f"{report.rows:,} rows: {report.answered:,} answered{missed}{warned}; "
        f"by version {report.model_version} of {report.recipe}, in {seconds:.0f} s",
        markup=False,
        soft_wrap=True,
    )
    output().print(f"{request.out} has each row with its answer, or why there is none", markup=False, soft_wrap=True)


@contextmanager
def _carried(what: str, size: int) -> Iterator[Callable[[int], Any]]:
    """A bar while bytes are carried; on no terminal, one line when they are."""
    console = progress()
    if not console.is_terminal:
        yield lambda _bytes: None
        console.print(f"{what}: {size:,} bytes", markup=False, soft_wrap=True)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(what, total=size)
        yield lambda count: bar.advance(task, count)


def _now() -> datetime:
    return datetime.now(UTC)
