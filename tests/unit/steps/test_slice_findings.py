from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from steps.check_metrics import check_metrics
from steps.evaluation_report import Interval, MetricsReport, PairedTest, SliceMetrics
from steps.recipe import Recipe

MakeRecipe = Callable[..., Recipe]


def measured(candidate: float, live: float | None = 0.8, *, rows: int = 200, p_value: float = 0.4) -> MetricsReport:
    """All rows are answered alike, those of the slice `short` are not."""
    gain = candidate - (live or 0.0)
    paired = PairedTest(
        gain=gain, interval=Interval(low=gain - 0.03, high=gain + 0.03), p_value=p_value, test="mcnemar"
    )
    return MetricsReport(
        rows=1000,
        candidate={"accuracy": 0.8},
        champion=None if live is None else {"accuracy": 0.8},
        class_names=["bad", "good"],
        slices=[
            SliceMetrics(
                name="short",
                rows=rows,
                is_counted=rows >= 50,
                candidate={"accuracy": candidate},
                champion=None if live is None else {"accuracy": live},
                paired=None if live is None else paired,
            )
        ],
    )


@pytest.fixture
def sliced(make_recipe: MakeRecipe) -> Callable[..., Recipe]:
    """A recipe with the slice `short`."""

    def make(**changes: Any) -> Recipe:
        return make_recipe(slices=[{"name": "short", "text_characters": {"below": 20}, "margin": 0.05, **changes}])

    return make


@pytest.mark.parametrize(
    ("candidate", "p_value", "critical", "verdict", "found"),
    [
        (0.75, 0.4, True, "passed", "passed"),  # on its margin
        (0.74, 0.4, True, "rejected", "failed"),
        (0.74, 0.4, False, "passed", "warned"),
        (0.76, 0.01, True, "passed", "warned"),  # within its margin, and no chance
        (0.9, 0.01, True, "passed", "passed"),
    ],
)
def test_a_candidate_may_not_be_worse_in_a_critical_slice_than_its_margin(
    sliced: Callable[..., Recipe], *, candidate: float, p_value: float, critical: bool, verdict: str, found: str
) -> None:
    result = check_metrics(measured(candidate, p_value=p_value), sliced(critical=critical))
    assert (result.verdict, result.findings[-1].rule, result.findings[-1].verdict) == (verdict, "slice_short", found)


def test_a_slice_that_is_not_critical_is_told_only_beyond_its_margin(sliced: Callable[..., Recipe]) -> None:
    rules = [finding.rule for finding in check_metrics(measured(0.75), sliced()).findings]
    assert "slice_short" not in rules


def test_the_sentence_says_which_rows_and_by_how_much(sliced: Callable[..., Recipe]) -> None:
    refused = check_metrics(measured(0.72), sliced(critical=True))
    assert refused.reason == (
        "accuracy 0.720 of the slice 'short' (200 rows) is below 0.750, the live version's 0.800 minus the margin "
        "0.050 by 0.030 (95 % interval of the gain -0.110 to -0.050; McNemar's test, p = 0.400)."
    )
    warned = check_metrics(measured(0.76, p_value=0.01), sliced(critical=True)).findings[-1].sentence
    assert warned.endswith(
        "It is 0.040 worse than the live version, more than chance explains "
        "(95 % interval of the gain -0.070 to -0.010; McNemar's test, p = 0.010)."
    )


def test_a_critical_slice_with_too_few_rows_is_told_and_not_judged(sliced: Callable[..., Recipe]) -> None:
    result = check_metrics(measured(0.1, rows=12), sliced(critical=True))
    assert result.verdict == "passed"
    assert (result.findings[-1].verdict, result.findings[-1].sentence) == (
        "warned",
        "The critical slice 'short' has 12 of the 50 test rows that its recipe wants, so it was not judged.",
    )
    assert len(check_metrics(measured(0.1, rows=12), sliced()).findings) == 2


def test_a_first_release_has_no_slice_to_be_worse_in(sliced: Callable[..., Recipe]) -> None:
    result = check_metrics(measured(0.1, None), sliced(critical=True))
    assert [finding.rule for finding in result.findings] == ["accuracy_floor"]


def test_a_metric_that_a_slice_lacks_rejects_where_the_slice_is_critical(sliced: Callable[..., Recipe]) -> None:
    report = measured(0.8)
    lost = report.slices[0].model_copy(update={"candidate": {}, "paired": None})
    result = check_metrics(report.model_copy(update={"slices": [lost]}), sliced(critical=True))
    assert result.reason.startswith("accuracy of the slice 'short' (200 rows) is missing or no number, so it cannot")
    unknown = report.slices[0].model_copy(update={"champion": {}, "paired": None})
    result = check_metrics(report.model_copy(update={"slices": [unknown]}), sliced(critical=True))
    assert (result.verdict, result.findings[-1].verdict) == ("passed", "warned")
