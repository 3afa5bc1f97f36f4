"""destroy: take a stack down with all it made."""

from __future__ import annotations

from typing import Annotated

import typer

from greenlight.commands.deploy import packages_bucket
from greenlight.console import output, print_json, progress
from greenlight.errors import ExitCode, WrongUseError
from greenlight.program import Json, target_of
from greenlight.teardown.find import take_inventory
from greenlight.teardown.inventory import Inventory
from greenlight.teardown.removal import Removal
from greenlight.teardown.stack_tree import StackTree, read_tree
from greenlight.teardown.tear_down import tear_down
from greenlight.teardown.text import inventory_document, print_inventory, print_kept


def destroy(
    context: typer.Context,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; for scripts.")] = False,
    with_data: Annotated[
        bool, typer.Option("--with-data", help="Delete the bucket and the table too: data, models, the audit trail.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list what would be deleted.")] = False,
    as_json: Json = False,
) -> None:
    """Delete the stack and all that it and its runs made; the data stays unless --with-data."""
    target = target_of(context)
    # With --json standard output holds the one document, so that people are shown the rest beside the question.
    console = progress() if as_json else output()
    with progress().status(f"Looking at what {target.stack_name} has made"):
        tree = read_tree(target.cloudformation, target.stack_name)
        _require_settled(tree)
        inventory = take_inventory(target, tree, packages_bucket(target) if target.home else None)
    is_empty = inventory.is_empty(with_data=with_data)
    if is_empty:
        console.print(f"There is nothing of the stack {target.stack_name} to destroy.", markup=False, soft_wrap=True)
        print_kept(console, inventory)
    else:
        print_inventory(console, inventory, with_data=with_data)
    destroys = not (is_empty or dry_run)
    if destroys:
        if not (yes or _is_confirmed(inventory, with_data=with_data)):
            progress().print("Nothing was deleted.", style="yellow")
            raise typer.Exit(ExitCode.NO)
        with progress().status(f"Destroying {target.stack_name}") as spinner:
            removal = Removal(target, lambda words: spinner.update(f"Destroying {target.stack_name}: {words}"))
            tear_down(target, tree, inventory, removal, with_data=with_data)
        target.forget_outputs()
        console.print(f"\nThe stack [bold]{target.stack_name}[/] is destroyed.", soft_wrap=True)
    if as_json:
        print_json({"destroyed": destroys, **inventory_document(inventory, with_data=with_data)})


def _require_settled(tree: StackTree) -> None:
    """Refuse while CloudFormation is changing the stack; a deletion under way is gone on with."""
    in_progress = tree.status.endswith("_IN_PROGRESS") and tree.status not in {
        "DELETE_IN_PROGRESS",
        "REVIEW_IN_PROGRESS",
    }
    if in_progress:
        raise WrongUseError(f"the stack {tree.name} is being changed ({tree.status}); try again when that has ended")


def _is_confirmed(inventory: Inventory, *, with_data: bool) -> bool:
    if inventory.running:
        question = f"{len(inventory.running)} runs are under way. Stop them?"
        if not typer.confirm(question, err=True):
            return False
    what = "all of this, the data included" if with_data else "all of this"
    typed = typer.prompt(f"To delete {what}, type the stack's name", default="", show_default=False, err=True)
    return bool(typed == inventory.stack)
