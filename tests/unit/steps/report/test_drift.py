"""How data differ, in words and bars."""

from __future__ import annotations

from steps.drift_report import DriftReport
from steps.report.data import data_view
from steps.report.drift import BARS, MOST_PLOTS, WIDTH, drift_view
from tests.full_report import DRIFT, PROFILE


def test_drift_is_told_with_its_effect_and_its_limit() -> None:
    view = drift_view(DRIFT)
    assert view.sentence.startswith("Compared with the 8,000 rows behind version 7: 1 of 2 have drifted.")
    first, second = view.rows
    assert (first.verdict, first.effect, first.limit, first.p_value) == ("drifted", "0.310", "0.200", "< 0.001")
    assert first.medians == "median 112, before 87"
    assert (second.verdict, second.medians) == ("alike", "")


def test_bars_stay_inside_their_drawing() -> None:
    (plot,) = drift_view(DRIFT).plots
    assert plot.takeaway == "Most different: up to 60, 20.0 % now and 35.0 % before."
    assert max(max(bar.now, bar.before) for bar in plot.bars) == WIDTH - BARS - 50
    assert max(bar.y for bar in plot.bars) + 22 <= plot.height


def test_without_a_comparison_there_is_the_reason() -> None:
    view = drift_view(DriftReport(labels=[], not_compared="This is the first release.", significance=0.01))
    assert view.sentence == "This is the first release."
    assert not view.rows
    assert not view.plots


def test_of_many_comparisons_the_largest_are_drawn_and_listed() -> None:
    many = DRIFT.model_copy(update={"comparisons": [DRIFT.comparisons[0]] * 40})
    view = drift_view(many)
    assert len(view.plots) == MOST_PLOTS
    assert len({plot.key for plot in view.plots}) == MOST_PLOTS
    assert (len(view.rows), view.left_out) == (25, 15)


def test_a_column_is_named_where_values_are_missing_or_new() -> None:
    quiet = DRIFT.columns[0].model_copy(
        update={
            "name": "quiet",
            "missing_share": 0.0,
            "live_missing_share": 0.0,
            "unseen_share": 0.0,
            "unseen_rows": [],
        }
    )
    view = drift_view(DRIFT.model_copy(update={"columns": [*DRIFT.columns, quiet]}))
    assert [column.name for column in view.columns] == ["garage"]
    assert (view.columns[0].unseen, view.columns[0].rows) == ("0.2 %", "7, 1,300")


def test_labels_have_intervals_and_the_live_versions_shares() -> None:
    label = data_view(PROFILE, DRIFT).labels[0]
    assert (label.share, label.interval, label.live) == ("50.0 %", "48.9 % to 51.1 %", "42.0 %")
    alone = data_view(PROFILE, None).labels[0]
    assert (alone.share, alone.interval, alone.live, alone.live_bar) == ("50.0 %", "", "", None)
