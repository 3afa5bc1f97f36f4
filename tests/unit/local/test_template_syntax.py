from __future__ import annotations

import pytest

from local.template_syntax import TemplateSyntaxError, parse_template


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("!Ref A", {"Ref": "A"}),
        ("!GetAtt A.Outputs.B", {"Fn::GetAtt": ["A", "Outputs.B"]}),
        ("!GetAtt [A, B]", {"Fn::GetAtt": ["A", "B"]}),
        ("!Sub ['${X}', {X: !Ref A}]", {"Fn::Sub": ["${X}", {"X": {"Ref": "A"}}]}),
        ("!If [C, !Ref A, !Ref 'AWS::NoValue']", {"Fn::If": ["C", {"Ref": "A"}, {"Ref": "AWS::NoValue"}]}),
        ("!Condition C", {"Condition": "C"}),
        ("2012-10-17", "2012-10-17"),
        ("[1, true, text]", [1, True, "text"]),
    ],
)
def test_short_forms_become_long_ones(text: str, value: object) -> None:
    assert parse_template(f"Key: {text}") == {"Key": value}


def test_json_is_read_too() -> None:
    assert parse_template('{"Key": {"Ref": "A"}}') == {"Key": {"Ref": "A"}}


@pytest.mark.parametrize("text", ["Key: [", '{"Key": ', "just text", "Key: 1\nKey: 2"])
def test_what_is_no_template_is_refused(text: str) -> None:
    with pytest.raises(TemplateSyntaxError, match="Template format error"):
        parse_template(text)
