"""A trial: candidate and live version side by side, for as long as the question about the candidate is open.

The candidate answers on an endpoint of its own, which is made when somebody first asks and removed when the question is
no longer open. What a trial can cost is bounded by numbers here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import Field

from steps.contracts import CheckMetricsResult, Contract, PrepareRunResult, RegisterModelResult, RunState
from steps.model_card import ModelCard
from steps.names import trial_name
from steps.recipe import Recipe
from steps.record_release import live_version, model_card

TrialKind = Literal["serverless", "instance"]

# New accounts get no more than this for a serverless endpoint; TensorFlow with a text model needs about a third.
SERVERLESS_MEMORY_MB = 3072
# SageMaker lets a model think for this long.
MAX_ANSWER_SECONDS = 60
# Of one question to the approvers, all of them together.
MAX_QUESTIONS = 300
MAX_STARTS = 4
# An instance is paid for whether it is asked or not.
INSTANCE_SECONDS = 2 * 3600
# How often somebody looks whether a trial is over.
SWEEP_SECONDS = 300
# The function that starts an endpoint is over long before this.
START_SECONDS = 120


class TrialOffer(Contract):
    """What it takes to try a candidate; `request_approval/trial.json` of its run."""

    kind: TrialKind
    name: str = Field(description="Of the endpoint, its configuration and its model.")
    containers: list[dict[str, Any]] = Field(min_length=1, max_length=2, description="As CreateModel takes them.")
    instance_type: str
    tags: dict[str, str]
    card: ModelCard = Field(description="What the candidate takes and answers.")


@dataclass(frozen=True)
class TrialRecord:
    """A trial that somebody has asked for, kept before anything of it is made and until all of it is gone.

    asked_at: of the last question;  started_at: when its endpoint was last asked for
    """

    approval_id: str
    recipe: str
    run_id: str
    execution_arn: str
    name: str
    kind: TrialKind
    deadline: datetime
    asked_at: datetime
    questions: int = 0
    starts: int = 0
    started_at: datetime | None = None

    def has_run_out(self, now: datetime) -> bool:
        """Whether its endpoint has cost enough; it may be started again."""
        if self.kind == "serverless" or self.started_at is None:
            return False
        return now >= self.started_at + timedelta(seconds=INSTANCE_SECONDS)

    def may_be_starting(self, now: datetime) -> bool:
        """Whether a function that was asked may still be about to make an endpoint."""
        return now < self.asked_at + timedelta(seconds=START_SECONDS)


def trial_kind(recipe: Recipe) -> TrialKind | None:
    """What a candidate of the recipe is tried on; None when nobody can try it."""
    asked = recipe.approval.trial
    if asked == "none" or recipe.approval.policy == "never":
        return None
    if asked is not None:
        return asked
    return "serverless" if recipe.endpoint.image == "tensorflow-inference" else "instance"


def trial_uri(plan: PrepareRunResult) -> str:
    """Where a run's offer lies."""
    return f"{plan.run_uri}/request_approval/trial.json"


def offer_trial(
    recipe: Recipe,
    plan: PrepareRunResult,
    checked: CheckMetricsResult,
    registered: RegisterModelResult,
    thresholds: Mapping[str, float],
    *,
    now: datetime,
) -> TrialOffer | None:
    """What approvers of a candidate are offered to try; None when the recipe wants no trial.

    thresholds: as in model_card
    """
    kind, endpoint = trial_kind(recipe), plan.endpoint
    if kind is None or endpoint is None:
        return None
    state = RunState(recipe=recipe.name, prepare_run=plan, check_metrics=checked, register_model=registered)
    # As it will be written down if the candidate goes live, so that it is asked and read in the very same way.
    asked_for = live_version(state, recipe=recipe, previous=plan.champion, now=now)
    card = model_card(state, recipe, asked_for, thresholds)
    return TrialOffer(
        kind=kind,
        name=trial_name(endpoint.model_name),
        containers=registered.containers or [{"Image": endpoint.image_uri, "ModelDataUrl": registered.model_data_uri}],
        instance_type=endpoint.instance_type,
        tags=endpoint.tags,
        card=card.model_copy(update={"approval": "Not decided yet."}),
    )
