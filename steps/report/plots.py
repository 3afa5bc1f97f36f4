"""Where things lie in the report's plots; templates draw them. Coordinates are SVG's: x to the right, y downwards."""

from __future__ import annotations

import math
from dataclasses import dataclass

from steps.evaluation_report import Interval

# A range plot's width; its template gives the height.
RANGE_WIDTH = 260
_RANGE_EDGE = 8


@dataclass(frozen=True)
class Whisker:
    """A point and its interval on a line; low and high are the point's own place without an interval."""

    at: float
    low: float
    high: float


@dataclass(frozen=True)
class RangePlot:
    """One metric of both versions on one line, and what it must reach."""

    candidate: Whisker
    champion: Whisker | None
    floor: float | None


def range_plot(
    value: float, interval: Interval | None, live: float | None, live_interval: Interval | None, floor: float | None
) -> RangePlot | None:
    """Both versions' ranges on one scale; None when there is nothing beside the value."""
    if interval is None and live is None and floor is None:
        return None
    edges = [each for both in (interval, live_interval) if both for each in (both.low, both.high)]
    shown = [each for each in [value, live, floor, *edges] if each is not None and math.isfinite(each)]
    low, high = min(shown), max(shown)
    span = (high - low) or 1.0

    def place(number: float) -> float:
        return round(_RANGE_EDGE + (number - low) / span * (RANGE_WIDTH - 2 * _RANGE_EDGE), 1)

    def whisker(number: float, around: Interval | None) -> Whisker:
        return Whisker(place(number), place(around.low if around else number), place(around.high if around else number))

    return RangePlot(
        candidate=whisker(value, interval),
        champion=None if live is None else whisker(live, live_interval),
        floor=None if floor is None or not math.isfinite(floor) else place(floor),
    )
