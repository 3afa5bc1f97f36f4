from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from local.cloudwatch.embedded_metrics import embedded_metrics
from local.cloudwatch.metrics import Datum

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def line(dimensions: Any, metrics: Any, **values: Any) -> str:
    directive = {"Namespace": "Greenlight", "Dimensions": dimensions, "Metrics": metrics}
    meta = {"Timestamp": int(AT.timestamp() * 1000), "CloudWatchMetrics": [directive]}
    return json.dumps({"_aws": meta, **values})


def test_each_set_of_dimensions_gets_each_value() -> None:
    text = line(
        [["service"], ["service", "recipe"]],
        [{"Name": "Confidence", "Unit": "None"}, {"Name": "Predictions"}],
        service="greenlight",
        recipe="reviews",
        run_id="r1",
        Confidence=[0.5, 0.75],
        Predictions=2,
    )
    whole, of_recipe = {"service": "greenlight"}, {"service": "greenlight", "recipe": "reviews"}
    assert list(embedded_metrics(text)) == [
        Datum("Greenlight", "Confidence", whole, 0.5, "None", AT),
        Datum("Greenlight", "Confidence", whole, 0.75, "None", AT),
        Datum("Greenlight", "Predictions", whole, 2, None, AT),
        Datum("Greenlight", "Confidence", of_recipe, 0.5, "None", AT),
        Datum("Greenlight", "Confidence", of_recipe, 0.75, "None", AT),
        Datum("Greenlight", "Predictions", of_recipe, 2, None, AT),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "START RequestId: 1",
        '{"message": "no metric"}',
        '{"_aws": "no directive"}',
        '{"_aws": {"Timestamp": 1, "CloudWatchMetrics": [{}]}}',
        '"_aws" in a text',
        line([["absent"]], [{"Name": "Predictions"}], Predictions=1),
        line([["service"]], [{"Name": "Predictions"}], service="greenlight", Predictions="many"),
        line([["service"]], [{"Name": "Predictions"}], service="greenlight"),
    ],
)
def test_a_line_without_a_whole_metric_has_none(text: str) -> None:
    assert list(embedded_metrics(text)) == []
