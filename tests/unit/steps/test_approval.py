from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from steps.approval import (
    ApprovalRequest,
    compare_metrics,
    draw_secret,
    find_approver,
    gather_facts,
    hash_secret,
    is_right_code,
    keep_secret,
    standing,
)
from steps.contracts import CheckMetricsResult, LiveVersion, PrepareRunResult, RegisterModelResult
from steps.recipe import Recipe

ANN, BOB = draw_secret("ann@example.com"), draw_secret("bob@example.com")


@pytest.fixture
def request_(
    reviews: Recipe,
    plan: PrepareRunResult,
    checked: CheckMetricsResult,
    registered: RegisterModelResult,
    now: datetime,
) -> ApprovalRequest:
    return ApprovalRequest(
        approval_id="a1",
        execution_arn="arn",
        task_token="task",
        opened_at=now,
        deadline=now + timedelta(hours=1),
        approvers=[keep_secret("a1", ANN), keep_secret("a1", BOB)],
        facts=gather_facts(reviews, plan, checked, registered),
    )


def test_a_secret_is_a_long_random_token_and_six_digits() -> None:
    assert len(ANN.token) >= 43
    assert ANN.token != BOB.token
    assert len(ANN.code) == 6
    assert ANN.code.isdecimal()


def test_only_hashes_are_kept(request_: ApprovalRequest) -> None:
    kept = request_.model_dump_json()
    for secret in (ANN, BOB):
        assert secret.token not in kept
        assert f'"{secret.code}"' not in kept


def test_a_hash_is_worth_nothing_in_another_request() -> None:
    assert hash_secret("a1", ANN.token) != hash_secret("a2", ANN.token)


def test_a_link_tells_who_opened_it(request_: ApprovalRequest) -> None:
    assert find_approver(request_, ANN.token) == 0
    assert find_approver(request_, BOB.token) == 1
    assert find_approver(request_, "") is None
    assert find_approver(request_, ANN.token[:-1]) is None


def test_a_code_is_right_however_it_is_spaced_and_only_its_own_approvers(request_: ApprovalRequest) -> None:
    ann = request_.approvers[0]
    assert is_right_code(request_, ann, f" {ANN.code[:3]}-{ANN.code[3:]} ")
    assert not is_right_code(request_, ann, "")
    assert not is_right_code(request_, ann, BOB.code + "x")


@pytest.mark.parametrize(
    ("change", "after_seconds", "expected"),
    [
        ({}, 0, "open"),
        ({}, 3599, "open"),
        ({}, 3600, "expired"),
        ({"status": "claimed"}, 10, "decided"),
        ({"status": "claimed"}, 61, "open"),
        ({"status": "decided"}, 9999, "decided"),
        ({"status": "expired"}, 0, "expired"),
    ],
)
def test_a_request_is_open_until_it_is_decided_or_its_deadline_passes(
    request_: ApprovalRequest, now: datetime, change: dict[str, Any], after_seconds: int, expected: str
) -> None:
    claimed_at = now if change.get("status") == "claimed" else None
    changed = request_.model_copy(update={**change, "claimed_at": claimed_at})
    assert standing(changed, now + timedelta(seconds=after_seconds)) == expected


def test_metrics_come_in_the_order_of_the_recipe_with_floors_and_gains(
    reviews: Recipe, checked: CheckMetricsResult, live: LiveVersion
) -> None:
    measured = checked.model_copy(update={"champion_metrics": {"accuracy": 0.75, "log_loss": 0.55}})
    lines = compare_metrics(reviews, measured, live)
    assert [line.name for line in lines] == ["accuracy", "log_loss", "roc_auc"]
    assert [line.floor for line in lines] == [0.7, 0.6, None]
    # Less log loss is better, so its gain is positive too.
    assert [line.gain and round(line.gain, 3) for line in lines] == [0.034, 0.05, None]


def test_without_a_live_version_there_is_nothing_to_gain_on(reviews: Recipe, checked: CheckMetricsResult) -> None:
    assert {line.gain for line in compare_metrics(reviews, checked, None)} == {None}
