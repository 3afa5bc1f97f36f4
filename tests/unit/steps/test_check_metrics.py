from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pytest

from steps.behaviour_report import BehaviourReport
from steps.check_metrics import Override, check_metrics
from steps.contracts import LiveVersion
from steps.evaluation_report import Interval, MetricsReport, PairedTest, ServingMeasurement
from steps.model_checks import ModelCheck
from steps.recipe import Recipe
from steps.recipe_sections.metrics import LOSS_METRICS, MetricsSection

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


def compared(gain: float, p_value: float, *, live: float = 0.8, metric: str = "accuracy") -> MetricsReport:
    """Candidate and live version with the paired test of a metric; its interval agrees with the p-value."""
    room = abs(gain) * (0.5 if p_value < 0.05 else 1.5)
    value = live - gain if metric in LOSS_METRICS else live + gain
    paired = PairedTest(
        gain=gain, interval=Interval(low=gain - room, high=gain + room), p_value=p_value, test="mcnemar"
    )
    return report({metric: value}, {metric: live}).model_copy(update={"paired": {metric: paired}})


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
    ("policy", "measured", "asked"),
    [
        ("always", compared(0.15, 0.001), True),
        ("never", compared(0.0, 1.0), False),
        ("never", report({"accuracy": 0.8}), False),
        ("when_not_clearly_better", compared(0.15, 0.001), False),
        ("when_not_clearly_better", compared(0.01, 0.001), False),  # exactly the clear win of 0.01
        ("when_not_clearly_better", compared(0.009, 0.001), True),
        ("when_not_clearly_better", compared(0.15, 0.2), True),  # as large, and it may be chance
        ("when_not_clearly_better", report({"accuracy": 0.95}, {"accuracy": 0.8}), True),  # and nothing tells
        ("when_not_clearly_better", report({"accuracy": 0.95}), True),  # nothing is known that it is better than
    ],
)
def test_a_person_is_asked_as_the_policy_says(
    make_recipe: MakeRecipe, policy: str, measured: MetricsReport, asked: bool
) -> None:
    result = check_metrics(measured, make_recipe(approval=approval(policy)))
    assert (result.verdict, result.needs_approval) == ("passed", asked)


def test_the_reason_compares_by_the_first_metric(make_recipe: MakeRecipe) -> None:
    recipe = make_recipe()
    assert check_metrics(report({"accuracy": 0.8}), recipe).reason == (
        "accuracy 0.800 on 1,000 rows never trained on; there is no live version that it can be compared with."
    )
    assert check_metrics(compared(0.03, 0.0004), recipe).reason == (
        "accuracy 0.830 on 1,000 rows never trained on, 0.030 better than the live version "
        "(95 % interval of the gain +0.015 to +0.045; McNemar's test, p < 0.001): a clear win (0.010)."
    )
    assert check_metrics(compared(0.03, 0.21), recipe).reason == (
        "accuracy 0.830 on 1,000 rows never trained on, 0.030 better than the live version "
        "(95 % interval of the gain -0.015 to +0.075; McNemar's test, p = 0.210): "
        "not a clear win (0.010), since it may be chance."
    )
    assert check_metrics(report({"accuracy": 0.79}, {"accuracy": 0.8}), recipe).reason == (
        "accuracy 0.790 on 1,000 rows never trained on, 0.010 worse than the live version: not a clear win (0.010)."
    )


# --- the paired test ---


@pytest.mark.parametrize(
    ("gain", "p_value", "verdicts"),
    [
        (-0.019, 0.30, ["passed", "passed"]),  # within the margin, and it may be chance
        (-0.019, 0.01, ["passed", "failed"]),  # within the margin, and it is none
        (-0.021, 0.30, ["failed", "passed"]),  # beyond the margin, chance or not
        (-0.021, 0.01, ["failed", "failed"]),
        (0.021, 0.01, ["passed", "passed"]),
        (0.0, 1.0, ["passed", "passed"]),
    ],
)
@pytest.mark.parametrize("metric", ["accuracy", "log_loss"])
def test_a_candidate_is_rejected_when_worse_beyond_the_margin_or_than_chance_explains(
    make_recipe: MakeRecipe, metric: str, gain: float, p_value: float, verdicts: list[str]
) -> None:
    floor = 0.7 if metric == "accuracy" else 0.9
    recipe = make_recipe(metrics={"gates": [{"name": metric, "floor": floor, "margin": 0.02}]})
    findings = check_metrics(compared(gain, p_value, metric=metric), recipe).findings
    assert [finding.rule for finding in findings[1:]] == [f"{metric}_margin", f"{metric}_paired"]
    assert [finding.verdict for finding in findings[1:]] == verdicts


def test_the_paired_tests_sentence_says_by_how_much_and_how_sure(make_recipe: MakeRecipe) -> None:
    recipe = make_recipe()
    worse = check_metrics(compared(-0.01, 0.031), recipe)
    assert worse.reason == (
        "accuracy is 0.010 worse than the live version's, more than chance explains "
        "(95 % interval of the gain -0.015 to -0.005; McNemar's test, p = 0.031)."
    )
    assert worse.findings[-1].observed == pytest.approx(0.031)
    assert worse.findings[-1].limit == pytest.approx(0.05)
    chance = check_metrics(compared(-0.01, 0.4), recipe).findings[-1].sentence
    assert chance.startswith("accuracy is 0.010 worse than the live version's, which may be chance (95 % interval")
    same = check_metrics(compared(0.0, 1.0), recipe).findings[-1].sentence
    assert same.startswith("accuracy is exactly as good as the live version's (95 %")


