from __future__ import annotations

import pytest

from local.sagemaker.log_stream import error_line

TRACEBACK = ["Traceback (most recent call last):", '  File "x.py", line 1, in <module>', "    1 / 0"]


@pytest.mark.parametrize(
    ("tail", "line"),
    [
        ([], ""),
        (["loading", "usage: x", "x: error: no data"], "x: error: no data"),
        ([*TRACEBACK, "ZeroDivisionError: division by zero"], "ZeroDivisionError: division by zero"),
        ([*TRACEBACK, "KeyError: 'a'", "", *TRACEBACK, "ValueError: b", "bye"], "ValueError: b"),
        (TRACEBACK, "    1 / 0"),
    ],
)
def test_the_error_line_is_the_end_of_the_last_traceback_or_the_last_line(tail: list[str], line: str) -> None:
    assert error_line(tail) == line
