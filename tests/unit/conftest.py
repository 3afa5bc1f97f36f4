"""Small recipes, one for each kind of task."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from steps.recipe import Recipe

COMMON: dict[str, Any] = {
    "name": "opinions",
    "description": "Opinions in a few words.",
    "data_rules": {"min_rows": 10, "min_rows_per_label": 2},
    "approval": {"approvers": ["approver@example.com"]},
}


@pytest.fixture
def make_recipe() -> Callable[..., Recipe]:
    """Makes a valid recipe with the classes bad and good; keyword arguments replace whole sections."""

    def make(**sections: Any) -> Recipe:
        document: dict[str, Any] = COMMON | {
            "task": "binary",
            "data": {"labels": {"0": "bad", "1": "good"}},
            "metrics": {"gates": [{"name": "accuracy", "floor": 0.76, "margin": 0.02}]},
            "smoke": {"cases": [{"text": "good", "label": "good"}]},
        }
        return Recipe.model_validate(document | sections)

    return make


@pytest.fixture
def comments() -> Recipe:
    """Several labels of a text."""
    return Recipe.model_validate(
        COMMON
        | {
            "task": "multi_label",
            "data": {"text_column": "comment", "label_columns": ["rude", "threat"]},
            "metrics": {"gates": [{"name": "roc_auc", "floor": 0.9}]},
            "smoke": {"cases": [{"text": "Thank you.", "labels": []}]},
        }
    )


@pytest.fixture
def houses() -> Recipe:
    """A number for a row of a table."""
    return Recipe.model_validate(
        COMMON
        | {
            "task": "regression",
            "data": {
                "features": {"numeric": ["area", "rooms"], "categorical": ["street", "fence"]},
                "target_column": "price",
            },
            "metrics": {"gates": [{"name": "root_mean_squared_log_error", "floor": 0.2}]},
            "smoke": {"cases": [{"row": {"area": 1, "rooms": 2, "street": "a", "fence": None}, "minimum": 1}]},
        }
    )


@pytest.fixture
def opinions(make_recipe: Callable[..., Recipe]) -> Recipe:
    """One of two classes of a text."""
    return make_recipe()


@pytest.fixture
def recipes(opinions: Recipe, comments: Recipe, houses: Recipe) -> dict[str, Recipe]:
    """Task -> a recipe of it."""
    return {"binary": opinions, "multi_label": comments, "regression": houses}
