"""A run with everything that a report can show, and what such runs may leave."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from steps.behaviour_report import BehaviourReport
from steps.code_manifest import CodeManifest
from steps.contracts import CheckMetricsResult, LiveVersion, ValidateDataResult
from steps.cost import plan_cost
from steps.drift_report import DriftReport
from steps.evaluation_report import EvaluatedExamples, MetricsReport
from steps.prepare_run import Facts, keep_ceiling, plan_run
from steps.prices import price_table
from steps.profile import DataProfile
from steps.recipe import Recipe
from steps.report.facts import ReportFacts

NAMES = ["negative", "positive"]
# Words that would be code if anything forgot to escape them.
NASTY = '<b onclick="alert(1)">"quoted" & more</b>'

RECIPE = Recipe.model_validate(
    {
        "name": "reviews",
        "description": "Is a review positive?",
        "not_for": "Not for decisions about people.",
        "task": "binary",
        "data": {"labels": {"0": "negative", "1": "positive"}},
        "training": {"hyperparameters": {"epochs": 8, "learning_rate": 0.001}},
        "metrics": {"gates": [{"name": "accuracy", "floor": 0.68}, {"name": "log_loss", "floor": 0.6}]},
        "approval": {"approvers": ["ann@example.com"]},
        "smoke": {"cases": [{"text": "Wonderful.", "label": "positive"}]},
    }
)
LIVE = LiveVersion(
    model_version="7",
    model_package_arn="arn:aws:sagemaker:us-east-1:123456789012:model-package/greenlight-reviews/7",
    model_data_uri="s3://bucket/runs/old/model.tar.gz",
    model_digest="1" * 64,
    endpoint_name="greenlight-reviews",
    endpoint_config_name="greenlight-old",
    class_names=NAMES,
    run_id="old",
    released_at=datetime(2026, 2, 1, 8, 30, tzinfo=UTC),
    data_digest="2" * 64,
    recipe_digest="3" * 64,
    code_digest="4" * 64,
    metrics={"accuracy": 0.75},
)
FACTS = Facts(
    run_id="reviews-20260302-090000-ab12",
    started_at=datetime(2026, 3, 2, 9, 0, tzinfo=UTC),
    requested_by="schedule",
    force=False,
    recipe=RECIPE,
    recipe_uri="s3://bucket/code/c0de/source/recipes/reviews/recipe.yaml",
    data_uri="s3://bucket/data/reviews/da7a.csv",
    data_digest="da7a" * 16,
    code=CodeManifest(
        digest="c0de" * 16,
        steps={"preprocess": "p1", "import_model": "i1", "evaluate_model": "e1"},
        scripts={"training/text_classifier.py": "t1"},
        recipes=["reviews"],
    ),
    code_uri="s3://bucket/code/c0de",
    live=LIVE,
    bucket="bucket",
    region="us-east-1",
    stack="greenlight",
    tensorflow_training_image="763104351884.dkr.ecr.us-east-1.amazonaws.com/tensorflow-training:2.19.0-cpu-py312",
    tensorflow_inference_image="763104351884.dkr.ecr.us-east-1.amazonaws.com/tensorflow-inference:2.19.0-cpu",
    scikit_learn_image="683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.4-2-cpu-py3",
    xgboost_image="683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.0-5",
)
FINDINGS: list[dict[str, Any]] = [
    {"rule": "min_rows", "verdict": "passed", "observed": 8530, "limit": 1000, "sentence": "8,530 rows of 1,000."},
    {
        "rule": "near_duplicates",
        "verdict": "warned",
        "observed": 0.031,
        "limit": 0.02,
        "sentence": "3.1 % of the rows are nearly those of another, and 2.0 % are allowed; see rows 12, 704 and 5,112.",
    },
]


def curve(name: str, power: float) -> dict[str, Any]:
    steps = [index / 30 for index in range(31)]
    return {"name": name, "x": steps, "y": [step**power for step in steps]}


def calibration(error: float) -> dict[str, Any]:
    bins = [
        {
            "rows": 100 + index,
            "mean_probability": 0.55 + index * 0.1,
            "observed_share": 0.55 + index * 0.1 - error,
            "interval": {"low": 0.5 + index * 0.1 - error, "high": min(1.0, 0.6 + index * 0.1 - error)},
        }
        for index in range(5)
    ]
    return {"expected_calibration_error": error, "brier_score": 0.16, "bins": bins}


MEASURED = MetricsReport.model_validate(
    {
        "rows": 1280,
        "candidate": {"accuracy": 0.784, "log_loss": 0.47, "roc_auc": 0.861},
        "champion": {"accuracy": 0.75, "log_loss": 0.52, "roc_auc": 0.84},
        "majority_baseline_accuracy": 0.51,
        "confusion": [[498, 142], [134, 506]],
        "class_names": NAMES,
        "intervals": {"accuracy": {"low": 0.761, "high": 0.805}, "log_loss": {"low": 0.45, "high": 0.49}},
        "champion_intervals": {"accuracy": {"low": 0.726, "high": 0.773}},
        "paired": {
            "accuracy": {
                "gain": 0.034,
                "interval": {"low": 0.012, "high": 0.056},
                "p_value": 0.003,
                "test": "mcnemar",
            },
            "log_loss": {
                "gain": 0.05,
                "interval": {"low": -0.01, "high": 0.11},
                "p_value": 0.09,
                "test": "paired_bootstrap",
            },
        },
        "thresholds": {"positive": 0.46},
        "calibration": calibration(0.032),
        "champion_calibration": calibration(0.051),
        "slices": [
            {
                "name": "short texts",
                "rows": 310,
                "is_counted": True,
                "candidate": {"accuracy": 0.71},
                "champion": {"accuracy": 0.73},
                "paired": {
                    "gain": -0.02,
                    "interval": {"low": -0.06, "high": 0.02},
                    "p_value": 0.3,
                    "test": "mcnemar",
                },
            },
            {"name": "very long texts", "rows": 9, "is_counted": False, "candidate": {"accuracy": 0.55}},
        ],
        "curves": {
            "roc": [curve("positive", 0.25)],
            "precision_recall": [{"name": "positive", "x": [0, 0.5, 1], "y": [1, 0.85, 0.5]}],
            "learning": [
                {"name": name, "x": list(range(1, 9)), "y": [0.69 * math.exp(-index / speed) for index in range(8)]}
                for name, speed in (("training", 5), ("validation", 12))
            ],
        },
        "serving": {
            "requests": 200,
            "p50_ms": 3.1,
            "p95_ms": 5.8,
            "p99_ms": 9.4,
            "archive_bytes": 4_100_000,
            "unpacked_bytes": 11_000_000,
        },
        "disagreements": 97,
        "model_checks": [
            {
                "name": "loss_falls",
                "verdict": "passed",
                "observed": 0.41,
                "limit": 0.69,
                "sentence": "The loss fell from 0.69 to 0.41.",
            }
        ],
        "behaviour": BehaviourReport.model_validate(
            {
                "results": [
                    {
                        "name": "plain_praise",
                        "kind": "minimum_functionality",
                        "severity": "error",
                        "cases": 120,
                        "failures": 2,
                        "failure_rate": 0.0167,
                        "limit": 0.05,
                        "champion_failure_rate": 0.025,
                    },
                    {
                        "name": "typos",
                        "kind": "invariance",
                        "severity": "warn",
                        "cases": 500,
                        "failures": 61,
                        "failure_rate": 0.122,
                        "limit": 0.1,
                        "examples": [
                            {"row_number": 17, "expected": "positive", "answered": "negative"},
                            {"before": "A fine film.", "after": NASTY, "expected": "positive", "answered": "negative"},
                        ],
                    },
                ]
            }
        ),
    }
)
EXAMPLES = EvaluatedExamples.model_validate(
    {
        "mistakes": [
            {
                "row_number": 812,
                "row": f"A text of a reviewer. {NASTY}",
                "expected": "negative",
                "candidate": "positive",
                "candidate_probability": 0.987,
                "champion": "negative",
                "champion_probability": 0.61,
            }
        ],
        "disagreements": [
            {
                "row_number": 33,
                "row": "Another text.",
                "expected": "positive",
                "candidate": "positive",
                "candidate_probability": 0.91,
                "champion": "negative",
                "champion_probability": 0.72,
            }
        ],
    }
)
PROFILE = DataProfile.model_validate(
    {
        "file": "da7a.csv",
        "rows": 8530,
        "usable_rows": 8512,
        "rows_per_label": {"negative": 4256, "positive": 4256},
        "rows_per_split": {"train": {"negative": 3000, "positive": 3000}},
        "split_rows": {"train": 6385, "validation": 851, "test": 1276},
        "text_lengths": {"median": 112, "p95": 214, "p99": 240, "maximum": 267},
    }
)
DRIFT = DriftReport.model_validate(
    {
        "labels": [
            {
                "label": name,
                "rows": 4256,
                "share": 0.5,
                "interval": {"low": 0.489, "high": 0.511},
                "live_share": 0.42,
                "live_interval": {"low": 0.41, "high": 0.43},
            }
            for name in NAMES
        ],
        "live_model_version": "7",
        "live_rows": 8000,
        "significance": 0.01,
        "comparisons": [
            {
                "kind": "text_length",
                "name": "text length",
                "rows": 8512,
                "live_rows": 8000,
                "median": 112,
                "live_median": 87,
                "test": "kolmogorov_smirnov",
                "statistic": 0.21,
                "p_value": 1e-9,
                "population_stability_index": 0.31,
                "limit": 0.2,
                "is_drifted": True,
                "bins": [
                    {"name": "up to 60", "share": 0.2, "live_share": 0.35},
                    {"name": "up to 120", "share": 0.5, "live_share": 0.45},
                    {"name": "beyond", "share": 0.3, "live_share": 0.2},
                ],
            },
            {
                "kind": "vocabulary",
                "name": "vocabulary",
                "rows": 8512,
                "live_rows": 8000,
                "test": "chi_squared",
                "statistic": 270.0,
                "p_value": 0.4,
                "population_stability_index": 0.002,
                "limit": 0.2,
                "is_drifted": False,
                "bins": [],
            },
        ],
        "columns": [
            {
                "name": "garage",
                "missing_share": 0.055,
                "live_missing_share": 0.05,
                "unseen_share": 0.002,
                "unseen_rows": [7, 1300],
            }
        ],
    }
)
CHECKED = CheckMetricsResult(
    verdict="passed",
    needs_approval=True,
    findings=[],
    metrics=MEASURED.candidate,
    champion_metrics=MEASURED.champion,
    rows=MEASURED.rows,
    reason="accuracy 0.784 on 1,280 rows never trained on, 0.034 better than the live version: a clear win (0.010).",
)


def full_facts(facts: Facts = FACTS, **changes: Any) -> ReportFacts:
    """Everything there is; changes replace parts of ReportFacts."""
    plan = keep_ceiling(plan_run(facts, {}), facts.recipe, facts.region, price_table())
    full = ReportFacts(
        recipe=facts.recipe,
        plan=plan,
        data=ValidateDataResult.model_validate({"verdict": "accepted", "findings": FINDINGS, "rows": 8530}),
        profile=PROFILE,
        drift=DRIFT,
        checked=CHECKED,
        measured=MEASURED,
        examples=EXAMPLES,
        cost=plan_cost(facts.recipe, plan, facts.region, price_table()),
    )
    return replace(full, **changes)
