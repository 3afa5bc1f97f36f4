"""What the recipe's rules say of how the run's data differs from that of the live version: a finding for each rule.

A finding tells of the column that breaks its rule most, and names two more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from steps.contracts import Finding
from steps.data_findings import at_most
from steps.metric_words import value_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from steps.drift_report import ColumnReport, Drift, DriftKind, DriftReport
    from steps.recipe_sections.data_rules import DataRules, Rule

_TESTS = {"kolmogorov_smirnov": "Kolmogorov-Smirnov", "chi_squared": "chi-squared"}
_NAMED_COLUMNS = 2
_LEAST_P_VALUE = 0.0001


def drift_findings(report: DriftReport, file: str, rules: DataRules) -> list[Finding]:
    """One for each rule that there are numbers for. file: what sentences call the data"""
    findings = [*_missing(report, file, rules), *_untrained(report, file, rules)]
    if report.not_compared:
        return [*findings, Finding(rule="drift", verdict="passed", observed=0, limit=0, sentence=report.not_compared)]
    live = f"the data of version {report.live_model_version}"
    findings += [*_missing_rise(report, file, live, rules), *_unseen(report, file, live, rules)]
    judged: tuple[tuple[str, Rule[float], tuple[DriftKind, ...]], ...] = (
        ("max_feature_drift", rules.max_feature_drift, ("numeric", "categorical")),
        ("max_text_length_drift", rules.max_text_length_drift, ("text_length",)),
        ("max_vocabulary_drift", rules.max_vocabulary_drift, ("vocabulary",)),
        ("max_label_drift", rules.max_label_drift, ("label", "target")),
    )
    for name, rule, kinds in judged:
        if drifts := [drift for drift in report.comparisons if drift.kind in kinds]:
            certain = [drift for drift in drifts if drift.p_value < report.significance]
            tell = _drift if certain else _chance
            findings.append(tell(name, rule, certain or drifts, file, live))
    return findings


def _chance(name: str, rule: Rule[float], drifts: Sequence[Drift], file: str, live: str) -> Finding:
    what = f"{_where(drifts[0])} of {file} does not differ" if len(drifts) == 1 else f"no column of {file} differs"
    return at_most(
        name,
        0,
        rule,
        what=f"{what} from {live} by more than chance explains",
        limited=f"at most {rule.limit:g} is allowed",
        remedy="",
    )


def _drift(name: str, rule: Rule[float], certain: Sequence[Drift], file: str, live: str) -> Finding:
    """Of what chance does not explain. certain: at least one"""
    worst = max(certain, key=lambda drift: drift.population_stability_index)
    others = _others([drift.name for drift in certain if drift.is_drifted and drift is not worst])
    index = worst.population_stability_index
    return at_most(
        name,
        index,
        rule,
        what=f"{_where(worst)} of {file} differs from {live} by a population stability index of {index:.3f} "
        f"({_how(worst)}){others}",
        limited=f"at most {rule.limit:g} is allowed",
        remedy="Find out what changed",
    )


def _where(drift: Drift) -> str:
    texts = {"text_length": "the length of the texts", "vocabulary": "the vocabulary"}
    return texts.get(drift.kind, f"column '{drift.name}'")


def _how(drift: Drift) -> str:
    """`median 1,200 instead of 900; Kolmogorov-Smirnov, p-value below 0.0001`."""
    p_value = f"below {_LEAST_P_VALUE}" if drift.p_value < _LEAST_P_VALUE else f"{drift.p_value:.4f}"
    test = f"{_TESTS[drift.test]}, p-value {p_value}"
    if drift.median is not None and drift.live_median is not None:
        return f"median {value_text(drift.median)} instead of {value_text(drift.live_median)}; {test}"
    changed = max(drift.bins, key=lambda part: abs(part.share - part.live_share), default=None)
    if changed is None:
        return test
    return f"{changed.share:.2%} {changed.name} instead of {changed.live_share:.2%}; {test}"


def _missing(report: DriftReport, file: str, rules: DataRules) -> Iterator[Finding]:
    if not report.columns:
        return
    rule = rules.max_missing_share
    share, column, others = _worst([(each.missing_share, each) for each in report.columns], rule)
    yield at_most(
        "max_missing_share",
        share,
        rule,
        what=f"column '{column.name}' of {file} has no value in {share:.2%} of the rows{others}",
        limited=f"at most {rule.limit:.2%} are allowed",
        remedy="Fill it, or take it out of data.features",
    )


def _missing_rise(report: DriftReport, file: str, live: str, rules: DataRules) -> Iterator[Finding]:
    """Only a share that is above the earlier one by more than chance explains counts."""
    compared = [each for each in report.columns if each.live_missing_share is not None]
    if not compared:
        return
    rule = rules.max_missing_rise
    rises = [
        (each.missing_share - (each.live_missing_share or 0), each)
        for each in compared
        if each.missing_p_value is not None and each.missing_p_value < report.significance
    ]
    rise, what = 0.0, f"no column of {file} has fewer values than in {live} by more than chance explains"
    if any(risen > 0 for risen, _ in rises):
        rise, column, others = _worst(rises, rule)
        what = (
            f"column '{column.name}' of {file} has no value in {column.missing_share:.2%} of the rows, and in {live} "
            f"in {column.live_missing_share:.2%}{others}"
        )
    yield at_most(
        "max_missing_rise",
        rise,
        rule,
        what=what,
        limited=f"at most {rule.limit:.2%} of the rows more are allowed",
        remedy="Find out where the values went",
    )


def _untrained(report: DriftReport, file: str, rules: DataRules) -> Iterator[Finding]:
    rule = rules.max_unseen_category_share
    shares = [(each.untrained_share, each) for each in report.columns if each.untrained_share is not None]
    if not shares:
        return
    share, column, others = _worst(shares, rule)
    yield at_most(
        "max_unseen_category_share",
        share,
        rule,
        what=f"{share:.2%} of the rows of {file} have a category in column '{column.name}' that no row of the training "
        f"part has{_rows(column.untrained_rows)}{others}"
        if share
        else f"the training part of {file} has every category",
        limited=f"at most {rule.limit:.2%} are allowed",
        remedy="Add rows with these categories, or make rare ones one",
    )


def _unseen(report: DriftReport, file: str, live: str, rules: DataRules) -> Iterator[Finding]:
    """Categories, and numbers beyond the range, that the live version's data does not have."""
    known = [(each.unseen_share, each) for each in report.columns if each.unseen_share is not None]
    categories = [(share, each) for share, each in known if each.live_range is None]
    numbers = [(share, each) for share, each in known if each.live_range is not None]
    if categories:
        share, column, others = _worst(categories, rules.max_unseen_category_share)
        yield at_most(
            "max_unseen_category_share",
            share,
            rules.max_unseen_category_share,
            what=f"{share:.2%} of the rows of {file} have a category in column '{column.name}' that {live} has not"
            f"{_rows(column.unseen_rows)}{others}"
            if share
            else f"{file} has no category that {live} has not",
            limited=f"at most {rules.max_unseen_category_share.limit:.2%} are allowed",
            remedy="Correct them, or release a model that knows them",
        )
    if numbers:
        share, column, others = _worst(numbers, rules.max_out_of_range_share)
        bounds = column.live_range
        yield at_most(
            "max_out_of_range_share",
            share,
            rules.max_out_of_range_share,
            what=f"{share:.2%} of the rows of {file} have a number in column '{column.name}' that is not within "
            f"{bounds.low:,.10g} to {bounds.high:,.10g}, as all of {live}{_rows(column.unseen_rows)}{others}"
            if share and bounds
            else f"no number of {file} is beyond those of {live}",
            limited=f"at most {rules.max_out_of_range_share.limit:.2%} are allowed",
            remedy="Correct them",
        )


def _worst(shares: Sequence[tuple[float, ColumnReport]], rule: Rule[float]) -> tuple[float, ColumnReport, str]:
    """The largest share, its column, and in words which others are beyond the limit."""
    ranked = sorted(shares, key=lambda each: -each[0])
    share, column = ranked[0]
    return share, column, _others([each.name for other, each in ranked[1:] if other > rule.limit])


def _others(names: Sequence[str]) -> str:
    if not names:
        return ""
    more = len(names) - _NAMED_COLUMNS
    named = ", ".join(f"'{name}'" for name in names[:_NAMED_COLUMNS])
    return f"; likewise {named}" + (f" and {more} more" if more > 0 else "")


def _rows(numbers: Sequence[int]) -> str:
    if not numbers:
        return ""
    return f" (row{'s' if len(numbers) > 1 else ''} {', '.join(str(number) for number in numbers)})"
