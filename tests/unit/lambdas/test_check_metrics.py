from __future__ import annotations

import pytest

from lambdas.check_metrics.handler import CheckMetricsInput, judge_metrics
from steps.contracts import LiveVersion, PrepareRunResult
from steps.evaluation_report import MetricsReport
from steps.ports import ArtifactStore


@pytest.fixture
def strict(plan: PrepareRunResult, objects: dict[str, bytes], recipe_text: str, measured: MetricsReport) -> None:
    """The evaluated accuracy misses the recipe's floor."""
    assert measured.candidate["accuracy"] < 0.9
    assert "floor: 0.7}" in recipe_text
    objects[plan.recipe_uri] = recipe_text.replace("floor: 0.7}", "floor: 0.9}").encode()


@pytest.mark.usefixtures("strict")
def test_whoever_requested_the_run_overrides_with_the_reason_of_its_input(
    plan: PrepareRunResult, artifacts: ArtifactStore
) -> None:
    event = CheckMetricsInput(run_id=plan.run_id, plan=plan)
    assert judge_metrics(event, artifacts).verdict == "rejected"
    wished = plan.model_copy(update={"requested_by": "ann", "override_reason": "It is urgent."})
    result = judge_metrics(CheckMetricsInput(run_id=plan.run_id, plan=wished), artifacts)
    assert (result.verdict, result.overridden, result.needs_approval) == ("passed", True, True)
    assert result.reason.startswith("Rules that failed were overridden by ann, who said why: “It is urgent.” accuracy")


@pytest.mark.usefixtures("strict")
def test_a_live_version_that_cannot_be_compared_is_told(
    plan: PrepareRunResult, artifacts: ArtifactStore, live: LiveVersion
) -> None:
    other = plan.model_copy(update={"champion": live.model_copy(update={"class_names": ["no", "yes"]})})
    result = judge_metrics(CheckMetricsInput(run_id=plan.run_id, plan=other), artifacts)
    assert "Version 1 is live, but was not compared" in result.findings[0].sentence