def test_a_recipe_may_have_a_significant_loss_within_the_margin_only_said(make_recipe: MakeRecipe) -> None:
    gate = {"name": "accuracy", "floor": 0.7, "margin": 0.02, "significantly_worse": "warn"}
    recipe = make_recipe(metrics={"gates": [gate]})
    result = check_metrics(compared(-0.01, 0.031), recipe)
    assert (result.verdict, result.findings[-1].verdict) == ("passed", "warned")
    assert result.reason.endswith(result.findings[-1].sentence), "the approver reads it"
    assert check_metrics(compared(-0.03, 0.031), recipe).verdict == "rejected"


# --- what there is beside metrics ---


def test_a_check_of_the_training_that_failed_rejects(make_recipe: MakeRecipe) -> None:
    checks = [
        ModelCheck(name="loss_falls", verdict="passed", observed=0.2, limit=0.6, sentence="The loss fell."),
        ModelCheck(
            name="served_as_trained", verdict="failed", observed=0.3, limit=0.001, sentence="It answers otherwise."
        ),
    ]
    result = check_metrics(report({"accuracy": 0.8}).model_copy(update={"model_checks": checks}), make_recipe())
    assert (result.verdict, result.reason) == ("rejected", "It answers otherwise.")
    assert [(each.rule, each.verdict, each.observed, each.limit) for each in result.findings[1:]] == [
        ("model_check_loss_falls", "passed", 0.2, 0.6),
        ("model_check_served_as_trained", "failed", 0.3, 0.001),
    ]


SERVED = ServingMeasurement(
    requests=200, p50_ms=4.0, p95_ms=12.25, p99_ms=30.0, archive_bytes=5_000_000, unpacked_bytes=9_000_000
)


@pytest.mark.parametrize(
    ("limits", "served", "sentence"),
    [
        ({}, None, None),
        ({"max_p95_ms": 12.25}, SERVED, None),
        (
            {"max_p95_ms": 10},
            SERVED,
            "95 % of the rows are answered within 12.25 ms; 10 ms are allowed, so it is 2.25 ms too much.",
        ),
        (
            {"max_p50_ms": 4, "max_p99_ms": 29},
            SERVED,
            "99 % of the rows are answered within 30 ms; 29 ms are allowed, so it is 1 ms too much.",
        ),
        (
            {"max_archive_bytes": 4_999_000},
            SERVED,
            "model.tar.gz has 5,000,000 bytes; 4,999,000 bytes are allowed, so it is 1,000 bytes too much.",
        ),
        ({"max_unpacked_bytes": 10**9}, SERVED, None),
        (
            {"max_p95_ms": 10},
            None,
            "metrics.serving.max_p95_ms is 10 ms, but no server was measured.",
        ),
    ],
)
def test_time_and_size_are_held_against_the_limits_that_there_are(
    make_recipe: MakeRecipe, limits: dict[str, float], served: ServingMeasurement | None, sentence: str | None
) -> None:
    recipe = make_recipe(metrics={"gates": [{"name": "accuracy", "floor": 0.7}], "serving": limits})
    result = check_metrics(report({"accuracy": 0.8}).model_copy(update={"serving": served}), recipe)
    assert len(result.findings) == 1 + len(limits)
    assert (result.reason if result.verdict == "rejected" else None) == sentence


# --- no live version to compare with ---


def test_a_live_version_that_was_not_compared_is_named_with_the_reason(
    make_recipe: MakeRecipe, live: LiveVersion
) -> None:
    recipe = make_recipe()
    other = live.model_copy(update={"task": "binary", "class_names": ["no", "yes"]})
    result = check_metrics(report({"accuracy": 0.8}), recipe, live=other)
    assert (result.verdict, result.needs_approval) == ("passed", True)
    assert result.findings[0].verdict == "warned"
    assert result.reason == (
        "accuracy 0.800 on 1,000 rows never trained on; there is no live version that it can be compared with. "
        "Version 1 is live, but was not compared on these rows: it answers other classes. "
        "Only what holds without it was judged."
    )
    first = check_metrics(report({"accuracy": 0.8}), recipe)
    assert [finding.rule for finding in first.findings] == ["accuracy_floor"]


def test_a_live_version_without_a_gated_metric_is_said_to_lack_it(make_recipe: MakeRecipe) -> None:
    result = check_metrics(report({"accuracy": 0.8}, {"f1": 0.7}), make_recipe())
    assert (result.verdict, result.findings[1].verdict) == ("passed", "warned")
    assert result.findings[1].sentence == (
        "accuracy of the live version is missing or no number on these rows, so it was not compared."
    )


# --- somebody overrides ---

WISH = Override("ann", "The old model is down, and this one is better than nothing.")


@pytest.mark.parametrize("policy", ["always", "when_not_clearly_better", "never"])
def test_an_override_asks_a_person_and_leaves_the_findings_failed(make_recipe: MakeRecipe, policy: str) -> None:
    recipe = make_recipe(approval=approval(policy))
    result = check_metrics(report({"accuracy": 0.741}), recipe, override=WISH)
    assert (result.verdict, result.overridden, result.needs_approval) == ("passed", True, True)
    assert [finding.verdict for finding in result.findings] == ["failed"]
    assert result.reason == (
        "Rules that failed were overridden by ann, who said why: “The old model is down, and this one is better than "
        "nothing.” accuracy 0.741 is below its floor 0.760 by 0.019."
    )


def test_an_override_that_is_not_needed_changes_nothing(make_recipe: MakeRecipe) -> None:
    recipe = make_recipe(approval=approval("never"))
    assert check_metrics(report({"accuracy": 0.8}), recipe, override=WISH) == check_metrics(
        report({"accuracy": 0.8}), recipe
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
    # The approver reads a warning too.
    assert "Behavioural test typos (invariance): 20 of 200 cases fail" in result.reason
