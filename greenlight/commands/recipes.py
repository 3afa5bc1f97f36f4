"""recipes: what is there to release, and all that ship released one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from greenlight.commands.data import DATA_CACHE
from greenlight.commands.deploy import deploy_stack, print_deployed
from greenlight.commands.run import Approval, begin, watch
from greenlight.commands.stack import print_up, start_stack
from greenlight.console import output, print_json, progress
from greenlight.errors import ExitCode, WrongUseError
from greenlight.explain import EXPECTED, explain
from greenlight.live import LiveRecords
from greenlight.outcomes import style
from greenlight.program import Json, target_of
from greenlight.recipes import RecipeFile, load_recipe, recipe_names
from greenlight.release_table import FAILED, IMPORTED, SHIPPED, SKIPPED, Line, line_of, rows_of
from greenlight.run_report import RunReport
from greenlight.target import PROJECT, Target
from steps.contracts import LiveVersion
from steps.recipe import Recipe
from steps.recipe_sections.metrics import LOSS_METRICS

recipes = typer.Typer(help="List the recipes, or release all that ship.")


@recipes.callback(invoke_without_command=True)
def list_recipes(context: typer.Context, as_json: Json = False) -> None:
    """List the recipes with their task, their first metric and what is live; `recipes release` releases them."""
    if context.invoked_subcommand is not None:
        return
    found = [load_recipe(PROJECT, name).recipe for name in recipe_names(PROJECT)]
    live = _live_versions(target_of(context), [recipe.name for recipe in found])
    if as_json:
        print_json(
            [
                {
                    "name": recipe.name,
                    "task": recipe.task,
                    "description": recipe.description,
                    "metric": recipe.metrics.gates[0].name,
                    "floor": recipe.metrics.gates[0].floor,
                    "live_version": version.model_version if version else None,
                    "live_value": version.metrics.get(recipe.metrics.gates[0].name) if version else None,
                }
                for recipe in found
                for version in [live.get(recipe.name)]
            ]
        )
        return
    table = Table(box=None, pad_edge=False)
    for column in ("recipe", "task", "metric", "must reach", "live version", "its value"):
        table.add_column(column, no_wrap=True)
    table.add_column("what it does")
    for recipe in found:
        gate, version = recipe.metrics.gates[0], live.get(recipe.name)
        value = version.metrics.get(gate.name) if version else None
        sign = "at most " if gate.name in LOSS_METRICS else ""
        shown = [version.model_version if version else "-", _number(value)]
        table.add_row(recipe.name, recipe.task, gate.name, f"{sign}{gate.floor:g}", *shown, recipe.description)
    output().print(table)


@recipes.command()
def release(
    context: typer.Context,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[RECIPE]...", help="Only these; otherwise all that ship.")
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Take rows from here where it holds RECIPE.csv or RECIPE.csv.gz."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Run every step anew, even when nothing is new.")] = False,
    as_json: Json = False,
) -> None:
    """Release the recipes on this laptop, each approved through its mailed link, and hold them against plain models.

    Exit code 1 when one was not released. A recipe whose rows are not to be had is skipped, with what would mend it.
    """
    target = target_of(context)
    if target.home is None:
        raise WrongUseError("this releases on the laptop, approving by itself; unset GREENLIGHT_TARGET")
    if data is not None and not data.is_dir():
        raise WrongUseError(f"{data} is no folder; give one that holds RECIPE.csv or RECIPE.csv.gz for some recipes")
    there = recipe_names(PROJECT)
    chosen = [load_recipe(PROJECT, name) for name in names or [name for name in SHIPPED if name in there]]
    console = progress()
    print_up(console, start_stack(target))
    print_deployed(console, target, deploy_stack(target))
    lines = []
    for number, recipe_file in enumerate(chosen, start=1):
        console.rule(f"{number} of {len(chosen)}: {recipe_file.recipe.name}")
        lines.append(_line(target, recipe_file, data, force=force))
    if as_json:
        print_json([line.to_json() for line in lines])
    else:
        _print_lines(lines)
    if not all(line.is_fine for line in lines):
        raise typer.Exit(ExitCode.NO)


def _line(target: Target, recipe_file: RecipeFile, folder: Path | None, *, force: bool) -> Line:
    name, console = recipe_file.recipe.name, progress()

    def note(words: str) -> None:
        console.print(words, style="dim", markup=False, soft_wrap=True)

    def release_one(chosen: RecipeFile, csv: Path) -> RunReport:
        run_id = begin(target, chosen, Approval.APPROVE, data=csv, force=force, model=archive)
        return watch(target, run_id, name, Approval.APPROVE)

    def live() -> LiveVersion | None:
        return _live_versions(target, [name]).get(name)

    try:
        archive = _archive(target, recipe_file.recipe)
        rows = rows_of(recipe_file.recipe, folder, DATA_CACHE, note)
    except WrongUseError as error:
        note(f"skipped: {error}")
        return Line(name, SKIPPED, reason=str(error))
    except EXPECTED as error:
        note(f"failed: {error}")
        return Line(name, FAILED, reason=str(error))
    return line_of(recipe_file, rows, release=release_one, live=live, s3=target.s3, note=note)


def _archive(target: Target, recipe: Recipe) -> str | None:
    """What a recipe that imports takes: the live version of the recipe that it is named after; None when it trains.

    Raises WrongUseError when nothing is live there.
    """
    if recipe.import_model is None or recipe.import_model.model_uri is not None:
        return None
    trained = recipe.name.removesuffix(IMPORTED)
    version = _live_versions(target, [trained]).get(trained)
    if version is None:
        raise WrongUseError(
            f"{recipe.name} trains nothing and takes the archive of {trained}, of which no version is live: release "
            f"{trained} first, or give an archive: greenlight run {recipe.name} --model FILE"
        )
    return version.model_data_uri


def _live_versions(target: Target, names: Sequence[str]) -> dict[str, LiveVersion]:
    """What is live, by recipe; nothing where there is no stack to ask."""
    try:
        records = LiveRecords(target.dynamodb, target.output("ReleaseTable"))
        found = {name: records.live(name) for name in names}
    except EXPECTED as error:
        told = explain(error, target)
        progress().print(f"Nothing is known of live versions: {told}", style="dim", markup=False, soft_wrap=True)
        return {}
    return {name: version for name, version in found.items() if version is not None}


def _print_lines(lines: Sequence[Line]) -> None:
    table = Table(title="Each model beside a plain one, on the same rows never trained on")
    table.add_column("recipe")
    for column in ("rows", "tested on", "metric", "model", "plain", "gain", "seconds", "archive"):
        table.add_column(column, justify="left" if column == "metric" else "right", no_wrap=True)
    table.add_column("outcome")
    for line in lines:
        gain = None
        if line.value is not None and line.baseline is not None:
            gain = line.value - line.baseline
        table.add_row(
            line.recipe,
            _count(line.rows),
            _count(line.test_rows),
            f"{line.metric or '-'}{' (less is better)' if line.metric in LOSS_METRICS else ''}",
            _number(line.value),
            _number(line.baseline),
            f"{'+' if gain >= 0 else ''}{_number(gain)}" if gain is not None else "-",
            "-" if line.seconds is None else f"{line.seconds:.0f}",
            "-" if line.artifact_bytes is None else f"{line.artifact_bytes / 1e6:.1f} MB",
            Text(line.outcome, _style(line.outcome)),
        )
    console = output()
    console.print(table)
    for line in lines:
        if line.reason is not None:
            console.print(f"{line.recipe} {line.outcome}: {line.reason}", markup=False, soft_wrap=True)
    for name in sorted({line.baseline_name for line in lines if line.baseline_name}):
        using = ", ".join(line.recipe for line in lines if line.baseline_name == name)
        console.print(f"plain for {using}: {name}", style="dim", markup=False, soft_wrap=True)


def _style(outcome: str) -> str:
    return {SKIPPED: "yellow", FAILED: "red"}.get(outcome) or style(outcome)


def _count(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    # Sums of money need no decimals.
    return f"{value:.4f}" if abs(value) < 100 else f"{value:,.0f}"  # noqa: PLR2004
