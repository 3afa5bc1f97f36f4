"""An inventory for people, and for scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from greenlight.teardown.inventory import BucketFound, Inventory, TableFound

_UNITS = ("bytes", "KB", "MB", "GB", "TB")
_STEP = 1000


def print_inventory(console: Console, inventory: Inventory, *, with_data: bool) -> None:
    """What will be deleted, with sizes, and what will stay."""
    table = Table(box=None, pad_edge=False)
    for column in ("will be deleted", "how much", ""):
        table.add_column(column, overflow="fold")
    for row in _rows(inventory, with_data=with_data):
        table.add_row(*row)
    console.print(table)
    if not with_data:
        print_kept(console, inventory)
    for name in inventory.unclaimed:
        console.print(f"Left alone, since no tag says whose it is: {name}", style="yellow", markup=False)


def print_kept(console: Console, inventory: Inventory) -> None:
    """The data that stays, and how it is deleted later."""
    kept = [*map(_told_bucket, inventory.data_buckets), *map(_told_table, inventory.data_tables)]
    if not kept:
        return
    console.print(f"\nThe data stays: {'; '.join(kept)}.", markup=False, soft_wrap=True)
    console.print(
        "`greenlight destroy --with-data` deletes it too, now or within 90 days after, while CloudFormation remembers "
        "the stack.",
        markup=False,
        soft_wrap=True,
    )


def inventory_document(inventory: Inventory, *, with_data: bool) -> dict[str, Any]:
    """The inventory as `destroy --json` prints it."""
    return {
        "stack": inventory.stack,
        "resources": inventory.resources,
        "running": [arn.rpartition(":")[2] for arn in inventory.running],
        "endpoints": [
            {
                "name": each.name,
                "status": each.status,
                "instances": each.instances,
                "usd_per_month": None if each.usd_per_month is None else str(each.usd_per_month),
            }
            for each in inventory.endpoints
        ],
        "endpoint_configs": list(inventory.endpoint_configs),
        "models": list(inventory.models),
        "model_package_groups": {group.name: len(group.packages) for group in inventory.groups},
        "functions": {function.name: function.versions for function in inventory.functions},
        "layers": {layer.name: len(layer.versions) for layer in inventory.layers},
        "logs": [{"group": log.group, "stream": log.stream, "bytes": log.size} for log in inventory.logs],
        "packages_bucket": inventory.packages_bucket.name if inventory.packages_bucket else None,
        "data": {
            "deleted": with_data,
            "buckets": [
                {"name": each.name, "versions": each.versions, "bytes": each.size} for each in inventory.data_buckets
            ],
            "tables": [{"name": each.name, "items": each.items} for each in inventory.data_tables],
        },
        "unclaimed": list(inventory.unclaimed),
    }


def size_text(size: int) -> str:
    """A number of bytes for people: `12.3 MB`."""
    amount, unit = float(size), 0
    while amount >= _STEP and unit < len(_UNITS) - 1:
        amount, unit = amount / _STEP, unit + 1
    return f"{size} bytes" if unit == 0 else f"{amount:.1f} {_UNITS[unit]}"


def _rows(inventory: Inventory, *, with_data: bool) -> Iterator[tuple[str, str, str]]:
    if inventory.running:
        names = ", ".join(arn.rpartition(":")[2] for arn in inventory.running)
        yield "runs under way", str(len(inventory.running)), f"stopped first: {names}"
    for endpoint in inventory.endpoints:
        month = "no price known" if endpoint.usd_per_month is None else f"{endpoint.usd_per_month} USD a month"
        yield f"endpoint {endpoint.name}", endpoint.instances, f"{endpoint.status}, {month}"
    yield from _counted("endpoint configurations", len(inventory.endpoint_configs))
    yield from _counted("models", len(inventory.models))
    for group in inventory.groups:
        yield f"model packages of {group.name}", f"{len(group.packages)} versions", "and their group"
    if inventory.functions:
        versions = sum(function.versions for function in inventory.functions)
        yield "functions", str(len(inventory.functions)), f"with {versions} published versions"
    for layer in inventory.layers:
        yield f"layer {layer.name}", f"{len(layer.versions)} versions", ""
    if inventory.has_stack:
        yield f"stack {inventory.stack}", f"{inventory.resources} resources", "with the functions above"
    groups = [log for log in inventory.logs if log.stream is None]
    streams = [log for log in inventory.logs if log.stream is not None]
    if groups:
        yield "log groups", str(len(groups)), size_text(sum(log.size for log in groups))
    if streams:
        yield "log streams of jobs", str(len(streams)), size_text(sum(log.size for log in streams))
    if inventory.packages_bucket:
        yield (
            f"bucket {inventory.packages_bucket.name}",
            f"{inventory.packages_bucket.versions} objects",
            f"{size_text(inventory.packages_bucket.size)} of deployment packages",
        )
    if with_data:
        for bucket in inventory.data_buckets:
            yield f"bucket {bucket.name}", f"{bucket.versions:,} object versions", f"{size_text(bucket.size)} of data"
        for found in inventory.data_tables:
            yield f"table {found.name}", f"{found.items:,} items", "locks, live versions, the audit trail"


def _counted(what: str, count: int) -> Iterator[tuple[str, str, str]]:
    if count:
        yield what, str(count), ""


def _told_bucket(bucket: BucketFound) -> str:
    return f"bucket {bucket.name} ({bucket.versions:,} object versions, {size_text(bucket.size)})"


def _told_table(table: TableFound) -> str:
    return f"table {table.name} ({table.items:,} items)"
