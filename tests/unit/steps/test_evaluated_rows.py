from __future__ import annotations

import pytest

from steps.answers import Output
from steps.evaluated_rows import EvaluatedRow, choose_rows, is_same


def test_rows_are_spread_over_all_that_were_held_back() -> None:
    rows = [f"row {number}" for number in range(10)]
    values = [[number / 10, 1 - number / 10] for number in range(10)]
    chosen = choose_rows(iter(rows), values, 3).rows
    assert [row.row for row in chosen] == ["row 0", "row 3", "row 6"]
    assert chosen[1].values == [0.3, 0.7]
    assert len(choose_rows(rows[:2], values[:2], 5).rows) == 2
    assert choose_rows([], [], 5).rows == []


@pytest.mark.parametrize(
    ("evaluated", "given", "same"),
    [
        ([0.25, 0.75], [0.2501, 0.7499], True),
        ([0.25, 0.75], [0.26, 0.74], False),
        ([0.25, 0.75], [0.25], False),
        ([181_000.0], [181_100.0], True),
        ([181_000.0], [182_000.0], False),
        ([0.0], [0.0005], True),
    ],
)
def test_the_same_model_gives_the_same_numbers_but_for_rounding(
    evaluated: list[float], given: list[float], same: bool
) -> None:
    assert is_same(EvaluatedRow(row="a text", values=evaluated), Output(given)) is same
