from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from steps.contracts import Finding
from steps.profile import DataProfile, LanguageProfile, Place, RowsFound, TextProfile
from steps.recipe import Recipe
from steps.text_findings import judge_texts

MakeRecipe = Callable[..., Recipe]


def found(count: int, *rows: int) -> RowsFound:
    return RowsFound(count=count, places=tuple(Place(row=row, line=row + 1) for row in rows))


def profile(**texts: Any) -> DataProfile:
    """1,000 texts of which 800 are compared, 160 of them held back."""
    kept = {"comparable": 800, "looked_at": 800, "compared": 800, "compared_held_back": 160}
    return DataProfile(
        file="f.csv",
        rows=1000,
        usable_rows=1000,
        rows_per_label={},
        rows_per_split={},
        vocabulary_words=9,
        texts=TextProfile(**{**kept, **texts}),
    )


def judged(recipe: Recipe, data: DataProfile) -> dict[str, Finding]:
    return {finding.rule: finding for finding in judge_texts(data, recipe)}


CASES: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    (
        "max_near_duplicate_share",
        {"near_duplicates": found(80, 3)},
        {"near_duplicates": found(81, 3, 5, 9)},
        (
            "81 of 800 different texts of f.csv that are long enough to be compared are nearly the same "
            "as an earlier one (row 3 (line 4), row 5 (line 6), row 9 (line 10) and 78 more); that is "
            "10.12%, and at most 10.00% are allowed. Keep one of each, or change "
            "data_rules.max_near_duplicate_share."
        ),
    ),
    (
        "max_leaked_share",
        {"leaked": found(8, 3)},
        {"leaked": found(9, 3)},
        (
            "9 of 160 different texts of f.csv that are held back for validation or test are nearly the same "
            "as one of an earlier part (row 3 (line 4) and 8 more); that is 5.62%, and at most 5.00% are "
            "allowed. Keep one of each, so that nothing is measured on what was trained on, or change "
            "data_rules.max_leaked_share."
        ),
    ),
    (
        "max_other_language_share",
        {"languages": LanguageProfile(texts=10, expected=("en",), others=found(1, 3))},
        {"languages": LanguageProfile(texts=10, expected=("en",), others=found(2, 3, 4))},
        (
            "2 of 10 texts of f.csv whose language is clear are in another language than en (row 3 (line "
            "4), row 4 (line 5)); that is 20.00%, and at most 10.00% are allowed. Remove or translate "
            "them, or name the language in data_rules.languages, or change "
            "data_rules.max_other_language_share."
        ),
    ),
    (
        "max_broken_encoding_share",
        {"broken_encoding": found(10, 3)},
        {"broken_encoding": found(11, 3)},
        (
            "11 of 1000 texts of f.csv have broken characters, as when bytes are read in an encoding "
            "that is not theirs (row 3 (line 4) and 10 more); that is 1.10%, and at most 1.00% are "
            "allowed. Export the file anew as UTF-8, or repair it with a tool such as ftfy, or change "
            "data_rules.max_broken_encoding_share."
        ),
    ),
    (
        "max_markup_share",
        {"markup": found(100, 3)},
        {"markup": found(101, 3)},
        (
            "101 of 1000 texts of f.csv hold tags or entities of HTML or XML (row 3 (line 4) and 100 "
            "more); that is 10.10%, and at most 10.00% are allowed. Remove them, if callers will not "
            "send any, or change data_rules.max_markup_share."
        ),
    ),
]


@pytest.mark.parametrize(("rule", "on_limit", "beyond", "sentence"), CASES, ids=[case[0] for case in CASES])
def test_a_share_on_its_limit_passes_and_beyond_it_warns_with_number_limit_and_rows(
    make_recipe: MakeRecipe, rule: str, on_limit: dict[str, Any], beyond: dict[str, Any], sentence: str
) -> None:
    assert judged(make_recipe(), profile(**on_limit))[rule].verdict == "passed"
    finding = judged(make_recipe(), profile(**beyond))[rule]
    assert (finding.verdict, finding.sentence) == ("warned", sentence)


@pytest.mark.parametrize("rule", [case[0] for case in CASES])
def test_each_rule_has_its_own_limit_and_severity(make_recipe: MakeRecipe, rule: str) -> None:
    beyond = next(case[2] for case in CASES if case[0] == rule)
    strict = make_recipe(data_rules={rule: {"limit": 0.0, "severity": "error"}})
    assert judged(strict, profile(**beyond))[rule].verdict == "failed"
    loose = make_recipe(data_rules={rule: 1.0})
    assert judged(loose, profile(**beyond))[rule].verdict == "passed"


def test_a_search_that_was_cut_short_says_so(make_recipe: MakeRecipe) -> None:
    data = profile(comparable=30_000_000, looked_at=10_000_000, compared=9_000_000, near_duplicates=found(1, 3))
    assert judged(make_recipe(), data)["max_near_duplicate_share"].sentence.startswith(
        "1 of 9000000 different texts of f.csv that are long enough to be compared (looked for among "
        "the first 10000000 of 30000000 such texts) are nearly the same as an earlier one (row 3 "
        "(line 4))"
    )


def test_several_expected_languages_are_named(make_recipe: MakeRecipe) -> None:
    languages = LanguageProfile(texts=10, expected=("en", "fr"), others=found(2, 3, 4))
    said = judged(make_recipe(), profile(languages=languages))["max_other_language_share"].sentence
    assert said.startswith("2 of 10 texts of f.csv whose language is clear are in none of en, fr (row 3")


def test_nothing_is_said_of_texts_too_short_to_compare(make_recipe: MakeRecipe) -> None:
    told = judged(make_recipe(), profile(comparable=0, looked_at=0, compared=0, compared_held_back=0))
    assert set(told) == {"max_vocabulary_words", "max_broken_encoding_share", "max_markup_share"}


def test_a_profile_without_texts_has_no_such_findings(houses: Recipe) -> None:
    data = profile().model_copy(update={"texts": None, "vocabulary_words": None})
    assert judged(houses, data) == {}
