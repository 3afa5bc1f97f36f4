"""Held-back rows with the numbers that the evaluated model gave: the live endpoint must give the same.

EvaluateModel writes them as `evaluated_rows.json` beside its report; RunSmokeTests asks the endpoint for them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from pydantic import FiniteFloat

from steps.answers import Output, Row
from steps.contracts import Contract

EVALUATED_ROWS = "evaluated_rows.json"
# The same bytes compute the same numbers but for the last digits, which processors and batches round otherwise.
RELATIVE_TOLERANCE = 1e-3
ABSOLUTE_TOLERANCE = 1e-3


class EvaluatedRow(Contract):
    """One row and the evaluated model's numbers for it."""

    row: Row
    values: list[FiniteFloat]


class EvaluatedRows(Contract):
    """The document: rows spread evenly over those that were held back."""

    rows: list[EvaluatedRow]


def choose_rows(rows: Iterable[Row], values: Sequence[Sequence[float]], count: int) -> EvaluatedRows:
    """`count` rows, or all if there are fewer, evenly spread; values: the model's numbers for each row, in order."""
    count = min(count, len(values))
    chosen = {position * len(values) // count for position in range(count)}
    return EvaluatedRows(
        rows=[
            EvaluatedRow(row=row, values=[float(value) for value in values[number]])
            for number, row in enumerate(rows)
            if number in chosen
        ]
    )


def is_same(evaluated: EvaluatedRow, output: Output) -> bool:
    """Whether the endpoint gave the evaluated model's numbers."""
    return len(evaluated.values) == len(output.values) and all(
        math.isclose(given, wanted, rel_tol=RELATIVE_TOLERANCE, abs_tol=ABSOLUTE_TOLERANCE)
        for given, wanted in zip(output.values, evaluated.values, strict=True)
    )
