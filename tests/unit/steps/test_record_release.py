from __future__ import annotations

from datetime import datetime

import pytest

from steps.contracts import CheckMetricsResult, LiveVersion, PrepareRunResult, RegisterModelResult, RunState
from steps.errors import ArtifactMissingError
from steps.record_release import live_version

CLASSES = ["negative", "positive"]


@pytest.fixture
def state(plan: PrepareRunResult, checked: CheckMetricsResult, registered: RegisterModelResult) -> RunState:
    return RunState(recipe="reviews", prepare_run=plan, check_metrics=checked, register_model=registered)


def test_the_new_version_knows_the_one_before(state: RunState, live: LiveVersion, now: datetime) -> None:
    older = live.model_copy(update={"previous": {"model_version": "0"}})
    new = live_version(state, class_names=CLASSES, previous=older, now=now)
    assert (new.model_version, new.endpoint_name) == ("2", "greenlight-reviews")
    assert new.previous is not None
    assert LiveVersion.model_validate(new.previous) == live


def test_recording_a_release_twice_changes_nothing(state: RunState, live: LiveVersion, now: datetime) -> None:
    once = live_version(state, class_names=CLASSES, previous=live, now=now)
    assert live_version(state, class_names=CLASSES, previous=once, now=now) == once


def test_the_first_version_has_none_before(state: RunState, now: datetime) -> None:
    assert live_version(state, class_names=CLASSES, previous=None, now=now).previous is None


def test_a_state_without_a_registered_model_is_no_release(state: RunState, now: datetime) -> None:
    with pytest.raises(ArtifactMissingError, match="RegisterModel"):
        live_version(state.model_copy(update={"register_model": None}), class_names=CLASSES, previous=None, now=now)
