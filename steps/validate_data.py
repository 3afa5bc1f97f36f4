"""ValidateData: may a model be trained on the data that Preprocess profiled?

Every rule of the recipe's `data_rules` becomes a finding with what was observed, the limit and a sentence; a value
on its limit passes, and beyond it the rule's severity says whether the run ends or only warns. When the file itself
could not be read, that is the only finding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from steps.contracts import Finding, ValidateDataResult
from steps.data_findings import at_least, at_most, counted, listed, places, share_of
from steps.drift_rules import drift_findings
from steps.most_telling import most_telling
from steps.profile import EXAMPLES
from steps.text_findings import judge_texts
from steps.two_samples import wilson_interval

if TYPE_CHECKING:
    from collections.abc import Iterator

    from steps.drift_report import DriftReport
    from steps.profile import DataProfile
    from steps.recipe import Recipe

MAX_BAD_ROW_SHARE = "max_bad_row_share"
MIN_ROWS = "min_rows"
MIN_ROWS_PER_LABEL = "min_rows_per_label"
# scikit-learn's r2 is defined from two rows on.
MIN_ROWS_TO_MEASURE = 2
# A run's state holds them all, and Step Functions hands on 256 KiB at most.
MAX_FINDINGS = 50
MAX_FINDINGS_BYTES = 60_000


def validate_data(
    profile: DataProfile, recipe: Recipe, drift: DriftReport | None = None, drift_uri: str | None = None
) -> ValidateDataResult:
    """Judge a profile by the recipe's rules. drift: the data beside that of the live version, and where that lies"""
    findings = [
        Finding(rule="readable_file", verdict="failed", observed=1, limit=0, sentence=problem.sentence)
        for problem in profile.problems
    ] or [
        *_row_counts(profile, recipe),
        _bad_rows(profile, recipe),
        *_texts(profile, recipe),
        *judge_texts(profile, recipe),
        *(_numbers(profile) if recipe.task == "regression" else _splits(profile, recipe)),
        *(drift_findings(drift, profile.file, recipe.data_rules) if drift else []),
    ]
    rejected = any(finding.verdict == "failed" for finding in findings)
    return ValidateDataResult(
        verdict="rejected" if rejected else "accepted",
        findings=most_telling(
            findings, most=MAX_FINDINGS, most_bytes=MAX_FINDINGS_BYTES, where="preprocess/profile.json"
        ),
        rows=profile.usable_rows,
        drift_uri=drift_uri,
    )


def _row_counts(profile: DataProfile, recipe: Recipe) -> Iterator[Finding]:
    rules, file, usable = recipe.data_rules, profile.file, profile.usable_rows
    yield at_least(
        MIN_ROWS,
        usable,
        rules.min_rows,
        what=f"{file} has {counted(usable, 'usable row')}",
        limited=f"at least {rules.min_rows.limit} are needed",
        remedy="Add rows",
    )
    for name, rows in profile.rows_per_label.items():
        share = share_of(rows, usable)
        low, high = wilson_interval(rows, usable)
        yield at_least(
            MIN_ROWS_PER_LABEL,
            rows,
            rules.min_rows_per_label,
            what=f"{file} has {counted(rows, 'usable row')} labelled {name}",
            limited=f"at least {rules.min_rows_per_label.limit} are needed for each label",
            remedy="Add such rows",
        )
        yield at_least(
            "min_label_share",
            share,
            rules.min_label_share,
            what=f"{share:.2%} of the usable rows of {file} are labelled {name}, "
            f"{low:.2%} to {high:.2%} at 95% confidence",
            limited=f"at least {rules.min_label_share.limit:.2%} are needed for each label",
            remedy="Add such rows",
        )


def _bad_rows(profile: DataProfile, recipe: Recipe) -> Finding:
    bad = profile.unreadable_rows.count + profile.unknown_labels.count + profile.bad_cells.count
    known = ", ".join(recipe.data.labels)
    kinds = [(profile.unreadable_rows, " cannot be read")] if profile.unreadable_rows.count else []
    kinds += [
        (unknown.rows, f", column '{recipe.data.label_column}': {unknown.value} is none of {known}")
        for unknown in profile.unknown_label_values
    ]
    kinds += [
        (bad_cell.rows, f", column '{bad_cell.column}': {bad_cell.value} is {bad_cell.wanted}")
        for bad_cell in profile.bad_cell_values
    ]
    details, room = [], EXAMPLES
    for found, what in kinds:
        details.append(places(found, room) + what)
        room -= min(room, len(found.places))
    if profile.first_bad_byte:
        details.insert(1, f"{profile.first_bad_byte}, which is not UTF-8")
    return at_most(
        MAX_BAD_ROW_SHARE,
        share_of(bad, profile.rows),
        recipe.data_rules.max_bad_row_share,
        what=f"{bad} of {counted(profile.rows, 'row')} of {profile.file} cannot be used{listed(details)}",
        remedy="Correct these rows",
    )


