"""Recipes: `recipes/<name>/recipe.yaml` in the project, or a folder anywhere that holds a recipe.yaml."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path

from greenlight.errors import WrongUseError
from steps.errors import RecipeInvalidError
from steps.recipe import Recipe, parse_recipe


@dataclass(frozen=True)
class RecipeFile:
    """A recipe and the file it was read from."""

    path: Path
    recipe: Recipe


def recipe_names(project: Path) -> list[str]:
    """Names of the recipes the project holds, sorted."""
    return sorted(file.parent.name for file in (project / "recipes").glob("*/recipe.yaml"))


def load_recipe(project: Path, name: str) -> RecipeFile:
    """Read one recipe.

    name: the name of a folder in recipes/, or a path with a slash to a folder elsewhere
    Raises WrongUseError when there is no such recipe or its file breaks a rule of the recipe model.
    """
    if "/" in name:
        return _read(Path(name) / "recipe.yaml", where=f"{name.rstrip('/')}/recipe.yaml")
    names = recipe_names(project)
    if name not in names:
        close = difflib.get_close_matches(name, names, n=1)
        advice = f"did you mean {close[0]}?" if close else f"there are: {', '.join(names) or 'none'}"
        raise WrongUseError(f"no such recipe: {name}; {advice}")
    path = project / "recipes" / name / "recipe.yaml"
    found = _read(path, where=str(path.relative_to(project)))
    if found.recipe.name != name:
        raise WrongUseError(
            f"recipes/{name}/recipe.yaml: name is '{found.recipe.name}', but its folder is '{name}'; make them the same"
        )
    return found


def _read(path: Path, *, where: str) -> RecipeFile:
    try:
        return RecipeFile(path, parse_recipe(path.read_text(encoding="utf-8"), where=where))
    except RecipeInvalidError as error:
        raise WrongUseError(str(error)) from error
    except FileNotFoundError as error:
        raise WrongUseError(f"there is no {where}; name a folder that holds a recipe.yaml") from error
    except UnicodeDecodeError as error:
        raise WrongUseError(f"{where} is not UTF-8 text at byte {error.start}; save it as UTF-8") from error
