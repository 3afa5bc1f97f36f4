"""Reads only what is there: every path a state reads was written before it on every way that leads to it.

What a function returns is known from its contract in `steps.contracts`, what SageMaker returns from the integration.
A part that a contract may leave empty counts as written: the decision beside it, which a Choice reads first, says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from steps import batch_contracts, contracts
from steps.contracts import ApprovalDecision, Contract, RunInput
from workflows.integrations import Integration
from workflows.paths import Path, PathError, expression, reference_path
from workflows.problems import Problem, State, States
from workflows.resources import Resource, resource_of
from workflows.shapes import Shape, Unknown, common, literals, part_of, shape_of, with_part
from workflows.state_rules import comparison

ERROR_OUTPUT = {"Error": str, "Cause": str}
# Its task ends with what the approval page sends, not with what the function returns.
CALLBACK_RESULTS = {"RequestApproval": ApprovalDecision}


def run_input(contract: type[Contract] = RunInput) -> Shape:
    """What every execution's input holds."""
    fields = contract.model_fields
    return {name: shape_of(field.annotation) for name, field in fields.items() if field.is_required()}


def check_data_flow(definition: Mapping[str, Any], given: type[Contract] = RunInput) -> Iterator[Problem]:
    """Follow the state from StartAt until nothing new is learned, then check what each state reads.

    given: contract of an execution's input
    """
    states: States = definition["States"]
    known: dict[str, Shape] = {definition["StartAt"]: run_input(given)}
    frontier = [definition["StartAt"]]
    while frontier:
        name = frontier.pop()
        for target, shape in _leaving(states[name], known[name]):
            merged = common(known[target], shape) if target in known else shape
            if target in states and (target not in known or merged != known[target]):
                known[target] = merged
                frontier.append(target)
    for name, shape in known.items():
        state = states[name]
        yield from (Problem(name, what) for what in _check_reads(state, shape))
        if state["Type"] == "Task" and isinstance(resource := resource_of(state), Resource):
            yield from (Problem(name, what) for what in _check_contract(resource))
        if state["Type"] == "Choice":
            for rule in state.get("Choices", []):
                yield from (Problem(name, what) for what in _check_choice(rule, shape))


def _leaving(state: State, shape: Shape) -> Iterator[tuple[str, Shape]]:
    """Each state that may follow, and what is known when it begins."""
    for rule in state.get("Catch", []):
        yield rule["Next"], _put(shape, rule.get("ResultPath", "$"), ERROR_OUTPUT)
    for rule in state.get("Choices", []):
        yield rule["Next"], shape
    if "Default" in state:
        yield state["Default"], shape
    if "Next" in state:
        yield state["Next"], _after(state, shape)


def _after(state: State, shape: Shape) -> Shape:
    if state["Type"] in {"Task", "Pass"}:
        shape = _put(shape, state.get("ResultPath", "$"), _result(state, shape))
    return _at(shape, state.get("OutputPath", "$"))


def _result(state: State, shape: Shape) -> Shape:
    if state["Type"] == "Pass":
        return _sent(state.get("Parameters", {}), shape) if "Parameters" in state else _plain(state.get("Result"))
    resource = resource_of(state)
    result = _answer(resource) if resource else Unknown
    if "ResultSelector" in state:
        return _sent(state["ResultSelector"], result)
    return result


def _answer(resource: Resource) -> Shape:
    contract = _contract(resource)
    payload = shape_of(contract) if contract else Unknown
    if resource.is_direct or resource.pattern == ".waitForTaskToken":
        return payload
    if not isinstance(resource.integration, Integration):
        return Unknown
    answer: Shape = dict.fromkeys(resource.integration.result, Unknown)
    return {**answer, "Payload": payload} if resource.service == "lambda" else answer


def _contract(resource: Resource) -> Any:  # noqa: ANN401 - a contract's class, or None
    if resource.function is None:
        return None
    name = f"{resource.function}Result"
    found = getattr(contracts, name, None) or getattr(batch_contracts, name, None)
    return CALLBACK_RESULTS.get(resource.function) or found


