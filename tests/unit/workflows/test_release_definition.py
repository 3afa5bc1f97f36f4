"""The committed definition: what the SDK builds, and this project's own rules; AWS's rules are workflows.check's."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from workflows.resources import resource_of

PROJECT = Path(__file__).parents[3]
DEFINITION: dict[str, Any] = json.loads((PROJECT / "workflows/release.asl.json").read_text())
STATES: dict[str, dict[str, Any]] = DEFINITION["States"]
TASKS = {name: state for name, state in STATES.items() if state["Type"] == "Task"}


def snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def function_of(task: dict[str, Any]) -> str | None:
    """Name of the function a task invokes, or None for a SageMaker request."""
    resource = resource_of(task)
    assert resource
    return resource.function


def test_the_committed_definition_is_what_the_sdk_builds() -> None:
    check = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "workflows.release", "--check"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert check.returncode == 0, check.stderr


def test_the_ends_are_those_that_people_are_told_about() -> None:
    assert {name for name, state in STATES.items() if state["Type"] in {"Succeed", "Fail"}} == {
        *("Released", "NothingNew", "AlreadyRunning", "CostRejected", "DataRejected", "ModelRejected"),
        *("MetricsRejected", "ApprovalDenied", "ApprovalExpired", "RolledBack", "Faulted"),
    }


@pytest.mark.parametrize("name", TASKS)
def test_every_task_gives_the_reason_for_its_numbers(name: str) -> None:
    assert TASKS[name]["Comment"]


@pytest.mark.parametrize("name", TASKS)
def test_a_task_adds_its_result_under_its_own_name(name: str) -> None:
    assert TASKS[name]["ResultPath"] == f"$.{snake(name)}"


@pytest.mark.parametrize("name", [name for name, task in TASKS.items() if function_of(task)])
def test_every_lambda_state_has_its_folder(name: str) -> None:
    function = function_of(TASKS[name])
    assert function
    assert (PROJECT / "lambdas" / snake(function) / "handler.py").is_file()
