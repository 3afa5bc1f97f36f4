"""Resolves CloudFormation's intrinsic functions and finds what a value depends on."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from local.cloudformation.errors import TemplateError

SUB_TOKEN = re.compile(r"\$\{(!?)([^}]*)\}")
NO_VALUE = object()


class Resolver:
    """Turns a template's value into a plain one.

    reference: answers Ref for a parameter, pseudo parameter or resource, NO_VALUE for AWS::NoValue
    attribute: answers Fn::GetAtt for a logical id and an attribute's name
    imported: answers Fn::ImportValue
    """

    def __init__(
        self,
        *,
        reference: Callable[[str], Any],
        attribute: Callable[[str, str], Any],
        imported: Callable[[str], Any],
        mappings: Mapping[str, Any],
        conditions: Mapping[str, Any],
    ) -> None:
        self._reference = reference
        self._attribute = attribute
        self._imported = imported
        self._mappings = mappings
        self._conditions = conditions
        self._functions: dict[str, Callable[[Any], Any]] = {
            "Ref": reference,
            "Condition": self.condition,
            "Fn::GetAtt": self._get_att,
            "Fn::Sub": self._sub,
            "Fn::Join": self._join,
            "Fn::If": self._if,
            "Fn::Select": self._select,
            "Fn::Split": self._split,
            "Fn::FindInMap": self._find_in_map,
            "Fn::Base64": lambda value: base64.b64encode(str(self.resolve(value)).encode()).decode(),
            "Fn::GetAZs": lambda value: [f"{self.resolve(value) or reference('AWS::Region')}{zone}" for zone in "abc"],
            "Fn::ImportValue": lambda value: imported(self.resolve(value)),
            "Fn::ToJsonString": lambda value: json.dumps(self.resolve(value), separators=(",", ":")),
            "Fn::Length": lambda value: len(self.resolve(value)),
            "Fn::Equals": lambda value: _text(self.resolve(value[0])) == _text(self.resolve(value[1])),
            "Fn::Not": lambda value: not self.resolve(value[0]),
            "Fn::And": lambda value: all(self.resolve(each) for each in value),
            "Fn::Or": lambda value: any(self.resolve(each) for each in value),
            "Fn::Contains": lambda value: _text(self.resolve(value[1])) in map(_text, self.resolve(value[0])),
        }

    def resolve(self, value: Any) -> Any:  # noqa: ANN401 - a template's values are of any JSON type
        """The plain value; what is AWS::NoValue is left out of the mapping or list around it.

        Raises TemplateError for what cannot be resolved.
        """
        if isinstance(value, dict):
            function = single_function(value)
            if function:
                if function not in self._functions:
                    raise TemplateError(f"Template error: {function} is not supported")
                return self._functions[function](value[function])
            resolved = ((key, self.resolve(each)) for key, each in value.items())
            return {key: each for key, each in resolved if each is not NO_VALUE}
        if isinstance(value, list):
            return [each for each in map(self.resolve, value) if each is not NO_VALUE]
        if isinstance(value, str) and "{{resolve:" in value:
            raise TemplateError(f"Template error: the dynamic reference {value} is not supported on a laptop")
        return value

    def condition(self, name: str) -> bool:
        """Whether a condition of the template holds.

        Raises TemplateError when there is no such condition.
        """
        if name not in self._conditions:
            raise TemplateError(f"Template format error: Unresolved condition dependency {name}")
        return bool(self.resolve(self._conditions[name]))

    def _get_att(self, value: Any) -> Any:  # noqa: ANN401
        logical_id, attribute = (
            value.split(".", 1) if isinstance(value, str) else (value[0], ".".join(map(_text, value[1:])))
        )
        return self._attribute(logical_id, self.resolve(attribute))

    def _sub(self, value: Any) -> str:  # noqa: ANN401
        template, variables = (value, {}) if isinstance(value, str) else value

        def replaced(match: re.Match[str]) -> str:
            escaped, name = match.groups()
            if escaped:
                return "${" + name + "}"
            if name in variables:
                return _text(self.resolve(variables[name]))
            return _text(self._get_att(name) if "." in name else self._reference(name.strip()))

        return SUB_TOKEN.sub(replaced, template)

    def _join(self, value: list[Any]) -> str:
        delimiter, parts = value
        return str(delimiter).join(_text(part) for part in self.resolve(parts))

    def _if(self, value: list[Any]) -> Any:  # noqa: ANN401
        name, when_true, when_false = value
        return self.resolve(when_true if self.condition(name) else when_false)

    def _select(self, value: list[Any]) -> Any:  # noqa: ANN401
        index, choices = int(self.resolve(value[0])), self.resolve(value[1])
        if not 0 <= index < len(choices):
            raise TemplateError(f"Template error: Fn::Select cannot select nonexistent value at index {index}")
        return choices[index]

    def _split(self, value: list[Any]) -> list[str]:
        delimiter, text = value
        return str(self.resolve(text)).split(delimiter)

    def _find_in_map(self, value: list[Any]) -> Any:  # noqa: ANN401
        name, first, second = (self.resolve(each) for each in value[:3])
        try:
            return self.resolve(self._mappings[name][_text(first)][_text(second)])
        except KeyError as error:
            if len(value) > 3 and "DefaultValue" in value[3]:  # noqa: PLR2004 - the optional fourth argument
                return self.resolve(value[3]["DefaultValue"])
            raise TemplateError(f"Template error: Unable to get mapping for {name}::{first}::{second}") from error


def single_function(value: Mapping[str, Any]) -> str | None:
    """The intrinsic function that a mapping stands for, or None."""
    if len(value) != 1:
        return None
    key = next(iter(value))
    is_function = key == "Ref" or (key.startswith("Fn::") and key != "Fn::Transform")
    # `Condition` is also an IAM statement's key; only as a mapping to a condition's name is it a function.
    return key if is_function or (key == "Condition" and isinstance(value[key], str)) else None


def references(value: Any) -> Iterator[str]:  # noqa: ANN401
    """Names of the parameters and resources that a value refers to, pseudo parameters among them."""
    if isinstance(value, list):
        for each in value:
            yield from references(each)
    elif isinstance(value, dict):
        function = single_function(value)
        if function == "Ref":
            yield str(value["Ref"])
        elif function == "Fn::GetAtt":
            target = value["Fn::GetAtt"]
            yield target.split(".")[0] if isinstance(target, str) else str(target[0])
        elif function == "Fn::Sub":
            template, variables = (value["Fn::Sub"], {}) if isinstance(value["Fn::Sub"], str) else value["Fn::Sub"]
            for escaped, name in SUB_TOKEN.findall(template):
                if not escaped and name not in variables:
                    yield name.strip().split(".")[0]
            yield from references(variables)
        else:
            for each in value.values():
                yield from references(each)


def _text(value: Any) -> str:  # noqa: ANN401
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ",".join(map(_text, value))
    return str(value)
