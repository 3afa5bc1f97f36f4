from __future__ import annotations

from typing import Any

import pytest

from steps.comparable import why_incomparable
from steps.contracts import LiveVersion
from steps.model_card import input_digest, split_digest
from steps.recipe import Recipe


@pytest.fixture
def same(live: LiveVersion, reviews: Recipe) -> LiveVersion:
    """A live version of this very recipe."""
    return live.model_copy(
        update={
            "task": reviews.task,
            "class_names": reviews.data.class_names,
            "input_digest": input_digest(reviews),
            "split_digest": split_digest(reviews),
        }
    )


def test_a_version_of_the_same_recipe_is_compared(same: LiveVersion, reviews: Recipe) -> None:
    assert why_incomparable(same, reviews) is None
    from_before = same.model_copy(update={"task": "", "split_digest": ""})
    assert why_incomparable(from_before, reviews) is None


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"task": "regression", "class_names": []}, "its task is regression"),
        ({"class_names": ["no", "yes"]}, "it answers other classes"),
        ({"input_digest": "other"}, "it reads other columns"),
        (
            {"split_digest": "other"},
            "it learned from rows that are held back now, because they were divided otherwise",
        ),
    ],
)
def test_what_keeps_two_versions_apart_is_said(
    same: LiveVersion, reviews: Recipe, change: dict[str, Any], why: str
) -> None:
    assert why_incomparable(same.model_copy(update=change), reviews) == why


def test_labels_are_called_labels(live: LiveVersion, comments: Recipe) -> None:
    other = live.model_copy(update={"task": "multi_label", "class_names": ["other"]})
    assert why_incomparable(other, comments) == "it answers other labels"
