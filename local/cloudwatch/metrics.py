"""The laptop's metrics: single numbers in moto's CloudWatch, of the last hours only.

Whatever plays an AWS service publishes that service's own metrics here.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from moto.cloudwatch.models import CloudWatchBackend, Dimension, MetricDatum, MetricDatumBase, cloudwatch_backends

from local.home import ACCOUNT, REGION

# Six hours hold the longest time that an alarm of ours looks back; the count bounds what a snapshot has to write.
KEPT = timedelta(hours=6)
MOST_KEPT = 10_000

_lock = threading.Lock()
_shared: dict[tuple[tuple[str, str], ...], list[Dimension]] = {}


@dataclass(frozen=True)
class Datum:
    """One number at one time."""

    namespace: str
    name: str
    dimensions: Mapping[str, str]
    value: float
    unit: str | None
    at: datetime


def publish(namespace: str, dimensions: Mapping[str, str], numbers: Mapping[str, tuple[float, str]]) -> None:
    """Publish what a service measured just now: value and unit by metric name."""
    now = datetime.now(UTC)
    keep(Datum(namespace, name, dimensions, value, unit, now) for name, (value, unit) in numbers.items())


def keep(data: Iterable[Datum]) -> None:
    """Add numbers."""
    backend = backend_of_laptop()
    kept = [_as_moto(datum) for datum in data]
    with _lock:
        backend.metric_data.extend(kept)
        del backend.metric_data[: max(0, len(backend.metric_data) - MOST_KEPT)]


def forget_old(now: datetime) -> None:
    """Drop what is older than anything looks back."""
    backend = backend_of_laptop()
    with _lock:
        young = [datum for datum in backend.metric_data if now - moment(datum) <= KEPT]
        if len(young) < len(backend.metric_data):
            backend.metric_data[:] = young


def backend_of_laptop() -> CloudWatchBackend:
    """Moto's CloudWatch in the laptop's one region."""
    backend: CloudWatchBackend = cloudwatch_backends[ACCOUNT][REGION]
    return backend


def moment(datum: MetricDatumBase) -> datetime:
    """When a number was measured; moto's own times have no zone and are UTC."""
    at: datetime = datum.timestamp
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _as_moto(datum: Datum) -> MetricDatum:
    made = MetricDatum(
        datum.namespace, datum.name, datum.value, [], datum.at.astimezone(UTC).replace(tzinfo=None), datum.unit
    )
    key = tuple(sorted(datum.dimensions.items()))
    # One list for all numbers of a metric: a snapshot then holds it once.
    made.dimensions = _shared.setdefault(key, [Dimension(name, value) for name, value in key])
    return made
