"""Rows for an approver to read: the most confident mistakes, and where candidate and live version disagree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from steps.evaluation_report import EvaluatedExample, EvaluatedExamples
from steps.metric_words import number_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from steps.answers import Row
    from training.evaluation.resampling import MeasuredRows

    Floats = NDArray[np.float64]

MOST_EXAMPLES = 20
TEXT_CHARACTERS = 2000
CELL_CHARACTERS = 200


def disagreeing_rows(candidate: MeasuredRows, champion: MeasuredRows) -> int | None:
    """How many rows the two answer differently; None for a regression, whose numbers hardly ever agree."""
    return None if candidate.task == "regression" else int(_differs(candidate, champion).sum())


def choose_examples(
    inputs: Iterable[Row], class_names: Sequence[str], candidate: MeasuredRows, champion: MeasuredRows | None
) -> EvaluatedExamples:
    """The rows; inputs: what the model saw, row by row.

    A mistake's confidence is the probability of the answered class, or of the label that is most wrong: that it is
    there, or that it is not. A disagreement is clear when both are sure. Of numbers the largest differences count.
    """
    mistakes = _largest(_wrongness(candidate))
    disagreements = [] if champion is None else _largest(_clearness(candidate, champion))
    wanted = {*mistakes, *disagreements}
    texts = {number: _shortened(row) for number, row in enumerate(inputs) if number in wanted}
    told = {number: _example(number, texts[number], class_names, candidate, champion) for number in wanted}
    return EvaluatedExamples(
        mistakes=[told[number] for number in mistakes], disagreements=[told[number] for number in disagreements]
    )


def _largest(values: Floats) -> list[int]:
    """Numbers of the rows with the largest values above 0, from 0, the largest first."""
    order = np.argsort(-values, kind="stable")[:MOST_EXAMPLES]
    return [int(number) for number in order if values[number] > 0]


def _confidence(rows: MeasuredRows) -> Floats:
    """How probable each answer was: (rows,) of classes, (rows, labels) of labels."""
    if rows.task == "multi_label":
        return np.where(rows.given == 1, rows.outputs, 1 - rows.outputs)
    chosen: Floats = rows.outputs[np.arange(len(rows.given)), rows.given]
    return chosen


def _wrongness(rows: MeasuredRows) -> Floats:
    """(rows,), 0 where the answer is right."""
    if rows.task == "regression":
        return np.asarray(np.abs(rows.given - rows.answers))
    wrong = np.where(rows.given == rows.answers, 0.0, _confidence(rows))
    return wrong.max(axis=1) if rows.task == "multi_label" else wrong


def _differs(candidate: MeasuredRows, champion: MeasuredRows) -> NDArray[np.bool_]:
    differs = np.asarray(candidate.given != champion.given)
    return np.asarray(differs.any(axis=1)) if candidate.task == "multi_label" else differs


def _clearness(candidate: MeasuredRows, champion: MeasuredRows) -> Floats:
    """(rows,), 0 where both answer the same."""
    if candidate.task == "regression":
        return np.asarray(np.abs(candidate.given - champion.given))
    both = np.minimum(_confidence(candidate), _confidence(champion))
    clear = np.where(candidate.given == champion.given, 0.0, both)
    return clear.max(axis=1) if candidate.task == "multi_label" else clear


def _example(
    number: int, row: Row, class_names: Sequence[str], candidate: MeasuredRows, champion: MeasuredRows | None
) -> EvaluatedExample:
    return EvaluatedExample(
        row_number=number + 1,
        row=row,
        expected=_words(candidate.answers[number], candidate.task, class_names),
        candidate=_words(candidate.given[number], candidate.task, class_names),
        candidate_probability=_probability(candidate, number),
        champion=None if champion is None else _words(champion.given[number], champion.task, class_names),
        champion_probability=None if champion is None else _probability(champion, number),
    )


def _words(answer: Any, task: str, class_names: Sequence[str]) -> str:  # noqa: ANN401 - a number or several marks
    if task == "regression":
        return number_text(float(answer))
    if task == "multi_label":
        return ", ".join(name for name, mark in zip(class_names, answer, strict=True) if mark) or "no label"
    return class_names[int(answer)]


def _probability(rows: MeasuredRows, number: int) -> float | None:
    """Of the answered class; of labels, of the one that is most wrong, or least sure when all are right."""
    if rows.task == "regression":
        return None
    if rows.task != "multi_label":
        return float(rows.outputs[number, rows.given[number]])
    sure = np.where(rows.given[number] == 1, rows.outputs[number], 1 - rows.outputs[number])
    wrong = rows.given[number] != rows.answers[number]
    return float(sure[wrong].max() if wrong.any() else sure.min())


def _shortened(row: Row) -> Row:
    if isinstance(row, str):
        return _cut(row, TEXT_CHARACTERS)
    return {name: _cut(cell, CELL_CHARACTERS) if isinstance(cell, str) else cell for name, cell in row.items()}


def _cut(text: str, characters: int) -> str:
    return text if len(text) <= characters else text[: characters - 1] + "…"
