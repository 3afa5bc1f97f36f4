from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from steps.contracts import Finding
from steps.profile import (
    BadByte,
    BadCell,
    DataProfile,
    FileProblem,
    NumberRange,
    Place,
    RowsFound,
    TextLengths,
    UnknownLabel,
)
from steps.recipe import Recipe
from steps.validate_data import MAX_FINDINGS, validate_data

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


@pytest.mark.parametrize(("count", "verdict"), [(20, "passed"), (21, "warned")])
def test_a_rule_that_only_warns_rejects_nothing_and_says_the_same(
    make_recipe: MakeRecipe, count: int, verdict: str
) -> None:
    rules = {**RULES, "max_duplicate_share": {"limit": 0.2, "severity": "warn"}}
    result = validate_data(profile(duplicates=found(count, 9)), make_recipe(data_rules=rules))
    [finding] = [finding for finding in result.findings if finding.rule == "max_duplicate_share"]
    assert (result.verdict, finding.verdict, finding.limit) == ("accepted", verdict, 0.2)
    assert verdict == "passed" or finding.sentence.endswith(
        "that is 21.00%, and at most 20.00% are allowed. Remove the repeated rows, or change "
        "data_rules.max_duplicate_share."
    )


@pytest.mark.parametrize(("severity", "rest"), [("error", "failed"), ("warn", "warned")])
def test_findings_beyond_the_most_that_are_kept_are_counted(make_recipe: MakeRecipe, severity: str, rest: str) -> None:
    labels = {f"class-{number}": 100 for number in range(60)}
    rules = {
        "min_rows_per_label": {"limit": 101, "severity": severity},
        "max_text_characters": {"limit": 119, "severity": "warn"},
    }
    recipe = make_recipe(
        task="multi_class",
        data={"labels": {name: name for name in labels}},
        data_rules=rules,
        smoke={"cases": [{"text": "good", "label": "class-1"}]},
    )
    result = validate_data(profile(rows_per_label=labels, rows_per_split={}), recipe)
    assert len(result.findings) == MAX_FINDINGS
    last = result.findings[-1]
    assert (last.rule, last.verdict) == ("further_rules", rest)
    assert all(finding.verdict != "passed" for finding in result.findings)


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
        "UTF-8; row 7 (line 8), row 8 (line 9) and 3 more, column 'label': 'maybe' is none of 0, 1); "
        "that is 6.00%, and at most 2.00% are allowed. Correct these rows, or change data_rules.max_bad_row_share."
    )
    assert (finding.observed, finding.limit) == (0.06, 0.02)


def test_a_sentence_names_three_rows_at_most(failed: Failed) -> None:
    unknown = tuple(UnknownLabel(value=f"'{value}'", rows=found(5, 7, 8, 9)) for value in "abc")
    (finding,) = failed(
        profile(unreadable_rows=found(2, 3, 5), unknown_labels=found(15, 7, 8, 9), unknown_label_values=unknown)
    )
    assert finding.sentence.count("(line") == 3
    assert (
        "(row 3 (line 4), row 5 (line 6) cannot be read; row 7 (line 8) and 4 more, column 'label': 'a' is none of 0, 1"
        "; 5 rows, column 'label': 'b' is none of 0, 1; 5 rows, column 'label': 'c' is none of 0, 1)"
    ) in finding.sentence


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


def test_shares_of_labels_are_told_with_their_intervals(make_recipe: MakeRecipe) -> None:
    findings = validate_data(profile(rows_per_label={"bad": 60, "good": 40}), make_recipe(data_rules=RULES)).findings
    bad, good = [finding.sentence for finding in findings if finding.rule == "min_label_share"]
    assert bad.startswith(
        "60.00% of the usable rows of f.csv are labelled bad, 50.20% to 69.06% at 95% confidence (at "
    )
    assert good.startswith("40.00% of the usable rows of f.csv are labelled good, 30.94% to 49.80% at 95% confidence")


# --- several labels, numbers and tables ---

PARTS = ("train", "validation", "test")


def comments_profile(**changes: Any) -> DataProfile:
    labels = {"rude": 40, "threat": 5}
    return profile(
        **{
            "rows_per_label": labels,
            "rows_per_split": {key: {"rude": 4, "threat": 1} for key in PARTS},
            "split_rows": dict.fromkeys(PARTS, 10),
            **changes,
        }
    )


def houses_profile(**changes: Any) -> DataProfile:
    nothing: dict[str, Any] = {"rows_per_label": {}, "rows_per_split": {part: {} for part in PARTS}}
    target = NumberRange(minimum=34_900, maximum=755_000.5)
    return profile(**{**nothing, "split_rows": dict.fromkeys(PARTS, 10), "target": target, **changes})


def failures(data: DataProfile, recipe: Recipe) -> dict[str, str]:
    findings = validate_data(data, recipe).findings
    return {finding.rule: finding.sentence for finding in findings if finding.verdict == "failed"}


