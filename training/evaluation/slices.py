"""The recipe's slices: parts of the test rows, measured on their own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from steps.evaluation_report import SliceMetrics
from training.evaluation.comparison import compare
from training.evaluation.resampling import WeightedMetrics

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from numpy.typing import NDArray

    from steps.answers import Row
    from steps.recipe import Recipe
    from steps.recipe_sections.slices import NumberRange, SliceSection
    from training.evaluation.resampling import MeasuredRows

    Belongs = Callable[[Row], bool]


def measure_slices(
    recipe: Recipe,
    inputs: Iterable[Row],
    candidate: MeasuredRows,
    champion: MeasuredRows | None,
    names: Collection[str],
) -> list[SliceMetrics]:
    """Each slice in the recipe's order, by those of these metrics that its rows leave defined.

    inputs: what the model saw, row by row;  candidate, champion: what they answered to the same rows
    """
    first = recipe.metrics.gates[0].name
    measured = []
    marks = rows_of_slices(recipe, inputs, candidate.answers)
    for asked, belongs in zip(recipe.slices, marks, strict=True):
        count = int(belongs.sum())
        own, live = candidate.part(belongs), None if champion is None else champion.part(belongs)
        paired = compare(own, live, [first]).paired if count else {}
        measured.append(
            SliceMetrics(
                name=asked.name,
                rows=count,
                is_counted=count >= asked.min_rows,
                candidate=_metrics(own, names),
                champion=None if live is None else _metrics(live, names),
                paired=paired.get(first),
            )
        )
    return measured


def rows_of_slices(recipe: Recipe, inputs: Iterable[Row], answers: NDArray[Any]) -> list[NDArray[np.bool_]]:
    """For each slice which rows belong to it: (rows,) each; the inputs are gone through once."""
    tests = [_tests_of_inputs(asked) for asked in recipe.slices]
    if not tests:
        return []
    met = np.array([[all(test(row) for test in each) for each in tests] for row in inputs], dtype=np.bool_)
    return [met[:, n] & _has_answer(asked, recipe, answers) for n, asked in enumerate(recipe.slices)]


def _tests_of_inputs(asked: SliceSection) -> list[Belongs]:
    tests: list[Belongs] = []
    if asked.values:
        tests.append(_Column(asked.column, lambda value: value in asked.values))
    if asked.number is not None:
        tests.append(_Column(asked.column, _inside(asked.number)))
    if asked.text_characters is not None:
        long_enough = _inside(asked.text_characters)
        tests.append(lambda text: long_enough(len(text)))
    if asked.words:
        tests.append(_Found(r"(?<!\w)(?:" + "|".join(map(re.escape, asked.words)) + r")(?!\w)", re.IGNORECASE))
    if asked.pattern is not None:
        tests.append(_Found(asked.pattern))
    return tests


class _Column:
    """Whether one column of a table's row holds what it shall."""

    def __init__(self, column: str | None, fits: Callable[[Any], bool]) -> None:
        self._column, self._fits = column or "", fits

    def __call__(self, row: Row) -> bool:
        return not isinstance(row, str) and self._fits(row[self._column])


class _Found:
    """Whether a text has something in it."""

    def __init__(self, pattern: str, flags: int = 0) -> None:
        self._pattern = re.compile(pattern, flags)

    def __call__(self, row: Row) -> bool:
        return isinstance(row, str) and self._pattern.search(row) is not None


def _inside(limits: NumberRange) -> Callable[[Any], bool]:
    low = -np.inf if limits.at_least is None else limits.at_least
    high = np.inf if limits.below is None else limits.below
    return lambda number: number is not None and bool(low <= number < high)


def _has_answer(asked: SliceSection, recipe: Recipe, answers: NDArray[Any]) -> NDArray[np.bool_]:
    there: NDArray[np.bool_] = np.ones(len(answers), dtype=np.bool_)
    if asked.label is not None:
        number = recipe.data.class_names.index(asked.label)
        there = answers[:, number] == 1 if recipe.task == "multi_label" else answers == number
    if asked.target is not None:
        inside = _inside(asked.target)
        there = there & np.array([inside(target) for target in answers], dtype=np.bool_)
    return there


def _metrics(rows: MeasuredRows, names: Collection[str]) -> dict[str, float]:
    if not len(rows.answers):
        return {}
    found = WeightedMetrics(rows, names).once(len(rows.answers))
    return {name: found[name] for name in _in_order(names, found)}


def _in_order(names: Collection[str], found: Collection[str]) -> Sequence[str]:
    return [name for name in names if name in found]