def _check_contract(resource: Resource) -> Iterator[str]:
    if resource.function and _contract(resource) is None:
        yield f"steps/contracts.py has no {resource.function}Result, so nobody knows what may be read of its result"


def _sent(template: Mapping[str, Any], shape: Shape) -> Shape:
    sent: dict[str, Shape] = {}
    for key, value in template.items():
        if not key.endswith(".$"):
            sent[key] = _sent(value, shape) if isinstance(value, Mapping) else Unknown
        elif str(value).startswith("$."):
            sent[key.removesuffix(".$")] = _at(shape, value)
        else:
            sent[key.removesuffix(".$")] = Unknown
    return sent


def _plain(value: object) -> Shape:
    return {key: _plain(item) for key, item in value.items()} if isinstance(value, Mapping) else type(value)


def _at(shape: Shape, text: str | None) -> Shape:
    if text is None:
        return {}
    part = part_of(shape, _steps(text))
    return {} if part is None else part


def _put(shape: Shape, text: str | None, part: Shape) -> Shape:
    return shape if text is None else with_part(shape, _steps(text), part)


def _steps(text: str) -> Path:
    try:
        return reference_path(text)
    except PathError:
        return ()  # state_rules says so


def _check_reads(state: State, shape: Shape) -> Iterator[str]:
    base = _at(shape, state.get("InputPath", "$"))
    for text in _paths_read(state):
        try:
            paths = expression(text).state
        except PathError:
            continue  # state_rules says so
        for path in paths:
            if part_of(base, path) is None:
                yield f"reads {text}, which not every way to this state has written"
    if "ResultSelector" in state and isinstance(resource := resource_of(state), Resource):
        for text in _expressions(state["ResultSelector"]):
            if text.startswith("$.") and part_of(_answer(resource), _steps(text)) is None:
                yield f"its ResultSelector reads {text}, which the result may not have"


def _paths_read(state: State) -> Iterator[str]:
    yield from _expressions(state.get("Parameters", {}))
    for field, value in state.items():
        if field.endswith("Path") and field not in {"ResultPath", "OutputPath", "InputPath"} and value is not None:
            yield value
    if state.get("InputPath") is not None and state["InputPath"] != "$":
        yield state["InputPath"]
    for rule in state.get("Choices", []):
        yield from _variables(rule)


def _expressions(value: object) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _expressions(item)
    if isinstance(value, Mapping):
        for key, item in value.items():
            if key.endswith(".$") and isinstance(item, str):
                yield item
            else:
                yield from _expressions(item)


def _simple_rules(rule: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for key in ("And", "Or", "Not"):
        if key in rule:
            for part in rule[key] if isinstance(rule[key], list) else [rule[key]]:
                yield from _simple_rules(part)
            return
    yield rule


def _variables(rule: Mapping[str, Any]) -> Iterator[str]:
    simple = list(_simple_rules(rule))
    # A rule that first asks whether a value is there may read it.
    asked = {part.get("Variable") for part in simple if "IsPresent" in part}
    for part in simple:
        if part.get("Variable") and part["Variable"] not in asked:
            yield part["Variable"]
        yield from (value for key, value in part.items() if key.endswith("Path"))


def _check_choice(rule: Mapping[str, Any], shape: Shape) -> Iterator[str]:
    for part in _simple_rules(rule):
        operator = comparison(part)
        if operator is None or "Variable" not in part:
            continue
        found = part_of(shape, _steps(part["Variable"]))
        values = literals(found)
        if operator == "StringEquals" and values is not None and part[operator] not in values:
            expected = ", ".join(str(value) for value in values)
            yield f"{part['Variable']} is never '{part[operator]}'; its contract knows {expected}"
        if isinstance(found, type) and found in _KINDS and not operator.startswith(("Is", _KINDS[found])):
            yield f"{part['Variable']} is {_KINDS[found].lower()}, so {operator} never matches"


_KINDS = {bool: "Boolean", str: "String", int: "Numeric", float: "Numeric"}
