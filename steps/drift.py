"""How the run's data differs from the data of the live version, by what their profiles keep of both.

Each column of a table, the length and the words of texts, and the labels or numbers to predict are compared. A
difference counts as drift when it is neither chance nor too small to mind: its p-value, times the number of
comparisons (Bonferroni), is below the recipe's, and its effect size above the recipe's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from steps.column_reports import column_reports
from steps.comparisons import Comparison, compare_counts, compare_numbers, compare_words
from steps.data_findings import share_of
from steps.distributions import Distributions
from steps.drift_report import Drift, DriftKind, DriftReport, LabelShare
from steps.evaluation_report import Interval
from steps.two_samples import wilson_interval

if TYPE_CHECKING:
    from collections.abc import Iterator

    from steps.contracts import LiveVersion
    from steps.profile import DataProfile
    from steps.recipe import Recipe
    from steps.recipe_sections.data_rules import DataRules

TEXT_LENGTH = "text length"
VOCABULARY = "vocabulary"


@dataclass(frozen=True)
class LiveData:
    """The live version and its data."""

    version: LiveVersion
    profile: DataProfile


def compare_data(profile: DataProfile, recipe: Recipe, known: LiveData | str) -> DriftReport:
    """The run's data beside that of the live version. known: that, or a sentence that says why it is not known"""
    live, why_not = (None, known) if isinstance(known, str) else (known, "")
    old = live.profile.distributions if live else Distributions()
    comparisons = list(_comparisons(profile, recipe, live)) if live else []
    if live and not comparisons:
        why_not = f"Version {live.version.model_version} learned from data of another kind, so nothing is compared."
    if not profile.usable_rows:
        why_not = f"{profile.file} has no usable row, so nothing is compared."
    return DriftReport(
        labels=_label_shares(profile, live.profile if live and _same_labels(recipe, live.version) else None),
        not_compared=why_not,
        live_model_version=live.version.model_version if live else None,
        live_rows=live.profile.usable_rows if live else 0,
        significance=recipe.data_rules.drift_significance,
        comparisons=_judged(comparisons, recipe.data_rules),
        columns=column_reports(profile.distributions, old),
    )


def drift_limit(kind: DriftKind, rules: DataRules) -> float:
    """The effect size above which a difference of this kind counts."""
    limits = {
        "text_length": rules.max_text_length_drift,
        "vocabulary": rules.max_vocabulary_drift,
        "label": rules.max_label_drift,
        "target": rules.max_label_drift,
    }
    return limits.get(kind, rules.max_feature_drift).limit


def _comparisons(profile: DataProfile, recipe: Recipe, live: LiveData) -> Iterator[Comparison]:
    new, old = profile.distributions, live.profile.distributions
    found = [
        *(
            compare_numbers("numeric", name, each, old.numeric[name])
            for name, each in new.numeric.items()
            if name in old.numeric
        ),
        *(
            compare_words(name, each, old.categorical[name])
            for name, each in new.categorical.items()
            if name in old.categorical
        ),
    ]
    if new.text_length and old.text_length:
        found.append(compare_numbers("text_length", TEXT_LENGTH, new.text_length, old.text_length))
        found.append(compare_counts("vocabulary", VOCABULARY, new.words, old.words))
    if new.target and old.target:
        found.append(compare_numbers("target", recipe.data.answer_columns[0], new.target, old.target))
    if _same_labels(recipe, live.version):
        found.extend(_labels(profile, recipe, live.profile))
    return (each for each in found if each is not None)


def _same_labels(recipe: Recipe, version: LiveVersion) -> bool:
    """Whether a label says the same in both data."""
    same_kind = version.answers_classes == bool(recipe.data.labels) and (version.task == "multi_label") == bool(
        recipe.data.label_columns
    )
    return same_kind and version.class_names == recipe.data.class_names


def _labels(profile: DataProfile, recipe: Recipe, before: DataProfile) -> Iterator[Comparison | None]:
    new, old, names = profile.rows_per_label, before.rows_per_label, recipe.data.class_names
    if recipe.data.labels:
        counts = [new[name] for name in names], [old[name] for name in names]
        yield compare_counts("label", recipe.data.label_column, *counts, names)
        return
    for name in names:
        yield compare_counts(
            "label",
            name,
            (new[name], profile.usable_rows - new[name]),
            (old[name], before.usable_rows - old[name]),
            (f"with {name}", f"without {name}"),
        )


def _judged(comparisons: list[Comparison], rules: DataRules) -> list[Drift]:
    judged = []
    for each in comparisons:
        p_value = min(1.0, each.measured.p_value * len(comparisons))
        limit = drift_limit(each.kind, rules)
        judged.append(
            Drift(
                kind=each.kind,
                name=each.name,
                rows=each.rows,
                live_rows=each.live_rows,
                median=each.median,
                live_median=each.live_median,
                test=each.test,
                statistic=each.measured.statistic,
                p_value=p_value,
                population_stability_index=each.index,
                limit=limit,
                is_drifted=p_value < rules.drift_significance and each.index > limit,
                bins=each.bins,
            )
        )
    return sorted(judged, key=lambda drift: (not drift.is_drifted, -drift.population_stability_index))


def _label_shares(profile: DataProfile, before: DataProfile | None) -> list[LabelShare]:
    shares = []
    for name, rows in profile.rows_per_label.items():
        low, high = wilson_interval(rows, profile.usable_rows)
        share = LabelShare(
            label=name, rows=rows, share=share_of(rows, profile.usable_rows), interval=Interval(low=low, high=high)
        )
        if before is not None:
            low, high = wilson_interval(before.rows_per_label[name], before.usable_rows)
            live_share = share_of(before.rows_per_label[name], before.usable_rows)
            share = share.model_copy(update={"live_share": live_share, "live_interval": Interval(low=low, high=high)})
        shares.append(share)
    return shares
