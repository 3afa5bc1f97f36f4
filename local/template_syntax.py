"""Reads CloudFormation's YAML and JSON; short forms such as `!Ref` become their long forms."""

from __future__ import annotations

import json
from collections.abc import Hashable
from typing import Any

import yaml


class TemplateSyntaxError(ValueError):
    """The text is no template."""


class _Loader(yaml.SafeLoader):
    """YAML as CloudFormation reads it: dates stay strings, and a key given twice is an error."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - the name and kind that yaml looks for
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Build a mapping, whose keys must differ."""
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.constructor.ConstructorError(None, None, f"the key '{key}' is given twice", node.start_mark)
        return super().construct_mapping(node, deep)


def _construct_short_form(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _construct_short_form)


def parse_template(text: str) -> dict[str, Any]:
    """The template as plain values, intrinsic functions in their long form.

    Raises TemplateSyntaxError saying what is wrong and where.
    """
    try:
        # JSON first: it is a subset of YAML almost everywhere, and much faster to read.
        document = json.loads(text) if text.lstrip().startswith("{") else yaml.load(text, Loader=_Loader)  # noqa: S506
    except (yaml.YAMLError, ValueError) as error:
        raise TemplateSyntaxError(f"Template format error: {error}") from error
    if not isinstance(document, dict):
        raise TemplateSyntaxError("Template format error: the template is no mapping")
    return document
