from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pytest

from steps.behaviour_report import BehaviourReport
from steps.check_metrics import check_metrics
from steps.evaluation_report import MetricsReport
from steps.recipe import Recipe
from steps.recipe_sections.metrics import MetricsSection

MakeRecipe = Callable[..., Recipe]
LOSS: dict[str, Any] = {"gates": [{"name": "log_loss", "floor": 0.5, "margin": 0.02}], "clear_win": 0.03}


def report(candidate: dict[str, float], champion: dict[str, float] | None = None) -> MetricsReport:
    return MetricsReport(
        rows=1000,
        candidate=candidate,
        champion=champion,
        majority_baseline_accuracy=0.5,
        confusion=[[400, 100], [100, 400]],
        class_names=["bad", "good"],
    )


def approval(policy: str) -> dict[str, Any]:
    return {"policy": policy, "approvers": ["approver@example.com"]}


def test_below_the_floor_is_rejected_with_the_number_that_is_missing(make_recipe: MakeRecipe) -> None:
    result = check_metrics(report({"accuracy": 0.741}), make_recipe())
    assert result.verdict == "rejected"
    assert result.reason == "accuracy 0.741 is below its floor 0.760 by 0.019."
    assert [(f.rule, f.verdict, f.observed, f.limit) for f in result.findings] == [
        ("accuracy_floor", "failed", 0.741, 0.76)
    ]


def test_on_the_floor_passes(make_recipe: MakeRecipe) -> None:
    result = check_metrics(report({"accuracy": 0.76}), make_recipe())
    assert result.verdict == "passed"
    assert result.findings[0].sentence == "accuracy 0.760 is on its floor 0.760."


def test_a_hair_below_the_floor_fails_and_shows_it(make_recipe: MakeRecipe) -> None:
    result = check_metrics(report({"accuracy": 0.7599}), make_recipe())
    assert result.reason == "accuracy 0.760 is below its floor 0.760 by 0.000100."


@pytest.mark.parametrize(("value", "verdict"), [(0.88, "passed"), (0.8799, "rejected"), (0.95, "passed")])
def test_a_candidate_may_be_worse_than_the_live_version_by_the_margin(
    make_recipe: MakeRecipe, value: float, verdict: str
) -> None:
    result = check_metrics(report({"accuracy": value}, {"accuracy": 0.90}), make_recipe())
    assert result.verdict == verdict
    assert [finding.rule for finding in result.findings] == ["accuracy_floor", "accuracy_margin"]
    assert "0.880, the live version's 0.900 minus the margin 0.020" in result.findings[1].sentence


@pytest.mark.parametrize("candidate", [{"accuracy": math.nan}, {"accuracy": math.inf}, {}])
def test_a_metric_that_is_missing_or_no_number_fails_and_the_result_is_plain_json(
    make_recipe: MakeRecipe, candidate: dict[str, float]
) -> None:
    result = check_metrics(report(candidate, {"accuracy": 0.9}), make_recipe(approval=approval("never")))
    assert result.verdict == "rejected"
    assert "accuracy is missing or no number" in result.reason
    json.dumps(result.model_dump(mode="json"), allow_nan=False)


def test_less_is_better_for_a_loss(make_recipe: MakeRecipe) -> None:
    recipe = make_recipe(metrics=LOSS)
    assert check_metrics(report({"log_loss": 0.5}), recipe).verdict == "passed"
    too_high = check_metrics(report({"log_loss": 0.51}), recipe)
    assert too_high.reason == "log_loss 0.510 is above its ceiling 0.500 by 0.010."
    assert check_metrics(report({"log_loss": 0.42}, {"log_loss": 0.40}), recipe).verdict == "passed"
    worse = check_metrics(report({"log_loss": 0.43}, {"log_loss": 0.40}), recipe)
    assert "above 0.420, the live version's 0.400 plus the margin 0.020" in worse.reason


@pytest.mark.parametrize(
    ("policy", "candidate", "champion", "asked"),
    [
        ("always", 0.95, 0.80, True),
        ("never", 0.80, 0.80, False),
        ("never", 0.80, None, False),
        ("when_not_clearly_better", 0.95, 0.80, False),
        ("when_not_clearly_better", 0.81, 0.80, False),  # exactly the clear win of 0.01
        ("when_not_clearly_better", 0.809, 0.80, True),
        ("when_not_clearly_better", 0.95, None, True),  # a first version is clearly better than nothing known
    ],
)
def test_a_person_is_asked_as_the_policy_says(
    make_recipe: MakeRecipe, policy: str, candidate: float, champion: float | None, asked: bool
) -> None:
    live = None if champion is None else {"accuracy": champion}
    result = check_metrics(report({"accuracy": candidate}, live), make_recipe(approval=approval(policy)))
    assert (result.verdict, result.needs_approval) == ("passed", asked)


def test_the_reason_compares_by_the_first_metric(make_recipe: MakeRecipe) -> None:
    recipe = make_recipe()
    assert check_metrics(report({"accuracy": 0.8}), recipe).reason == (
        "accuracy 0.800 on 1,000 rows never trained on; there is no live version that it can be compared with."
    )
    assert check_metrics(report({"accuracy": 0.83}, {"accuracy": 0.8}), recipe).reason == (
        "accuracy 0.830 on 1,000 rows never trained on, 0.030 better than the live version: a clear win (0.010)."
    )
    assert check_metrics(report({"accuracy": 0.79}, {"accuracy": 0.8}), recipe).reason == (
        "accuracy 0.790 on 1,000 rows never trained on, 0.010 worse than the live version: not a clear win (0.010)."
    )


