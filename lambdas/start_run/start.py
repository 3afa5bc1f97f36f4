"""Starts the run that a trigger asks for, or whose turn has come."""

from __future__ import annotations

from dataclasses import dataclass

from steps.code_manifest import CodeManifest
from steps.errors import RecipeInvalidError
from steps.ports import ArtifactStore, ReleaseRecords, RunStarter, WaitingRuns, Workflow
from steps.start_run import Answer, EndedRun, Trigger, run_id_of, run_input_of, turn_of, waiting_input


@dataclass(frozen=True)
class Services:
    """What starting a run asks."""

    artifacts: ArtifactStore
    records: ReleaseRecords
    waiting: WaitingRuns
    executions: Workflow
    starter: RunStarter
    code_uri: str


def require_recipe(recipe: str, services: Services) -> None:
    """Raise RecipeInvalidError unless the recipe is deployed."""
    manifest = CodeManifest.model_validate_json(services.artifacts.read(f"{services.code_uri}/manifest.json"))
    if recipe not in manifest.recipes:
        known = ", ".join(manifest.recipes) or "none"
        raise RecipeInvalidError(f"there is no recipe '{recipe}'; the deployed recipes are: {known}")


def start(trigger: Trigger, services: Services, trigger_id: str) -> tuple[str, Answer]:
    """Start the run of a trigger; its id, and whether an earlier delivery had started it already."""
    run_id = run_id_of(trigger)
    is_first = services.starter.start(run_id, run_input_of(trigger, trigger_id))
    return run_id, "started" if is_first else "started_already"


def run_under_way(recipe: str, services: Services) -> str | None:
    """Id of the run that holds the recipe's lock; None when it is free or its owner has ended."""
    holder = services.records.lock(recipe)
    if holder is None or not services.executions.is_running(holder.execution_arn):
        return None
    return holder.run_id


def start_next(ended: EndedRun, services: Services, trigger_id: str) -> str | None:
    """After a run has ended, start the one that waits; its id, or None when none waits or another is under way.

    The place is cleared after the start, so a failure between the two only repeats a start of the same name.
    """
    recipe = ended.input.recipe
    turn = turn_of(ended)
    if turn is not None:
        services.waiting.put(recipe, turn)
    waiting = services.waiting.get(recipe)
    if waiting is None or run_under_way(recipe, services) is not None:
        return None
    services.starter.start(waiting.run_id, waiting_input(recipe, waiting, trigger_id))
    services.waiting.forget(recipe, waiting.run_id)
    return waiting.run_id
