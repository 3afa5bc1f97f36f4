from __future__ import annotations

from datetime import datetime, timedelta

from steps.ports import Lock, OpenLock, OpenRequest
from steps.watch_runs import Measurement, watch_runs


def held(recipe: str, now: datetime, *, age: timedelta, left: timedelta) -> OpenLock:
    return OpenLock(recipe, Lock(f"{recipe}-run", "arn", expires_at=now + left, started_at=now - age))


def asked(recipe: str, now: datetime, left: timedelta) -> OpenRequest:
    return OpenRequest(recipe, f"{recipe}-run", "arn", deadline=now + left)


def test_when_nothing_runs_that_is_what_is_said(now: datetime) -> None:
    assert watch_runs([], [], now=now) == [Measurement("StuckRuns", 0, None)]


def test_a_run_has_an_age_and_is_stuck_from_its_deadline_on(now: datetime) -> None:
    young = held("reviews", now, age=timedelta(minutes=5), left=timedelta(seconds=1))
    late = held("names", now, age=timedelta(days=9), left=timedelta())
    assert watch_runs([young, late], [], now=now) == [
        Measurement("StuckRuns", 1, None),
        Measurement("StuckRuns", 0, "reviews"),
        Measurement("RunAgeSeconds", 300, "reviews"),
        Measurement("StuckRuns", 1, "names"),
        Measurement("RunAgeSeconds", 9 * 86400, "names"),
    ]


def test_a_lock_that_says_not_since_when_has_no_age(now: datetime) -> None:
    lock = OpenLock("reviews", Lock("run", "arn", expires_at=now + timedelta(hours=1)))
    assert watch_runs([lock], [], now=now) == [
        Measurement("StuckRuns", 0, None),
        Measurement("StuckRuns", 0, "reviews"),
    ]


def test_the_time_left_to_answer_is_that_of_each_recipe_and_the_shortest_of_all(now: datetime) -> None:
    requests = [asked("reviews", now, timedelta(hours=2)), asked("names", now, timedelta(minutes=1))]
    assert watch_runs([], requests, now=now)[1:] == [
        Measurement("ApprovalSecondsLeft", 7200, "reviews"),
        Measurement("ApprovalSecondsLeft", 60, "names"),
        Measurement("ApprovalSecondsLeft", 60, None),
    ]
