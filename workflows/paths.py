"""Reads JSONPaths and intrinsic functions of a definition: are they well formed, and what do they read?

Only reference paths, which name one value: `$.a.b`, `$.a['b c']`, `$.a[0]`. AWS takes wildcards and filters in some
places; a definition whose data flow can be followed does without.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from workflows.integrations import CONTEXT, INTRINSICS

Path = tuple[str | int, ...]

_STEP = re.compile(r"\.(?P<name>[A-Za-z_]\w*)|\['(?P<quoted>[^'\\]+)'\]|\[(?P<index>\d+)\]")
_CALL = re.compile(r"States\.(\w+)\(")
_TEXT = re.compile(r"'((?:[^'\\]|\\.)*)'")
_WORD = re.compile(r"-?\d+(\.\d+)?|true|false|null")
_ARGUMENT_PATH = re.compile(r"\$(?:\['[^']*'\]|[^,()\s'])*")
_PLACEHOLDER = re.compile(r"(?<!\\)\{\}")


class PathError(ValueError):
    """A path or intrinsic function that AWS would refuse or that names more than one value."""


@dataclass(frozen=True)
class Reads:
    """What an expression reads: paths into the state's input, and paths into the context object."""

    state: tuple[Path, ...] = ()
    context: tuple[Path, ...] = ()


def reference_path(text: str) -> Path:
    """The keys and indices of a path into the state's input; `$` alone is ()."""
    if not text.startswith("$") or text.startswith("$$"):
        raise PathError(f"'{text}' is no path into the state's input; such a path begins with $ and a dot")
    return _steps(text, 1)


def expression(text: str) -> Reads:
    """What the value of a key ending in `.$` reads: a path, a context path or an intrinsic function."""
    if text.startswith("States."):
        reads, end = _call(text, 0)
        if text[end:].strip():
            raise PathError(f"'{text}' goes on after its function")
        return reads
    return _path(text)


def _path(text: str) -> Reads:
    if not text.startswith("$$"):
        return Reads(state=(reference_path(text),))
    path = _steps(text, 2)
    if path and (path[0] not in CONTEXT or (len(path) > 1 and path[1] not in CONTEXT[str(path[0])])):
        raise PathError(f"'{text}' is not in the context object")
    return Reads(context=(path,))


def _steps(text: str, position: int) -> Path:
    steps: list[str | int] = []
    while position < len(text):
        match = _STEP.match(text, position)
        if match is None:
            raise PathError(
                f"'{text}' is no reference path: at '{text[position:]}' expected .name, ['name'] or [number]"
            )
        index = match["index"]
        steps.append(match["name"] or match["quoted"] if index is None else int(index))
        position = match.end()
    return tuple(steps)


def _call(text: str, position: int) -> tuple[Reads, int]:
    """Reads of the function call at a position, and where it ends."""
    match = _CALL.match(text, position)
    if match is None:
        raise PathError(f"'{text}' holds no function call at '{text[position:]}'")
    name, position = match[1], match.end()
    if name not in INTRINSICS:
        raise PathError(f"States.{name} is no intrinsic function")
    state: list[Path] = []
    context: list[Path] = []
    arguments: list[str] = []
    while not text.startswith(")", position := _past_spaces(text, position)):
        start = position
        reads, position = _argument(text, position)
        state += reads.state
        context += reads.context
        arguments.append(text[start:position])
        position = _past_spaces(text, position)
        if text.startswith(",", position):
            position += 1
        elif not text.startswith(")", position):
            raise PathError(f"'{text}' lacks a comma or closing bracket")
    _check_arguments(name, arguments)
    return Reads(tuple(state), tuple(context)), position + 1


def _argument(text: str, position: int) -> tuple[Reads, int]:
    if text.startswith("States.", position):
        return _call(text, position)
    if path := _ARGUMENT_PATH.match(text, position):
        return _path(path[0]), path.end()
    literal = _TEXT.match(text, position) or _WORD.match(text, position)
    if literal is None:
        raise PathError(f"'{text}': at '{text[position:]}' expected a path, a 'text', a number or a function")
    return Reads(), literal.end()


def _check_arguments(name: str, arguments: list[str]) -> None:
    fewest, most = INTRINSICS[name]
    if len(arguments) < fewest or (most is not None and len(arguments) > most):
        limit = f"{fewest}" if fewest == most else f"{fewest} to {most or 'any number of'}"
        raise PathError(f"States.{name} takes {limit} arguments, not {len(arguments)}")
    if name == "Format" and arguments[0].startswith("'"):
        places = len(_PLACEHOLDER.findall(arguments[0]))
        if places != len(arguments) - 1:
            raise PathError(f"States.Format has {places} places for {len(arguments) - 1} values")


def _past_spaces(text: str, position: int) -> int:
    while text.startswith(" ", position):
        position += 1
    return position
