"""Jinja templates beside the module that uses them, and how numbers, times and digests are written in them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from steps.metric_words import number_text

_METRIC_LABELS = {
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy",
    "f1": "F1 score",
    "roc_auc": "ROC AUC",
    "r2": "R²",
}
# Shares that people know as percentages; the other metrics have no unit.
_PERCENTAGES = frozenset({"accuracy", "balanced_accuracy", "subset_accuracy"})
_DIGEST_CHARACTERS = 12
# The smallest difference that both ways of writing a gain show.
_SMALLEST_GAIN = 0.0005


def templates(*folders: Path) -> Environment:
    """Templates of some folders, the first before the next.

    Values are escaped in HTML, and one that is missing is an error.
    """
    environment = Environment(
        loader=FileSystemLoader(folders),
        autoescape=select_autoescape(["html"], default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "metric_label": metric_label,
        "gain": gain_text,
        "side": gain_side,
        "moment": moment_text,
        "short": short_digest,
        "count": count_text,
    }
    environment.globals["metric"] = metric_text
    return environment


def metric_label(name: str) -> str:
    """A metric's name as people write it."""
    return _METRIC_LABELS.get(name, name.replace("_", " ").capitalize())


def metric_text(name: str, value: float) -> str:
    """A metric's value: `78.4 %`, or a plain number where a percentage would mean nothing."""
    return f"{value * 100:.1f} %" if name in _PERCENTAGES else number_text(value)


def gain_text(name: str, gain: float) -> str:
    """A gain over the live version, signed; that of a percentage in points, `none` where it would read as zero."""
    if abs(gain) < _SMALLEST_GAIN:
        return "none"
    if name in _PERCENTAGES:
        return f"{gain * 100:+.1f} points"
    return f"{'+' if gain > 0 else '-'}{number_text(abs(gain))}"


def gain_side(gain: float) -> str:
    """Which way a gain points: `better`, `worse`, or `same` where it would read as zero."""
    if abs(gain) < _SMALLEST_GAIN:
        return "same"
    return "better" if gain > 0 else "worse"


def moment_text(moment: datetime) -> str:
    """A time in UTC, to the minute, without leading zeros in the day."""
    return f"{moment:%A} {moment.day} {moment:%B %Y, %H:%M} UTC"


def short_digest(digest: str) -> str:
    """Enough of a digest to tell two apart by eye."""
    return digest[:_DIGEST_CHARACTERS]


def count_text(number: int) -> str:
    """A count with a separator for thousands."""
    return f"{number:,}"
