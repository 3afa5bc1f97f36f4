"""Finds the route of an HTTP API that answers a request."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

VARIABLE = re.compile(r"\{([^}+]+)(\+?)\}")
DEFAULT = "$default"


@dataclass(frozen=True)
class Match:
    """A route key, and what its path's variables stand for."""

    route_key: str
    path_parameters: dict[str, str]


def find_route(route_keys: Iterable[str], method: str, path: str) -> Match | None:
    """The most specific route for a request: a full path before one with variables, those before a greedy one.

    A route for the request's own method comes before one for ANY, and $default after all others.
    Source: API Gateway developer guide, "Working with routes for HTTP APIs".
    """
    best: tuple[tuple[object, ...], Match] | None = None
    for route_key in route_keys:
        rank_and_match = _match(route_key, method, path)
        if rank_and_match is not None and (best is None or rank_and_match[0] < best[0]):
            best = rank_and_match
    return best[1] if best else None


def _match(route_key: str, method: str, path: str) -> tuple[tuple[object, ...], Match] | None:
    if route_key == DEFAULT:
        return (2, 0, 0, False), Match(route_key, {})
    route_method, _, template = route_key.partition(" ")
    if route_method not in {method, "ANY"}:
        return None
    matched = _pattern(template).fullmatch(path)
    if matched is None:
        return None
    variables = VARIABLE.findall(template)
    values = dict(zip((name for name, _ in variables), matched.groups(), strict=True))
    greedy = any(plus for _, plus in variables)
    literal = len(VARIABLE.sub("", template))
    return (int(greedy), len(variables), -literal, route_method == "ANY"), Match(route_key, values)


def _pattern(template: str) -> re.Pattern[str]:
    parts = []
    end = 0
    for variable in VARIABLE.finditer(template):
        parts.append(re.escape(template[end : variable.start()]))
        parts.append("(.+)" if variable[2] else "([^/]+)")
        end = variable.end()
    return re.compile("".join(parts) + re.escape(template[end:]))
