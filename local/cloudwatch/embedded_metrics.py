"""Numbers out of log lines in CloudWatch's embedded metric format.

Source: "Specification: Embedded metric format", Amazon CloudWatch User Guide.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from local.cloudwatch.metrics import Datum

# What the specification lets one directive hold.
MAX_METRICS = 100
MAX_DIMENSIONS = 30
MAX_VALUES = 100


def embedded_metrics(line: str) -> Iterator[Datum]:
    """The numbers of one line, once for each set of dimensions; none when it is no such line or breaks the format."""
    if '"_aws"' not in line:
        return
    try:
        document = json.loads(line)
        at = datetime.fromtimestamp(document["_aws"]["Timestamp"] / 1000, UTC)
        for directive in document["_aws"]["CloudWatchMetrics"]:
            yield from _directive(directive, document, at)
    except (ValueError, TypeError, KeyError, AttributeError):
        return


def _directive(directive: Mapping[str, Any], document: Mapping[str, Any], at: datetime) -> Iterator[Datum]:
    for names in directive["Dimensions"][:MAX_DIMENSIONS]:
        dimensions = {name: str(document[name]) for name in names}
        for metric in directive["Metrics"][:MAX_METRICS]:
            if metric["Name"] not in document:
                continue
            given = document[metric["Name"]]
            for value in given[:MAX_VALUES] if isinstance(given, list) else [given]:
                yield Datum(directive["Namespace"], metric["Name"], dimensions, float(value), metric.get("Unit"), at)
