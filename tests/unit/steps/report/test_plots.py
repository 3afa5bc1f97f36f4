"""Where things lie in a plot, by value."""

from __future__ import annotations

import math

import pytest

from steps.evaluation_report import Curve, Interval
from steps.report.drawn import line_plots
from steps.report.plots import (
    BOTTOM,
    LEFT,
    RANGE_WIDTH,
    RIGHT,
    TOP,
    area_under,
    bounds,
    numbers_of,
    polyline,
    range_plot,
    x_axis,
    y_axis,
)
from tests.full_report import MEASURED


def test_an_axis_goes_from_end_to_end_and_upwards() -> None:
    assert (x_axis(0, 1).place(0), x_axis(0, 1).place(1)) == (LEFT, RIGHT)
    assert (y_axis(0, 1).place(0), y_axis(0, 1).place(1)) == (BOTTOM, TOP)
    assert x_axis(0, 1).place(7) == RIGHT
    assert x_axis(2, 2).place(2) == LEFT


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (0, 1, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        (0, 1000, ["0", "200", "400", "600", "800", "1,000"]),
        (0, 600_000, ["0k", "200k", "400k", "600k"]),
        (0, 12_500_000, ["0.0M", "2.5M", "5.0M", "7.5M", "10.0M", "12.5M"]),
        (0.61, 0.69, ["0.62", "0.64", "0.66", "0.68"]),
        (-1, 1, ["-1.0", "-0.5", "0.0", "0.5", "1.0"]),
    ],
)
def test_ticks_are_round_numbers(low: float, high: float, labels: list[str]) -> None:
    assert [tick.label for tick in x_axis(low, high).ticks()] == labels


def test_rounds_of_a_training_are_whole() -> None:
    assert [tick.label for tick in x_axis(1, 3).ticks(8, whole=True)] == ["1", "2", "3"]


def test_the_area_under_a_curve_is_that_of_its_trapezoids_whichever_way_it_runs() -> None:
    curve = Curve(name="c", x=[0, 0.5, 1], y=[0, 1, 1])
    assert area_under(curve) == pytest.approx(0.75)
    assert area_under(Curve(name="c", x=curve.x[::-1], y=curve.y[::-1])) == pytest.approx(0.75)


def test_a_point_that_is_no_number_is_left_out() -> None:
    curve = Curve.model_construct(name="c", x=[0.0, 0.5, 1.0], y=[0.0, math.nan, 1.0])
    assert polyline(curve, x_axis(0, 1), y_axis(0, 1)) == f"{LEFT:.1f},{BOTTOM:.1f} {RIGHT:.1f},{TOP:.1f}"


def test_bounds_leave_some_room_and_know_what_to_do_without_numbers() -> None:
    assert bounds([1.0, 3.0]) == (0.9, 3.1)
    assert bounds([2.0]) == (1.9, 2.1)
    assert bounds([0.0]) == (-1.0, 1.0)
    assert bounds([math.inf]) == (0.0, 1.0)


def test_numbers_of_a_long_curve_are_some_of_them_with_both_ends() -> None:
    steps = [float(index) for index in range(100)]
    shown = numbers_of(Curve(name="c", x=steps, y=steps))
    assert len(shown) == 12
    assert (shown[0], shown[-1]) == (("0", "0"), ("99", "99"))


def test_both_versions_and_the_floor_share_a_scale() -> None:
    plot = range_plot(0.8, Interval(low=0.7, high=0.9), 0.5, None, 0.6)
    assert plot is not None
    assert plot.champion is not None
    assert plot.floor is not None
    assert plot.champion.at == plot.champion.low == 8
    assert plot.candidate.high == RANGE_WIDTH - 8
    assert plot.champion.at < plot.floor < plot.candidate.low < plot.candidate.at


def test_a_value_alone_has_nothing_to_be_drawn_beside() -> None:
    assert range_plot(0.8, None, None, None, None) is None


def test_of_many_curves_the_weakest_are_drawn() -> None:
    curves = [Curve(name=f"class {area}", x=[0, 1], y=[area / 10, area / 10]) for area in range(9)]
    measured = MEASURED.model_copy(update={"curves": MEASURED.curves.model_copy(update={"roc": curves})})
    roc = next(plot for plot in line_plots(measured) if plot.key == "roc")
    assert [line.name for line in roc.lines] == [f"class {area}" for area in range(5)]
    assert "The weakest 5 of 9 are drawn." in roc.takeaway
    assert "for class 0, its weakest" in roc.takeaway


def test_a_regression_is_drawn_as_dots_beside_a_line() -> None:
    predicted = Curve(name="rows", x=[100.0, 200.0], y=[110.0, 190.0])
    curves = MEASURED.curves.model_copy(update={"roc": [], "precision_recall": [], "predicted": [predicted]})
    plots = line_plots(MEASURED.model_copy(update={"curves": curves, "calibration": None}))
    assert [plot.key for plot in plots] == ["predicted", "learning"]
    assert len(plots[0].dots) == 2
    assert plots[0].diagonal
