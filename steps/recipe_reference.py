"""The reference of every key of a recipe, written from the recipe model.

Writes  --output FILE  Markdown: a table for each section with its keys, kinds, limits, defaults and meanings
Run     python -m steps.recipe_reference --output docs/recipes.md
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from steps.recipe import Recipe

if TYPE_CHECKING:
    from collections.abc import Sequence

HEAD = """# Recipes

A recipe is all that makes one model different from another: `recipes/<name>/recipe.yaml`. A key that is not listed here
is an error, and so is a value beyond its limits; the message names the key. Durations are in seconds and shares lie
between 0 and 1. `recipes/review-snippets/recipe.yaml` is one to copy, with a comment on each section.

This page is written from the model in `steps/recipe.py` by `python -m steps.recipe_reference --output docs/recipes.md`.
"""
# How JSON Schema calls a limit, and how a reader does.
LIMITS = {
    "minimum": "at least {}",
    "exclusiveMinimum": "above {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "below {}",
    "maxLength": "at most {} characters",
    "minItems": "at least {}",
    "minProperties": "at least {}",
    "maxProperties": "at most {}",
}
KINDS = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false"}

Schema = dict[str, Any]


def recipe_reference() -> str:
    """The whole page."""
    schema = Recipe.model_json_schema()
    return "\n".join([HEAD, _section("", schema, schema["$defs"])])


def _section(path: str, section: Schema, definitions: dict[str, Schema]) -> str:
    """A section's table, then those of the sections inside it."""
    lines = [f"## `{path}`\n\n{section['description']}\n" if path else "## Top level\n"]
    lines += ["| key | value | default | meaning |", "| --- | --- | --- | --- |"]
    inner = []
    for name, field in section["properties"].items():
        shape, is_list = _shape(field)
        key = f"{path}.{name}".lstrip(".")
        if "$ref" in shape:
            definition = definitions[shape["$ref"].rsplit("/", 1)[-1]]
            deeper = f"{key}[]" if is_list else key
            inner.append(_section(deeper, definition, definitions))
            value, meaning = f"see `{deeper}`", field.get("description") or definition["description"]
        else:
            value, meaning = _value(shape, is_list=is_list), field["description"]
        needed = name in section.get("required", [])
        lines.append(f"| `{name}` | {value} | {_default(field, needed=needed)} | {meaning} |")
    return "\n".join([*lines, "", *inner])


def _shape(field: Schema) -> tuple[Schema, bool]:
    """What one value looks like, and whether there is a list of them; an optional field's None is left out."""
    chosen: Schema = next((one for one in field.get("anyOf", []) if one.get("type") != "null"), field)
    if chosen.get("type") == "array":
        return chosen["items"], True
    return chosen, False


def _value(shape: Schema, *, is_list: bool) -> str:
    if "enum" in shape:
        return ", ".join(f"`{choice}`" for choice in shape["enum"])
    kind = "keys and values" if shape["type"] == "object" else KINDS[shape["type"]]
    limits = [words.format(_number(shape[name])) for name, words in LIMITS.items() if name in shape]
    return ", ".join([f"list of {kind}" if is_list else kind, *limits])


def _number(limit: float) -> float:
    """A limit as it was written: pydantic makes `0` of a decimal key `0.0`."""
    return int(limit) if float(limit).is_integer() else limit


def _default(field: Schema, *, needed: bool) -> str:
    if needed:
        return "needed"
    default = field.get("default")
    return "" if default is None or isinstance(default, dict) else f"`{json.dumps(default)}`"


def main(argv: Sequence[str] | None = None) -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description="Write the reference of a recipe's keys.")
    parser.add_argument("--output", type=Path, required=True, help="Markdown file to write")
    parser.parse_args(argv).output.write_text(recipe_reference(), encoding="utf-8")


if __name__ == "__main__":
    main()
