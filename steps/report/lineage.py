"""What the model is made of, what that is compared with the live version, and what it may cost."""

from __future__ import annotations

import json
from dataclasses import dataclass

from steps.contracts import PrepareRunResult, StepPlan
from steps.pages.rendering import short_digest
from steps.recipe import Recipe

_WHAT = {
    "data": ("Data", "the rows that it learns from"),
    "recipe": ("Recipe", "what it has to do and to reach"),
    "code": ("Code", "the programs that prepare, train and measure"),
    "model": ("Model", "the archive that was brought along"),
}
_STEPS = {"preprocess": "Preparing the rows", "train_model": "Getting the model", "evaluate_model": "Measuring it"}
# Hyperparameters of the toolkit and of the pipeline's own, which no recipe names.
_OWN = ("sagemaker_", "_tuning_", "class_names")


@dataclass(frozen=True)
class Change:
    """One thing a model is made of, and whether it is another than the live version's."""

    what: str
    meaning: str
    verdict: str
    digest: str
    live_digest: str


@dataclass(frozen=True)
class Entry:
    """A name and a value of the lineage; a digest is set as such."""

    name: str
    value: str
    is_code: bool = False


def changes(plan: PrepareRunResult) -> list[Change]:
    """What differs from the live version."""
    mine = {"data": plan.data_digest, "recipe": plan.recipe_digest, "code": plan.code_digest}
    live = plan.champion
    theirs = {} if live is None else {"data": live.data_digest, "recipe": live.recipe_digest, "code": live.code_digest}
    return [
        Change(
            what=_WHAT.get(name, (name.capitalize(), ""))[0],
            meaning=_WHAT.get(name, ("", ""))[1],
            verdict=verdict,
            digest=short_digest(mine.get(name, "")),
            live_digest=short_digest(theirs.get(name, "")),
        )
        for name, verdict in plan.compared.items()
    ]


def reused(plan: PrepareRunResult) -> list[tuple[str, str]]:
    """Step -> why it was run or taken over."""
    steps = {"preprocess": plan.preprocess, "train_model": plan.train_model, "evaluate_model": plan.evaluate_model}
    return [(_STEPS[name], step.reason) for name, step in steps.items() if step is not None]


def lineage(recipe: Recipe, plan: PrepareRunResult) -> list[Entry]:
    """Everything that would be needed to make this model again."""
    entries = [
        Entry("Run", plan.run_id, is_code=True),
        Entry("Data", plan.data_uri, is_code=True),
        Entry("Data digest", plan.data_digest, is_code=True),
        Entry("Recipe", plan.recipe_uri, is_code=True),
        Entry("Recipe digest", plan.recipe_digest, is_code=True),
        Entry("Code version", plan.code_digest, is_code=True),
    ]
    if recipe.import_model is None:
        entries += [
            Entry("Training script", recipe.training.script, is_code=True),
            Entry("Seed", str(recipe.training.seed)),
        ]
    entries.append(Entry("Seed of the split", str(recipe.split.seed)))
    for name, step in (("Image that got the model", plan.train_model), ("Image that measures", plan.evaluate_model)):
        if step is not None and (image := image_of(step)):
            entries.append(Entry(name, image, is_code=True))
    if plan.train_model is not None:
        entries.append(Entry("Job that got the model", plan.train_model.job_name, is_code=True))
    if plan.endpoint is not None:
        serving = [each.image_uri for each in plan.endpoint.containers] or [plan.endpoint.image_uri]
        entries += [Entry("Image that serves", image, is_code=True) for image in serving]
    return entries


def image_of(step: StepPlan) -> str:
    """URI of the image that a step's job runs in."""
    return str(step.parameters.get("TrainingImage") or step.parameters.get("ImageUri") or "")


def parameters(recipe: Recipe, plan: PrepareRunResult) -> list[tuple[str, str]]:
    """The training's hyperparameters as the job was given them; of a search those that it kept, of an import none."""
    if recipe.import_model is not None or plan.train_model is None:
        return []
    given = plan.train_model.parameters.get("HyperParameters") or {}
    return [(name, _plain(value)) for name, value in sorted(given.items()) if not name.startswith(_OWN)]


def _plain(value: object) -> str:
    """A hyperparameter without the JSON around it, in which SageMaker's toolkit wants every value."""
    try:
        read = json.loads(str(value))
    except ValueError:
        return str(value)
    return read if isinstance(read, str) else json.dumps(read, ensure_ascii=False)
