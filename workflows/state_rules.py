"""Rules that one state keeps or breaks by itself: its fields, its paths, its choices and its limits in time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from workflows.integrations import MAX_STATE_NAME_CHARACTERS, MAX_TIMEOUT_SECONDS
from workflows.paths import PathError, expression, reference_path
from workflows.problems import Problem, State

_EVERY = {"Type", "Comment"}
_FLOWING = {*_EVERY, "InputPath", "OutputPath"}
FIELDS = {
    "Task": {
        *_FLOWING,
        *("Next", "End", "Resource", "Parameters", "ResultSelector", "ResultPath", "Retry", "Catch", "Credentials"),
        *("TimeoutSeconds", "TimeoutSecondsPath", "HeartbeatSeconds", "HeartbeatSecondsPath"),
    },
    "Pass": {*_FLOWING, "Next", "End", "Result", "Parameters", "ResultPath"},
    "Choice": {*_FLOWING, "Choices", "Default"},
    "Wait": {*_FLOWING, "Next", "End", "Seconds", "SecondsPath", "Timestamp", "TimestampPath"},
    "Succeed": _FLOWING,
    "Fail": {*_EVERY, "Error", "ErrorPath", "Cause", "CausePath"},
}
JSONATA = {"QueryLanguage", "Arguments", "Output", "Assign", "Items"}
WAITS = ("Seconds", "SecondsPath", "Timestamp", "TimestampPath")
COMPARISONS = re.compile(
    r"(String|Numeric|Timestamp)(Equals|LessThan|LessThanEquals|GreaterThan|GreaterThanEquals)(Path)?"
    r"|Boolean(Equals|EqualsPath)|StringMatches|Is(Null|Present|Numeric|String|Boolean|Timestamp)"
)
VALUES: dict[str, type | tuple[type, ...]] = {
    "String": str,
    "Timestamp": str,
    "Numeric": (int, float),
    "Boolean": bool,
    "Is": bool,
}


def check_state(name: str, state: State) -> Iterator[Problem]:
    """Every rule that needs nothing but the state."""
    if len(name) > MAX_STATE_NAME_CHARACTERS:
        yield Problem(name, f"its name has {len(name)} characters; {MAX_STATE_NAME_CHARACTERS} are allowed")
    known = FIELDS.get(state.get("Type", ""))
    if known is None:
        yield Problem(name, f"its type {state.get('Type')} is none that this check follows: {', '.join(FIELDS)}")
        return
    yield from (Problem(name, what) for what in _check_fields(state, known))
    yield from (Problem(name, what) for what in _check_paths(state))
    checks = {"Task": _check_times, "Wait": _check_wait, "Choice": _check_choices}
    if check := checks.get(state["Type"]):
        yield from (Problem(name, what) for what in check(state))


def comparison(rule: Mapping[str, Any]) -> str | None:
    """The comparison operator of a simple choice rule."""
    return next((key for key in rule if COMPARISONS.fullmatch(key)), None)


def _check_fields(state: State, known: set[str]) -> Iterator[str]:
    for field in state:
        if field in JSONATA:
            yield f"{field} belongs to JSONata and variables, which the laptop's interpreter does not know"
        elif field not in known:
            yield f"a {state['Type']} state has no field {field}"
    if state["Type"] in {"Task", "Pass", "Wait"} and ("Next" in state) == bool(state.get("End")):
        yield "it needs either Next or End"


def _check_paths(state: State) -> Iterator[str]:
    for field in ("InputPath", "OutputPath", "ResultPath", *(field for field in state if field.endswith("Path"))):
        if state.get(field) is not None:
            yield from _try(reference_path, state[field], field)
    for field in ("Parameters", "ResultSelector"):
        if field in state:
            yield from _check_template(state[field], field)


def _check_template(value: object, where: str) -> Iterator[str]:
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from _check_template(item, f"{where}[{number}]")
    elif isinstance(value, str) and re.match(r"\$[.$\[]|States\.\w+\(", value):
        yield f"{where} is sent as the text '{value}'; a path or function is read only under a key that ends in .$"
    if not isinstance(value, Mapping):
        return
    for key, item in value.items():
        if not key.endswith(".$"):
            yield from _check_template(item, f"{where}.{key}")
        elif not isinstance(item, str):
            yield f"{where}.{key} must be a path or an intrinsic function"
        else:
            yield from _try(expression, item, f"{where}.{key}")
        if key.endswith(".$") and key.removesuffix(".$") in value:
            yield f"{where} gives {key.removesuffix('.$')} twice"


def _try(read: Any, text: str, where: str) -> Iterator[str]:  # noqa: ANN401 - either reader of workflows.paths
    try:
        read(text)
    except PathError as error:
        yield f"{where}: {error}"


def _check_times(state: State) -> Iterator[str]:
    if "TimeoutSeconds" not in state and "TimeoutSecondsPath" not in state:
        yield "a Task needs TimeoutSeconds or TimeoutSecondsPath, else it may wait for a year"
    for field in ("TimeoutSeconds", "HeartbeatSeconds"):
        if field in state and f"{field}Path" in state:
            yield f"it has both {field} and {field}Path"
        if field in state and not _is_whole(state[field], 1, MAX_TIMEOUT_SECONDS):
            yield f"{field} must be a whole number from 1 to {MAX_TIMEOUT_SECONDS}, not {state[field]}"
    timeout, heartbeat = state.get("TimeoutSeconds"), state.get("HeartbeatSeconds")
    if isinstance(timeout, int) and isinstance(heartbeat, int) and heartbeat >= timeout:
        yield "HeartbeatSeconds must be smaller than TimeoutSeconds"


def _check_wait(state: State) -> Iterator[str]:
    given = [field for field in WAITS if field in state]
    if len(given) != 1:
        yield f"a Wait state needs exactly one of {', '.join(WAITS)}, not {len(given)}"
    if "Seconds" in state and not _is_whole(state["Seconds"], 0, MAX_TIMEOUT_SECONDS):
        yield f"Seconds must be a whole number from 0 to {MAX_TIMEOUT_SECONDS}, not {state['Seconds']}"


def _check_choices(state: State) -> Iterator[str]:
    if not state.get("Choices"):
        yield "a Choice state needs at least one choice"
    if "Default" not in state:
        yield "a Choice state without Default fails with States.NoChoiceMatched on a value nobody thought of"
    for number, rule in enumerate(state.get("Choices", [])):
        where = f"Choices[{number}]"
        if "Next" not in rule:
            yield f"{where} needs Next"
        yield from _check_rule({key: value for key, value in rule.items() if key not in {"Next", "Comment"}}, where)


def _check_rule(rule: Mapping[str, Any], where: str) -> Iterator[str]:
    combined = [key for key in ("And", "Or", "Not") if key in rule]
    if combined:
        inner = rule[combined[0]]
        for part in inner if isinstance(inner, list) else [inner]:
            yield from _check_rule(part, f"{where}.{combined[0]}")
        return
    operators = [key for key in rule if key != "Variable"]
    if "Variable" not in rule or len(operators) != 1:
        yield f"{where} needs Variable and exactly one comparison"
        return
    yield from _try(reference_path, rule["Variable"], f"{where}.Variable")
    operator = operators[0]
    if not COMPARISONS.fullmatch(operator):
        yield f"{where}: {operator} is no comparison"
    elif operator.endswith("Path"):
        yield from _try(reference_path, rule[operator], f"{where}.{operator}")
    else:
        kind = next(kind for kind in VALUES if operator.startswith(kind))
        if not isinstance(rule[operator], VALUES[kind]) or (kind == "Numeric" and isinstance(rule[operator], bool)):
            yield f"{where}: {operator} cannot compare with {rule[operator]!r}"


def _is_whole(value: object, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most
