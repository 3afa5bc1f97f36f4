from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from steps.contracts import RunInput
from steps.start_run import EndedRun, Trigger, recipe_of_key, run_id_of, run_input_of, turn_of, waiting_input

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SCHEDULED = Trigger("reviews", "schedule", ("schedule", MONDAY.isoformat()), MONDAY, waits=True)


def test_the_name_says_what_and_when_and_is_the_same_for_the_same_trigger() -> None:
    assert re.fullmatch(r"reviews-20260302-090000-[0-9a-f]{8}", run_id_of(SCHEDULED))
    assert run_id_of(SCHEDULED) == run_id_of(replace(SCHEDULED, requested_by="other words"))


@pytest.mark.parametrize(
    "other",
    [
        replace(SCHEDULED, recipe="names"),
        replace(SCHEDULED, identity=("upload", "bucket", "incoming/reviews/a.csv", "v1")),
        replace(SCHEDULED, moment=MONDAY + timedelta(seconds=1)),
    ],
)
def test_another_trigger_has_another_name(other: Trigger) -> None:
    assert run_id_of(other) != run_id_of(SCHEDULED)


def test_the_moment_is_written_in_utc() -> None:
    berlin = MONDAY.astimezone(timezone(timedelta(hours=1)))
    assert run_id_of(replace(SCHEDULED, moment=berlin)) == run_id_of(SCHEDULED)


@pytest.mark.parametrize("moment", [MONDAY, None])
def test_the_longest_name_is_one_that_step_functions_takes(moment: datetime | None) -> None:
    run_id = run_id_of(Trigger("r" * 30, "caller", ("key", "k" * 255), moment, waits=False))
    assert re.fullmatch(r"[A-Za-z0-9-]{1,80}", run_id)


def test_two_deliveries_of_a_trigger_ask_for_the_same_run_with_inputs_that_differ() -> None:
    first, second = run_input_of(SCHEDULED, "a"), run_input_of(SCHEDULED, "b")
    assert first == RunInput(recipe="reviews", requested_by="schedule", trigger_id="a", waits=True)
    assert first != second


@pytest.mark.parametrize(
    ("key", "recipe"),
    [
        ("incoming/reviews/march.csv", "reviews"),
        ("incoming/reviews/two words.csv", "reviews"),
        ("incoming/reviews/", None),
        ("incoming/reviews/parts/1.csv", None),
        ("incoming/march.csv", None),
        ("incoming//march.csv", None),
        ("data/reviews/march.csv", None),
        ("old/incoming/reviews/march.csv", None),
    ],
)
def test_an_object_directly_in_a_recipes_folder_is_data_for_it(key: str, recipe: str | None) -> None:
    assert recipe_of_key(key) == recipe


def ended(*, waits: bool = True, was_busy: bool = True) -> EndedRun:
    run_input = RunInput(recipe="reviews", requested_by="upload of s3://b/k", trigger_id="a", waits=waits)
    return EndedRun("reviews-20260302-090000-ab12cd34", run_input, was_busy=was_busy, ended_at=MONDAY)


def test_a_run_of_an_event_that_met_another_run_waits_under_a_name_of_its_own() -> None:
    turn = turn_of(ended())
    assert turn is not None
    assert turn == turn_of(ended())
    assert turn.requested_by == "upload of s3://b/k"
    assert turn.run_id.startswith("reviews-20260302-090000-")
    assert turn.run_id != ended().run_id


@pytest.mark.parametrize("run", [ended(waits=False), ended(was_busy=False)])
def test_any_other_run_leaves_nothing_to_be_started(run: EndedRun) -> None:
    assert turn_of(run) is None


def test_a_run_whose_turn_has_come_takes_the_newest_data_and_would_wait_again() -> None:
    turn = turn_of(ended())
    assert turn is not None
    assert waiting_input("reviews", turn, "b") == RunInput(
        recipe="reviews", requested_by="upload of s3://b/k", trigger_id="b", waits=True
    )
