"""What a rule's target is given: the event, a part of it, a fixed text, or a template filled in.

Source: EventBridge user guide, "Input transformation".
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from jsonpath_ng.parser import parse

PLACEHOLDER = re.compile(r"<([A-Za-z0-9_.-]+)>")
# A text in quotes, with whatever is escaped in it; or a placeholder outside of any.
PART = re.compile(r'"(?:[^"\\]|\\.)*"|<[A-Za-z0-9_.-]+>')


class InputError(ValueError):
    """A target's input cannot be made from the event."""


def target_input(target: Mapping[str, Any], event: Mapping[str, Any], rule_arn: str) -> str:
    """The JSON that a target is called with; raises InputError."""
    if "Input" in target:
        return str(target["Input"])
    if "InputPath" in target:
        return json.dumps(_find(target["InputPath"], event))
    transformer = target.get("InputTransformer")
    if transformer is None:
        return json.dumps(event)
    values = {name: _find(path, event) for name, path in transformer.get("InputPathsMap", {}).items()}
    values |= {
        "aws.events.rule-arn": rule_arn,
        "aws.events.rule-name": rule_arn.rpartition("/")[2],
        "aws.events.event.ingestion-time": event["time"],
        "aws.events.event": {key: value for key, value in event.items() if key != "detail"},
        "aws.events.event.json": dict(event),
    }
    return _fill(transformer["InputTemplate"], values)


def _find(path: str, event: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a part of the event
    """What a JSON path leads to in the event; None when it leads to nothing."""
    matches = parse(path).find(event)
    return matches[0].value if matches else None


def _fill(template: str, values: Mapping[str, Any]) -> str:
    """The template with values: as JSON where a placeholder stands alone, as text inside a text.

    A placeholder that nothing defines stays as it is inside a text; outside, it makes the result no JSON.
    """

    def inside(match: re.Match[str]) -> str:
        if match[1] not in values:
            return match[0]
        value = values[match[1]]
        text = "" if value is None else value if isinstance(value, str) else json.dumps(value)
        return json.dumps(text)[1:-1]

    def part(match: re.Match[str]) -> str:
        if match[0].startswith('"'):
            return PLACEHOLDER.sub(inside, match[0])
        name = match[0][1:-1]
        return json.dumps(values[name]) if name in values else match[0]

    filled = PART.sub(part, template)
    try:
        json.loads(filled)
    except ValueError as error:
        raise InputError(f"the input template does not make JSON: {error}") from error
    return filled
