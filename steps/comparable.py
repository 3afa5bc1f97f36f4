"""Whether a live version can be measured beside a recipe's candidate, and if not, why."""

from __future__ import annotations

from steps.contracts import LiveVersion
from steps.model_card import input_digest, split_digest
from steps.recipe import Recipe


def why_incomparable(live: LiveVersion, recipe: Recipe) -> str | None:
    """What keeps the two apart, such as `it answers other classes`; None when they answer the same of the same rows.

    Divided otherwise, the rows held back now are rows it was trained on, and it would look too good to be beaten.
    """
    is_same_task = live.task == recipe.task or (live.answers_classes and recipe.task in {"binary", "multi_class"})
    if not is_same_task:
        return f"its task is {live.task or 'to answer classes'}"
    if live.class_names != recipe.data.class_names:
        return "it answers other classes" if recipe.task != "multi_label" else "it answers other labels"
    if live.input_digest != input_digest(recipe):
        return "it reads other columns"
    if live.split_digest not in {"", split_digest(recipe)}:
        return "it learned from rows that are held back now, because they were divided otherwise"
    return None
