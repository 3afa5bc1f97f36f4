"""predict: ask the live version."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from greenlight.commands.predict_file import (
    FileOption,
    ForceOption,
    OutOption,
    TextColumnOption,
    VersionOption,
    predict_file,
    requested_file,
)
from greenlight.console import output, print_json, progress
from greenlight.errors import WrongUseError
from greenlight.predictions import Predictions
from greenlight.predictions import predict as ask
from greenlight.program import Json, RecipeName, target_of


def predict(
    *,
    context: typer.Context,
    recipe: RecipeName,
    texts: Annotated[list[str] | None, typer.Argument(metavar="[TEXT…]", help="Texts, each in quotes.")] = None,
    file: FileOption = None,
    out: OutOption = None,
    version: VersionOption = None,
    text_column: TextColumnOption = None,
    force: ForceOption = False,
    as_json: Json = False,
) -> None:
    """Ask about texts through the HTTP API, or about every row of a CSV with --file and --out."""
    if file_request := requested_file(recipe, texts or [], file, out, version, text_column, force=force):
        predict_file(target_of(context), file_request, as_json=as_json)
        return
    if not texts:
        raise WrongUseError("give texts, or a CSV with --file")
    with progress().status("Asking the model"):
        answer = ask(target_of(context), recipe, texts)
    if as_json:
        print_json(answer.to_json())
    else:
        print_predictions(texts, answer)


def print_predictions(texts: list[str], answer: Predictions) -> None:
    """The predictions beside their texts."""
    table = Table(box=None, pad_edge=False)
    table.add_column("prediction", style="bold")
    table.add_column("probability", justify="right")
    table.add_column("text")
    for text, prediction in zip(texts, answer.predictions, strict=True):
        table.add_row(str(prediction["label"]), f"{prediction['probability']:.3f}", text)
    output().print(table)
    output().print(f"answered by version {answer.model_version} of {answer.recipe}", style="dim")
