"""Refuses a deployment whose runs would fail: a stack's name or a recipe that cannot work."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

from steps.code_manifest import build_manifest
from steps.errors import DeploymentRefusedError, RecipeInvalidError
from steps.names import stack_name_problem
from steps.recipe import parse_recipe


def check_deployment(files: Mapping[str, bytes], stack: str) -> None:
    """Raise DeploymentRefusedError with all that is wrong.

    files: the package, path -> content;  stack: name of the root stack
    """
    problem = stack_name_problem(stack)
    problems = [problem] if problem else []
    scripts = build_manifest(files).scripts
    for path in sorted(files):
        if PurePosixPath(path).match("recipes/*/recipe.yaml"):
            problems += _recipe_problems(path, files[path], scripts)
    if problems:
        raise DeploymentRefusedError("\n".join(problems))


def _recipe_problems(path: str, content: bytes, scripts: Mapping[str, str]) -> list[str]:
    try:
        recipe = parse_recipe(content.decode(), where=path)
    except UnicodeDecodeError as error:
        return [f"{path} is not UTF-8 text at byte {error.start}; save it as UTF-8"]
    except RecipeInvalidError as error:
        return [str(error)]
    problems = []
    if recipe.name != PurePosixPath(path).parts[1]:
        problems.append(f"{path}: name is '{recipe.name}', but its folder is another; make them the same")
    if recipe.training.script not in scripts:
        known = ", ".join(scripts)
        problems.append(f"{path}: training.script is '{recipe.training.script}', but the scripts are {known}")
    return problems
