"""What several states read of a run: its recipe, and the parts of a plan that goes on."""

from __future__ import annotations

from typing import TypeVar

from steps.contracts import PrepareRunResult
from steps.errors import ArtifactMissingError
from steps.ports import ArtifactStore
from steps.recipe import Recipe, parse_recipe

Part = TypeVar("Part")


def read_recipe(plan: PrepareRunResult, artifacts: ArtifactStore) -> Recipe:
    """The recipe the run was planned with."""
    return parse_recipe(artifacts.read(plan.recipe_uri).decode(), where=plan.recipe_uri)


def planned(part: Part | None) -> Part:
    """A part that every plan which goes on has; raises ArtifactMissingError when it is not there."""
    if part is None:
        raise ArtifactMissingError("the plan is that of a run which goes no further; start a new run")
    return part
