"""A version's model card: all that whoever asks the model needs to know, written once when it is released.

It lies beside the run's other artifacts, at LiveVersion.card_uri, and never changes.
"""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from steps.contracts import Contract
from steps.names import digest_of
from steps.recipe import Recipe, Task
from steps.recipe_sections.data import FeaturesSection


class ModelInput(Contract):
    """What one row must be: a text, or a value for each of these columns."""

    text_column: str | None = Field(description="Name of the text's column in a CSV; None for a table.")
    features: FeaturesSection | None = Field(description="Columns of a table; None for a text.")
    max_text_characters: int


class ModelCard(Contract):
    """One released version of a recipe's model."""

    recipe: str
    description: str
    not_for: str = ""
    task: Task
    class_names: list[str]
    thresholds: dict[str, float] = Field(
        default={},
        description="Class or label -> probability from which it is answered; none where the likelier class and every "
        "label from 0.5 on are.",
    )
    input: ModelInput
    examples: list[dict[str, str | float | None] | str] = Field(
        default=[], description="Rows to try, from the recipe's smoke cases."
    )
    model_version: str
    model_package_arn: str
    model_data_uri: str
    model_digest: str
    run_id: str
    released_at: datetime
    metrics: dict[str, float]
    test_rows: int
    training_rows: int = Field(description="Rows it learned from and stopped by; 0 for a model that was brought along.")
    data_digest: str
    recipe_digest: str
    code_digest: str
    approval: str = Field(description="Who said yes, when and why, as a sentence without an address.")


def model_input(recipe: Recipe) -> ModelInput:
    """The rows that a recipe's model takes."""
    table = recipe.data.features
    return ModelInput(
        text_column=None if table else recipe.data.text_column,
        features=table,
        max_text_characters=recipe.data_rules.max_text_characters.limit,
    )


def input_digest(recipe: Recipe) -> str:
    """Equal for recipes whose models take the same rows; empty for every text."""
    table = recipe.data.features
    return digest_of(table.model_dump(mode="json")) if table else ""


def split_digest(recipe: Recipe) -> str:
    """Equal for recipes that divide rows alike; a model was trained on rows that another division measures with."""
    return digest_of(recipe.split.model_dump(mode="json"))
