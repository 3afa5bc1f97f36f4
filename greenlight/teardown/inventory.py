"""What a stack and its runs have made, with sizes; everything here is told by name, none by a prefix alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal


@dataclass(frozen=True)
class EndpointFound:
    """An endpoint; usd_per_month is None when the price table lacks its instance."""

    name: str
    status: str
    instances: str
    usd_per_month: Decimal | None


@dataclass(frozen=True)
class GroupFound:
    """A model package group and the ARNs of its versions."""

    name: str
    packages: tuple[str, ...]


@dataclass(frozen=True)
class FunctionFound:
    """A function and how many versions of it there are."""

    name: str
    versions: int


@dataclass(frozen=True)
class LayerFound:
    """A layer and the numbers of its versions."""

    name: str
    versions: tuple[int, ...]


@dataclass(frozen=True)
class LogFound:
    """A log group, or one stream of a group that others write to as well; size in bytes."""

    group: str
    size: int
    stream: str | None = None


@dataclass(frozen=True)
class BucketFound:
    """A bucket with all versions of its objects and its delete markers; size in bytes."""

    name: str
    versions: int
    size: int


@dataclass(frozen=True)
class TableFound:
    """A table and how many items it has."""

    name: str
    items: int


@dataclass(frozen=True)
class Inventory:
    """All that is there.

    has_stack: whether CloudFormation has the stack;  resources: how many resources it will delete
    running: ARNs of the executions under way
    packages_bucket: what `greenlight deploy` uploads to, on a laptop only
    data_buckets, data_tables: what outlives a stack unless its data is to go too
    unclaimed: what has a name of this stack, but no tag that says so; it is left alone
    """

    stack: str
    has_stack: bool
    resources: int
    running: tuple[str, ...] = ()
    endpoints: tuple[EndpointFound, ...] = ()
    endpoint_configs: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    groups: tuple[GroupFound, ...] = ()
    functions: tuple[FunctionFound, ...] = ()
    layers: tuple[LayerFound, ...] = ()
    logs: tuple[LogFound, ...] = ()
    packages_bucket: BucketFound | None = None
    data_buckets: tuple[BucketFound, ...] = ()
    data_tables: tuple[TableFound, ...] = ()
    unclaimed: tuple[str, ...] = field(default=())

    def is_empty(self, *, with_data: bool) -> bool:
        """Whether there is nothing to remove."""
        data = (self.data_buckets, self.data_tables) if with_data else ()
        made = (self.endpoints, self.endpoint_configs, self.models, self.groups, self.layers, self.logs, *data)
        return not self.has_stack and self.packages_bucket is None and not any(made)

    @property
    def usd_per_month(self) -> Decimal:
        """What the endpoints cost a month, as far as the price table knows."""
        return sum((each.usd_per_month or Decimal(0) for each in self.endpoints), Decimal("0.00"))
