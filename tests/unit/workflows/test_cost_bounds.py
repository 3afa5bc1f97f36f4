"""What the cost of a run takes for granted about the definition and the templates behind it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from steps import cost

PROJECT = Path(__file__).parents[3]
STATES: dict[str, dict[str, Any]] = json.loads((PROJECT / "workflows/release.asl.json").read_text())["States"]


def next_states(state: dict[str, Any]) -> Iterator[str]:
    yield from (state[key] for key in ("Next", "Default") if key in state)
    yield from (branch["Next"] for branch in [*state.get("Choices", []), *state.get("Catch", [])])


def attempts(state: dict[str, Any]) -> int:
    retries: list[int] = [rule["MaxAttempts"] for rule in state.get("Retry", [])]
    return 1 + sum(retries)


def lambda_attempts(state: dict[str, Any]) -> int:
    is_lambda = state["Type"] == "Task" and "FunctionArn" in json.dumps([state["Resource"], state["Parameters"]])
    return attempts(state) if is_lambda else 0


def longest_way(weight: Callable[[dict[str, Any]], int]) -> int:
    """The heaviest way from the start to an end that waits for the endpoint no second time."""

    @cache
    def from_state(name: str) -> int:
        state = STATES[name]
        # The only ways back in the definition start at a wait.
        after = [] if state["Type"] == "Wait" else [from_state(each) for each in next_states(state)]
        return weight(state) + max(after, default=0)

    return from_state("PrepareRun")


def test_no_way_through_the_definition_has_more_transitions_or_lambda_calls_than_are_counted() -> None:
    assert cost.TRANSITIONS - 50 < longest_way(attempts) <= cost.TRANSITIONS
    assert cost.LAMBDA_ATTEMPTS - 50 < longest_way(lambda_attempts) <= cost.LAMBDA_ATTEMPTS


@pytest.mark.parametrize(
    "loop",
    [
        ("DescribeEndpoint", "IsEndpointInService", "WaitForEndpoint"),
        ("DescribeRolledBackEndpoint", "IsRolledBack", "WaitForRollBack"),
    ],
)
def test_a_look_at_the_endpoint_is_counted_whole(loop: tuple[str, ...]) -> None:
    assert set(loop[1:]) & set(next_states(STATES[loop[0]]))
    assert loop[0] in next_states(STATES[loop[2]])
    assert sum(attempts(STATES[name]) for name in loop) == cost.TRANSITIONS_PER_LOOK
    assert sum(lambda_attempts(STATES[name]) for name in loop) == cost.LAMBDA_ATTEMPTS_PER_LOOK


def test_another_change_of_the_endpoint_is_waited_for_no_longer_than_is_counted() -> None:
    waits = [
        rule["IntervalSeconds"] * rule["MaxAttempts"]
        for state in STATES.values()
        for rule in state.get("Retry", [])
        if "EndpointBusyError" in rule["ErrorEquals"]
    ]
    assert waits == [cost.ENDPOINT_BUSY_SECONDS] * 2


def test_everything_in_monitoring_that_costs_by_the_month_is_counted() -> None:
    template = (PROJECT / "infra/sam/monitoring.yaml").read_text()
    assert template.count("Type: AWS::CloudWatch::Alarm\n") == cost.ALARMS
    assert template.count("Type: AWS::CloudWatch::Dashboard\n") == cost.DASHBOARDS
    everywhere = "".join(file.read_text() for file in (PROJECT / "infra/sam").glob("*.yaml"))
    assert everywhere.count("Type: AWS::KMS::Key\n") == cost.KEYS


def test_no_function_behind_a_state_is_larger_or_slower_than_is_counted() -> None:
    class Loader(yaml.SafeLoader):
        """Reads CloudFormation's short tags as nothing."""

    Loader.add_multi_constructor("!", lambda _loader, _tag, _node: None)
    behind_a_state = {name.removesuffix("FunctionArn") for name in json.dumps(STATES).replace("}", "{").split("{")}
    seen = set()
    for file in (PROJECT / "infra/sam").glob("*.yaml"):
        template = yaml.load(file.read_text(), Loader)  # noqa: S506 - a SafeLoader
        shared = template.get("Globals", {}).get("Function", {})
        for name, resource in template["Resources"].items():
            function = name.removesuffix("Function")
            if resource["Type"] != "AWS::Serverless::Function" or function not in behind_a_state:
                continue
            settings = {**shared, **resource["Properties"]}
            assert settings["Timeout"] <= cost.FUNCTION_SECONDS, name
            assert settings["MemorySize"] <= 1024 * cost.FUNCTION_GB, name
            seen.add(function)
    assert {"PrepareRun", "RequestApproval", "CloseRun", "ReportFault"} <= seen
