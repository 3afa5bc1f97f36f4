"""Reads a template, gives its parameters their values, and orders its resources."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any

from local.cloudformation.errors import TemplateError
from local.cloudformation.intrinsics import references
from local.cloudformation.rules import check_rules
from local.cloudformation.transform import apply_transforms
from local.template_syntax import TemplateSyntaxError, parse_template

SSM_PARAMETER = "AWS::SSM::Parameter::Value<"


@dataclass(frozen=True)
class Template:
    """A template ready to be deployed.

    document: after transforms;  parameters: every parameter's value, lists as lists;  hidden: those declared NoEcho
    """

    document: dict[str, Any]
    parameters: dict[str, Any]
    hidden: frozenset[str]

    @property
    def resources(self) -> dict[str, dict[str, Any]]:
        """Its resources by logical id."""
        resources: dict[str, dict[str, Any]] = self.document["Resources"]
        return resources

    def in_order(self, *, wanted: Collection[str]) -> list[str]:
        """The wanted resources, each after those it depends on.

        Raises TemplateError when they depend on each other in a circle.
        """
        graph = {name: self.dependencies(name) & set(wanted) for name in self.resources if name in wanted}
        try:
            return list(TopologicalSorter(graph).static_order())
        except CycleError as error:
            circle = ", ".join(sorted(set(error.args[1])))
            raise TemplateError(f"Circular dependency between resources: [{circle}]") from error

    def dependencies(self, name: str) -> set[str]:
        """The resources that one resource refers to or names in DependsOn."""
        declared = self.resources[name].get("DependsOn", [])
        named = {declared} if isinstance(declared, str) else set(declared)
        return (named | set(references(self.resources[name].get("Properties", {})))) & set(self.resources)


def load_template(text: str, given: Mapping[str, str], known_types: Collection[str]) -> Template:
    """Parse, transform and check a template.

    given: the parameters' values;  known_types: resource types that can be deployed, beside Custom::*
    Raises TemplateError with CloudFormation's message.
    """
    try:
        document = parse_template(text)
    except TemplateSyntaxError as error:
        raise TemplateError(str(error)) from error
    if not isinstance(document.get("Resources"), dict) or not document["Resources"]:
        raise TemplateError("Template format error: At least one Resources member must be defined.")
    declared: dict[str, dict[str, Any]] = document.get("Parameters") or {}
    parameters = _parameter_values(declared, given)
    check_rules(document.get("Rules") or {}, parameters)
    document = apply_transforms(document, parameters)
    _check_types(document["Resources"], known_types)
    _check_references(document, set(parameters))
    hidden = frozenset(name for name, each in declared.items() if str(each.get("NoEcho", False)).lower() == "true")
    return Template(document, parameters, hidden)


def _check_types(resources: Mapping[str, Any], known_types: Collection[str]) -> None:
    for name, resource in resources.items():
        if not isinstance(resource, dict) or "Type" not in resource:
            raise TemplateError(
                f"Template format error: [/Resources/{name}] Every Resources object must contain a Type member."
            )
    types = {resource["Type"] for resource in resources.values()}
    unknown = sorted(each for each in types if each not in known_types and not each.startswith("Custom::"))
    if unknown:
        raise TemplateError(f"Template format error: Unrecognized resource types: [{', '.join(unknown)}]")


def _check_references(document: Mapping[str, Any], parameters: set[str]) -> None:
    known = parameters | set(document["Resources"])
    for name, resource in document["Resources"].items():
        depends_on = resource.get("DependsOn", [])
        named = {depends_on} if isinstance(depends_on, str) else set(depends_on)
        used = {each for each in references(resource.get("Properties", {})) if not each.startswith("AWS::")}
        missing = sorted((used - known) | (named - set(document["Resources"])))
        if missing:
            raise TemplateError(
                f"Template format error: Unresolved resource dependencies [{', '.join(missing)}] "
                f"in the Resources block of the template (used by {name})"
            )
    used = {each for each in references(document.get("Outputs") or {}) if not each.startswith("AWS::")}
    if used - known:
        missing = sorted(used - known)
        raise TemplateError(
            f"Template format error: Unresolved resource dependencies [{', '.join(missing)}] "
            "in the Outputs block of the template"
        )


def _parameter_values(declared: Mapping[str, dict[str, Any]], given: Mapping[str, str]) -> dict[str, Any]:
    unknown = sorted(set(given) - set(declared))
    if unknown:
        raise TemplateError(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    missing = [name for name, each in declared.items() if name not in given and "Default" not in each]
    if missing:
        raise TemplateError(f"Parameters: [{', '.join(missing)}] must have values")
    return {name: _parameter_value(name, each, given.get(name, each.get("Default"))) for name, each in declared.items()}


def _parameter_value(name: str, declared: Mapping[str, Any], given: Any) -> Any:  # noqa: ANN401
    kind = str(declared.get("Type", "String"))
    text = str(given).lower() if isinstance(given, bool) else str(given)
    if kind.startswith(SSM_PARAMETER):
        raise TemplateError(f"Parameter {name}: the laptop does not look up {kind}")
    is_list = kind == "CommaDelimitedList" or kind.startswith("List<")
    values = [each.strip() for each in text.split(",")] if is_list else [text]
    for value in values:
        _check_parameter(name, declared, kind, value)
    return values if is_list else text


def _check_parameter(name: str, declared: Mapping[str, Any], kind: str, value: str) -> None:
    wanted = declared.get("ConstraintDescription")
    allowed = [str(each) for each in declared.get("AllowedValues", [])]
    if allowed and value not in allowed:
        raise TemplateError(f"Parameter '{name}' {wanted or 'must be one of AllowedValues'}: [{', '.join(allowed)}]")
    pattern = declared.get("AllowedPattern")
    if pattern and not re.fullmatch(pattern, value):
        raise TemplateError(
            f"Parameter {name} failed to satisfy constraint: {wanted or f'must match pattern {pattern}'}"
        )
    if "Number" in kind:
        try:
            size = float(value)
        except ValueError:
            raise TemplateError(f"Parameter '{name}' must be a number, not '{value}'") from None
        low, high, what = declared.get("MinValue"), declared.get("MaxValue"), "a number"
    else:
        size, low, high, what = len(value), declared.get("MinLength"), declared.get("MaxLength"), "of a length"
    if (low is not None and size < float(low)) or (high is not None and size > float(high)):
        raise TemplateError(f"Parameter '{name}' {wanted or f'must be {what} from {low} to {high}'}")
