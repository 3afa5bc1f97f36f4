"""predict: ask the live version."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

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
from greenlight.errors import ExitCode, WrongUseError
from greenlight.predictions import Predictions
from greenlight.predictions import predict as ask
from greenlight.program import Json, RecipeName, target_of

_SHOWN_CHARACTERS = 100


def predict(
    *,
    context: typer.Context,
    recipe: RecipeName,
    texts: Annotated[list[str] | None, typer.Argument(metavar="[TEXT…]", help="Texts, each in quotes.")] = None,
    row: Annotated[
        list[str] | None, typer.Option("--row", metavar="JSON", help="""A table's row: '{"LotArea": 8450, …}'.""")
    ] = None,
    rows: Annotated[
        Path | None, typer.Option("--rows", metavar="FILE.json", help="A JSON list of texts or of rows.")
    ] = None,
    file: FileOption = None,
    out: OutOption = None,
    version: VersionOption = None,
    text_column: TextColumnOption = None,
    force: ForceOption = False,
    as_json: Json = False,
) -> None:
    """Ask about texts or rows through the HTTP API, or about every row of a CSV with --file and --out.

    The exit code is 1 when some rows were not answered.
    """
    given = [*(texts or []), *(row or []), *([str(rows)] if rows else [])]
    if file_request := requested_file(recipe, given, file, out, version, text_column, force=force):
        predict_file(target_of(context), file_request, as_json=as_json)
        return
    instances = given_rows(texts or [], row or [], rows)
    with progress().status("Asking the model"):
        answer = ask(target_of(context), recipe, instances, version)
    if as_json:
        print_json(answer.to_json())
    else:
        print_predictions(instances, answer)
    if answer.errors:
        raise typer.Exit(ExitCode.NO)


def given_rows(texts: Sequence[str], rows: Sequence[str], file: Path | None) -> list[object]:
    """What was given in one of the three ways.

    Raises WrongUseError when it cannot be read, when there is nothing, or more than one way was taken.
    """
    if sum(map(bool, (texts, rows, file))) != 1:
        raise WrongUseError("give texts, or rows with --row, or a file of them with --rows, or a CSV with --file")
    if texts:
        return list(texts)
    if file is None:
        return [_parsed(each, f"--row {number}") for number, each in enumerate(rows, 1)]
    try:
        content = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUseError(f"{file} cannot be read: {error}") from error
    document = _parsed(content, str(file))
    if not isinstance(document, list) or not document:
        raise WrongUseError(f"{file} holds no list of rows; write [row, …], each a text or an object")
    return document


def print_predictions(instances: Sequence[object], answer: Predictions) -> None:
    """The predictions beside their rows, what was wrong with the others, and what the model is not for."""
    table = Table(box=None, pad_edge=False)
    table.add_column("prediction", style="bold")
    table.add_column("probability", justify="right")
    table.add_column("row")
    for number, (instance, prediction) in enumerate(zip(instances, answer.predictions, strict=True), 1):
        label, probability = _said(prediction)
        table.add_row(Text(label), Text(probability), Text(_shown(number, instance)))
    output().print(table)
    for number, prediction in enumerate(answer.predictions, 1):
        for warning in (prediction or {}).get("warnings") or []:
            output().print(f"row {number}: {warning}", style="yellow", markup=False, soft_wrap=True)
    for error in answer.errors:
        said = f"row {error['index'] + 1} was not answered: {error['reason']}"
        progress().print(said, style="red", markup=False, soft_wrap=True)
    output().print(f"answered by version {answer.model_version} of {answer.recipe}", style="dim")
    if answer.not_for:
        output().print(f"Not for everything. {answer.not_for}", style="yellow", markup=False, soft_wrap=True)


def _said(prediction: dict[str, Any] | None) -> tuple[str, str]:
    """An answer and its probability, as they stand in the table."""
    if prediction is None:
        return "-", ""
    if "value" in prediction:
        return f"{prediction['value']:,.6g}" if abs(prediction["value"]) < 1e6 else f"{prediction['value']:,.0f}", ""  # noqa: PLR2004 - a million
    probabilities = prediction["probabilities"]
    if "labels" in prediction:
        chosen = prediction["labels"]
        return ", ".join(chosen) or "none", " ".join(f"{name} {value:.3f}" for name, value in probabilities.items())
    return str(prediction["label"]), f"{prediction['probability']:.3f}"


def _shown(number: int, instance: object) -> str:
    text = instance if isinstance(instance, str) else f"{number}: {json.dumps(instance, ensure_ascii=False)}"
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[: _SHOWN_CHARACTERS - 1]}…"


def _parsed(text: str, where: str) -> Any:  # noqa: ANN401 - whatever JSON holds
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise WrongUseError(f"{where} is no JSON: {error}") from error
