"""The report of every kind of task, and of the largest evaluation that the contracts allow."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from steps.behaviour_report import BehaviourReport
from steps.contracts import Finding, ValidateDataResult
from steps.drift_report import DriftReport
from steps.evaluation_report import Curve, EvaluatedExamples, MetricsReport
from steps.recipe import Recipe
from steps.report.write import write_report
from tests.full_report import CHECKED, DRIFT, EXAMPLES, FACTS, FINDINGS, MEASURED, PROFILE, RECIPE, full_facts

TWO_MEGABYTES = 2_000_000
LABELS = [f"label {number}" for number in range(6)]
SECTIONS: dict[str, dict[str, Any]] = {
    "multi_class": {
        "data": {"labels": {str(number): f"class {number}" for number in range(9)}},
        "smoke": {"cases": [{"text": "a", "label": "class 0"}]},
    },
    "multi_label": {
        "data": {"label_columns": LABELS},
        "metrics": {"gates": [{"name": "roc_auc", "floor": 0.9}]},
        "smoke": {"cases": [{"text": "a", "labels": []}]},
    },
    "regression": {
        "data": {"features": {"numeric": ["area"], "categorical": ["street"]}, "target_column": "price"},
        "metrics": {"gates": [{"name": "root_mean_squared_error", "floor": 40_000}]},
        "smoke": {"cases": [{"row": {"area": 1, "street": "a"}, "minimum": 0}]},
    },
}


def recipe_of(task: str) -> Recipe:
    return Recipe.model_validate(RECIPE.model_dump(mode="json") | {"task": task} | SECTIONS[task])


def measured_of(task: str) -> MetricsReport:
    if task == "regression":
        numbers = {"r2": 0.91, "root_mean_squared_error": 24_310.5}
        predicted = [Curve(name="rows", x=[100_000.0, 210_000.0], y=[98_000.0, 240_000.0])]
        return MetricsReport(
            rows=200,
            candidate=numbers,
            champion=numbers,
            class_names=[],
            mean_baseline_root_mean_squared_error=79_000.0,
            curves=MEASURED.curves.model_copy(update={"roc": [], "precision_recall": [], "predicted": predicted}),
        )
    names = recipe_of(task).data.class_names
    curves = [Curve(name=name, x=[0.0, 0.2, 1.0], y=[0.0, 0.8, 1.0]) for name in names]
    return MetricsReport(
        rows=900,
        candidate={"roc_auc": 0.95, "accuracy": 0.8},
        champion=None,
        class_names=names,
        confusion=[[10] * len(names)] * len(names) if task == "multi_class" else [],
        per_label={name: {"f1": 0.5, "roc_auc": 0.9} for name in names} if task == "multi_label" else {},
        curves=MEASURED.curves.model_copy(update={"roc": curves}),
    )


@pytest.mark.parametrize(
    ("task", "words"),
    [
        ("multi_class", ["And 62 rarer kinds of mistakes.", "The weakest 5 of 9 are drawn."]),
        ("multi_label", ["Each label alone", "The weakest 5 of 6 are drawn.", "label 3"]),
        ("regression", ["Predicted and true", "24,310", "at most 40,000", "Always answering the mean would be off by"]),
    ],
)
def test_every_task_has_its_report(task: str, words: list[str]) -> None:
    recipe = recipe_of(task)
    checked = CHECKED.model_copy(update={"metrics": measured_of(task).candidate, "champion_metrics": None})
    facts = full_facts(replace(FACTS, recipe=recipe, live=None), measured=measured_of(task), checked=checked)
    html = write_report(facts).decode()
    for each in words:
        assert each in html


def longest(document: Any, characters: int = 300) -> Any:
    """A document with every text as long as this; names that mean something stay."""
    kept = {"kind", "severity", "verdict", "test"}
    if isinstance(document, dict):
        return {key: value if key in kept else longest(value, characters) for key, value in document.items()}
    if isinstance(document, list):
        return [longest(each, characters) for each in document]
    return "<" * characters if isinstance(document, str) else document


def test_the_largest_report_is_small_enough() -> None:
    names = [f"{number:03}" + "<" * 97 for number in range(100)]
    curve = Curve(name=names[0], x=[number / 99 for number in range(100)], y=[0.123456789] * 100)
    metrics = {f"metric_{number:02}": 0.12345678901234567 for number in range(50)}
    measured = MEASURED.model_copy(
        update={
            "candidate": metrics,
            "champion": metrics,
            "class_names": names,
            "confusion": [[10**6] * 100] * 100,
            "per_label": dict.fromkeys(names, metrics),
            "thresholds": dict.fromkeys(names, 0.5),
            "slices": [MEASURED.slices[0].model_copy(update={"name": "<" * 100, "candidate": metrics})] * 50,
            "curves": MEASURED.curves.model_copy(
                update={"roc": [curve] * 20, "precision_recall": [curve] * 20, "learning": [curve] * 4}
            ),
            "behaviour": BehaviourReport.model_validate(
                {"results": longest(json.loads(MEASURED.behaviour.model_dump_json())["results"][1:], 200) * 50}
            )
            if MEASURED.behaviour
            else None,
            "model_checks": [MEASURED.model_checks[0].model_copy(update={"sentence": "<" * 500})] * 20,
        }
    )
    comparison = DRIFT.comparisons[0].model_copy(
        update={"bins": [DRIFT.comparisons[0].bins[0]] * 12, "name": "<" * 100}
    )
    finding = Finding.model_validate(FINDINGS[1]).model_copy(update={"sentence": "<" * 1000})
    example = EXAMPLES.mistakes[0].model_copy(update={"expected": "<" * 100, "candidate": "<" * 100})
    body = write_report(
        full_facts(
            measured=measured,
            data=ValidateDataResult(verdict="accepted", findings=[finding] * 60, rows=10**9),
            profile=PROFILE.model_copy(update={"rows_per_label": dict.fromkeys(names, 10**7)}),
            drift=DriftReport.model_validate(
                {**DRIFT.model_dump(), "comparisons": [comparison] * 1000, "columns": [DRIFT.columns[0]] * 1000}
            ),
            checked=CHECKED.model_copy(update={"findings": [finding] * 60, "reason": "<" * 2000}),
            examples=EvaluatedExamples(mistakes=[example] * 20, disagreements=[example] * 20),
        )
    )
    assert len(body) < TWO_MEGABYTES
