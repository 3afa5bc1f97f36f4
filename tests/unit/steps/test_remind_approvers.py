from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from steps.approval import ApprovalRequest, ApprovalRules, Vote, draw_secret, gather_facts, keep_secret, rules_of
from steps.contracts import CheckMetricsResult, PrepareRunResult, RegisterModelResult
from steps.recipe import Recipe
from steps.recipe_sections.approval import ApprovalSection
from steps.remind_approvers import due_notices, is_unsettled, recipients

HOUR = timedelta(hours=1)


@pytest.fixture
def request_(
    reviews: Recipe,
    plan: PrepareRunResult,
    checked: CheckMetricsResult,
    registered: RegisterModelResult,
    now: datetime,
) -> ApprovalRequest:
    """Open for ten hours; people are reminded two hours before its end, and others asked one hour before."""
    return ApprovalRequest(
        approval_id="a1",
        execution_arn="arn",
        task_token="task",
        opened_at=now,
        deadline=now + 10 * HOUR,
        approvers=[keep_secret("a1", draw_secret(f"{name}@example.com")) for name in ("ann", "bob")],
        facts=gather_facts(reviews, plan, checked, registered),
        rules=ApprovalRules(
            quorum=2,
            remind_at=now + 8 * HOUR,
            escalate_at=now + 9 * HOUR,
            escalate_to=["chief@example.com"],
        ),
    )


@pytest.mark.parametrize(
    ("after_hours", "changes", "due"),
    [
        (7.9, {}, []),
        (8, {}, ["reminder"]),
        (9, {}, ["reminder", "escalation"]),
        (9, {"reminded_at": True}, ["escalation"]),
        (9, {"reminded_at": True, "escalated_at": True}, []),
        (10, {}, []),
        (9, {"status": "claimed"}, []),
        (9, {"status": "decided"}, []),
        (9, {"rules": None}, []),
    ],
)
def test_what_is_due_is_sent_once_while_the_question_is_open(
    request_: ApprovalRequest, now: datetime, after_hours: float, changes: dict[str, Any], due: list[str]
) -> None:
    changes = {name: now if value is True else value for name, value in changes.items()}
    asked = request_.model_copy(update=changes)
    assert due_notices(asked, now + after_hours * HOUR) == due


def test_whoever_has_approved_is_not_reminded(request_: ApprovalRequest, now: datetime) -> None:
    vote = Vote(address="ANN@example.com", comment="", voted_at=now)
    voted = request_.model_copy(update={"votes": [vote]})
    assert recipients(voted, "reminder") == ["bob@example.com"]
    back = request_.model_copy(update={"votes": [vote.model_copy(update={"is_withdrawn": True})]})
    assert recipients(back, "reminder") == ["ann@example.com", "bob@example.com"]
    assert recipients(voted, "escalation") == ["chief@example.com"]


@pytest.mark.parametrize(("seconds", "unsettled"), [(60, False), (61, True)])
def test_a_claim_is_unsettled_once_its_function_must_have_died(
    request_: ApprovalRequest, now: datetime, seconds: int, unsettled: bool
) -> None:
    claimed = request_.model_copy(update={"status": "claimed", "claimed_at": now})
    assert is_unsettled(claimed, now + timedelta(seconds=seconds)) is unsettled


@pytest.mark.parametrize(
    ("keys", "remind_before", "escalate_before"),
    [
        ({}, 900, None),
        ({"escalate_to": ["chief@example.com"]}, 900, 450),
        ({"reminder_seconds": 0}, None, None),
        ({"reminder_seconds": 60, "escalate_to": ["c@example.com"], "escalation_seconds": 30}, 60, 30),
    ],
)
def test_the_times_are_the_recipes_or_shares_of_its_deadline(
    *,
    checked: CheckMetricsResult,
    now: datetime,
    keys: dict[str, Any],
    remind_before: int | None,
    escalate_before: int | None,
) -> None:
    section = ApprovalSection.model_validate({"approvers": ["ann@example.com"], "deadline_seconds": 3600, **keys})
    rules = rules_of(section, checked, now)
    found = [None if at is None else (now - at).total_seconds() for at in (rules.remind_at, rules.escalate_at)]
    assert found == [remind_before, escalate_before]


@pytest.mark.parametrize(
    ("clearly_better", "overridden", "is_clear"), [(True, False, True), (False, False, False), (True, True, False)]
)
def test_a_number_that_somebody_overrode_is_no_clear_win(
    checked: CheckMetricsResult, now: datetime, clearly_better: bool, overridden: bool, is_clear: bool
) -> None:
    section = ApprovalSection(approvers=["ann@example.com"], at_deadline="approve_if_clearly_better")
    measured = checked.model_copy(update={"clearly_better": clearly_better, "overridden": overridden})
    assert rules_of(section, measured, now).is_approved_at_deadline is is_clear
