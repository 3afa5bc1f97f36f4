"""Refuses what SageMaker would refuse: requests outside the limits that its own service model states."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sized
from functools import cache
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape
from moto.core.utils import get_service_model
from moto.sagemaker.exceptions import ValidationError

# The model writes some patterns for Java; these are the classes of characters that Python spells differently.
JAVA_CLASSES = {r"\p{L}": r"\w", r"\p{M}": r"\w", r"\p{N}": r"\d", r"\p{Z}": " "}
NUMBERS = frozenset({"integer", "long", "float", "double"})


def check_request(operation: str, parameters: Mapping[str, Any]) -> None:
    """Raise ValidationError, worded as AWS does, when a value breaks a length, pattern, range or enum of the model."""
    shape = get_service_model("sagemaker").operation_model(operation).input_shape
    problems = list(_problems(shape, parameters, ""))
    if problems:
        plural = "s" if len(problems) > 1 else ""
        raise ValidationError(f"{len(problems)} validation error{plural} detected: {'; '.join(problems)}")


def _problems(shape: Shape | None, value: Any, path: str) -> Iterator[str]:  # noqa: ANN401 - whatever JSON holds
    if isinstance(shape, StructureShape):
        for name, member in shape.members.items():
            where = f"{path}{name[0].lower()}{name[1:]}"
            if value.get(name) is not None:
                yield from _problems(member, value[name], f"{where}.")
            elif name in shape.required_members:
                yield f"Value null at '{where}' failed to satisfy constraint: Member must not be null"
        return
    for constraint in _broken_constraints(shape, value):
        yield f"Value '{value}' at '{path.rstrip('.')}' failed to satisfy constraint: {constraint}"
    if isinstance(shape, ListShape):
        for number, item in enumerate(value, start=1):
            yield from _problems(shape.member, item, f"{path}{number}.member.")
    elif isinstance(shape, MapShape):
        for key, item in value.items():
            yield from _problems(shape.key, key, f"{path}{key}.key.")
            yield from _problems(shape.value, item, f"{path}{key}.value.")


def _broken_constraints(shape: Shape | None, value: Any) -> Iterator[str]:  # noqa: ANN401 - whatever JSON holds
    if shape is None:
        return
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if shape.type_name in NUMBERS:
        if low is not None and value < low:
            yield f"Member must have value greater than or equal to {low}"
        if high is not None and value > high:
            yield f"Member must have value less than or equal to {high}"
    elif isinstance(value, Sized):
        if low is not None and len(value) < low:
            yield f"Member must have length greater than or equal to {low}"
        if high is not None and len(value) > high:
            yield f"Member must have length less than or equal to {high}"
    if isinstance(shape, StringShape):
        pattern = shape.metadata.get("pattern")
        if pattern and not _matches(pattern, value):
            yield f"Member must satisfy regular expression pattern: {pattern}"
        if shape.enum and value not in shape.enum:
            yield f"Member must satisfy enum value set: [{', '.join(shape.enum)}]"


def _matches(pattern: str, value: str) -> bool:
    compiled = _compiled(pattern)
    return compiled is None or compiled.fullmatch(value) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    for java, python in JAVA_CLASSES.items():
        pattern = pattern.replace(java, python)
    # A length after the end of the line, as in `(…)${1,256}`, means nothing in either language.
    pattern = re.sub(r"\$\{\d+,\d+\}$", "", pattern)
    try:
        return re.compile(pattern)
    except re.error:
        return None  # a class of characters that only Java knows; AWS will check it