def test_each_label_must_have_its_rows(comments: Recipe) -> None:
    assert failures(comments_profile(), comments) == {}
    rare = failures(comments_profile(rows_per_label={"rude": 40, "threat": 1}), comments)
    assert set(rare) == {"min_rows_per_label", "min_label_share"}
    assert "1.00% of the usable rows of f.csv are labelled threat" in rare["min_label_share"]


def test_a_part_in_which_every_row_has_a_label_cannot_be_measured(comments: Recipe) -> None:
    parts = {**{key: {"rude": 4, "threat": 1} for key in PARTS}, "test": {"rude": 10, "threat": 0}}
    said = failures(comments_profile(rows_per_split=parts), comments)
    assert said == {
        "every_label_in_every_split": "the test part of f.csv has no row labelled threat and has no row without rude. "
        "Add such rows, or give that part a larger share in the recipe's split section."
    }


def test_texts_under_different_labels_are_told_in_the_plural(comments: Recipe) -> None:
    said = failures(comments_profile(conflicting_labels=found(9, 3)), comments)["max_conflicting_label_share"]
    assert "9 of 100 different texts of f.csv carry different labels (row 3 (line 4) and 8 more)" in said


def test_a_number_has_no_labels_to_judge(houses: Recipe) -> None:
    result = validate_data(houses_profile(conflicting_labels=found(50, 3)), houses)
    assert result.verdict == "accepted"
    assert {finding.rule for finding in result.findings} == {
        *("min_rows", "max_bad_row_share", "max_empty_text_share", "max_duplicate_share", "max_text_characters"),
        *("target_varies", "rows_in_every_split"),
    }
    [told] = [finding.sentence for finding in result.findings if finding.rule == "target_varies"]
    assert told == "the numbers to predict of f.csv lie between 34,900 and 755,000.5."


@pytest.mark.parametrize("target", [None, NumberRange(minimum=7, maximum=7)])
def test_a_number_that_is_always_the_same_is_rejected(houses: Recipe, target: NumberRange | None) -> None:
    said = failures(houses_profile(target=target), houses)
    assert said == {"target_varies": "the numbers to predict of f.csv are all the same. Give rows with different ones."}


@pytest.mark.parametrize(("rows", "is_enough"), [(2, True), (1, False), (0, False)])
def test_each_part_needs_two_rows_to_measure_numbers_on(houses: Recipe, rows: int, *, is_enough: bool) -> None:
    said = failures(houses_profile(split_rows={"train": 90, "validation": 8, "test": rows}), houses)
    assert (said == {}) == is_enough
    assert is_enough or "the test part of f.csv has" in said["rows_in_every_split"]


def test_bad_cells_count_as_bad_rows_and_are_told_with_their_column(houses: Recipe) -> None:
    cells = (
        BadCell(column="area", value="the value", wanted="no number", rows=found(2, 3, 5)),
        BadCell(column="price", value="'cheap'", wanted="no number", rows=found(1, 9)),
    )
    said = failures(houses_profile(bad_cells=found(3, 3, 5, 9), bad_cell_values=cells), houses)["max_bad_row_share"]
    assert said.startswith(
        "3 of 100 rows of f.csv cannot be used (row 3 (line 4), row 5 (line 6), column 'area': the value is no number; "
        "row 9 (line 10), column 'price': 'cheap' is no number)"
    )


def test_the_rows_of_a_table_are_called_rows(houses: Recipe) -> None:
    changes = {"empty_texts": found(5, 1), "duplicates": found(50, 2), "text_lengths": TextLengths(maximum=30_000)}
    said = failures(houses_profile(**changes), houses)
    assert "5 of 100 rows of f.csv have no value in any of the recipe's columns" in said["max_empty_text_share"]
    assert "50 of 100 rows of f.csv occurred in an earlier row" in said["max_duplicate_share"]
    assert "the longest word of f.csv has 30000 characters" in said["max_text_characters"]


@pytest.mark.parametrize(("short", "is_enough"), [(25, True), (24, False)])
def test_a_share_of_texts_must_be_short(make_recipe: MakeRecipe, short: int, *, is_enough: bool) -> None:
    recipe = make_recipe(data_rules={**RULES, "short_text_characters": 80, "min_short_text_share": 0.25})
    said = failures(profile(short_texts=short), recipe)
    assert (said == {}) == is_enough
    assert is_enough or said["min_short_text_share"] == (
        "24.00% of the texts of f.csv have fewer than 80 characters; at least 25.00% must. "
        "Add shorter texts, or change data_rules.min_short_text_share."
    )


@pytest.mark.parametrize(("words", "is_allowed"), [(5000, True), (5001, False)])
def test_the_vocabulary_has_a_ceiling(make_recipe: MakeRecipe, words: int, *, is_allowed: bool) -> None:
    recipe = make_recipe(data_rules={**RULES, "max_vocabulary_words": {"limit": 5000, "severity": "error"}})
    said = failures(profile(vocabulary_words=words), recipe)
    assert (said == {}) == is_allowed
    assert is_allowed or said["max_vocabulary_words"].startswith(
        "the texts of f.csv have 5001 different words; at most 5000 are allowed."
    )
