"""models and rollback: the registry, what can be taken out of it, and going back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text
from typer.core import TyperGroup

from greenlight.console import output, print_json, progress
from greenlight.live import LiveRecords, live_and_before, swapped
from greenlight.model_download import chosen_version, download
from greenlight.program import Json, RecipeName, target_of
from greenlight.registry import ModelVersion, registered_recipes, versions
from greenlight.rollback import move_endpoint
from greenlight.run_start import user_name
from greenlight.target import Target
from steps.audit_events import event_of_roll_back
from steps.metric_words import number_text
from steps.names import endpoint_name

_SHOWN_METRICS = 3
_STATUS_STYLE = {"Approved": "green", "Rejected": "yellow", "PendingManualApproval": "cyan"}


class ModelsGroup(TyperGroup):
    """`greenlight models [RECIPE]` lists, beside the commands that have a name."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]  # typer re-exports click's own class
        """Anything but a command's name or a plea for help is what to list."""
        if not args or (args[0] not in self.commands and args[0] not in {"-h", "--help"}):
            args = ["list", *args]
        return super().parse_args(ctx, args)


models = typer.Typer(cls=ModelsGroup, help="The registered versions of the models: list them, take one out.")


@models.command("list")
def list_models(
    context: typer.Context,
    recipe: Annotated[str | None, typer.Argument(metavar="[RECIPE]", help="Only this recipe's versions.")] = None,
    as_json: Json = False,
) -> None:
    """List the registered versions: their approval, their numbers, and which one is live."""
    target = target_of(context)
    names = [recipe] if recipe else registered_recipes(target.sagemaker, target.stack_name)
    found = [version for name in names for version in _versions(target, name)]
    if as_json:
        print_json([version.to_json() for version in found])
        return
    if not found:
        output().print("No versions yet; make one with `greenlight run RECIPE`.")
        return
    output().print(models_table(found))


@models.command("download")
def download_model(
    context: typer.Context,
    recipe: RecipeName,
    version: Annotated[
        str | None, typer.Option(metavar="N", help="Which version; otherwise the live one, or the newest.")
    ] = None,
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where to; a file that is there is never replaced.")] = Path(
        "model.tar.gz"
    ),
    as_json: Json = False,
) -> None:
    """Take a version's archive out of the stack, held against the digest in the registry."""
    target = target_of(context)
    chosen = chosen_version(recipe, _versions(target, recipe), version)
    with progress().status(f"Fetching version {chosen.version} of {recipe}"):
        size = download(target.s3, chosen, out)
    if as_json:
        print_json({**chosen.to_json(), "file": str(out), "bytes": size, "sha256": chosen.model_digest})
        return
    output().print(
        f"{out}: version {chosen.version} of {recipe} ({chosen.approval_status}), {size:,} bytes, "
        f"SHA-256 {chosen.model_digest}",
        soft_wrap=True,
        markup=False,
    )


def rollback(
    context: typer.Context,
    recipe: RecipeName,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    comment: Annotated[str, typer.Option(help="Why; it goes into the audit record.")] = "",
    as_json: Json = False,
) -> None:
    """Put the version before the live one of RECIPE back on the endpoint."""
    target = target_of(context)
    records = LiveRecords(target.dynamodb, target.output("ReleaseTable"))
    live, before = live_and_before(recipe, records.live(recipe))
    console = progress()
    if not yes:
        question = f"Put version {before.model_version} of {recipe} back in place of version {live.model_version}?"
        typer.confirm(question, abort=True, err=True)
    with console.status(f"Moving {before.endpoint_name} back to version {before.model_version}") as spinner:
        move_endpoint(target.sagemaker, before, poll_seconds=target.poll_seconds, note=spinner.update)
    event = event_of_roll_back(live, before, recipe=recipe, by=[user_name()], why=comment, now=datetime.now(UTC))
    records.swap(recipe, live, swapped(live, before), event)
    if as_json:
        print_json({"recipe": recipe, "from_version": live.model_version, "model_version": before.model_version})
        return
    output().print(
        f"Version [bold]{before.model_version}[/] of {recipe} is live again; version {live.model_version} is not."
    )


def _versions(target: Target, recipe: str) -> list[ModelVersion]:
    live = LiveRecords(target.dynamodb, target.output("ReleaseTable")).live(recipe)
    group = endpoint_name(target.stack_name, recipe)
    return versions(target.sagemaker, recipe, group, live.model_package_arn if live else None)


def _row(version: ModelVersion, metrics: list[str] | None) -> list[Text | str]:
    if metrics is None:
        shown = [f"{name} {number_text(value)}" for name, value in list(version.metrics.items())[:_SHOWN_METRICS]]
        numbers = [", ".join(shown) or "-"]
    else:
        numbers = [f"{version.metrics[name]:.4f}" if name in version.metrics else "-" for name in metrics]
    return [
        version.recipe,
        version.version,
        Text("live", "bold green") if version.live else "",
        Text(version.approval_status, _STATUS_STYLE.get(version.approval_status, "")),
        f"{version.registered_at.astimezone():%Y-%m-%d %H:%M}",
        *numbers,
        version.run_id,
    ]


def models_table(found: Sequence[ModelVersion]) -> Table:
    """Versions with a column for each metric, or, where they have different metrics, the first few in one."""
    kinds = {frozenset(version.metrics) for version in found if version.metrics}
    are_alike = len(kinds) <= 1
    metrics = next((list(version.metrics) for version in found if version.metrics), []) if are_alike else None
    table = Table(box=None, pad_edge=False)
    numbers = ["metrics"] if metrics is None else metrics
    for column in ("recipe", "version", "live", "approval", "registered", *numbers, "run"):
        table.add_column(column, no_wrap=True)
    for version in found:
        table.add_row(*_row(version, metrics))
    return table
