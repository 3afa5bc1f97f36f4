"""What was answered for what: a grid for a few classes, the most frequent mistakes for many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from steps.evaluation_report import MetricsReport

# More classes do not fit beside each other.
MOST_CLASSES = 6
_WORST = 10
_SHADES = 6
# Sizes of the drawing; a class's name stands left of its row and above its column.
WIDTH, NAMES = 340, 92
_HEAD, _LARGEST_CELL = 40, 110
_NAME_CHARACTERS = 13
# Pixels that a letter takes.
_LETTER = 7


@dataclass(frozen=True)
class Cell:
    """Rows of one class that got one answer. shade: 0 to 5 by their share of the class"""

    x: int
    y: int
    rows: int
    share: str
    shade: int
    is_right: bool


@dataclass(frozen=True)
class Name:
    """A class beside its row or above its column, cut to what fits."""

    x: int
    y: int
    text: str


@dataclass(frozen=True)
class Grid:
    """The drawing of a few classes."""

    height: int
    cell: int
    cells: Sequence[Cell]
    rows: Sequence[Name]
    columns: Sequence[Name]


@dataclass(frozen=True)
class Confusion:
    """The grid, or None of many classes; the most frequent mistakes; how many of each class were right."""

    takeaway: str
    description: str
    grid: Grid | None
    names: Sequence[str]
    counts: Sequence[Sequence[int]]
    mistakes: Sequence[tuple[str, str, int]]
    left_out: int


def confusion_of(measured: MetricsReport) -> Confusion | None:
    """What there is to say about a candidate's mistakes; None where there are no classes."""
    counts, names = measured.confusion, measured.class_names
    if not counts or len(counts) != len(names):
        return None
    mistakes = sorted(
        (
            (names[true], names[said], rows)
            for true, row in enumerate(counts)
            for said, rows in enumerate(row)
            if true != said and rows
        ),
        key=lambda mistake: -mistake[2],
    )
    if mistakes:
        true, said, rows = mistakes[0]
        takeaway = f"Most often mistaken: {true} for {said}, {rows:,} times."
    else:
        takeaway = "No row was answered wrongly."
    found = [
        f"{name}: {row[index]:,} of {sum(row):,} found"
        for index, (name, row) in enumerate(zip(names, counts, strict=True))
    ]
    is_small = len(names) <= MOST_CLASSES
    return Confusion(
        takeaway=takeaway,
        description="; ".join(found[:MOST_CLASSES]) + ("." if is_small else "; and so on."),
        grid=_grid(names, counts) if is_small else None,
        names=names,
        counts=counts,
        mistakes=mistakes[:_WORST],
        left_out=max(0, len(mistakes) - _WORST),
    )


def _grid(names: Sequence[str], counts: Sequence[Sequence[int]]) -> Grid:
    size = min(_LARGEST_CELL, (WIDTH - NAMES) // len(names))
    cells = []
    for true, row in enumerate(counts):
        total = sum(row)
        for said, rows in enumerate(row):
            share = rows / total if total else 0.0
            cells.append(
                Cell(
                    x=NAMES + said * size,
                    y=_HEAD + true * size,
                    rows=rows,
                    share=f"{share * 100:.0f} %",
                    shade=min(_SHADES - 1, int(share * _SHADES)),
                    is_right=true == said,
                )
            )
    middles = [(index * size + size // 2, name) for index, name in enumerate(names)]
    return Grid(
        height=_HEAD + len(names) * size,
        cell=size,
        cells=cells,
        rows=[Name(NAMES - 8, _HEAD + middle, _cut(name, _NAME_CHARACTERS)) for middle, name in middles],
        columns=[Name(NAMES + middle, _HEAD - 8, _cut(name, size // _LETTER)) for middle, name in middles],
    )


def _cut(name: str, most: int) -> str:
    return name if len(name) <= most else f"{name[: most - 1]}…"
