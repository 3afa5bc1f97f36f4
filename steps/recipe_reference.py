"""The reference of every key of a recipe, written from the recipe model.

Changes --output FILE  Markdown: what follows the line `## Every key` becomes a table for each section with its keys,
                       kinds, limits, defaults and meanings; what stands before it is written by hand
Run     python -m steps.recipe_reference --output docs/recipes.md
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from steps.recipe import Recipe
from steps.recipe_sections.base import WANTED
from steps.recipe_sections.data_rules import Rule

if TYPE_CHECKING:
    from collections.abc import Sequence

HEADING = "## Every key\n"
INTRODUCTION = """
A key that is not listed here is an error, and so is a value beyond its limits; the message names the key. Durations are
in seconds and shares lie between 0 and 1. From here on the page is written from the model in `steps/recipe.py` by
`python -m steps.recipe_reference --output docs/recipes.md`.
"""
# How JSON Schema calls a limit, and how a reader does.
LIMITS = {
    "minimum": "at least {}",
    "exclusiveMinimum": "above {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "below {}",
    "maxLength": "at most {} characters",
    "minItems": "at least {}",
    "maxItems": "at most {}",
    "minProperties": "at least {}",
    "maxProperties": "at most {}",
}
KINDS = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false"}

Schema = dict[str, Any]


def with_reference(page: str) -> str:
    """The page with its reference written anew; raises ValueError when it has no place for one."""
    by_hand, heading, _ = page.partition(HEADING)
    if not heading:
        raise ValueError(f"the page has no line '{HEADING.strip()}', below which the reference is written")
    schema = Recipe.model_json_schema()
    return "\n".join([by_hand + heading + INTRODUCTION, _section("", schema, schema["$defs"])])


def _section(path: str, section: Schema, definitions: dict[str, Schema]) -> str:
    """A section's table, then those of the sections inside it."""
    lines = [f"### `{path}`\n\n{_in_one_line(section)}\n" if path else "### Top level\n"]
    lines += ["| key | value | default | meaning |", "| --- | --- | --- | --- |"]
    inner = []
    for name, whole_field in section["properties"].items():
        key = f"{path}.{name}".lstrip(".")
        field = _without_rule(whole_field, definitions)
        deeper = _inner_sections(key, field)
        inner += [_section(found, definitions[reference], definitions) for found, reference in deeper]
        if deeper:
            value = "see " + " or ".join(f"`{found}`" for found, _ in deeper)
            meaning = field.get("description") or _in_one_line(definitions[deeper[0][1]])
        else:
            value, meaning = _value(field), field["description"]
        needed = name in section.get("required", [])
        lines.append(f"| `{name}` | {value} | {_default(field, needed=needed)} | {meaning} |")
    return "\n".join([*lines, "", *inner])


def _in_one_line(section: Schema) -> str:
    return " ".join(section["description"].split())


def _without_rule(field: Schema, definitions: dict[str, Schema]) -> Schema:
    """A rule's field told as its limit, and its default with the severity."""
    for choice in field.get("anyOf", [field]):
        rule = definitions.get(choice.get("$ref", "").rsplit("/", 1)[-1], {})
        if set(rule.get("properties", {})) == set(Rule.model_fields):
            return {**field, "anyOf": [rule["properties"]["limit"]]}
    return field


def _inner_sections(key: str, field: Schema) -> list[tuple[str, str]]:
    """Paths and names of the sections that a key holds: one, one of several, a list of them, or one for each key."""
    choices = _choices(field)
    several = len(choices) > 1
    found = []
    for choice in choices:
        path, holder = key, choice
        if choice.get("type") == "array":
            path, holder = f"{key}[]", choice["items"]
        elif isinstance(choice.get("additionalProperties"), dict):
            path, holder = f"{key}.<name>", choice["additionalProperties"]
        if "$ref" in holder:
            reference = holder["$ref"].rsplit("/", 1)[-1]
            found.append((f"{path} ({_kind_of_section(reference)})" if several else path, reference))
    return found


def _kind_of_section(reference: str) -> str:
    """`PackageSource` -> `package`: what tells one choice from another."""
    return reference.removesuffix("Source").removesuffix("Section").lower()


def _choices(field: Schema) -> list[Schema]:
    """What a value may be; left out are None and the text that may stand for a number."""
    found = [one for one in field.get("anyOf", [field]) if one.get("type") != "null"]
    numbers = [one for one in found if one.get("type") == "number"]
    return numbers if numbers and all(one in numbers or "pattern" in one for one in found) else found


def _value(field: Schema) -> str:
    return " or ".join(dict.fromkeys(_kind(choice) for choice in _choices(field)))


def _kind(shape: Schema) -> str:
    """`text, at most 30 characters`, `list, at most 100: text`, `names, at least 1: number`."""
    if "enum" in shape:
        return ", ".join(f"`{choice}`" for choice in shape["enum"])
    if shape["type"] == "array":
        return f"{', '.join(['list', *_limits(shape)])}: {_value(shape['items'])}"
    if shape["type"] == "object":
        # Where the names follow a pattern, what they name stands beneath it.
        values = shape.get("additionalProperties") or next(iter(shape["patternProperties"].values()))
        return f"{', '.join(['keys', *_limits(shape)])}: {_value(values)}"
    return ", ".join([KINDS[shape["type"]], *_limits(shape)])


def _limits(shape: Schema) -> list[str]:
    limits = [words.format(_number(shape[name])) for name, words in LIMITS.items() if name in shape]
    wanted = WANTED.get(shape.get("pattern", ""))
    return [*limits, wanted] if wanted else limits


def _number(limit: float) -> float:
    """A limit as it was written: pydantic makes `0` of a decimal key `0.0`."""
    return int(limit) if float(limit).is_integer() else limit


def _default(field: Schema, *, needed: bool) -> str:
    if needed:
        return "needed"
    default = field.get("default")
    if isinstance(default, dict) and set(default) == set(Rule.model_fields):
        return f"`{json.dumps(default['limit'])}`, {default['severity']}"
    return "" if default is None or isinstance(default, dict) else f"`{json.dumps(default)}`"


def main(argv: Sequence[str] | None = None) -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description="Write the reference of a recipe's keys into a page.")
    parser.add_argument("--output", type=Path, required=True, help="Markdown file with the line ## Every key")
    page: Path = parser.parse_args(argv).output
    page.write_text(with_reference(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
