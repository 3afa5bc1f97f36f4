from __future__ import annotations

import json
from typing import Any

import pytest

from local.events.inputs import InputError, target_input

RULE = "arn:aws:events:us-east-1:123456789012:rule/tell"
EVENT: dict[str, Any] = {
    "id": "1",
    "detail-type": "Alarm",
    "time": "2026-03-02T09:00:00Z",
    "detail": {"name": 'a "b"', "state": {"value": "ALARM"}, "numbers": [1, 2]},
}


def given(**target: Any) -> Any:
    return json.loads(target_input(target, EVENT, RULE))


def transformed(template: str, **paths: str) -> Any:
    return given(InputTransformer={"InputPathsMap": paths, "InputTemplate": template})


def test_a_target_is_given_the_event_a_part_of_it_or_a_fixed_text() -> None:
    assert given() == EVENT
    assert given(InputPath="$.detail.state") == {"value": "ALARM"}
    assert given(InputPath="$.detail.nothing") is None
    assert given(Input='{"recipe": "reviews"}') == {"recipe": "reviews"}


def test_a_template_takes_values_as_json_and_inside_a_text_as_text() -> None:
    paths = {"name": "$.detail.name", "numbers": "$.detail.numbers", "none": "$.detail.no"}
    assert transformed('{"alone": <name>, "list": <numbers>, "gone": <none>}', **paths) == {
        "alone": 'a "b"',
        "list": [1, 2],
        "gone": None,
    }
    assert transformed('{"text": "of <name>: <numbers><none> \\"<other>\\""}', **paths) == {
        "text": 'of a "b": [1, 2] "<other>"'
    }
    assert transformed('"<name> is in <state>"', name="$.detail.name", state="$.detail.state.value") == (
        'a "b" is in ALARM'
    )


def test_a_template_knows_the_rule_and_the_event() -> None:
    assert transformed('{"rule": <aws.events.rule-name>, "event": <aws.events.event.json>}') == {
        "rule": "tell",
        "event": EVENT,
    }


def test_a_template_that_makes_no_json_is_an_error() -> None:
    with pytest.raises(InputError, match="does not make JSON"):
        transformed("{<unknown>}")
