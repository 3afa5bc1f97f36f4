"""Rules about how states follow each other: transitions that lead somewhere, ends in reach, results that stay."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from workflows.problems import Problem, State, States

ENDS = frozenset({"Succeed", "Fail"})


def next_states(state: State) -> Iterator[str]:
    """Every state that may follow, by whatever way."""
    for key in ("Next", "Default"):
        if key in state:
            yield state[key]
    for rule in [*state.get("Choices", []), *state.get("Catch", [])]:
        if "Next" in rule:
            yield rule["Next"]


def check_flow(definition: dict[str, Any]) -> Iterator[Problem]:
    """Transitions and ends."""
    states: States = definition["States"]
    start = definition.get("StartAt", "")
    if start not in states:
        yield Problem("StartAt", f"there is no state {start or 'named'}")
        return
    for name, state in states.items():
        for target in next_states(state):
            if target not in states:
                yield Problem(name, f"leads to {target}, and there is no such state")
    reached = _closure({start}, {name: set(next_states(state)) for name, state in states.items()})
    for name in states:
        if name not in reached:
            yield Problem(name, "no path from StartAt leads to it")
    before: dict[str, set[str]] = {}
    for name, state in states.items():
        for target in next_states(state):
            before.setdefault(target, set()).add(name)
    ends = {name for name, state in states.items() if state.get("Type") in ENDS or state.get("End")}
    ending = _closure(ends, before)
    for name in states:
        if name not in ending:
            yield Problem(name, "no path from it leads to an end")


def check_results(states: States, input_fields: frozenset[str]) -> Iterator[Problem]:
    """Every result has a place of its own: nothing is overwritten that a later state may want to read.

    input_fields: top-level keys of the execution's input.
    """
    places: dict[str, str] = {}
    for name, state in states.items():
        if state.get("Type") not in {"Task", "Pass"}:
            continue
        place = state.get("ResultPath", "$")
        if place is None:
            continue
        yield from _check_place(name, place, input_fields)
        for other, taken in places.items():
            if _overlap(place, taken):
                yield Problem(name, f"its ResultPath {place} overwrites {taken}, the result of {other}")
        places[name] = place
    for name, state in states.items():
        for rule in state.get("Catch", []):
            place = rule.get("ResultPath", "$")
            yield from _check_place(name, place, input_fields)
            for other, taken in places.items():
                if _overlap(place, taken):
                    yield Problem(name, f"its Catch puts the error at {place} over {taken}, the result of {other}")


def _check_place(name: str, place: str, input_fields: frozenset[str]) -> Iterator[Problem]:
    if place == "$":
        yield Problem(name, "without a ResultPath of its own its result replaces the whole state")
    elif place.removeprefix("$.") in input_fields:
        yield Problem(name, f"its ResultPath {place} overwrites the execution's input")


def _overlap(one: str, other: str) -> bool:
    return one == other or one.startswith((f"{other}.", f"{other}[")) or other.startswith((f"{one}.", f"{one}["))


def _closure(begin: set[str], following: dict[str, set[str]]) -> set[str]:
    found, frontier = set(begin), list(begin)
    while frontier:
        for name in following.get(frontier.pop(), set()) - found:
            found.add(name)
            frontier.append(name)
    return found
