"""Data points: what an alarm's statistic makes of the numbers of one period."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from moto.cloudwatch.models import MetricAggregatedDatum, MetricDatumBase

from local.cloudwatch.evaluation import Point
from local.cloudwatch.metrics import moment

LONGEST_STEP = timedelta(minutes=1)
STATISTICS: dict[str, Callable[[Sequence[float]], float]] = {
    "SampleCount": len,
    "Sum": sum,
    "Average": lambda values: sum(values) / len(values),
    "Minimum": min,
    "Maximum": max,
}


def data_points(
    data: Iterable[MetricDatumBase], statistic: str, period: timedelta, count: int, now: datetime
) -> list[Point | None]:
    """The last periods' values, newest first, None for a period without numbers.

    data: numbers of one metric;  statistic: one of STATISTICS, or a percentile such as p95

    The periods end with the last whole minute, or with the last whole period when that is shorter: an alarm of five
    minutes is looked at every minute, as on AWS.
    """
    step = min(period, LONGEST_STEP)
    end = datetime.fromtimestamp(now.timestamp() // step.total_seconds() * step.total_seconds(), UTC)
    values: list[list[float]] = [[] for _ in range(count)]
    for datum in data:
        # A number at the very beginning of a period belongs to it, one at its end to the next.
        back = math.ceil((end - moment(datum)) / period) - 1
        if 0 <= back < count:
            values[back].extend(_numbers(datum))
    return [
        Point(end - (back + 1) * period, _statistic(statistic)(numbers)) if numbers else None
        for back, numbers in enumerate(values)
    ]


def _statistic(name: str) -> Callable[[Sequence[float]], float]:
    if name in STATISTICS:
        return STATISTICS[name]
    return lambda values: float(np.percentile(values, float(name.removeprefix("p"))))


def _numbers(datum: Any) -> list[float]:  # noqa: ANN401 - either of moto's kinds
    if isinstance(datum, MetricAggregatedDatum):
        # Somebody's own sum of several: only its mean is known of each.
        return [datum.sum / datum.sample_count] * round(datum.sample_count) if datum.sample_count else []
    return [float(datum.value)]
