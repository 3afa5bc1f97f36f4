"""Where things lie in the report's plots; templates draw them.

Coordinates are SVG's, x to the right and y downwards. Every plot carries its text alternative: a title, a description
and the numbers behind it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from steps.evaluation_report import Curve, Interval
from steps.metric_words import number_text

# A range plot's width; its template gives the height.
RANGE_WIDTH = 260
_RANGE_EDGE = 8
# A line plot's size, and where its frame begins and ends.
WIDTH, HEIGHT = 340, 250
LEFT, RIGHT, TOP, BOTTOM = 46, 330, 12, 206
# Colours that the style knows; more lines in one plot could not be told apart.
COLOURS = 5
# What an axis of large numbers is labelled in.
_UNITS = {10**9: "G", 10**6: "M", 10**3: "k"}
# More rows of numbers below a plot would be read by nobody.
_SHOWN_NUMBERS = 12


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


@dataclass(frozen=True)
class Tick:
    """A number beside an axis."""

    at: float
    label: str


@dataclass(frozen=True)
class Line:
    """One line of a plot. points: as SVG's polyline takes them;  colour: from 0;  is_live: of the live version"""

    name: str
    points: str
    colour: int = 0
    is_live: bool = False


@dataclass(frozen=True)
class Dot:
    """One point, perhaps with its interval upwards and downwards."""

    x: float
    y: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class LinePlot:
    """Lines or dots in a frame with two axes, and everything there is to say about them in words."""

    key: str
    title: str
    takeaway: str
    description: str
    x_label: str
    y_label: str
    x_ticks: Sequence[Tick]
    y_ticks: Sequence[Tick]
    lines: Sequence[Line] = ()
    dots: Sequence[Dot] = ()
    diagonal: str = ""
    header: Sequence[str] = ()
    numbers: Sequence[Sequence[str]] = field(default_factory=list)


@dataclass(frozen=True)
class Axis:
    """A scale from a number to a place in the frame."""

    low: float
    high: float
    start: float
    end: float

    def place(self, value: float) -> float:
        """Where a number lies; beyond the ends, at the end."""
        share = (value - self.low) / ((self.high - self.low) or 1.0)
        return round(self.start + min(1.0, max(0.0, share)) * (self.end - self.start), 1)

    def ticks(self, count: int = 5, *, whole: bool = False) -> list[Tick]:
        """About as many round numbers between its ends; whole ones where there is nothing between them."""
        step = _round_step((self.high - self.low) / count)
        step = max(1.0, round(step)) if whole else step
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        # Longer numbers do not fit beside an axis.
        unit = next((unit for unit in _UNITS if max(abs(self.low), abs(self.high)) >= 10 * unit), 1)
        return [
            Tick(self.place(each * step), f"{_tick_text(each * step / unit, step / unit)}{_UNITS.get(unit, '')}")
            for each in range(first, last + 1)
        ]


def x_axis(low: float, high: float) -> Axis:
    """The frame's horizontal axis."""
    return Axis(low, high, LEFT, RIGHT)


def y_axis(low: float, high: float) -> Axis:
    """The frame's vertical axis; a larger number lies higher."""
    return Axis(low, high, BOTTOM, TOP)


def polyline(curve: Curve, x: Axis, y: Axis) -> str:
    """A curve's points as SVG's polyline takes them; what is no number is left out."""
    pairs = zip(curve.x, curve.y, strict=True)
    return " ".join(
        f"{x.place(across)},{y.place(up)}" for across, up in pairs if math.isfinite(across) and math.isfinite(up)
    )


def bounds(values: Sequence[float], *, margin: float = 0.05) -> tuple[float, float]:
    """Smallest and largest number, a little apart, for an axis; 0 and 1 without any."""
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return 0.0, 1.0
    low, high = min(finite), max(finite)
    room = (high - low) * margin or abs(high) * margin or 1.0
    return low - room, high + room


def area_under(curve: Curve) -> float:
    """Area between a curve and the x axis, by trapezoids; of either direction."""
    pairs = pairwise(zip(curve.x, curve.y, strict=True))
    return abs(sum((right[0] - left[0]) * (right[1] + left[1]) / 2 for left, right in pairs))


def numbers_of(curve: Curve) -> list[tuple[str, str]]:
    """Some points of a curve, evenly from its first to its last, as text."""
    points = list(zip(curve.x, curve.y, strict=True))
    if len(points) > _SHOWN_NUMBERS:
        last = len(points) - 1
        points = [points[round(index * last / (_SHOWN_NUMBERS - 1))] for index in range(_SHOWN_NUMBERS)]
    return [(_short(x), _short(y)) for x, y in points]


def range_plot(
    value: float, interval: Interval | None, live: float | None, live_interval: Interval | None, floor: float | None
) -> RangePlot | None:
    """Both versions' ranges on one scale; None when everything lies in one place."""
    edges = [each for both in (interval, live_interval) if both for each in (both.low, both.high)]
    shown = [each for each in [value, live, floor, *edges] if each is not None and math.isfinite(each)]
    if min(shown) == max(shown):
        return None
    axis = Axis(min(shown), max(shown), _RANGE_EDGE, RANGE_WIDTH - _RANGE_EDGE)

    def whisker(number: float, around: Interval | None) -> Whisker:
        low, high = (around.low, around.high) if around else (number, number)
        return Whisker(axis.place(number), axis.place(low), axis.place(high))

    return RangePlot(
        candidate=whisker(value, interval),
        champion=None if live is None else whisker(live, live_interval),
        floor=None if floor is None or not math.isfinite(floor) else axis.place(floor),
    )


def _round_step(step: float) -> float:
    """The next of 1, 2, 2.5, 5 or 10 times a power of ten."""
    if not step > 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(step))
    return next(each * power for each in (1, 2, 2.5, 5, 10) if each * power >= step - 1e-12)


def _tick_text(value: float, step: float) -> str:
    decimals = max(0, -math.floor(math.log10(step) + 1e-9)) + (1 if f"{step:.1e}".startswith("2.5") else 0)
    return f"{value:,.{decimals}f}" if decimals < 5 else f"{value:.1e}"  # noqa: PLR2004 - longer numbers do not fit


def _short(value: float) -> str:
    return f"{value:g}" if float(value).is_integer() and abs(value) < 1000 else number_text(value)  # noqa: PLR2004
