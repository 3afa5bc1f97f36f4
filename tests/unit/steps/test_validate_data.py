from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from steps.contracts import Finding
from steps.profile import BadByte, DataProfile, FileProblem, Place, RowsFound, TextLengths, UnknownLabel
from steps.recipe import Recipe
from steps.validate_data import validate_data

MakeRecipe = Callable[..., Recipe]
RULES = {
    "min_rows": 100,
    "min_rows_per_label": 40,
    "min_label_share": 0.4,
    "max_bad_row_share": 0.02,
    "max_empty_text_share": 0.01,
    "max_duplicate_share": 0.2,
    "max_conflicting_label_share": 0.05,
    "max_text_characters": 500,
}


def profile(**changes: Any) -> DataProfile:
    """100 usable rows that keep every rule of RULES."""
    return DataProfile(
        **{
            "file": "f.csv",
            "columns": ("text", "label"),
            "rows": 100,
            "usable_rows": 100,
            "distinct_texts": 100,
            "rows_per_label": {"bad": 50, "good": 50},
            "rows_per_split": {split: {"bad": 10, "good": 10} for split in ("train", "validation", "test")},
            "text_lengths": TextLengths(median=50, p95=90, p99=99, maximum=120),
            **changes,
        }
    )


def found(count: int, *rows: int) -> RowsFound:
    return RowsFound(count=count, places=tuple(Place(row=row, line=row + 1) for row in rows))


@pytest.fixture
def failed(make_recipe: MakeRecipe) -> Callable[[DataProfile], list[Finding]]:
    def judge(data: DataProfile) -> list[Finding]:
        result = validate_data(data, make_recipe(data_rules=RULES))
        failures = [finding for finding in result.findings if finding.verdict == "failed"]
        assert (result.verdict == "rejected") == bool(failures)
        return failures

    return judge


Failed = Callable[[DataProfile], list[Finding]]


def test_data_that_keeps_every_rule_is_accepted_with_a_finding_for_each(make_recipe: MakeRecipe) -> None:
    result = validate_data(profile(), make_recipe(data_rules=RULES))
    assert (result.verdict, result.rows) == ("accepted", 100)
    assert {finding.rule for finding in result.findings} == {*RULES, "every_label_in_every_split"}
    assert all(finding.sentence.endswith(".") for finding in result.findings)


ON_THE_LIMIT: dict[str, dict[str, Any]] = {
    "min_rows": {"usable_rows": 100},
    "min_rows_per_label": {"rows_per_label": {"bad": 60, "good": 40}},
    "max_bad_row_share": {"unreadable_rows": found(1, 3), "unknown_labels": found(1, 4)},
    "max_empty_text_share": {"empty_texts": found(1, 9)},
    "max_duplicate_share": {"duplicates": found(20, 9)},
    "max_conflicting_label_share": {"conflicting_labels": found(5, 9)},
    "max_text_characters": {"text_lengths": TextLengths(maximum=500)},
}
BEYOND: dict[str, dict[str, Any]] = {
    "min_rows": {"usable_rows": 99},
    "min_rows_per_label": {"rows_per_label": {"bad": 61, "good": 39}, "usable_rows": 100},
    "max_bad_row_share": {"unreadable_rows": found(2, 3, 5), "unknown_labels": found(1, 4)},
    "max_empty_text_share": {"empty_texts": found(2, 9, 10)},
    "max_duplicate_share": {"duplicates": found(21, 9)},
    "max_conflicting_label_share": {"conflicting_labels": found(6, 9)},
    "max_text_characters": {"text_lengths": TextLengths(maximum=501), "too_long": found(1, 9)},
}


@pytest.mark.parametrize("rule", ON_THE_LIMIT)
def test_a_value_on_its_limit_passes(failed: Failed, rule: str) -> None:
    assert failed(profile(**ON_THE_LIMIT[rule])) == []


@pytest.mark.parametrize("rule", BEYOND)
def test_a_value_just_beyond_its_limit_fails_and_says_what_to_do(failed: Failed, rule: str) -> None:
    failures = [finding for finding in failed(profile(**BEYOND[rule])) if finding.rule == rule]
    assert len(failures) == 1
    assert failures[0].limit == RULES[rule]
    assert "f.csv" in failures[0].sentence
    assert f"or change data_rules.{rule}." in failures[0].sentence


def test_a_label_without_any_row_is_named(failed: Failed) -> None:
    failures = failed(profile(rows_per_label={"bad": 100, "good": 0}))
    assert [finding.rule for finding in failures] == ["min_rows_per_label", "min_label_share"]
    assert failures[0].sentence == (
        "f.csv has 0 usable rows labelled good; at least 40 are needed for each label. "
        "Add such rows, or change data_rules.min_rows_per_label."
    )


def test_a_label_missing_in_one_part_of_the_split_is_named(failed: Failed) -> None:
    parts = {"train": {"bad": 80, "good": 10}, "validation": {"bad": 5, "good": 0}, "test": {"bad": 5, "good": 1}}
    (finding,) = failed(profile(rows_per_split=parts))
    assert (finding.rule, finding.observed, finding.limit) == ("every_label_in_every_split", 1, 2)
    assert "the validation part of f.csv has no row labelled good." in finding.sentence


def test_bad_rows_are_told_with_row_line_byte_column_and_known_labels(failed: Failed) -> None:
    unknown = UnknownLabel(value="'maybe'", rows=found(5, 7, 8, 9))
    (finding,) = failed(
        profile(
            unreadable_rows=found(1, 3),
            not_utf8_rows=found(1, 3),
            first_bad_byte=BadByte(line=4, byte=6, value=0xE9),
            unknown_labels=found(5, 7, 8, 9),
            unknown_label_values=(unknown,),
        )
    )
    assert finding.sentence == (
        "6 of 100 rows of f.csv cannot be used (row 3 (line 4) cannot be read; line 4, byte 6 is 0xe9, which is not "
        "UTF-8; row 7 (line 8), row 8 (line 9), row 9 (line 10) and 2 more, column 'label': 'maybe' is none of 0, 1); "
        "that is 6.00%, and at most 2.00% are allowed. Correct these rows, or change data_rules.max_bad_row_share."
    )
    assert (finding.observed, finding.limit) == (0.06, 0.02)


def test_no_rows_at_all_are_rejected_without_dividing_by_zero(failed: Failed) -> None:
    nothing = {"bad": 0, "good": 0}
    failures = failed(
        profile(
            rows=0,
            usable_rows=0,
            distinct_texts=0,
            rows_per_label=nothing,
            rows_per_split=dict.fromkeys(("train", "validation", "test"), nothing),
            text_lengths=TextLengths(),
        )
    )
    assert {finding.rule for finding in failures} == {
        "min_rows",
        "min_rows_per_label",
        "min_label_share",
        "every_label_in_every_split",
    }


def test_a_file_that_could_not_be_read_is_the_only_finding(make_recipe: MakeRecipe) -> None:
    problem = FileProblem(kind="empty", sentence="f.csv is empty.")
    result = validate_data(profile(problems=(problem,)), make_recipe(data_rules=RULES))
    assert result.verdict == "rejected"
    assert [(finding.rule, finding.sentence) for finding in result.findings] == [("readable_file", "f.csv is empty.")]
