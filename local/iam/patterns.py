"""Wildcards, ARNs and policy variables.

Sources: IAM user guide, "IAM JSON policy elements: Resource", "… Condition operators" (Amazon Resource Name operators)
and "IAM policy elements: Variables and tags".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

Context = Mapping[str, Sequence[str]]

VARIABLE = re.compile(r"\$\{([^}]*)\}")
DEFAULTED = re.compile(r"([^,]+?)\s*,\s*'(.*)'")
# These stand for the characters themselves, which would be wildcards or begin a variable.
ESCAPES = {"*", "?", "$"}
ARN_PARTS = 6


def matches(pattern: str, value: str, context: Context | None = None, *, ignore_case: bool = False) -> bool:
    """Whether a value matches a pattern, in which `*` is any number of characters and `?` is one.

    context: values of policy variables by lower-case key; None when the pattern holds none, as in old policies.
    A pattern with a variable that has no value matches nothing.
    """
    if context is not None and "${" in pattern:
        expression = _expression_with_variables(pattern, context)
        if expression is None:
            return False
        flags = re.DOTALL | (re.IGNORECASE if ignore_case else 0)
        return re.fullmatch(expression, value, flags) is not None
    if pattern == "*":
        return True
    return _compiled(pattern, ignore_case).fullmatch(value) is not None


def matches_arn(pattern: str, arn: str, context: Context | None = None) -> bool:
    """Whether an ARN matches a pattern; each of the six parts between colons is matched on its own.

    The pattern `*` matches anything, and nothing else matches what is no ARN.
    """
    if pattern == "*":
        return True
    parts, wanted = arn.split(":", ARN_PARTS - 1), _arn_parts(pattern)
    if len(parts) != len(wanted) or parts[0] != "arn":
        return False
    return all(matches(want, part, context) for want, part in zip(wanted, parts, strict=True))


def substitute(text: str, context: Context) -> str | None:
    """A text with its policy variables replaced; None when one has no value."""
    parts = [value for _, value in _parts(text, context)]
    return None if None in parts else "".join(part for part in parts if part is not None)


@lru_cache(maxsize=4096)
def _compiled(pattern: str, ignore_case: bool) -> re.Pattern[str]:
    return re.compile(_expression(pattern), re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def _expression(pattern: str) -> str:
    return "".join({"*": ".*", "?": "."}.get(character) or re.escape(character) for character in pattern)


def _expression_with_variables(pattern: str, context: Context) -> str | None:
    pieces = []
    for is_variable, text in _parts(pattern, context):
        if text is None:
            return None
        # A wildcard in a variable's value is no wildcard.
        pieces.append(re.escape(text) if is_variable else _expression(text))
    return "".join(pieces)


def _parts(text: str, context: Context) -> list[tuple[bool, str | None]]:
    parts: list[tuple[bool, str | None]] = []
    end = 0
    for variable in VARIABLE.finditer(text):
        parts += [(False, text[end : variable.start()]), (True, _value(variable[1].strip(), context))]
        end = variable.end()
    return [*parts, (False, text[end:])]


def _value(name: str, context: Context) -> str | None:
    if name in ESCAPES:
        return name
    defaulted = DEFAULTED.fullmatch(name)
    key, default = (defaulted[1], defaulted[2]) if defaulted else (name, None)
    values = context.get(key.lower(), ())
    # A key of several values is no variable.
    return values[0] if len(values) == 1 else default


@lru_cache(maxsize=4096)
def _arn_parts(pattern: str) -> tuple[str, ...]:
    # Not inside ${aws:…}, which has colons of its own.
    parts: list[str] = []
    depth, part = 0, ""
    for position, character in enumerate(pattern):
        depth += (pattern[position : position + 2] == "${") - (character == "}" and depth > 0)
        if character == ":" and depth == 0 and len(parts) < ARN_PARTS - 1:
            parts.append(part)
            part = ""
        else:
            part += character
    return (*parts, part)