def test_every_gate_is_judged(make_recipe: MakeRecipe) -> None:
    gates = [{"name": "accuracy", "floor": 0.7}, {"name": "roc_auc", "floor": 0.9}, {"name": "f1", "floor": 0.9}]
    result = check_metrics(report({"accuracy": 0.8, "roc_auc": 0.85, "f1": 0.8}), make_recipe(metrics={"gates": gates}))
    assert [finding.verdict for finding in result.findings] == ["passed", "failed", "failed"]
    assert (
        result.reason == "roc_auc 0.850 is below its floor 0.900 by 0.050. f1 0.800 is below its floor 0.900 by 0.100."
    )


# --- labels and numbers ---


def number_report(**candidate: float) -> MetricsReport:
    return MetricsReport(rows=219, candidate=candidate, champion=None, class_names=[])


def gated(recipe: Recipe, name: str, floor: float, **more: float) -> Recipe:
    return recipe.model_copy(
        update={"metrics": MetricsSection.model_validate({"gates": [{"name": name, "floor": floor, **more}]})}
    )


def test_large_errors_are_written_with_separators_and_without_decimals(houses: Recipe) -> None:
    recipe = gated(houses, "root_mean_squared_error", 30_000)
    rejected = check_metrics(number_report(root_mean_squared_error=31_234.56), recipe)
    assert rejected.reason == "root_mean_squared_error 31,235 is above its ceiling 30,000 by 1,235."
    passed = check_metrics(number_report(root_mean_squared_error=29_000.0), recipe)
    assert passed.reason == (
        "root_mean_squared_error 29,000 on 219 rows never trained on; "
        "there is no live version that it can be compared with."
    )


def test_errors_are_compared_with_those_of_the_live_version(houses: Recipe) -> None:
    recipe = gated(houses, "mean_absolute_error", 30_000, margin=500)
    report = number_report(mean_absolute_error=18_000.0).model_copy(
        update={"champion": {"mean_absolute_error": 17_400}}
    )
    assert check_metrics(report, recipe).reason == (
        "mean_absolute_error 18,000 is above 17,900, the live version's 17,400 plus the margin 500.000 by 100.000."
    )


def test_a_large_number_is_on_its_limit_but_for_rounding(houses: Recipe) -> None:
    limit = 1e9
    result = check_metrics(
        number_report(root_mean_squared_error=math.nextafter(limit, math.inf)),
        gated(houses, "root_mean_squared_error", limit),
    )
    assert result.verdict == "passed"


def test_a_missing_r2_observes_its_worst_value(houses: Recipe) -> None:
    [finding] = check_metrics(number_report(), gated(houses, "r2", 0.5)).findings
    assert finding.verdict == "failed"
    assert finding.observed < -1e300


@pytest.mark.parametrize(
    ("metric", "words"),
    [
        ("roc_auc", "The weakest label is threat with roc_auc 0.810."),
        ("log_loss", "The weakest label is rude with log_loss 0.400."),
        ("subset_accuracy", "The weakest label is threat with roc_auc 0.810."),
    ],
)
def test_the_weakest_label_is_named_behind_the_mean(comments: Recipe, metric: str, words: str) -> None:
    measured = MetricsReport(
        rows=1000,
        candidate={"roc_auc": 0.9, "log_loss": 0.2, "subset_accuracy": 0.9},
        champion=None,
        class_names=["rude", "threat"],
        per_label={"rude": {"roc_auc": 0.99, "log_loss": 0.4}, "threat": {"roc_auc": 0.81, "log_loss": 0.1}},
    )
    floor = 1.0 if metric == "log_loss" else 0.5
    assert check_metrics(measured, gated(comments, metric, floor)).reason.endswith(words)


def test_the_gated_metrics_come_first(comments: Recipe) -> None:
    candidate = {"subset_accuracy": 0.9, "f1": 0.7, "roc_auc": 0.95}
    measured = MetricsReport(rows=9, candidate=candidate, champion=None, class_names=["rude", "threat"])
    assert list(check_metrics(measured, gated(comments, "roc_auc", 0.5)).metrics) == [
        "roc_auc",
        "subset_accuracy",
        "f1",
    ]


@pytest.mark.parametrize(("severity", "verdict"), [("error", "rejected"), ("warn", "passed")])
def test_a_behavioural_test_blocks_or_warns(make_recipe: MakeRecipe, severity: str, verdict: str) -> None:
    broken = {"name": "typos", "kind": "invariance", "cases": 200, "failures": 20, "failure_rate": 0.1, "limit": 0.05}
    behaviour = BehaviourReport.model_validate({"results": [{**broken, "severity": severity}]})
    result = check_metrics(report({"accuracy": 0.8}).model_copy(update={"behaviour": behaviour}), make_recipe())
    assert result.verdict == verdict
    assert result.findings[-1].rule == "behaviour_typos"
    assert ("behaviour typos (invariance): 20 of 200 cases fail" in result.reason) == (verdict == "rejected")
