"""The model card that the registry keeps with a version, from the numbers of its report.

Source: SageMaker Developer Guide, "Model package model card schema". SageMaker takes one line of 100,000 characters.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

from steps.contracts import PrepareRunResult
from steps.evaluation_report import MetricsReport, SliceMetrics
from steps.metric_words import number_text
from steps.recipe import Recipe
from steps.recipe_sections.metrics import LOSS_METRICS
from steps.report.lineage import image_of, parameters

MAX_CHARACTERS = 100_000
# What the schema takes of a name, a value, a note and a list.
_NAME, _NOTES, _LONG = 255, 1024, 2048
_MAX_PARAMETERS, _MAX_SLICES = 50, 20


def registry_card(recipe: Recipe, plan: PrepareRunResult, measured: MetricsReport) -> str:
    """ModelCardContent of CreateModelPackage."""
    document = {
        "model_overview": {"model_creator": "Greenlight", **_artifact(plan)},
        "intended_uses": {
            "purpose_of_model": recipe.description[:_LONG],
            **({"intended_uses": f"Not for: {recipe.not_for}"[:_LONG]} if recipe.not_for else {}),
            "risk_rating": "Unknown",
        },
        "training_details": _training(recipe, plan),
        "evaluation_details": [_evaluation(recipe, plan, measured)],
        "additional_information": {
            "custom_details": {
                "run": plan.run_id,
                "data_digest": plan.data_digest,
                "recipe_digest": plan.recipe_digest,
                "code_digest": plan.code_digest,
                "seed": str(recipe.training.seed),
            }
        },
    }
    return json.dumps(document, ensure_ascii=False)


def _artifact(plan: PrepareRunResult) -> dict[str, Any]:
    return {"model_artifact": [plan.train_model.output_uri[:_NOTES]]} if plan.train_model else {}


def _training(recipe: Recipe, plan: PrepareRunResult) -> dict[str, Any]:
    if recipe.import_model is not None:
        return {"training_observations": "The model was brought along as an archive and not trained here."}
    given = parameters(recipe, plan)[:_MAX_PARAMETERS]
    image = image_of(plan.train_model) if plan.train_model else ""
    return {
        "training_observations": f"{recipe.training.script} with seed {recipe.training.seed}.",
        "training_job_details": {
            "training_datasets": [plan.data_uri[:_NOTES]],
            **({"training_environment": {"container_image": [image]}} if image else {}),
            "user_provided_hyper_parameters": [{"name": name[:_NAME], "value": value[:_NAME]} for name, value in given],
        },
    }


def _evaluation(recipe: Recipe, plan: PrepareRunResult, measured: MetricsReport) -> dict[str, Any]:
    step = plan.evaluate_model
    groups = [{"name": "Candidate", "metric_data": list(_metrics(recipe, measured))}]
    if measured.champion:
        live = [_number(name, value, "") for name, value in measured.champion.items() if math.isfinite(value)]
        version = plan.champion.model_version if plan.champion else ""
        groups.append({"name": f"Live version {version}".strip(), "metric_data": live})
    slices = [each for each in measured.slices if each.is_counted][:_MAX_SLICES]
    if slices:
        groups.append({"name": "Slices", "metric_data": [data for each in slices for data in _slice(recipe, each)]})
    if measured.behaviour is not None:
        rates = [
            _number(
                each.name, each.failure_rate, f"failure rate; {number_text(each.limit)} is allowed ({each.severity})"
            )
            for each in measured.behaviour.results
        ]
        groups.append({"name": "Behaviour", "metric_data": rates})
    return {
        "name": "Held-back rows",
        "evaluation_observation": f"Measured on {measured.rows:,} rows that the model never saw before.",
        **({"datasets": [f"{plan.preprocess.output_uri}/test.csv"[:_NOTES]]} if plan.preprocess else {}),
        **({"metadata": {"job": step.job_name}} if step else {}),
        "metric_groups": groups,
    }


def _metrics(recipe: Recipe, measured: MetricsReport) -> Iterator[dict[str, Any]]:
    floors: dict[str, float] = {gate.name: gate.floor for gate in recipe.metrics.gates}
    for name, value in measured.candidate.items():
        if not math.isfinite(value):
            continue
        notes = []
        if (interval := measured.intervals.get(name)) is not None:
            share = round(measured.confidence * 100)
            notes.append(f"{share} % interval {number_text(interval.low)} to {number_text(interval.high)}")
        if (floor := floors.get(name)) is not None:
            notes.append(f"must be at {'most' if name in LOSS_METRICS else 'least'} {number_text(floor)}")
        yield _number(name, value, "; ".join(notes))


def _slice(recipe: Recipe, part: SliceMetrics) -> Iterator[dict[str, Any]]:
    name = recipe.metrics.gates[0].name
    if name in part.candidate and math.isfinite(part.candidate[name]):
        yield _number(f"{part.name}: {name}", part.candidate[name], f"{part.rows:,} rows")


def _number(name: str, value: float, notes: str) -> dict[str, Any]:
    return {"name": name[:_NAME], "type": "number", "value": value, **({"notes": notes[:_NOTES]} if notes else {})}
