"""Checks the committed definitions by the rules AWS applies to them and the interpreters on a laptop do not.

Run     python -m workflows.check     prints every broken rule; exit code 1 when there is one
Reads   workflows/release.asl.json and infra/sam/workflow.yaml
        workflows/batch_predict.asl.json and infra/sam/batch.yaml

What AWS refuses would else show at the first deployment, and what it accepts but cannot run only in the run itself.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from steps.batch_contracts import BatchInput
from steps.contracts import Contract, RunInput
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
BATCH_DEFINITION = PROJECT / "workflows/batch_predict.asl.json"
BATCH_TEMPLATE = PROJECT / "infra/sam/batch.yaml"
TOP_LEVEL = {"Comment", "StartAt", "States", "TimeoutSeconds", "Version"}


def check(text: str, machine: Mapping[str, Any], given: type[Contract] = RunInput) -> list[Problem]:
    """Every broken rule, in the order of the states.

    text: the definition in Amazon States Language;  machine: properties of the template's state machine
    given: contract of an execution's input
    """
    definition: dict[str, Any] = json.loads(text)
    structure = list(_check_structure(text, definition))
    # What follows walks from state to state; where that leads nowhere there is nothing to say about the data.
    flow = list(check_flow(definition))
    data = [] if structure or flow else list(check_data_flow(definition, given))
    return [
        *structure,
        *flow,
        *check_results(definition["States"], frozenset(given.model_fields)),
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
    """Check each committed definition against its committed template."""
    broken = False
    for path, template, given in (
        (DEFINITION, TEMPLATE, RunInput),
        (BATCH_DEFINITION, BATCH_TEMPLATE, BatchInput),
    ):
        problems = check(path.read_text(), state_machine_of(template.read_text()), given)
        for problem in problems:
            sys.stderr.write(f"{path.parent.name}/{path.name}: {problem}\n")
        if not problems:
            sys.stdout.write(f"{path.parent.name}/{path.name} keeps every rule\n")
        broken = broken or bool(problems)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
