"""The plots of a candidate: how it ranks, whether its probabilities are true, how it learned."""

from __future__ import annotations

from collections.abc import Sequence

from steps.evaluation_report import Calibration, Curve, MetricsReport
from steps.metric_words import number_text
from steps.report.plots import (
    COLOURS,
    Dot,
    Line,
    LinePlot,
    area_under,
    bounds,
    numbers_of,
    polyline,
    x_axis,
    y_axis,
)


def line_plots(measured: MetricsReport) -> list[LinePlot]:
    """Those that there are numbers for."""
    drawn = [
        _roc(measured.curves.roc),
        _precision_recall(measured.curves.precision_recall),
        _calibration(measured.calibration, measured.champion_calibration),
        _predicted(measured.curves.predicted),
        _learning(measured.curves.learning),
    ]
    return [plot for plot in drawn if plot is not None]


def _roc(curves: Sequence[Curve]) -> LinePlot | None:
    shown, left_out = _weakest(curves)
    if not shown:
        return None
    weakest = shown[0]
    of_ten = "Of a right and a wrong row, it ranks the right one higher"
    return LinePlot(
        key="roc",
        title="ROC curve",
        takeaway=f"{of_ten} {area_under(weakest) * 100:.0f} times of 100{_of(weakest, len(curves))}.{left_out}",
        description=f"{_areas(shown)} The diagonal is guessing, with an area of 0.5; the upper left corner is perfect.",
        x_label="wrongly reported",
        y_label="found",
        x_ticks=x_axis(0, 1).ticks(),
        y_ticks=y_axis(0, 1).ticks(),
        lines=_lines(shown),
        diagonal="guessing",
        header=("curve", "false positive rate", "true positive rate"),
        numbers=_numbers(shown),
    )


def _precision_recall(curves: Sequence[Curve]) -> LinePlot | None:
    shown, left_out = _weakest(curves)
    if not shown:
        return None
    return LinePlot(
        key="pr",
        title="Precision and recall",
        takeaway=f"The more of them it shall find, the more of what it reports is wrong.{left_out}",
        description=f"{_areas(shown)} The upper right corner is perfect.",
        x_label="found, of all there are (recall)",
        y_label="right, of all reported (precision)",
        x_ticks=x_axis(0, 1).ticks(),
        y_ticks=y_axis(0, 1).ticks(),
        lines=_lines(shown),
        header=("curve", "recall", "precision"),
        numbers=_numbers(shown),
    )


def _calibration(mine: Calibration | None, live: Calibration | None) -> LinePlot | None:
    if mine is None or not mine.bins:
        return None
    x, y = x_axis(0, 1), y_axis(0, 1)
    both = [("new version", mine, False), *([("live version", live, True)] if live and live.bins else [])]
    lines = []
    for name, each, is_live in both:
        curve = Curve(
            name=name, x=[part.mean_probability for part in each.bins], y=[part.observed_share for part in each.bins]
        )
        lines.append(Line(name, polyline(curve, x, y), is_live=is_live))
    points = mine.expected_calibration_error * 100
    live_words = f" (live version: {live.expected_calibration_error * 100:.1f})" if live else ""
    return LinePlot(
        key="calibration",
        title="Calibration",
        takeaway=f"What it says with 80 % should be right 80 times of 100. On average it is off by {points:.1f} points"
        f"{live_words}.",
        description=f"Expected calibration error {number_text(mine.expected_calibration_error)}, Brier score "
        f"{number_text(mine.brier_score)}. Points on the diagonal keep their promise; below it the model is too sure.",
        x_label="what it promises (probability)",
        y_label="what is right",
        x_ticks=x.ticks(),
        y_ticks=y.ticks(),
        lines=lines,
        dots=[
            Dot(
                x.place(part.mean_probability),
                y.place(part.observed_share),
                y.place(part.interval.low),
                y.place(part.interval.high),
            )
            for part in mine.bins
        ],
        diagonal="kept promise",
        header=("rows", "promised", "right", "interval"),
        numbers=[
            (
                f"{part.rows:,}",
                number_text(part.mean_probability),
                number_text(part.observed_share),
                f"{number_text(part.interval.low)} to {number_text(part.interval.high)}",
            )
            for part in mine.bins
        ],
    )


def _predicted(curves: Sequence[Curve]) -> LinePlot | None:
    if not curves or not curves[0].x:
        return None
    curve = curves[0]
    low, high = bounds([*curve.x, *curve.y])
    x, y = x_axis(low, high), y_axis(low, high)
    return LinePlot(
        key="predicted",
        title="Predicted and true",
        takeaway="Each dot is a row; the nearer to the line, the better it was predicted.",
        description=f"{len(curve.x)} rows, spread evenly over the predictions. Above the line the truth is larger than "
        "the prediction, below it smaller.",
        x_label="predicted",
        y_label="true",
        x_ticks=x.ticks(4),
        y_ticks=y.ticks(),
        dots=[Dot(x.place(across), y.place(up)) for across, up in zip(curve.x, curve.y, strict=True)],
        diagonal="just right",
        header=("predicted", "true"),
        numbers=numbers_of(curve),
    )


def _learning(curves: Sequence[Curve]) -> LinePlot | None:
    curves = [curve for curve in curves if curve.x]
    if not curves:
        return None
    x_low, x_high = bounds([value for curve in curves for value in curve.x], margin=0)
    y_low, y_high = bounds([value for curve in curves for value in curve.y])
    x, y = x_axis(x_low, x_high if x_high > x_low else x_low + 1), y_axis(y_low, y_high)
    last = curves[-1]
    best = min(range(len(last.y)), key=lambda index: last.y[index])
    return LinePlot(
        key="learning",
        title="Learning curve",
        takeaway=f"The {last.name} loss was lowest after round {last.x[best]:g} of {last.x[-1]:g}.",
        description=" ".join(
            f"{curve.name.capitalize()}: from {number_text(curve.y[0])} to {number_text(curve.y[-1])}."
            for curve in curves
        ),
        x_label="round",
        y_label="loss",
        x_ticks=x.ticks(8, whole=True),
        y_ticks=y.ticks(),
        lines=[Line(curve.name, polyline(curve, x, y), colour=index % COLOURS) for index, curve in enumerate(curves)],
        header=("curve", "round", "loss"),
        numbers=_numbers(curves),
    )


def _weakest(curves: Sequence[Curve]) -> tuple[list[Curve], str]:
    """Those with the smallest areas, and a sentence about the others."""
    found = sorted((curve for curve in curves if curve.x), key=area_under)
    left_out = f" The weakest {COLOURS} of {len(found)} are drawn." if len(found) > COLOURS else ""
    return found[:COLOURS], left_out


def _lines(curves: Sequence[Curve]) -> list[Line]:
    x, y = x_axis(0, 1), y_axis(0, 1)
    return [Line(curve.name, polyline(curve, x, y), colour=index) for index, curve in enumerate(curves)]


def _areas(curves: Sequence[Curve]) -> str:
    said = ", ".join(f"{curve.name} {number_text(area_under(curve))}" for curve in curves)
    return f"Area under the curve: {said}."


def _of(curve: Curve, count: int) -> str:
    return f" for {curve.name}, its weakest" if count > 1 else ""


def _numbers(curves: Sequence[Curve]) -> list[tuple[str, ...]]:
    return [(curve.name, *pair) for curve in curves for pair in numbers_of(curve)]
