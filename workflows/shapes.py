"""What is known of a value in the run's state: its keys, or the type a contract gives it.

A shape is a dict of shapes (an object with at least these keys), a type (a value that has none), or Unknown.
"""

from __future__ import annotations

import inspect
from types import NoneType, UnionType
from typing import Any, Literal, TypeAlias, Union, get_args, get_origin

from pydantic import BaseModel

from workflows.paths import Path


class Unknown:
    """A value of which any part may be read."""


Shape: TypeAlias = Any  # a dict of shapes, a type as pydantic spells it, or Unknown; a recursive type helps nobody here


def shape_of(annotation: Shape) -> Shape:
    """Shape of a value of this type; an optional part counts as there, since the contract is dumped with every key."""
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        return {name: shape_of(field.annotation) for name, field in annotation.model_fields.items()}
    origin: object = get_origin(annotation)
    if origin in {Union, UnionType}:
        present = [option for option in get_args(annotation) if option is not NoneType]
        return shape_of(present[0]) if len(present) == 1 else Unknown
    if annotation is Any or origin in {dict, list} or annotation in {dict, list}:
        return Unknown
    return annotation


def part_of(shape: Shape, path: Path) -> Shape | None:
    """Shape at a path; None when nothing is sure to be there."""
    for step in path:
        if shape is Unknown:
            return Unknown
        if not isinstance(shape, dict) or step not in shape:
            return None
        shape = shape[step]
    return shape


def with_part(shape: Shape, path: Path, part: Shape) -> Shape:
    """The shape after something was put at a path."""
    if not path:
        return part
    if shape is Unknown:
        return Unknown
    inner = shape if isinstance(shape, dict) else {}
    return {**inner, path[0]: with_part(inner.get(path[0], {}), path[1:], part)}


def common(one: Shape, other: Shape) -> Shape:
    """What is known when either may be the case."""
    if isinstance(one, dict) and isinstance(other, dict):
        return {key: common(one[key], other[key]) for key in one if key in other}
    if one is Unknown or one == other:
        return other
    return one if other is Unknown else Unknown


def literals(shape: Shape) -> tuple[Any, ...] | None:
    """The only values a shape has, when its contract names them."""
    origin: object = get_origin(shape)
    return get_args(shape) if origin is Literal else None
