from __future__ import annotations

import pytest

from steps.metric_words import number_text, value_text


@pytest.mark.parametrize(
    ("value", "metric", "of_a_column"),
    [
        (0.9124, "0.912", "0.912"),
        (7.0, "7.000", "7"),
        (107.5, "107.500", "107.500"),
        (-3.0, "-3.000", "-3"),
        (22_346.2, "22,346", "22,346"),
        (1.23e20, "1.23e+20", "1.23e+20"),
    ],
)
def test_numbers_are_written_for_people(value: float, metric: str, of_a_column: str) -> None:
    assert number_text(value) == metric
    assert value_text(value) == of_a_column
