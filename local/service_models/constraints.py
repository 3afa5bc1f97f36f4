"""What a service model demands of a value: type, required and known members, length, range, pattern, enum."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape

from local.service_models.patterns import matches

Value: TypeAlias = Any  # whatever JSON holds, and datetime or bytes where a request was decoded already

WHOLE = frozenset({"integer", "long", "short", "byte"})
FRACTIONS = frozenset({"float", "double"})
# A number that JSON cannot hold is written as text.
NOT_NUMBERS = frozenset({"NaN", "Infinity", "-Infinity"})
WIRE_KINDS = {bool: "TRUE_VALUE", str: "STRING_VALUE", int: "NUMBER_VALUE", float: "DECIMAL_VALUE"}


@dataclass(frozen=True)
class Broken:
    """One broken constraint, in AWS's words; is_type: the value cannot even be read as what the model says."""

    sentence: str
    is_type: bool = False


def broken_constraints(shape: Shape | None, value: Value, place: str = "") -> Iterator[Broken]:
    """Every constraint of the shape that the value breaks.

    place: where the value is, as AWS writes it: `tags.1.member.value`; empty for the whole request.
    """
    if shape is None:
        return
    if not _is_of_type(shape, value):
        kind = WIRE_KINDS.get(type(value), "START_OF_STRUCTURE" if isinstance(value, Mapping) else "START_OF_LIST")
        yield Broken(f"{kind} at '{place}' can not be converted to {shape.type_name.capitalize()}", is_type=True)
    elif isinstance(shape, StructureShape):
        yield from _in_structure(shape, value, place)
    else:
        shown = "***" if shape.metadata.get("sensitive") else value
        for constraint in _broken_limits(shape, value):
            yield Broken(f"Value '{shown}' at '{place}' failed to satisfy constraint: {constraint}")
        if isinstance(shape, ListShape):
            for number, item in enumerate(value, start=1):
                yield from broken_constraints(shape.member, item, f"{place}.{number}.member")
        elif isinstance(shape, MapShape):
            for key, item in value.items():
                yield from broken_constraints(shape.key, key, f"{place}.{key}.key")
                yield from broken_constraints(shape.value, item, f"{place}.{key}.value")


def place_of(member: str, inside: str = "") -> str:
    """Where a member is, as AWS writes it."""
    name = member[0].lower() + member[1:]
    return f"{inside}.{name}" if inside else name


def message_of(broken: Sequence[Broken]) -> str:
    """All broken constraints of a request in one message."""
    plural = "s" if len(broken) > 1 else ""
    return f"{len(broken)} validation error{plural} detected: {'; '.join(each.sentence for each in broken)}"


def _in_structure(shape: StructureShape, value: Mapping[str, Value], place: str) -> Iterator[Broken]:
    names = {member.serialization.get("name", name): name for name, member in shape.members.items()}
    if getattr(shape, "is_document_type", False):
        return
    given = {names.get(key, key): item for key, item in value.items() if item is not None}
    for name, member in shape.members.items():
        where = place_of(name, place)
        if name in given:
            yield from broken_constraints(member, given[name], where)
        elif name in shape.required_members:
            yield Broken(f"Value null at '{where}' failed to satisfy constraint: Member must not be null")
    for name in sorted(set(given) - set(shape.members)):
        inside = f" of '{place}'" if place else ""
        yield Broken(f'Unknown parameter in input{inside}: "{name}", must be one of: {", ".join(shape.members)}')
    if getattr(shape, "is_tagged_union", False) and len(given) != 1:
        yield Broken(
            f"Value at '{place}' failed to satisfy constraint: exactly one of {', '.join(shape.members)} is set"
        )


def _is_of_type(shape: Shape, value: Value) -> bool:
    kind = shape.type_name
    if kind in WHOLE:
        return _is_number(value) and value == int(value)
    if kind in FRACTIONS:
        return _is_number(value) or (isinstance(value, str) and value in NOT_NUMBERS)
    if kind == "timestamp":
        return _is_number(value) or isinstance(value, str | datetime)
    types: dict[str, type | tuple[type, ...]] = {
        "string": str,
        "character": str,
        "boolean": bool,
        "blob": (str, bytes),
        "list": list,
        "map": Mapping,
        "structure": Mapping,
    }
    if isinstance(shape, StringShape) and shape.serialization.get("jsonvalue"):
        return True
    return isinstance(value, types[kind])


def _is_number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _broken_limits(shape: Shape, value: Value) -> Iterator[str]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    is_number = shape.type_name in WHOLE | FRACTIONS
    size = value if is_number else _length(shape, value)
    words = "value" if is_number else "length"
    if isinstance(size, int | float):
        if low is not None and size < low:
            yield f"Member must have {words} greater than or equal to {low}"
        if high is not None and size > high:
            yield f"Member must have {words} less than or equal to {high}"
    if isinstance(shape, StringShape):
        pattern = shape.metadata.get("pattern")
        if pattern and not matches(pattern, value):
            yield f"Member must satisfy regular expression pattern: {pattern}"
        if shape.enum and value not in shape.enum:
            yield f"Member must satisfy enum value set: [{', '.join(shape.enum)}]"


def _length(shape: Shape, value: Value) -> int | None:
    if shape.type_name == "blob" and isinstance(value, str):
        try:
            return len(base64.b64decode(value, validate=True))
        except binascii.Error:
            return None
    return len(value) if isinstance(value, str | bytes | list | Mapping) else None
