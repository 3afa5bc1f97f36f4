"""Checks the committed definition by the rules AWS applies to it and the interpreters on a laptop do not.

Run     python -m workflows.check     prints every broken rule; exit code 1 when there is one
Reads   workflows/release.asl.json and infra/sam/workflow.yaml

What AWS refuses would else show at the first deployment, and what it accepts but cannot run only in the run itself.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from steps.contracts import RunInput
from workflows.data_flow import check_data_flow
from workflows.flow_rules import check_flow, check_results
from workflows.integrations import MAX_DEFINITION_BYTES
from workflows.problems import Problem
from workflows.state_rules import JSONATA, check_state
from workflows.task_rules import check_task
from workflows.template_rules import check_permissions, check_substitutions, state_machine_of

PROJECT = Path(__file__).parents[1]
DEFINITION = PROJECT / "workflows/release.asl.json"
TEMPLATE = PROJECT / "infra/sam/workflow.yaml"
TOP_LEVEL = {"Comment", "StartAt", "States", "TimeoutSeconds", "Version"}


def check(text: str, machine: Mapping[str, Any]) -> list[Problem]:
    """Every broken rule, in the order of the states.

    text: the definition in Amazon States Language;  machine: properties of the template's state machine
    """
    definition: dict[str, Any] = json.loads(text)
    structure = list(_check_structure(text, definition))
    # What follows walks from state to state; where that leads nowhere there is nothing to say about the data.
    flow = list(check_flow(definition))
    data = [] if structure or flow else list(check_data_flow(definition))
    return [
        *structure,
        *flow,
        *check_results(definition["States"], frozenset(RunInput.model_fields)),
        *data,
        *check_substitutions(definition, machine),
        *check_permissions(definition["States"], machine),
    ]


def _check_structure(text: str, definition: Mapping[str, Any]) -> Iterator[Problem]:
    if (size := len(text.encode())) > MAX_DEFINITION_BYTES:
        yield Problem("definition", f"it has {size} bytes; {MAX_DEFINITION_BYTES} are allowed")
    for field in definition:
        if field in JSONATA or field not in TOP_LEVEL:
            yield Problem("definition", f"{field} is no field of a definition with JSONPath")
    for name, state in definition["States"].items():
        yield from check_state(name, state)
        if state.get("Type") == "Task":
            yield from check_task(name, state)


def main() -> int:
    """Check the committed definition against the committed template."""
    problems = check(DEFINITION.read_text(), state_machine_of(TEMPLATE.read_text()))
    for problem in problems:
        sys.stderr.write(f"{DEFINITION.relative_to(PROJECT)}: {problem}\n")
    if not problems:
        sys.stdout.write(f"{DEFINITION.relative_to(PROJECT)} keeps every rule\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
