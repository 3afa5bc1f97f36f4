"""The committed definition of a batch: what the SDK builds, and this project's own rules."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from greenlight.outcomes import DONE, MEANING, NO

PROJECT = Path(__file__).parents[3]
STATES: dict[str, dict[str, Any]] = json.loads((PROJECT / "workflows/batch_predict.asl.json").read_text())["States"]
TASKS = {name: state for name, state in STATES.items() if state["Type"] == "Task"}


def snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


def test_the_committed_definition_is_what_the_sdk_builds() -> None:
    check = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "workflows.batch_predict", "--check"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert check.returncode == 0, check.stderr


def test_every_end_has_its_meaning_and_its_exit_code() -> None:
    ends = {name for name, state in STATES.items() if state["Type"] in {"Succeed", "Fail"}}
    assert ends == {"BatchDone", "NoRowAnswered", "BatchRefused", "RowsRejected", "BatchFaulted"}
    assert ends <= set(MEANING)
    assert ends - DONE - NO == {"BatchFaulted"}


@pytest.mark.parametrize("name", TASKS)
def test_a_task_has_its_reason_and_its_place(name: str) -> None:
    assert TASKS[name]["Comment"]
    assert TASKS[name]["ResultPath"] == f"$.{snake(name)}"


def test_nothing_that_was_set_aside_or_rejected_reaches_the_model() -> None:
    before = {
        name
        for name, state in STATES.items()
        if "TransformRows" in [state.get("Next"), *(rule["Next"] for rule in state.get("Choices", []))]
    }
    assert before == {"AreRowsAnswerable"}
    [way] = [rule for rule in STATES["AreRowsAnswerable"]["Choices"] if rule["Next"] == "TransformRows"]
    assert (way["Variable"], way["StringEquals"]) == ("$.check_rows.verdict", "answerable")
