"""The data behind the model: how many rows of what, and what the rules found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from steps.drift_report import DriftReport, LabelShare
from steps.metric_words import number_text
from steps.profile import DataProfile

_BAR = 100
# More labels than this are told by their number.
_SHOWN_LABELS = 30


@dataclass(frozen=True)
class LabelRow:
    """How often a label is there, now and in the live version's data. bar: its length, 100 for the most frequent"""

    name: str
    rows: int
    share: str
    interval: str
    live: str
    bar: float
    live_bar: float | None


@dataclass(frozen=True)
class DataView:
    """A data file in a few numbers; parts are train, validation and test."""

    facts: Sequence[tuple[str, str]]
    labels: Sequence[LabelRow]
    left_out: int


def data_view(profile: DataProfile, drift: DriftReport | None) -> DataView:
    """The numbers of a profile that people ask for first."""
    facts = [("File", profile.file), ("Rows", f"{profile.rows:,}, of which {profile.usable_rows:,} can be used")]
    if profile.split_rows:
        parts = {"train": "to learn from", "validation": "to know when to stop", "test": "to measure on"}
        said = [f"{rows:,} {parts.get(part, part)}" for part, rows in profile.split_rows.items()]
        facts.append(("Divided into", ", ".join(said)))
    if profile.text_lengths.maximum:
        lengths = profile.text_lengths
        longer = f"95 % up to {lengths.p95:,}, the longest {lengths.maximum:,}"
        facts.append(("Length of the texts", f"half of them have up to {lengths.median:,} characters, {longer}"))
    if profile.target is not None:
        facts.append(
            ("Numbers to predict", f"{number_text(profile.target.minimum)} to {number_text(profile.target.maximum)}")
        )
    labels = _labels(profile, drift)
    return DataView(facts=facts, labels=labels[:_SHOWN_LABELS], left_out=max(0, len(labels) - _SHOWN_LABELS))


def _labels(profile: DataProfile, drift: DriftReport | None) -> list[LabelRow]:
    """The most frequent first, with intervals and the live version's share where they were measured."""
    whole = profile.usable_rows or 1
    told = {each.label: each for each in drift.labels} if drift else {}
    labels = sorted(profile.rows_per_label.items(), key=lambda item: -item[1])
    most = max((rows for _, rows in labels), default=0) or 1
    return [_label(name, rows, whole, most, told.get(name)) for name, rows in labels]


def _label(name: str, rows: int, whole: int, most: int, told: LabelShare | None) -> LabelRow:
    live = told.live_share if told else None
    return LabelRow(
        name=name,
        rows=rows,
        share=_percent(rows / whole),
        interval=f"{_percent(told.interval.low)} to {_percent(told.interval.high)}" if told else "",
        live="" if live is None else _percent(live),
        bar=round(rows / most * _BAR, 1),
        live_bar=None if live is None else round(min(1.0, live * whole / most) * _BAR, 1),
    )


def _percent(share: float) -> str:
    return f"{share * 100:.1f} %"
