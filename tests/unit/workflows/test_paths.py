"""Paths and intrinsic functions: what they read, and what AWS would refuse."""

from __future__ import annotations

import pytest

from workflows.paths import PathError, Reads, expression, reference_path


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("$", ()),
        ("$.a", ("a",)),
        ("$.a.b_2", ("a", "b_2")),
        ("$['a b'].c", ("a b", "c")),
        ("$.a[0]['b']", ("a", 0, "b")),
    ],
)
def test_a_reference_path_is_its_keys_and_indices(text: str, path: tuple[str | int, ...]) -> None:
    assert reference_path(text) == path


@pytest.mark.parametrize("text", ["", "a", "$a", "$.", "$..a", "$.a[*]", "$.a[?(@.b)]", "$.a.*", "$.a[1:2]", "$$.Task"])
def test_what_names_no_single_value_is_refused(text: str) -> None:
    with pytest.raises(PathError):
        reference_path(text)


@pytest.mark.parametrize(
    ("text", "reads"),
    [
        ("$.a", Reads(state=(("a",),))),
        ("$$.Execution.Name", Reads(context=(("Execution", "Name"),))),
        ("$$.Execution.Input", Reads(context=(("Execution", "Input"),))),
        ("States.UUID()", Reads()),
        ("States.Format('{} of {}', $.a, $$.State.Name)", Reads((("a",),), (("State", "Name"),))),
        ("States.Format('a \\'quoted\\' {}', States.MathAdd($.n, -1))", Reads(state=(("n",),))),
        ("States.Array($.a['x y'], 'b', 1.5, true, null)", Reads(state=(("a", "x y"),))),
    ],
)
def test_an_expression_reads_its_paths(text: str, reads: Reads) -> None:
    assert expression(text) == reads


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("States.Nothing($.a)", "States.Nothing is no intrinsic function"),
        ("States.Format('{}')", "States.Format has 1 places for 0 values"),
        ("States.StringToJson()", "States.StringToJson takes 1 arguments, not 0"),
        ("States.MathRandom(1)", "States.MathRandom takes 2 to 3 arguments, not 1"),
        ("States.Array($.a $.b)", "lacks a comma or closing bracket"),
        ("States.Array($.a", "lacks a comma or closing bracket"),
        ("States.Array(a)", "expected a path, a 'text', a number or a function"),
        ("States.UUID() + 1", "goes on after its function"),
        ("$$.Nothing", "is not in the context object"),
    ],
)
def test_a_malformed_expression_is_refused_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(PathError) as refused:
        expression(text)
    assert reason in str(refused.value)