def _texts(profile: DataProfile, recipe: Recipe) -> Iterator[Finding]:
    rules, file = recipe.data_rules, profile.file
    is_table = recipe.data.features is not None
    rows = "rows" if is_table else "texts"
    place = "value in any of the recipe's columns" if is_table else f"text in column '{recipe.data.text_column}'"
    cases = [
        ("max_empty_text_share", rules.max_empty_text_share, profile.empty_texts, profile.rows),
        ("max_duplicate_share", rules.max_duplicate_share, profile.duplicates, profile.usable_rows),
    ]
    words = [
        (f"rows of {file} have no {place}", "Fill or remove them"),
        (f"{rows} of {file} occurred in an earlier row", "Remove the repeated rows"),
    ]
    if recipe.task != "regression":
        conflicts = (profile.conflicting_labels, profile.distinct_texts)
        cases.append(("max_conflicting_label_share", rules.max_conflicting_label_share, *conflicts))
        several = "different labels" if recipe.task == "multi_label" else "more than one label"
        remedy = (
            "Decide on the same labels for each" if recipe.task == "multi_label" else "Decide on one label for each"
        )
        words.append((f"different {rows} of {file} carry {several}", remedy))
    for (name, rule, found, total), (what, remedy) in zip(cases, words, strict=True):
        yield at_most(
            name,
            share_of(found.count, total),
            rule,
            what=f"{found.count} of {total} {what}{listed([places(found)] if found.count else [])}",
            remedy=remedy,
        )
    longest = profile.text_lengths.maximum
    yield at_most(
        "max_text_characters",
        longest,
        rules.max_text_characters,
        what=f"the longest {'word' if is_table else 'text'} of {file} has {longest} characters",
        limited=f"at most {rules.max_text_characters.limit} are allowed",
        remedy=f"Shorten {places(profile.too_long)}",
    )


def _numbers(profile: DataProfile) -> Iterator[Finding]:
    """There is something to predict, and enough of it in each part to measure."""
    file, target = profile.file, profile.target
    varies = target is not None and target.minimum < target.maximum
    yield Finding(
        rule="target_varies",
        verdict="passed" if varies else "failed",
        observed=target.maximum - target.minimum if target else 0,
        limit=0,
        sentence=f"the numbers to predict of {file} lie between {target.minimum:,.10g} and {target.maximum:,.10g}."
        if target and varies
        else f"the numbers to predict of {file} are all the same. Give rows with different ones.",
    )
    for split, rows in profile.split_rows.items():
        passed = rows >= MIN_ROWS_TO_MEASURE
        said = f"the {split} part of {file} has {counted(rows, 'row')}"
        yield Finding(
            rule="rows_in_every_split",
            verdict="passed" if passed else "failed",
            observed=rows,
            limit=MIN_ROWS_TO_MEASURE,
            sentence=f"{said}."
            if passed
            else f"{said}, and at least {MIN_ROWS_TO_MEASURE} are needed. Add rows, or give that part a larger share "
            "in the recipe's split section.",
        )


def _splits(profile: DataProfile, recipe: Recipe) -> Iterator[Finding]:
    names = recipe.data.class_names
    for split, rows_of in profile.rows_per_split.items():
        absent = [name for name in names if not rows_of[name]]
        part = f"the {split} part of {profile.file}"
        missing = [f"has no row labelled {', '.join(absent)}"] if absent else []
        if recipe.task == "multi_label":
            # A label that every row has cannot be measured either.
            always = [name for name in names if rows_of[name] and rows_of[name] == profile.split_rows.get(split)]
            missing += [f"has no row without {', '.join(always)}"] if always else []
            absent += always
        yield Finding(
            rule="every_label_in_every_split",
            verdict="failed" if absent else "passed",
            observed=len(names) - len(absent),
            limit=len(names),
            sentence=f"{part} {' and '.join(missing)}. Add such rows, or give that part a larger share in the "
            "recipe's split section."
            if absent
            else f"{part} has rows of every label.",
        )
