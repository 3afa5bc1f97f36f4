"""How the data differs from the live version's: in words, in a table, and as bars to draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from steps.drift_report import ColumnReport, Drift, DriftKind, DriftReport
from steps.metric_words import number_text

# More plots or lines than these would be read by nobody.
MOST_PLOTS = 6
_MOST_LINES = 25
_MOST_COLUMNS = 20
# A drawing's width, where its bars begin, and how far a row of two bars is from the next.
WIDTH, BARS, ROW = 340, 112, 30
_NAME_CHARACTERS = 16

_KINDS: dict[DriftKind, str] = {
    "numeric": "numbers of a column",
    "categorical": "words of a column",
    "text_length": "characters of a text",
    "vocabulary": "words of the texts",
    "label": "how often each label occurs",
    "target": "the numbers to predict",
}


@dataclass(frozen=True)
class DriftRow:
    """One comparison in words."""

    name: str
    kind: str
    verdict: str
    effect: str
    limit: str
    p_value: str
    medians: str


@dataclass(frozen=True)
class BarPair:
    """A part of the values, now and before. y: of its upper bar;  now, before: lengths"""

    name: str
    y: int
    now: float
    before: float
    now_text: str
    before_text: str


@dataclass(frozen=True)
class DriftPlot:
    """One column's values, now and before."""

    key: str
    title: str
    takeaway: str
    height: int
    bars: Sequence[BarPair]


@dataclass(frozen=True)
class ColumnRow:
    """One column with values that are missing or new."""

    name: str
    missing: str
    live_missing: str
    unseen: str
    rows: str


@dataclass(frozen=True)
class DriftView:
    """All there is to say; left_out: comparisons that are not listed"""

    sentence: str
    rows: Sequence[DriftRow]
    left_out: int
    plots: Sequence[DriftPlot]
    columns: Sequence[ColumnRow]


def drift_view(report: DriftReport) -> DriftView:
    """The report in words."""
    plots = [_plot(index, each) for index, each in enumerate(report.comparisons) if each.bins]
    columns = [_column(each) for each in report.columns if _is_told(each)]
    return DriftView(
        sentence=report.not_compared or _sentence(report),
        rows=[_row(each) for each in report.comparisons[:_MOST_LINES]],
        left_out=max(0, len(report.comparisons) - _MOST_LINES),
        plots=plots[:MOST_PLOTS],
        columns=columns[:_MOST_COLUMNS],
    )


def _sentence(report: DriftReport) -> str:
    drifted = sum(each.is_drifted for each in report.comparisons)
    words = "nothing has drifted" if drifted == 0 else f"{drifted} of {len(report.comparisons)} have drifted"
    return (
        f"Compared with the {report.live_rows:,} rows behind version {report.live_model_version}: {words}. "
        f"A difference counts when it is more than chance (p below {report.significance:g}) and beyond its limit."
    )


def _row(drift: Drift) -> DriftRow:
    medians = ""
    if drift.median is not None and drift.live_median is not None:
        medians = f"median {_middle(drift.median)}, before {_middle(drift.live_median)}"
    return DriftRow(
        name=drift.name,
        kind=_KINDS[drift.kind],
        verdict="drifted" if drift.is_drifted else "alike",
        effect=number_text(drift.population_stability_index),
        limit=number_text(drift.limit),
        p_value="< 0.001" if drift.p_value < 0.001 else number_text(drift.p_value),  # noqa: PLR2004 - three decimals
        medians=medians,
    )


def _plot(index: int, drift: Drift) -> DriftPlot:
    most = max((share for each in drift.bins for share in (each.share, each.live_share)), default=0.0) or 1.0
    room = WIDTH - BARS - 50
    apart = max(drift.bins, key=lambda each: abs(each.share - each.live_share))
    now, before = _percent(apart.share), _percent(apart.live_share)
    return DriftPlot(
        key=f"drift-{index}",
        title=drift.name,
        takeaway="Both are alike."
        if now == before
        else f"Most different: {apart.name}, {now} now and {before} before.",
        height=len(drift.bins) * ROW + 6,
        bars=[
            BarPair(
                name=_cut(each.name),
                y=place * ROW + 4,
                now=round(each.share / most * room, 1),
                before=round(each.live_share / most * room, 1),
                now_text=_percent(each.share),
                before_text=_percent(each.live_share),
            )
            for place, each in enumerate(drift.bins)
        ],
    )


def _is_told(column: ColumnReport) -> bool:
    return bool(column.missing_share or column.live_missing_share or column.unseen_share or column.untrained_share)


def _column(column: ColumnReport) -> ColumnRow:
    shares = [share for share in (column.unseen_share, column.untrained_share) if share is not None]
    rows = column.unseen_rows or column.untrained_rows
    return ColumnRow(
        name=column.name,
        missing=_percent(column.missing_share),
        live_missing="" if column.live_missing_share is None else _percent(column.live_missing_share),
        unseen=_percent(max(shares)) if shares else "",
        rows=", ".join(f"{row:,}" for row in rows),
    )


def _middle(median: float) -> str:
    return f"{median:,.0f}" if median.is_integer() else number_text(median)


def _cut(name: str) -> str:
    return name if len(name) <= _NAME_CHARACTERS else f"{name[: _NAME_CHARACTERS - 1]}…"


def _percent(share: float) -> str:
    return f"{share * 100:.1f} %"
