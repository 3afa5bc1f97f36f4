"""keys and page: who may ask the prediction API, and the way to its pages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.table import Table

from greenlight.api_keys import ApiKeys
from greenlight.console import output, print_json, progress
from greenlight.errors import WrongUseError
from greenlight.live import LiveRecords
from greenlight.program import Document, Json, target_of
from greenlight.target import Target
from steps.api_keys import ApiKey, key_state

app = typer.Typer(
    no_args_is_help=True, help="Make, list and revoke the keys of the prediction API (ApiAccess=API_KEY)."
)

KeyName = Annotated[str, typer.Argument(metavar="NAME", help="Who uses it: small letters, digits, single hyphens.")]
_STATE_STYLE = {"active": "green", "expired": "yellow", "revoked": "red"}


@app.command()
def create(
    context: typer.Context,
    name: KeyName,
    days: Annotated[
        int | None, typer.Option(min=1, max=3650, help="Days until it works no longer; without it, it works on.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a key and show it, this once."""
    target = target_of(context)
    require_keys(target)
    record, key = keys_of(target).create(name, lifetime=timedelta(days=days) if days else None)
    if as_json:
        print_json({**describe(record), "key": key})
        return
    output().print(key, markup=False, soft_wrap=True)
    progress().print(
        f"Keep it now: it cannot be shown again. Callers send it in the header x-api-key; "
        f"`greenlight keys delete {name}` ends it.",
        style="dim",
    )


@app.command(name="list")
def list_keys(context: typer.Context, as_json: Json = False) -> None:
    """List all keys by name, also those that work no longer; never the keys themselves."""
    found = [describe(record) for record in keys_of(target_of(context)).list()]
    if as_json:
        print_json(found)
        return
    if not found:
        output().print("No keys yet; make one with `greenlight keys create NAME`.")
        return
    table = Table(box=None, pad_edge=False)
    for column in ("name", "state", "created", "expires", "for"):
        table.add_column(column, no_wrap=True)
    for each in found:
        state = f"[{_STATE_STYLE[each['state']]}]{each['state']}[/]"
        table.add_row(each["name"], state, _day(each["created_at"]), _day(each["expires_at"]), each["for"])
    output().print(table)


@app.command()
def delete(context: typer.Context, name: KeyName, as_json: Json = False) -> None:
    """Revoke a key from this moment on; its name stays listed, so that a log can still be read."""
    record = keys_of(target_of(context)).revoke(name)
    if as_json:
        print_json(describe(record))
        return
    output().print(f"The key {record.name} works no longer.")


def page(
    context: typer.Context,
    recipe: Annotated[str | None, typer.Argument(metavar="[RECIPE]", help="A recipe's name; all without it.")] = None,
    open_it: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
    as_json: Json = False,
) -> None:
    """Print a link to the page of RECIPE that signs a browser in, for a day."""
    link = page_link(target_of(context), recipe)
    if as_json:
        print_json({"url": link})
    else:
        output().print(link, markup=False, soft_wrap=True)
    if open_it:
        typer.launch(link)


def page_link(target: Target, recipe: str | None) -> str:
    """A link that signs a browser in and goes to a recipe's page.

    Raises WrongUseError where requests have to be signed, and when nothing of the recipe is live.
    """
    require_keys(target)
    if recipe and LiveRecords(target.dynamodb, target.output("ReleaseTable")).live(recipe) is None:
        raise WrongUseError(f"nothing of {recipe} is live; release it first: `greenlight run {recipe}`")
    page = f"&page=recipes/{recipe}" if recipe else ""
    return f"{target.output('PredictionUrl').rstrip('/')}/sign-in?key={keys_of(target).for_link()}{page}"


def takes_keys(target: Target) -> bool:
    """Whether the prediction API asks for keys, not for signatures."""
    return target.outputs.get("ApiAccess", "IAM") == "API_KEY"


def require_keys(target: Target) -> None:
    """Raises WrongUseError where the prediction API asks for signatures."""
    target.output("PredictionUrl")
    if not takes_keys(target):
        raise WrongUseError(
            "the prediction API takes signed requests only (ApiAccess=IAM), and no keys and no browsers; "
            "to change that, deploy with the parameter ApiAccess=API_KEY"
        )


def keys_of(target: Target) -> ApiKeys:
    """The target's keys."""
    return ApiKeys(target.dynamodb, target.output("ReleaseTable"))


def describe(record: ApiKey) -> Document:
    """A key as it is listed."""
    return {
        "name": record.name,
        "state": key_state(record, datetime.now(UTC)),
        "created_at": record.created_at,
        "expires_at": record.expires_at,
        "revoked_at": record.revoked_at,
        "for": "a link" if record.is_in_link else "programs",
    }


def _day(moment: datetime | None) -> str:
    return f"{moment.astimezone():%Y-%m-%d %H:%M}" if moment else "-"
