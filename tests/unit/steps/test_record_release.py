from __future__ import annotations

from datetime import datetime

import pytest

from steps.answers import NO_THRESHOLDS
from steps.contracts import (
    ApprovalDecision,
    CheckMetricsResult,
    LiveVersion,
    PrepareRunResult,
    RegisterModelResult,
    RunState,
    ValidateDataResult,
)
from steps.errors import ArtifactMissingError
from steps.model_card import ModelCard, split_digest
from steps.recipe import Recipe
from steps.recipe_sections.training import ImportSection
from steps.record_release import live_version, model_card


@pytest.fixture
def state(plan: PrepareRunResult, checked: CheckMetricsResult, registered: RegisterModelResult) -> RunState:
    return RunState(recipe="reviews", prepare_run=plan, check_metrics=checked, register_model=registered)


def test_the_new_version_knows_the_one_before(
    state: RunState, reviews: Recipe, live: LiveVersion, now: datetime
) -> None:
    older = live.model_copy(update={"previous": {"model_version": "0"}})
    new = live_version(state, recipe=reviews, previous=older, now=now)
    assert (new.model_version, new.endpoint_name) == ("2", "greenlight-reviews")
    assert new.previous is not None
    assert LiveVersion.model_validate(new.previous) == live


def test_recording_a_release_twice_changes_nothing(
    state: RunState, reviews: Recipe, live: LiveVersion, now: datetime
) -> None:
    once = live_version(state, recipe=reviews, previous=live, now=now)
    assert live_version(state, recipe=reviews, previous=once, now=now) == once


def test_the_first_version_has_none_before(state: RunState, reviews: Recipe, now: datetime) -> None:
    assert live_version(state, recipe=reviews, previous=None, now=now).previous is None


def test_a_state_without_a_registered_model_is_no_release(state: RunState, reviews: Recipe, now: datetime) -> None:
    with pytest.raises(ArtifactMissingError, match="RegisterModel"):
        live_version(state.model_copy(update={"register_model": None}), recipe=reviews, previous=None, now=now)


def test_the_live_version_knows_its_task_and_its_card(state: RunState, reviews: Recipe, now: datetime) -> None:
    live = live_version(state, recipe=reviews, previous=None, now=now)
    assert (live.task, live.input_digest, live.split_digest) == ("binary", "", split_digest(reviews))
    assert live.card_uri == f"s3://bucket/runs/{live.run_id}/record_release/model_card.json"


def test_the_live_version_knows_where_its_data_was_profiled(
    state: RunState, reviews: Recipe, plan: PrepareRunResult, now: datetime
) -> None:
    assert plan.preprocess is not None
    elsewhere = plan.preprocess.model_copy(update={"output_uri": "s3://bucket/runs/earlier/preprocess"})
    reused = state.model_copy(update={"prepare_run": plan.model_copy(update={"preprocess": elsewhere})})
    live = live_version(reused, recipe=reviews, previous=None, now=now)
    assert live.profile_uri == "s3://bucket/runs/earlier/preprocess/profile.json"


def test_the_card_says_what_the_model_does_and_where_it_comes_from(
    state: RunState, reviews: Recipe, checked: CheckMetricsResult, now: datetime
) -> None:
    validated = ValidateDataResult(verdict="accepted", findings=[], rows=10_000)
    state = state.model_copy(update={"validate_data": validated})
    card = model_card(state, reviews, live_version(state, recipe=reviews, previous=None, now=now), NO_THRESHOLDS)
    assert (card.task, card.class_names, card.input.text_column) == ("binary", ["negative", "positive"], "text")
    assert card.examples == ["Wonderful.", "Dreadful."]
    assert (card.test_rows, card.training_rows) == (checked.rows, 10_000 - checked.rows)
    assert card.metrics == checked.metrics
    assert card.approval == "Released without a person, as the recipe's policy allows."
    assert ModelCard.model_validate_json(card.model_dump_json()) == card


@pytest.mark.parametrize(("comment", "end"), [("Fine by me.", ": Fine by me."), ("", ".")])
def test_the_card_names_who_said_yes_without_an_address(
    state: RunState, reviews: Recipe, comment: str, end: str, now: datetime
) -> None:
    decision = ApprovalDecision(
        decision="approved",
        approver="ann@example.com",
        comment=comment,
        decided_at=now,
        model_digest="d",
        approval_id="a",
    )
    state = state.model_copy(update={"request_approval": decision})
    card = model_card(state, reviews, live_version(state, recipe=reviews, previous=None, now=now), NO_THRESHOLDS)
    assert card.approval == f"Approved by ann on 2026-03-02 09:00 UTC{end}"


def test_the_card_names_who_overrode_rejected_metrics(state: RunState, reviews: Recipe, now: datetime) -> None:
    assert state.prepare_run is not None
    assert state.check_metrics is not None
    plan = state.prepare_run.model_copy(update={"requested_by": "ann@example.com", "override_reason": "It is urgent."})
    overridden = state.check_metrics.model_copy(update={"overridden": True})
    state = state.model_copy(update={"prepare_run": plan, "check_metrics": overridden})
    live = live_version(state, recipe=reviews, previous=None, now=now)
    said = model_card(state, reviews, live, NO_THRESHOLDS).approval
    assert said.endswith("policy allows. (Its metrics had been rejected, which ann overrode: “It is urgent.”)")


def test_a_model_that_was_brought_along_learned_from_none_of_our_rows(
    state: RunState, reviews: Recipe, now: datetime
) -> None:
    imported = reviews.model_copy(update={"import_model": ImportSection()})
    validated = ValidateDataResult(verdict="accepted", findings=[], rows=10_000)
    state = state.model_copy(update={"validate_data": validated})
    assert (
        model_card(
            state, imported, live_version(state, recipe=imported, previous=None, now=now), NO_THRESHOLDS
        ).training_rows
        == 0
    )


def test_the_card_carries_the_thresholds_of_the_evaluation(state: RunState, reviews: Recipe, now: datetime) -> None:
    live = live_version(state, recipe=reviews, previous=None, now=now)
    assert model_card(state, reviews, live, {"positive": 0.31}).thresholds == {"positive": 0.31}
