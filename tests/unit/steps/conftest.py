"""A small recipe for the tests of the data and metric steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from steps.recipe import Recipe


@pytest.fixture
def make_recipe() -> Callable[..., Recipe]:
    """Makes a valid recipe with the classes bad and good; keyword arguments replace whole sections."""

    def make(**sections: Any) -> Recipe:
        document: dict[str, Any] = {
            "name": "opinions",
            "description": "Opinions in a few words.",
            "task": "binary",
            "data": {"labels": {"0": "bad", "1": "good"}},
            "data_rules": {"min_rows": 10, "min_rows_per_label": 2},
            "metrics": {"gates": [{"name": "accuracy", "floor": 0.76, "margin": 0.02}]},
            "approval": {"approvers": ["approver@example.com"]},
            "smoke": {"cases": [{"text": "good", "label": "good"}]},
        }
        return Recipe.model_validate(document | sections)

    return make
