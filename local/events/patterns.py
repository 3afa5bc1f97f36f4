"""Refuses event patterns that moto would read otherwise than EventBridge does.

moto takes an operator that it does not know for one that matches anything. Source: EventBridge user guide, "Comparison
operators for use in event patterns".
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable
from typing import Any

SCALARS = (str, int, float, bool, type(None))
COMPARISONS = {"<", "<=", "=", ">=", ">"}
TEXT = {"prefix", "suffix", "equals-ignore-case", "wildcard"}


class PatternError(ValueError):
    """The pattern is none; the message says where and why."""


def check_pattern(text: str) -> None:
    """Raise PatternError unless the laptop matches events by this pattern as EventBridge does."""
    try:
        pattern = json.loads(text)
    except ValueError as error:
        raise PatternError(f"it is not valid JSON: {error}") from error
    _check_fields(pattern, "")


def _check_fields(pattern: Any, where: str) -> None:  # noqa: ANN401 - whatever JSON holds
    if not isinstance(pattern, dict) or not pattern:
        raise PatternError(f"{where or 'it'} must be an object with at least one field")
    for name, value in pattern.items():
        path = f"{where}.{name}".lstrip(".")
        if name == "$or":
            if not isinstance(value, list) or len(value) < 2:  # noqa: PLR2004 - or takes two
                raise PatternError(f"{path} must be an array of at least two objects")
            for each in value:
                _check_fields(each, where)
        elif isinstance(value, dict):
            _check_fields(value, path)
        elif isinstance(value, list) and value:
            for each in value:
                _check_value(each, path)
        else:
            raise PatternError(f"{path} must be an object or an array that is not empty")


def _check_value(value: Any, where: str) -> None:  # noqa: ANN401 - whatever JSON holds
    if isinstance(value, SCALARS):
        return
    if not isinstance(value, dict) or len(value) != 1:
        raise PatternError(f"{where}: {json.dumps(value)} is neither a value nor one comparison")
    [(operator, operand)] = value.items()
    if not _is_comparison(operator, operand):
        raise PatternError(f"{where}: the comparison {json.dumps(value)} is not known")


def _is_comparison(operator: str, operand: Any) -> bool:  # noqa: ANN401 - whatever JSON holds
    check = OPERANDS.get(operator)
    return check is not None and check(operand)


def _is_affix(operand: Any) -> bool:  # noqa: ANN401 - whatever JSON holds
    if isinstance(operand, dict):
        return set(operand) == {"equals-ignore-case"} and isinstance(operand["equals-ignore-case"], str)
    return isinstance(operand, str)


def _is_exclusion(operand: Any) -> bool:  # noqa: ANN401 - whatever JSON holds
    if isinstance(operand, dict):
        return len(operand) == 1 and set(operand) <= TEXT and _is_text(next(iter(operand.values())))
    values = operand if isinstance(operand, list) else [operand]
    return bool(values) and all(isinstance(each, (str, int, float)) for each in values)


def _is_text(operand: Any) -> bool:  # noqa: ANN401 - whatever JSON holds
    values = operand if isinstance(operand, list) else [operand]
    return bool(values) and all(isinstance(each, str) for each in values)


def _is_numeric(operand: Any) -> bool:  # noqa: ANN401 - whatever JSON holds
    return (
        isinstance(operand, list)
        and len(operand) in {2, 4}
        and all(each in COMPARISONS for each in operand[::2])
        and all(isinstance(each, (int, float)) for each in operand[1::2])
    )


def _is_network(operand: Any) -> bool:  # noqa: ANN401 - whatever JSON holds
    try:
        ipaddress.ip_network(operand)
    except ValueError:
        return False
    return isinstance(operand, str)


OPERANDS: dict[str, Callable[[Any], bool]] = {
    "anything-but": _is_exclusion,
    "cidr": _is_network,
    "equals-ignore-case": lambda operand: isinstance(operand, str),
    "exists": lambda operand: isinstance(operand, bool),
    "numeric": _is_numeric,
    "prefix": _is_affix,
    "suffix": _is_affix,
    "wildcard": lambda operand: isinstance(operand, str),
}
