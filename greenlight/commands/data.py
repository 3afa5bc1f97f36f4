"""data: a recipe's rows, from where they are published or from a file of one's own."""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from greenlight.console import output, print_json, progress
from greenlight.errors import WrongUseError
from greenlight.pretrained import Weights, take_weights
from greenlight.program import Json, RecipeNameOrFolder
from greenlight.recipe_rows import Taken, fetch_rows, take_own_file
from greenlight.recipes import load_recipe
from greenlight.target import PROJECT

DATA_CACHE = PROJECT / ".cache" / "data"

data = typer.Typer(no_args_is_help=True, help="Take a recipe's rows: from where they are published, or from your file.")


@data.command()
def get(
    recipe: RecipeNameOrFolder,
    source: Annotated[
        Path | None,
        typer.Option("--from", metavar="FILE", help="Your own CSV with the recipe's columns, or a .gz or .zip of it."),
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="PATH", help="Write the CSV there as well.")] = None,
    weights: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Pretrained weights of your own: check them, and say how a recipe names them."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Take the rows of RECIPE and keep them for its runs; says from where, how many, and what their owners allow."""
    found = load_recipe(PROJECT, recipe).recipe
    if out is not None and out.exists():
        raise WrongUseError(f"{out} exists already; give another path, or remove it first")
    console = progress()

    def note(words: str) -> None:
        console.print(words, style="dim", markup=False, soft_wrap=True)

    if source is None:
        taken = fetch_rows(found, DATA_CACHE, note)
    else:
        taken = take_own_file(found, source, DATA_CACHE, datetime.now().astimezone())
    started_from = take_weights(found, weights, DATA_CACHE, note)
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(taken.file, out)
    if as_json:
        print_json(_document(found.name, taken, out, started_from))
    else:
        _print(found.name, taken, out, started_from)


def _document(recipe: str, taken: Taken, out: Path | None, weights: Weights | None) -> dict[str, object]:
    return {
        "recipe": recipe,
        "rows": taken.rows,
        "origin": taken.origin,
        "licence": taken.licence or None,
        "file": str(out or taken.file),
        "weights": None if weights is None else {"origin": weights.origin, "folder": str(weights.folder)},
    }


def _print(recipe: str, taken: Taken, out: Path | None, weights: Weights | None) -> None:
    lines = {
        "rows": f"{taken.rows:,}",
        "from": taken.origin,
        "licence": taken.licence or "none is stated here; whether you may use them is for you to know",
        "file": str(out or taken.file),
        **({} if weights is None else {"weights": f"{weights.origin}, in {weights.folder}"}),
    }
    console = output()
    for name, text in lines.items():
        console.print(f"{name + ':':<9}{text}", markup=False, soft_wrap=True)
    console.print(f"Runs of {recipe} train on them: `greenlight run {recipe}`", markup=False, soft_wrap=True)
