"""The program `greenlight`: all commands, and the one place where errors become a sentence and an exit code."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.markup import escape
from typer.core import TyperGroup

from greenlight.commands import (
    approval,
    audit,
    cost,
    data,
    demo,
    deploy,
    destroy,
    keys,
    models,
    predict,
    recipes,
    report,
    run,
    runs,
    serve,
    stack,
)
from greenlight.console import print_json, progress
from greenlight.errors import CommandError, ExitCode, InterruptedRunError
from greenlight.explain import EXPECTED, explain
from greenlight.program import JSON_KEY

_DEBUG_KEY = "greenlight.debug"
_HELP = """Retrain a model and release it only when the data, the metrics, a person and the live endpoint all say yes.

On a laptop, from nothing: `greenlight up`, `greenlight deploy`, `greenlight run review-snippets`. \
The mail that asks for your approval is in `greenlight inbox`.

The same program works on AWS with GREENLIGHT_TARGET=aws, your AWS login and, for another stack, GREENLIGHT_STACK.

Exit codes: 0 done (Released, NothingNew), 1 a "no" (rejected, too expensive, denied, expired, rolled back, \
already running), 2 wrong use, 3 a fault.
"""


class Commands(TyperGroup):
    """The commands, with every expected error reported in one way."""

    def invoke(self, ctx: typer.Context) -> object:  # type: ignore[override]  # typer re-exports click's own class
        """Run the command; end with its error's exit code."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise
        except KeyboardInterrupt:
            progress().print("Interrupted.", style="yellow")
            raise typer.Exit(ExitCode.INTERRUPTED) from None
        except EXPECTED as error:
            if ctx.meta.get(_DEBUG_KEY):
                raise
            raise typer.Exit(_report(explain(error, ctx.obj), as_json=bool(ctx.meta.get(JSON_KEY)))) from error


app = typer.Typer(
    cls=Commands,
    help=_HELP,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def options(
    context: typer.Context,
    debug: Annotated[bool, typer.Option("--debug", help="Show the whole traceback of an error.")] = False,
) -> None:
    """Options of every command."""
    context.meta[_DEBUG_KEY] = debug


for panel, commands in {
    "The stack": (stack.up, stack.down, stack.status, stack.env, deploy.deploy, destroy.destroy),
    "Releases": (run.run, runs.runs, runs.show, report.report, demo.demo),
    "Approval": (approval.inbox, approval.approve, approval.reject, audit.audit),
    "Models": (predict.predict, keys.page, serve.serve, models.rollback),
    "Money": (cost.cost, cost.prices),
}.items():
    for command in commands:
        app.command(rich_help_panel=panel)(command)

app.add_typer(recipes.recipes, name="recipes", rich_help_panel="Recipes")
app.add_typer(data.data, name="data", rich_help_panel="Recipes")
app.add_typer(keys.app, name="keys", rich_help_panel="Models")
app.add_typer(models.models, name="models", rich_help_panel="Models")


def main() -> None:
    """Entry point of the program."""
    try:
        app()
    except Exception as error:
        if "--debug" in sys.argv:
            raise
        progress().print(
            f"[red]Error: {escape(f'{type(error).__name__}: {error}')}; "
            "this is a defect of greenlight itself: `greenlight --debug …` shows where[/red]"
        )
        sys.exit(ExitCode.FAULT)


def _report(error: CommandError, *, as_json: bool) -> int:
    stopped = error.exit_code == ExitCode.INTERRUPTED
    words = "Watching ended" if isinstance(error, InterruptedRunError) else "Stopped"
    told, colour = (f"{words}: {error}", "yellow") if stopped else (f"Error: {error}", "red")
    progress().print(told, style=colour, markup=False, soft_wrap=True)
    if as_json:
        print_json({"error": str(error), "exit_code": int(error.exit_code)})
    return int(error.exit_code)
