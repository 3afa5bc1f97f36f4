"""What every command is handed: the target, and whether its result is for a person or a script."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from greenlight.executions import Executions
from greenlight.target import Target

# Shared between a command and the place that reports errors.
JSON_KEY = "greenlight.json"


def target_of(context: typer.Context) -> Target:
    """The target of this call, as the environment names it unless it was handed in."""
    root = context.find_root()
    if root.obj is None:
        root.obj = Target.from_environment()
    target: Target = root.obj
    return target


def executions_of(target: Target) -> Executions:
    """The target's runs."""
    return Executions(target.stepfunctions, target.output("StateMachineArn"), target.output("StateMachineAliasArn"))


def _remember(context: typer.Context, value: bool) -> bool:
    context.meta[JSON_KEY] = value
    return value


Json = Annotated[
    bool,
    typer.Option(
        "--json", help="Print one JSON document on standard output, and nothing else there.", callback=_remember
    ),
]
RecipeName = Annotated[str, typer.Argument(metavar="RECIPE", help="A recipe's name: a folder in recipes/.")]
RecipeNameOrFolder = Annotated[
    str, typer.Argument(metavar="RECIPE", help="A recipe's name, or the path of a folder that holds a recipe.yaml.")
]
RunId = Annotated[str, typer.Argument(metavar="RUN", help="A run's id, as `greenlight runs` lists it.")]

Document = dict[str, Any]
