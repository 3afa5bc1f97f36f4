"""What several states read of a run: its recipe, and the parts of a plan that goes on."""

from __future__ import annotations

from typing import TypeVar

from steps.adopt_model import adopt_import, adopt_search
from steps.contracts import ImportReport, PrepareRunResult, SearchReport
from steps.errors import ArtifactMissingError
from steps.evaluation_report import EVALUATION_REPORT, MetricsReport
from steps.ports import ArtifactStore
from steps.recipe import Recipe, parse_recipe

Part = TypeVar("Part")


def read_recipe(plan: PrepareRunResult, artifacts: ArtifactStore) -> Recipe:
    """The recipe the run was planned with."""
    return parse_recipe(artifacts.read(plan.recipe_uri).decode(), where=plan.recipe_uri)


def model_origin(recipe: Recipe, plan: PrepareRunResult, artifacts: ArtifactStore) -> str:
    """What a search tried or which archive was imported, as a sentence; empty for a model that was just trained."""
    folder = planned(plan.train_model).output_uri.rpartition("/")[0]
    if recipe.import_model is not None:
        report = ImportReport.model_validate_json(artifacts.read(f"{folder}/report.json"))
        return f"This model was imported, not trained. {adopt_import(report).reason}"
    if recipe.tuning is not None:
        trials_uri = f"{folder}/trials.json"
        return adopt_search(SearchReport.model_validate_json(artifacts.read(trials_uri)), trials_uri).reason
    return ""


def read_metrics(plan: PrepareRunResult, artifacts: ArtifactStore) -> MetricsReport:
    """What the run's evaluation measured."""
    return MetricsReport.model_validate_json(
        artifacts.read(f"{planned(plan.evaluate_model).output_uri}/{EVALUATION_REPORT}")
    )


def planned(part: Part | None) -> Part:
    """A part that every plan which goes on has; raises ArtifactMissingError when it is not there."""
    if part is None:
        raise ArtifactMissingError("the plan is that of a run which goes no further; start a new run")
    return part
