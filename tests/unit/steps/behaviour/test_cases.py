from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from steps.answers import Row
from steps.behaviour.cases import BehaviourCase, make_cases
from steps.recipe_sections.behaviour import BehaviourSection

HOUSE: dict[str, str | float | None] = {"area": 100.0, "street": "Elm", "quality": "TA", "garage": None}


def cases_of(test: dict[str, Any], rows: Sequence[Row] = (), **section: Any) -> list[BehaviourCase]:
    kind = {"name": "one", "kind": "invariance", **test}
    if kind["kind"] == "minimum_functionality":
        kind["expect"] = {"label": "positive"}
    [cases] = make_cases(BehaviourSection.model_validate({"tests": [kind], **section}), iter(rows))
    return cases


def changed(row: Row, columns: dict[str, Any]) -> list[Row]:
    return [case.after for case in cases_of({"test_rows": 5, "change": {"columns": columns}}, [row])]


def test_templates_are_filled_with_every_word_of_their_lexicons() -> None:
    test = {"kind": "minimum_functionality", "templates": ["a {good} {film}.", "{film}!", "{Other} {} stays"]}
    lexicons = {"good": ["fine", "great"], "film": ["film", "movie"]}
    texts = [case.after for case in cases_of(test, lexicons=lexicons)]
    assert texts == [
        *("a fine film.", "a fine movie.", "a great film.", "a great movie."),
        *("film!", "movie!", "{Other} {} stays"),
    ]


def test_of_too_many_texts_some_are_drawn_and_another_seed_draws_others() -> None:
    test = {"kind": "minimum_functionality", "templates": ["{word} {other}"], "max_cases": 20}
    lexicons = {"word": [f"w{n}" for n in range(30)], "other": [f"o{n}" for n in range(30)]}
    first, again, other = ([case.after for case in cases_of(test, lexicons=lexicons, seed=seed)] for seed in (1, 1, 2))
    assert first == again != other
    assert len(set(first)) == 20


def test_names_come_with_the_code_and_a_recipes_own_take_their_place() -> None:
    test = {"templates": ["{first_name} sings."], "change": {"words": "first_name"}, "max_cases": 5}
    for case in cases_of(test):
        assert case.before != case.after
        assert str(case.before).endswith(" sings.")
    own = cases_of(test, lexicons={"first_name": ["Ada", "Grace"]})
    assert [(case.before, case.after) for case in own] == [
        ("Ada sings.", "Grace sings."),
        ("Grace sings.", "Ada sings."),
    ]


def test_rows_that_cannot_be_changed_are_not_asked_and_others_keep_their_number() -> None:
    rows = ["It isn't bad.", "Nothing here.", "I don't know."]
    cases = cases_of({"test_rows": 10, "change": {"contractions": "expand"}}, rows)
    assert [(case.row_number, case.before, case.after) for case in cases] == [
        (1, "It isn't bad.", "It is not bad."),
        (3, "I don't know.", "I do not know."),
    ]


def test_rows_are_drawn_from_all_of_them_and_in_every_run_the_same() -> None:
    rows = [f"row number {n}" for n in range(1000)]
    test = {"test_rows": 50, "change": {"case": "upper"}}
    first, again = cases_of(test, rows), cases_of(test, rows)
    numbers = [case.row_number or 0 for case in first]
    assert first == again
    assert numbers == sorted(set(numbers))
    assert len(numbers) == 50
    assert numbers[0] < 150
    assert numbers[-1] > 850
    assert [case.row_number for case in cases_of({**test, "name": "two"}, rows)] != numbers


def test_another_test_and_further_rows_do_not_change_what_a_row_is_asked() -> None:
    test = {"name": "typos", "kind": "invariance", "test_rows": 20, "change": {"typos": 1}}
    other = {**test, "name": "more-typos", "change": {"typos": 2}}
    rows = [f"something peculiar happened yesterday evening, {n}" for n in range(20)]
    [alone] = make_cases(BehaviourSection.model_validate({"tests": [test]}), rows)
    _, beside = make_cases(BehaviourSection.model_validate({"tests": [other, test]}), rows)
    assert alone == beside
    [more] = make_cases(BehaviourSection.model_validate({"tests": [{**test, "test_rows": 25}]}), [*rows, "peculiar"])
    assert more[:20] == alone


def test_a_phrase_is_put_before_or_after() -> None:
    assert [case.after for case in cases_of({"test_rows": 1, "change": {"prefix": ["Well, "]}}, ["yes"])] == [
        "Well, yes"
    ]
    assert [case.after for case in cases_of({"test_rows": 1, "change": {"suffix": [" Indeed."]}}, ["yes"])] == [
        "yes Indeed."
    ]


@pytest.mark.parametrize(
    ("columns", "after"),
    [
        ({"area": {"multiply": 1.5}}, {"area": 150.0}),
        ({"area": {"add": -20}}, {"area": 80.0}),
        ({"quality": {"replace": {"TA": "Gd"}}}, {"quality": "Gd"}),
        ({"street": {"to": "Oak"}}, {"street": "Oak"}),
        ({"garage": {"to": "2Types"}}, {"garage": "2Types"}),
        ({"street": {"missing": True}}, {"street": None}),
        ({"area": {"add": 1}, "street": {"to": "Oak"}}, {"area": 101.0, "street": "Oak"}),
    ],
)
def test_a_column_is_changed_and_the_others_stay(columns: dict[str, Any], after: dict[str, Any]) -> None:
    assert changed(HOUSE, columns) == [{**HOUSE, **after}]


@pytest.mark.parametrize(
    "columns",
    [
        {"garage": {"replace": {"TA": "Gd"}}},
        {"quality": {"replace": {"Fa": "TA"}}},
        {"area": {"add": 1, "maximum": 100}},
        {"area": {"multiply": 0.5, "minimum": 60}},
        {"street": {"to": "Elm"}},
        {"garage": {"missing": True}},
        {"area": {"add": 1}, "street": {"to": "Elm"}},
    ],
)
def test_a_row_that_cannot_be_changed_so_is_not_asked(columns: dict[str, Any]) -> None:
    assert changed(HOUSE, columns) == []


def test_a_missing_number_cannot_be_computed_with() -> None:
    assert changed({**HOUSE, "area": None}, {"area": {"add": 1}}) == []
