"""audit: every decision about a recipe's models, in order, and whether the record of them is whole."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from greenlight.audit_trail import AuditTrails, Trail, holds, read_export
from greenlight.console import output, print_json, progress
from greenlight.errors import ExitCode, WrongUseError
from greenlight.program import Json, target_of
from steps.audit import AuditEvent, AuditRecord
from steps.metric_words import number_text
from steps.pages.rendering import short_digest

_SHOWN_METRICS = 2


def audit(
    *,
    context: typer.Context,
    recipe: Annotated[str | None, typer.Argument(metavar="[RECIPE]", help="Only this recipe's decisions.")] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Export the records into a new file, one JSON document a line."),
    ] = None,
    file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Read and check an exported file instead of the stack.")
    ] = None,
    contains: Annotated[
        str | None,
        typer.Option(
            metavar="DIGEST", help="Fail unless a record of this digest, such as one noted before, is still there."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """List every decision with its numbers, people and reasons, in order, and check that no record was changed."""
    trails = _trails(context, recipe, file)
    if out is not None:
        _export(trails, out)
    problem = _problem(trails, contains)
    if as_json:
        print_json({"trails": [_document(trail) for trail in trails], "problem": problem})
    elif out is None:
        _show(trails)
    else:
        count = sum(len(trail.records) for trail in trails)
        output().print(f"{out}: {count:,} records", markup=False, soft_wrap=True)
    if problem is not None:
        # The document is complete already, so this is no error that prints another one.
        progress().print(f"Error: {problem}", style="red", markup=False, soft_wrap=True)
        raise typer.Exit(ExitCode.FAULT)


def _trails(context: typer.Context, recipe: str | None, file: Path | None) -> list[Trail]:
    if file is not None:
        found = read_export(file)
        return [trail for trail in found if recipe in {None, trail.recipe}]
    target = target_of(context)
    with progress().status("Reading the audit trail"):
        trails = AuditTrails(target.dynamodb, target.output("ReleaseTable"))
        names = trails.recipes()
        if recipe is not None and recipe not in names:
            known = f"decisions were made about {', '.join(names)}" if names else "nothing was decided yet"
            raise WrongUseError(f"there is no audit trail of '{recipe}'; {known}")
        return [trails.trail(name) for name in ([recipe] if recipe else names)]


def _export(trails: Sequence[Trail], out: Path) -> None:
    try:
        with out.open("x", encoding="utf-8", newline="\n") as stream:
            stream.writelines(f"{line}\n" for trail in trails for line in trail.lines())
    except FileExistsError as error:
        raise WrongUseError(f"{out} is there already; name a new file, or remove it first") from error
    except OSError as error:
        raise WrongUseError(f"{out} cannot be written: {error.strerror}; name another file") from error


def _document(trail: Trail) -> dict[str, Any]:
    records = [
        {"number": record.sequence, "digest": record.digest, **(event.model_dump(mode="json") if event else {})}
        for record in trail.records
        for event in [_event(record)]
    ]
    return {"recipe": trail.recipe, "records": records, "breaks": trail.breaks}


def _show(trails: Sequence[Trail]) -> None:
    for trail in trails:
        table = Table(box=None, pad_edge=False, title=trail.recipe, title_justify="left", title_style="bold")
        for column in ("#", "when (UTC)", "decision", "version", "who", "why", "numbers", "report"):
            table.add_column(column, overflow="fold", no_wrap=column in {"#", "when (UTC)"})
        for record in trail.records:
            event = _event(record)
            table.add_row(str(record.sequence), *(_cells(event) if event else ["", "cannot be read", *[""] * 5]))
        output().print(table)
        last = trail.records[-1].digest if trail.records else ""
        whole = "The chain is whole." if not trail.breaks else "The chain is broken."
        ends = f" Its last record's digest is {last}." if last else ""
        output().print(f"{whole}{ends}\n", soft_wrap=True, markup=False)
    if not trails:
        output().print("Nothing was decided yet; the first release, rejection or approval begins the trail.")


def _cells(event: AuditEvent) -> list[str]:
    numbers = [f"{name} {number_text(value)}" for name, value in list(event.metrics.items())[:_SHOWN_METRICS]]
    why = event.why if event.override is None else f"{event.why} Override: {event.override}"
    return [
        f"{event.at:%Y-%m-%d %H:%M}",
        event.outcome or event.kind,
        event.model_version or "-",
        ", ".join(event.who),
        why,
        ", ".join(numbers) or "-",
        short_digest(event.report_digest) or "-",
    ]


def _event(record: AuditRecord) -> AuditEvent | None:
    try:
        return record.event
    except ValueError:
        return None


def _problem(trails: Sequence[Trail], contains: str | None) -> str | None:
    """Why the trail cannot be trusted, None when it can."""
    broken = [f"{trail.recipe}: {sentence}" for trail in trails for sentence in trail.breaks]
    if broken:
        return "the audit trail is not as it was written:\n" + "\n".join(broken)
    if contains is not None and not holds(trails, contains):
        return f"no record has the digest {contains}; one that was there is gone, or the digest is wrong"
    return None
