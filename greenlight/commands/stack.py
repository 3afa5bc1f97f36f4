"""The laptop's stack: up, down, status, env."""

from __future__ import annotations

import dataclasses
import shlex

import typer
from rich.console import Console

from greenlight.console import output, print_json, progress
from greenlight.errors import ExitCode, WrongUseError
from greenlight.inbox import inbox_page
from greenlight.program import Document, Json, target_of
from greenlight.target import PROJECT, Target
from local import daemon

# What would lead a client away from the laptop although its address is set.
_UNSET = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN")


def up(context: typer.Context, as_json: Json = False) -> None:
    """Start AWS on this laptop: one background process on one local port."""
    result = start_stack(target_of(context))
    if as_json:
        print_json(dataclasses.asdict(result) | {"log_file": str(result.log_file)})
        return
    print_up(output(), result)


def print_up(console: Console, result: daemon.UpResult) -> None:
    """Say where the stack answers and where its log is."""
    already = "was up already" if result.already_running else "is up"
    console.print(f"AWS {already} at [bold]{result.endpoint_url}[/] (process {result.pid})", soft_wrap=True)
    console.print(f"Its log: {result.log_file}", soft_wrap=True)


def start_stack(target: Target) -> daemon.UpResult:
    """Start the laptop's stack, telling progress and what is worth noting."""
    console = progress()
    with console.status("Starting AWS on this laptop") as spinner:
        result = daemon.up(target.laptop, PROJECT, progress=spinner.update)
    for note in result.notes:
        console.print(f"Note: {note}", style="yellow", markup=False, soft_wrap=True)
    return result


def down(context: typer.Context, as_json: Json = False) -> None:
    """Stop it; models, runs and the registry stay on disk for the next `up`."""
    with progress().status("Stopping AWS on this laptop"):
        result = daemon.down(target_of(context).laptop)
    if as_json:
        print_json(dataclasses.asdict(result))
        return
    output().print("AWS is down." if result.was_running else "AWS was not up.")
    if result.stopped_leftovers:
        output().print(f"Stopped {result.stopped_leftovers} processes that an earlier server left behind.")


def status(context: typer.Context, as_json: Json = False) -> None:
    """Say what is up, what is deployed, and where its pages are; exit code 1 when something is missing."""
    target = target_of(context)
    document = describe_stack(target)
    if as_json:
        print_json(document)
    else:
        for name, value in document.items():
            if value not in (None, []):
                shown = " ".join(value) if isinstance(value, list) else {True: "yes", False: "no"}.get(value, value)
                output().print(f"{name.replace('_', ' '):<14} {shown}", markup=False, soft_wrap=True)
    if not document["deployed"]:
        raise typer.Exit(ExitCode.NO)


def describe_stack(target: Target) -> Document:
    """What `status` tells."""
    document: Document = {"stack": target.stack_name, "deployed": False}
    if target.home:
        server = daemon.status(target.home)
        document |= {
            "running": server.running,
            "answering": server.answering,
            "endpoint_url": server.endpoint_url,
            "pid": server.pid,
            "log_file": str(server.log_file),
            "inbox_page": inbox_page(target.home),
            "notes": list(server.notes),
        }
        if not server.answering:
            return document
    try:
        outputs = target.outputs
    except WrongUseError:
        return document
    return document | {
        "deployed": True,
        "predictions": outputs.get("PredictionUrl"),
        "bucket": outputs.get("ArtifactBucket"),
    }


def env(context: typer.Context, as_json: Json = False) -> None:
    """Print what makes aws, sam and boto3 talk to this laptop: eval "$(greenlight env)"."""
    variables = target_of(context).laptop.client_environment()
    if as_json:
        print_json(variables)
        return
    for name in _UNSET:
        typer.echo(f"unset {name}")
    for name, value in variables.items():
        typer.echo(f"export {name}={shlex.quote(value)}")
