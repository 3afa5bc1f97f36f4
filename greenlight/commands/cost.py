"""cost and prices: what a run can cost before it is started, and the table that says so."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import boto3
import typer
from rich.console import Console
from rich.table import Table

from greenlight.console import output, print_json, progress
from greenlight.errors import WrongUseError
from greenlight.price_list import PRICING_REGION, read_region
from greenlight.program import Json, RecipeNameOrFolder, target_of
from greenlight.recipes import load_recipe
from greenlight.target import PROJECT, Target
from steps.cost import (
    NOT_COUNTED,
    CostLine,
    LargestCost,
    endpoint_size,
    job_requests,
    largest_cost,
    too_expensive,
)
from steps.prices import PRICES_FILE, RegionPrices, parse_prices, price_table, render_prices
from steps.trial import trial_kind

Region = Annotated[str | None, typer.Option("--region", metavar="REGION", help="Default: the target's own region.")]


def cost(context: typer.Context, recipe: RecipeNameOrFolder, region: Region = None, as_json: Json = False) -> None:
    """The largest sum a run of RECIPE can cost on AWS, and its endpoint a month; needs no stack."""
    chosen = region or _region_of(target_of(context))
    found = load_recipe(PROJECT, recipe).recipe
    prices = price_table()
    charged = prices.region(chosen)
    largest = largest_cost(job_requests(found), endpoint_size(found), trial_kind(found), chosen, prices)
    refusal = too_expensive(largest, found.cost)
    if as_json:
        print_json(
            {
                "recipe": found.name,
                "region": chosen,
                "currency": prices.currency,
                "prices_as_of": charged.as_of.isoformat(),
                "prices_source": charged.source,
                "run": [_plain(line) for line in largest.run],
                "run_usd": str(largest.run_usd),
                "endpoint_month": [_plain(line) for line in largest.endpoint_month],
                "endpoint_usd_per_month": str(largest.endpoint_usd_per_month),
                "stack_month": [_plain(line) for line in largest.stack_month],
                "stack_usd_per_month": str(largest.stack_usd_per_month),
                "ceilings": found.cost.model_dump(mode="json"),
                "too_expensive": refusal,
                "not_counted": NOT_COUNTED,
            }
        )
        return
    console = output()
    _print_lines(console, largest)
    console.print(f"\nPrices of {chosen} as of {charged.as_of}. {charged.source}", markup=False, soft_wrap=True)
    console.print(f"Not in it: {NOT_COUNTED}.", markup=False, soft_wrap=True)
    if refusal:
        console.print(f"\nA run would end in CostRejected. {refusal}", style="yellow", markup=False, soft_wrap=True)


def prices(
    context: typer.Context,
    region: Annotated[
        list[str] | None, typer.Option("--region", metavar="REGION", help="May be given several times; default: all.")
    ] = None,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Read AWS's price list and rewrite steps/prices.yaml.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show the price table's regions with their dates and sources, or bring it up to date from AWS."""
    table = parse_prices(PRICES_FILE.read_text(encoding="utf-8"), where=PRICES_FILE.name)
    chosen = region or list(table.regions)
    if refresh:
        if target_of(context).home is not None:
            raise WrongUseError("prices come from AWS: log in to it and set GREENLIGHT_TARGET=aws")
        client = boto3.client("pricing", region_name=PRICING_REGION, **target_of(context).client_arguments)
        read = {}
        with progress().status("Reading AWS's price list") as spinner:
            for name in chosen:
                spinner.update(f"Reading AWS's price list for {name}")
                read[name] = read_region(client, name, datetime.now(UTC).date())
        table = table.model_copy(update={"regions": {**table.regions, **read}})
        PRICES_FILE.write_text(render_prices(table), encoding="utf-8")
    shown = {name: table.region(name) for name in chosen}
    if as_json:
        print_json({name: charged.model_dump(mode="json") for name, charged in shown.items()})
        return
    for name, charged in shown.items():
        _print_region(output(), name, charged)


def _region_of(target: Target) -> str:
    region = target.session.region_name
    if region is None:
        raise WrongUseError("which region's prices? Give --region, or set AWS_REGION")
    return region


def _print_lines(console: Console, largest: LargestCost) -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column("at most")
    table.add_column("how")
    table.add_column("USD", justify="right")
    for line in largest.run:
        table.add_row(line.what, line.how, str(line.usd))
    table.add_row("[bold]one run[/]", "", f"[bold]{largest.run_usd}[/]", end_section=True)
    for line in (*largest.endpoint_month, *largest.stack_month):
        table.add_row(f"{line.what}, a month", line.how, str(line.usd))
    console.print(table)


def _print_region(console: Console, name: str, charged: RegionPrices) -> None:
    counts = ", ".join(f"{len(types)} for {use}" for use, types in charged.instances.items())
    console.print(f"[bold]{name}[/] as of {charged.as_of}: {counts}", soft_wrap=True)
    console.print(f"  {charged.source}", style="dim", markup=False, soft_wrap=True)


def _plain(line: CostLine) -> dict[str, str]:
    return {"what": line.what, "how": line.how, "usd": str(line.usd)}
