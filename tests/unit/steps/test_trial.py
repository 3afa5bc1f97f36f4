from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from steps.recipe import Recipe
from steps.trial import trial_kind

APPROVERS = {"approvers": ["ann@example.com"]}


@pytest.mark.parametrize(
    ("approval", "image", "kind"),
    [
        ({}, "tensorflow-inference", "serverless"),
        ({}, "123456789012.dkr.ecr.us-east-1.amazonaws.com/own:1", "instance"),
        ({"trial": "instance"}, "tensorflow-inference", "instance"),
        ({"trial": "serverless"}, "123456789012.dkr.ecr.us-east-1.amazonaws.com/own:1", "serverless"),
        ({"trial": "none"}, "tensorflow-inference", None),
        ({"trial": "instance", "policy": "never"}, "tensorflow-inference", None),
    ],
)
def test_a_candidate_is_tried_on_what_fits_it(
    make_recipe: Callable[..., Recipe], approval: dict[str, Any], image: str, kind: str | None
) -> None:
    assert trial_kind(make_recipe(approval={**APPROVERS, **approval}, endpoint={"image": image})) == kind


def test_a_pipeline_is_tried_on_an_instance_and_serverless_is_refused(make_recipe: Callable[..., Recipe]) -> None:
    endpoint = {"image": "inference-pipeline"}
    assert trial_kind(make_recipe(endpoint=endpoint)) == "instance"
    with pytest.raises(ValidationError, match="no serverless endpoints of several containers; use instance or none"):
        make_recipe(endpoint=endpoint, approval={**APPROVERS, "trial": "serverless"})
