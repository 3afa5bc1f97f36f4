"""Limits of Step Functions that grow with the data or with time: 256 KiB for a state, 25,000 events for a run."""

from __future__ import annotations

import copy
import math
from functools import cache
from typing import Any

import pytest

from local.interpreter import compact_json
from steps.close_run import close_run
from steps.contracts import RunState
from steps.recipe_sections.release import MAX_ENDPOINT_LOOKS
from steps.report_fault import report_fault
from steps.validate_data import MAX_FINDINGS
from tests.integration.workflows.interpreters import Case, Outcome, moto_interpreter
from tests.integration.workflows.largest_run import INPUT, RECIPES, answers, largest_case, validated
from workflows.integrations import MAX_HISTORY_EVENTS, MAX_PAYLOAD_BYTES

# The states after which nothing of a run's state is missing, each with the way on from its fault.
FAULTS = {"RecordRelease": "RolledBack", "CloseRun": "Faulted", "CreateEndpointConfig": "Faulted"}

# Recipes of other answers and inputs, each run into the fault of RecordRelease.
OTHER_KINDS = ("labels", "table")


def size(value: Any) -> int:
    return len(compact_json(value).encode())


@cache
def outcomes() -> dict[str, Outcome]:
    with moto_interpreter() as run:
        by_fault = {state: run(largest_case(ends_with=state)) for state in FAULTS if state != "CloseRun"}
        by_fault |= {kind: run(largest_case(RECIPES[kind], ends_with="RecordRelease")) for kind in OTHER_KINDS}
        back = answers(ends_with="CloseRun")
        back["RunSmokeTests"][0]["result"]["verdict"] = "failed"
        by_fault["CloseRun"] = run(Case(INPUT.model_dump(mode="json"), back))
        by_fault["one look"] = run(looks(1))
        by_fault["three looks"] = run(looks(3))
    return by_fault


def looks(count: int) -> Case:
    """The endpoint comes into service, fails its tests and goes back, each after as many looks."""
    tasks = answers(ends_with="ReportFault")
    for state in ("DescribeEndpoint", "DescribeRolledBackEndpoint"):
        (last,) = tasks[state]
        waiting = copy.deepcopy(last)
        waiting["result"]["status"] = "in_progress"
        tasks[state] = [waiting] * (count - 1) + [last]
    tasks["RunSmokeTests"][0]["result"]["verdict"] = "failed"
    return Case(INPUT.model_dump(mode="json"), tasks)


@pytest.mark.parametrize("name", [*FAULTS, *OTHER_KINDS])
def test_the_largest_state_fits_into_every_input_request_and_output(name: str) -> None:
    outcome = outcomes()[name]
    assert outcome.visited[-1] == FAULTS.get(name, FAULTS["RecordRelease"])
    assert max(outcome.input_bytes.values()) < MAX_PAYLOAD_BYTES, outcome.input_bytes
    requests = {state: size(request) for state, request in outcome.requests}
    assert max(requests.values()) < MAX_PAYLOAD_BYTES, requests
    assert size(outcome.output) < MAX_PAYLOAD_BYTES


def test_the_largest_run_is_large() -> None:
    # Else the limits above would prove nothing.
    for name in (*FAULTS, *OTHER_KINDS):
        assert max(outcomes()[name].input_bytes.values()) > 0.5 * MAX_PAYLOAD_BYTES, name


def test_the_longest_polling_fits_into_the_history() -> None:
    one, three = outcomes()["one look"], outcomes()["three looks"]
    assert one.visited[-1] == three.visited[-1] == "RolledBack"
    # Two more looks on each of the two ways.
    events_per_look = (three.events - one.events) / 4
    assert events_per_look == math.floor(events_per_look)
    # One look comes after the deadline, on each way.
    longest = one.events + 2 * MAX_ENDPOINT_LOOKS * events_per_look
    assert longest < MAX_HISTORY_EVENTS
    # A function that its service fails now and then writes three events more each time.
    assert longest + 3 * 0.5 * 2 * MAX_ENDPOINT_LOOKS < MAX_HISTORY_EVENTS


def test_what_all_rules_say_of_the_worst_data_is_cut_and_says_so() -> None:
    result = validated()
    assert len(result.findings) == MAX_FINDINGS
    assert [finding.verdict for finding in result.findings] == ["failed"] * MAX_FINDINGS
    assert result.findings[-1].rule == "further_rules"
    state = {"recipe": "r", "validate_data": {**result.model_dump(mode="json"), "verdict": "rejected"}}
    closed = close_run(RunState.model_validate(state))
    assert closed.outcome == "DataRejected"
    assert size(closed.reason) < 2100
    assert "characters in all)" in closed.reason


def test_the_longest_cause_is_told_in_short() -> None:
    cause = largest_case(ends_with="RecordRelease").tasks["RecordRelease"][0]["cause"]
    told = report_fault({"fault": {"Error": "ServiceRefusedError", "Cause": cause}})
    assert told.cause.startswith('{"a": "b"}')
    assert len(told.cause) == 2000
