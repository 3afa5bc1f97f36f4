from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from moto.cloudwatch.models import MetricAggregatedDatum, MetricDatum, MetricDatumBase

from local.cloudwatch.data_points import data_points

# Half a minute into a minute: the last whole one ended at 9:00.
NOW = datetime(2026, 3, 2, 9, 0, 30, tzinfo=UTC)
NINE = NOW - timedelta(seconds=30)
MINUTE = timedelta(minutes=1)


def number(value: float, at: datetime) -> MetricDatum:
    return MetricDatum("Greenlight", "Confidence", value, [], at.replace(tzinfo=None), None)


def values(data: list[MetricDatumBase], statistic: str, period: timedelta, count: int) -> list[float | None]:
    return [point.value if point else None for point in data_points(data, statistic, period, count, NOW)]


@pytest.mark.parametrize(
    ("statistic", "value"),
    [
        ("SampleCount", 4),
        ("Sum", 10),
        ("Average", 2.5),
        ("Minimum", 1),
        ("Maximum", 4),
        ("p0", 1),
        ("p50", 2.5),
        ("p95", 3.85),
        ("p99.9", 3.997),
    ],
)
def test_a_period_has_its_statistic(statistic: str, value: float) -> None:
    data: list[MetricDatumBase] = [number(each, NINE - timedelta(seconds=10)) for each in (4, 1, 3, 2)]
    assert values(data, statistic, MINUTE, 2) == [pytest.approx(value), None]


def test_a_period_holds_its_beginning_and_not_its_end() -> None:
    data: list[MetricDatumBase] = [
        number(1, NINE - 2 * MINUTE),
        number(2, NINE - MINUTE),
        number(4, NINE - timedelta(milliseconds=1)),
        number(8, NINE),
        number(16, NOW),
    ]
    assert values(data, "Sum", MINUTE, 3) == [6, 1, None]


def test_a_longer_period_ends_with_the_last_whole_minute() -> None:
    data: list[MetricDatumBase] = [number(1, NINE - timedelta(minutes=each, seconds=30)) for each in (0, 4, 5, 9, 10)]
    assert values(data, "SampleCount", 5 * MINUTE, 3) == [2, 2, 1]


def test_a_shorter_period_ends_with_its_own_last_whole_one() -> None:
    data: list[MetricDatumBase] = [number(1, NINE + timedelta(seconds=each)) for each in (5, 15, 25, 30)]
    assert values(data, "Sum", timedelta(seconds=10), 4) == [1, 1, 1, None]


def test_a_point_is_dated_by_the_beginning_of_its_period() -> None:
    [point] = data_points([number(1, NINE - MINUTE)], "Sum", 5 * MINUTE, 1, NOW)
    assert point is not None
    assert point.at == NINE - 5 * MINUTE


def test_somebodys_own_statistics_count_as_that_many_numbers() -> None:
    at = (NINE - timedelta(seconds=1)).replace(tzinfo=None)
    summed = MetricAggregatedDatum("Greenlight", "Confidence", 1, 3, 4, 8, [], at, None)
    assert values([summed, number(7, NINE - timedelta(seconds=1))], "Average", MINUTE, 1) == [3]
    assert values([summed], "SampleCount", MINUTE, 1) == [4]
