"""What the program says of rules that were broken, and of those that only warn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from greenlight.history import History
from greenlight.run_report import report
from greenlight.run_text import print_end
from greenlight.state_notes import state_note

Story = Any


def _finding(rule: str, verdict: str) -> dict[str, Any]:
    return {"rule": rule, "verdict": verdict, "observed": 1, "limit": 0, "sentence": f"{rule} was looked at."}


FINDINGS = [
    _finding("min_rows", "passed"),
    _finding("min_label_share", "failed"),
    _finding("min_label_share", "failed"),
    _finding("max_duplicate_share", "warned"),
]


def test_a_state_is_told_with_the_rules_that_were_broken_or_only_warn() -> None:
    told = state_note("ValidateData", {"validate_data": {"rows": 1234, "findings": FINDINGS}})
    assert told == "1,234 rows, broke min_label_share, warned max_duplicate_share"


@pytest.mark.parametrize("all_findings", [True, False])
def test_a_warning_is_shown_even_where_passed_rules_are_not(
    story: Callable[..., Story], capsys: pytest.CaptureFixture[str], *, all_findings: bool
) -> None:
    told = story().visit("ValidateData", validate_data={"rows": 9, "findings": FINDINGS}).succeed("Released")
    print_end(report("run-1", "reviews", History(told.events), told.events[-1]["timestamp"]), all_findings=all_findings)
    shown = capsys.readouterr().out
    assert "! max_duplicate_share was looked at." in shown
    assert "✗ min_label_share was looked at." in shown
    assert ("✓ min_rows was looked at." in shown) == all_findings
