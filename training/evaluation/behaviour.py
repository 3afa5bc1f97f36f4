"""The recipe's behavioural tests, put to candidate and live version as they are served."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from serving.unusable_input import UnusableInputError
from steps.answers import Answer, Output, Row, read_answer
from steps.behaviour.cases import BehaviourCase, make_cases
from steps.behaviour.expectations import Miss, miss_of
from steps.behaviour_report import BehaviourFailure, BehaviourReport, BehaviourResult
from training.evaluation.asked_model import BATCH_SIZE

if TYPE_CHECKING:
    from serving.model import Model
    from steps.recipe import Recipe
    from steps.recipe_sections.behaviour import BehaviourTest
    from training.evaluation.asked_model import AskedModel
    from training.prepared_rows import PreparedRows

MAX_EXAMPLES = 5
_TEXT_CHARACTERS = 500
_ANSWER_CHARACTERS = 200


def report_behaviour(
    recipe: Recipe, rows: PreparedRows, candidate: AskedModel, champion: AskedModel | None
) -> BehaviourReport | None:
    """Make the cases, ask both models and count what failed; None when the recipe has no such tests.

    A model that cannot answer a case has failed it.
    """
    section = recipe.behaviour
    if not section.tests:
        return None
    cases = make_cases(section, rows.inputs())
    misses = _misses(recipe, cases, candidate)
    live = None if champion is None else _misses(recipe, cases, champion)
    return BehaviourReport(
        results=[
            _result(test, cases[index], misses[index], None if live is None else live[index])
            for index, test in enumerate(section.tests)
        ]
    )


def _misses(recipe: Recipe, cases: Sequence[Sequence[BehaviourCase]], asked: AskedModel) -> list[list[Miss | None]]:
    """For each test what is wrong with each of its cases."""
    answer = partial(_answer, recipe, asked)
    outputs = _ask(asked.model, (row for ones in cases for case in ones for row in _unasked(case)))
    return [
        [miss_of(test, answer(_before(case, asked, outputs)), answer(outputs[_identity(case.after)])) for case in ones]
        for test, ones in zip(recipe.behaviour.tests, cases, strict=True)
    ]


def _unasked(case: BehaviourCase) -> Iterable[Row]:
    """The rows of a case that the evaluation has not put to the model before."""
    yield case.after
    if case.before is not None and case.row_number is None:
        yield case.before


def _before(case: BehaviourCase, asked: AskedModel, outputs: dict[str, Output | None]) -> Output | None:
    if case.row_number is not None:
        return Output(values=asked.outputs[case.row_number - 1].tolist())
    return None if case.before is None else outputs[_identity(case.before)]


def _answer(recipe: Recipe, asked: AskedModel, output: Output | None) -> Answer | None:
    return None if output is None else read_answer(recipe.task, recipe.data.class_names, output, asked.thresholds)


def _ask(model: Model, rows: Iterable[Row]) -> dict[str, Output | None]:
    """What a model gives for each different row; None where it gives nothing."""
    different = {_identity(row): row for row in rows}
    keys, asked = list(different), list(different.values())
    outputs: list[Output | None] = []
    for start in range(0, len(asked), BATCH_SIZE):
        batch = asked[start : start + BATCH_SIZE]
        try:
            outputs += model.predict(batch)
        except UnusableInputError:
            # One row may spoil the others' answers.
            outputs += [_ask_one(model, row) for row in batch]
    return dict(zip(keys, outputs, strict=True))


def _ask_one(model: Model, row: Row) -> Output | None:
    try:
        [output] = model.predict([row])
    except UnusableInputError:
        return None
    return output


def _identity(row: Row) -> str:
    return row if isinstance(row, str) else json.dumps(row, sort_keys=True)


def _result(
    test: BehaviourTest,
    cases: Sequence[BehaviourCase],
    misses: Sequence[Miss | None],
    live: Sequence[Miss | None] | None,
) -> BehaviourResult:
    failed = [(case, miss) for case, miss in zip(cases, misses, strict=True) if miss is not None]
    return BehaviourResult(
        name=test.name,
        kind=test.kind,
        severity=test.severity,
        cases=len(cases),
        failures=len(failed),
        failure_rate=len(failed) / len(cases) if cases else 0.0,
        limit=test.limit,
        champion_failure_rate=_share(live) if live else None,
        examples=[_failure(case, miss) for case, miss in _spread(failed)],
    )


def _spread(failed: Sequence[tuple[BehaviourCase, Miss]]) -> list[tuple[BehaviourCase, Miss]]:
    """A few of them from the first on, evenly, since neighbours come from one template."""
    count = min(MAX_EXAMPLES, len(failed))
    return [failed[index * len(failed) // count] for index in range(count)]


def _share(misses: Sequence[Miss | None]) -> float:
    return sum(miss is not None for miss in misses) / len(misses)


def _failure(case: BehaviourCase, miss: Miss) -> BehaviourFailure:
    """A held-back row is named by its number: the report is read by more people than its rows may be."""
    is_own = case.row_number is None
    return BehaviourFailure(
        row_number=case.row_number,
        before=_text(case.before) if is_own else None,
        after=_text(case.after) if is_own else None,
        expected=miss.expected[:_ANSWER_CHARACTERS],
        answered=miss.answered[:_ANSWER_CHARACTERS],
    )


def _text(row: Row | None) -> str | None:
    return row[:_TEXT_CHARACTERS] if isinstance(row, str) else None
