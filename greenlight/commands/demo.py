"""demo: from nothing to a live model, in one command."""

from __future__ import annotations

import shlex
from typing import Annotated

import typer
from rich.console import Console

from greenlight.commands.deploy import deploy_stack, print_deployed
from greenlight.commands.keys import page_link, takes_keys
from greenlight.commands.predict import print_predictions
from greenlight.commands.run import Approval, begin, watch
from greenlight.commands.stack import print_up, start_stack
from greenlight.console import output, print_json, progress
from greenlight.errors import WrongUseError
from greenlight.inbox import inbox_page
from greenlight.outcomes import DONE, exit_code
from greenlight.predictions import predict
from greenlight.program import Json, target_of
from greenlight.recipes import load_recipe
from greenlight.run_report import RunReport
from greenlight.run_text import print_end
from greenlight.target import PROJECT, Target

DEFAULT_RECIPE = "review-snippets"
_ASKED_ROWS = 2


def demo(
    context: typer.Context,
    recipe: Annotated[str, typer.Argument(metavar="[RECIPE]", help="A recipe's name.")] = DEFAULT_RECIPE,
    approve: Annotated[
        str, typer.Option(metavar="auto|me", help="auto: approve through the mailed link; me: wait for your own click.")
    ] = "auto",
    force: Annotated[bool, typer.Option("--force", help="Run every step anew, even when nothing is new.")] = False,
    as_json: Json = False,
) -> None:
    """Start the stack, deploy it, release RECIPE, ask the live model, and say what to do next."""
    if approve not in ("auto", "me"):
        raise WrongUseError(
            f"--approve is '{approve}'; use `auto` (approve by itself) or `me` (wait for your own click)"
        )
    target, console = target_of(context), progress()
    recipe_file = load_recipe(PROJECT, recipe)
    questions = [case.instance for case in recipe_file.recipe.smoke.cases[:_ASKED_ROWS]]
    print_up(console, start_stack(target))
    print_deployed(console, target, deploy_stack(target))
    who = Approval.APPROVE if approve == "auto" else Approval.WAIT
    found = watch(target, begin(target, recipe_file, who, data=None, force=force), recipe, who)
    answer = None
    if found.outcome in DONE:
        with console.status("Asking the model"):
            answer = predict(target, recipe, questions)
    if as_json:
        print_json({"run": found.to_json(), "predictions": answer.to_json() if answer else None})
    else:
        print_end(found)
        if answer:
            output().print()
            print_predictions(questions, answer)
        _print_next(output(), target, found, questions[0])
    raise typer.Exit(exit_code(found.outcome))


def _print_next(console: Console, target: Target, found: RunReport, question: object) -> None:
    is_live = found.outcome in DONE
    access = "a key comes from `greenlight keys create`" if takes_keys(target) else "requests are signed"
    # A table's row may have a hundred columns; the page has them filled in.
    example = shlex.quote(question) if isinstance(question, str) else "--row '{…}'"
    lines = {
        **({"its page": page_link(target, found.recipe)} if is_live and takes_keys(target) else {}),
        "the mailbox": inbox_page(target.laptop),
        "the API": f"{target.output('PredictionUrl')}/models/{found.recipe} ({access})",
        "this run again": f"greenlight show {found.run_id} --logs",
        "decide yourself": "make run FORCE=1 APPROVE=me",
        "ask the model": f"greenlight predict {found.recipe} {example}",
        "another link": f"greenlight page {found.recipe}",
        "stop everything": "greenlight down",
    }
    console.print("\nWhat next (the program is .venv/bin/greenlight):")
    for what, how in lines.items():
        console.print(f"  {what:<16} [bold]{how}[/]", soft_wrap=True)
