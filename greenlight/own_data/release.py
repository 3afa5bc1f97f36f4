"""The way from somebody's CSV to a recipe file, told as it goes."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from greenlight.errors import WrongUseError
from greenlight.own_data.draft import Draft, draft_recipe
from greenlight.own_data.recipe_text import check_free, recipe_text, write_recipe
from greenlight.own_data.wishes import Wishes, recipe_name
from greenlight.recipes import RecipeFile

# Who is asked on a laptop, whose mails go nowhere but to its own inbox.
LAPTOP_APPROVER = "approver@example.com"
_TASKS = {
    "binary": "tells two classes apart",
    "multi_class": "tells {n} classes apart",
    "multi_label": "gives any of {n} labels",
    "regression": "predicts a number",
}


def write_own_recipe(project: Path, data: Path, wishes: Wishes, console: Console, *, on_laptop: bool) -> RecipeFile:
    """Work out a recipe for a file and write it to recipes/; raises WrongUseError and leaves nothing then."""
    if wishes.approver is None and not on_laptop:
        raise WrongUseError("on AWS somebody must be asked before a model goes live: give --approver ADDRESS")
    wishes.check()
    name = recipe_name(wishes, data)
    check_free(project, name)
    with console.status(f"Reading {data.name}") as status:
        draft = draft_recipe(data, wishes, wishes.approver or LAPTOP_APPROVER, status.update)
    path = write_recipe(project, name, recipe_text(draft.document, data.name))
    _tell(console, draft, path.relative_to(project))
    return RecipeFile(path, draft.recipe)


def _tell(console: Console, draft: Draft, path: Path) -> None:
    recipe = draft.recipe
    what = _TASKS[recipe.task].format(n=len(recipe.data.class_names))
    table = recipe.data.features
    reads = (
        f"column '{recipe.data.text_column}'"
        if table is None
        else f"{len(table.numeric)} numeric and {len(table.categorical)} categorical columns"
    )
    console.print(f"recipe:  {path}: a model that reads {reads} and {what}", markup=False, soft_wrap=True)
    for note in draft.notes:
        console.print(f"         {note}", style="dim", markup=False, soft_wrap=True)
