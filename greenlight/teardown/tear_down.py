"""The order in which a stack is taken down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenlight.teardown.find import endpoint_logs
from greenlight.teardown.find_models import ModelFinder
from greenlight.teardown.inventory import Inventory, LogFound

if TYPE_CHECKING:
    from greenlight.target import Target
    from greenlight.teardown.removal import Removal
    from greenlight.teardown.stack_tree import StackTree


def tear_down(target: Target, tree: StackTree, inventory: Inventory, removal: Removal, *, with_data: bool) -> None:
    """Remove all that an inventory holds.

    First what costs most. What is found only through the stack goes before it, so that a second call finds the rest;
    what its functions may still write to goes after it.
    """
    removal.stop_runs(inventory.running)
    _remove_models(target, tree.name, removal)
    removal.delete_logs(log for log in inventory.logs if log.stream is not None)
    if with_data:
        for bucket in inventory.data_buckets:
            removal.empty_bucket(bucket.name)
    if tree.stack_id:
        removal.delete_stack(tree.stack_id)
        # A schedule may have started a run while the others were being stopped.
        _remove_models(target, tree.name, removal)
    removal.delete_layers(inventory.layers)
    removal.delete_logs(log for log in inventory.logs if log.stream is None)
    if with_data:
        for bucket in inventory.data_buckets:
            removal.delete_bucket(bucket.name)
        for table in inventory.data_tables:
            removal.delete_table(table.name)
    if inventory.packages_bucket is not None:
        removal.delete_bucket(inventory.packages_bucket.name)


def _remove_models(target: Target, stack: str, removal: Removal) -> None:
    """Endpoints, what they are made from, and the registry; a group goes last, since its name is an endpoint's."""
    finder = ModelFinder(target.sagemaker, stack)
    groups = list(finder.groups())
    endpoints = [endpoint.name for endpoint in finder.endpoints()]
    removal.delete_endpoints(endpoints)
    removal.delete_models(list(finder.endpoint_configs()), list(finder.models()))
    names = [*endpoints, *(group.name for group in groups)]
    removal.delete_logs(LogFound(name, 0) for name in endpoint_logs(names))
    removal.delete_groups(groups)
