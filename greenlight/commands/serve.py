"""serve: one version of a recipe's model behind HTTP, on this machine and without Docker."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from greenlight.console import output, print_json, progress
from greenlight.program import Json, RecipeName, target_of
from greenlight.serving import become, fargate_parameters, fetch_archive, find_released, require_archive, server_command
from greenlight.target import PROJECT

CACHE = PROJECT / ".cache/models"


def serve(
    *,
    context: typer.Context,
    recipe: RecipeName,
    version: Annotated[str | None, typer.Option(help="A version that was released; the live one if left out.")] = None,
    host: Annotated[str, typer.Option(help="Address to listen at; others reach it only with a key.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen at; 0 for any that is free.")] = 8080,
    model: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The version's model.tar.gz, if you have it already.")
    ] = None,
    is_open: Annotated[bool, typer.Option("--open", help="Let others ask without a key.")] = False,
    print_parameters: Annotated[
        bool,
        typer.Option("--print-fargate-parameters", help="Serve nothing; print what makes Fargate serve this version."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Serve a released version of RECIPE here: POST /predictions, a page at /, until Ctrl-C."""
    target = target_of(context)
    released = find_released(target, recipe, version)
    card = released.card
    if print_parameters:
        parameters = fargate_parameters(released)
        if as_json:
            print_json(dict(each.split("=", 1) for each in parameters))
        else:
            output().print(" ".join(parameters), soft_wrap=True, markup=False)
        return
    if model is None:
        with progress().status(f"Fetching version {card.model_version} of {recipe}"):
            model = fetch_archive(target.s3, card, CACHE)
    else:
        require_archive(model, card)
    CACHE.mkdir(parents=True, exist_ok=True)
    card_file = CACHE / f"{recipe}-{card.model_version}-{card.model_digest[:16]}.json"
    card_file.write_bytes(released.document)
    options = [*(["--open"] if is_open else []), *(["--json"] if as_json else [])]
    become(server_command(card_file, model, host=host, port=port, options=options))
