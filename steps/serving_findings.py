"""What CheckMetrics finds about the time and the size of a candidate, against the recipe's `metrics.serving`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from steps.contracts import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from steps.evaluation_report import ServingMeasurement
    from steps.recipe_sections.metrics import ServingLimits

# What is measured -> its words, before the value and between value and unit.
_MEASURED = {
    "p50_ms": ("Half of the rows are answered within", "ms"),
    "p95_ms": ("95 % of the rows are answered within", "ms"),
    "p99_ms": ("99 % of the rows are answered within", "ms"),
    "archive_bytes": ("model.tar.gz has", "bytes"),
    "unpacked_bytes": ("What model.tar.gz holds has", "bytes"),
}


def serving_findings(limits: ServingLimits, measured: ServingMeasurement | None) -> Iterator[Finding]:
    """A finding for each limit that the recipe sets; a value on it passes, one that was not measured fails."""
    for name, (words, unit) in _MEASURED.items():
        limit: float | None = getattr(limits, f"max_{name}")
        if limit is None:
            continue
        if measured is None:
            yield Finding(
                rule=f"serving_{name}",
                verdict="failed",
                observed=sys.float_info.max,
                limit=limit,
                sentence=f"metrics.serving.max_{name} is {_number(limit)} {unit}, but no server was measured.",
            )
            continue
        value: float = getattr(measured, name)
        passed = value <= limit
        allowed = f"{_number(limit)} {unit} are allowed"
        yield Finding(
            rule=f"serving_{name}",
            verdict="passed" if passed else "failed",
            observed=value,
            limit=limit,
            sentence=f"{words} {_number(value)} {unit}; {allowed}"
            + ("." if passed else f", so it is {_number(value - limit)} {unit} too much."),
        )


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:,.2f}"  # noqa: PLR2004
