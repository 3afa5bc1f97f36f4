from __future__ import annotations

from datetime import datetime
from typing import Literal

import pytest

from steps.close_run import close_run, span_text
from steps.contracts import (
    ApprovalDecision,
    CheckMetricsResult,
    DecideAtDeadlineResult,
    DescribeEndpointResult,
    Fault,
    Finding,
    PrepareRunResult,
    RollBackEndpointResult,
    RunSmokeTestsResult,
    RunState,
    ValidateDataResult,
)

FAILED = Finding(rule="floor", verdict="failed", observed=0.51, limit=0.7, sentence="Accuracy is 0.51, below 0.70.")
PASSED = Finding(rule="rows", verdict="passed", observed=900, limit=200, sentence="There are 900 rows.")


@pytest.fixture
def state(plan: PrepareRunResult) -> RunState:
    return RunState(recipe="reviews", prepare_run=plan)


@pytest.fixture
def rolled_back(state: RunState, now: datetime) -> RunState:
    back = RollBackEndpointResult(action="restored", endpoint_name="e", endpoint_config_name="old", requested_at=now)
    return state.model_copy(update={"roll_back_endpoint": back})


def test_rejected_data_gives_every_rule_it_broke(state: RunState) -> None:
    validated = ValidateDataResult(verdict="rejected", findings=[PASSED, FAILED, FAILED], rows=900)
    closed = close_run(state.model_copy(update={"validate_data": validated}))
    assert closed.outcome == "DataRejected"
    assert closed.reason == "Accuracy is 0.51, below 0.70. Accuracy is 0.51, below 0.70."


def test_rejected_metrics_give_the_number_that_decided(state: RunState, checked: CheckMetricsResult) -> None:
    rejected = checked.model_copy(update={"verdict": "rejected", "findings": [FAILED]})
    closed = close_run(state.model_copy(update={"check_metrics": rejected}))
    assert (closed.outcome, closed.reason) == ("MetricsRejected", "Accuracy is 0.51, below 0.70.")


@pytest.mark.parametrize(
    ("comment", "reason"),
    [
        ("Not before the holidays.", "The approver said no: “Not before the holidays.”"),
        ("  ", "The approver said no, without a comment."),
    ],
)
def test_a_denial_gives_the_words_but_not_the_address(
    state: RunState, now: datetime, comment: str, reason: str
) -> None:
    denied = ApprovalDecision(
        decision="denied",
        approver="ann@example.com",
        comment=comment,
        decided_at=now,
        model_digest="d",
        approval_id="a",
    )
    closed = close_run(state.model_copy(update={"request_approval": denied}))
    assert (closed.outcome, closed.reason) == ("ApprovalDenied", reason)


@pytest.mark.parametrize(("outcome", "end"), [("expired", "ApprovalExpired"), ("denied", "ApprovalDenied")])
def test_what_the_policy_made_of_a_question_nobody_decided_is_the_end(
    state: RunState, outcome: Literal["expired", "denied"], end: str
) -> None:
    late = DecideAtDeadlineResult(outcome=outcome, reason="Nobody decided within 1 hour.")
    closed = close_run(state.model_copy(update={"decide_at_deadline": late}))
    assert (closed.outcome, closed.reason) == (end, "Nobody decided within 1 hour.")


def test_a_release_that_the_policy_allowed_can_still_be_rolled_back(rolled_back: RunState) -> None:
    late = DecideAtDeadlineResult(outcome="approved", reason="Clearly better.")
    assert close_run(rolled_back.model_copy(update={"decide_at_deadline": late})).outcome == "RolledBack"


def test_a_run_that_could_cost_too_much_gives_the_plans_numbers(state: RunState, plan: PrepareRunResult) -> None:
    refused = plan.model_copy(update={"decision": "too_expensive", "reason": "The run can cost 9 USD."})
    closed = close_run(state.model_copy(update={"prepare_run": refused}))
    assert (closed.outcome, closed.reason) == ("CostRejected", "The run can cost 9 USD.")


def test_failed_smoke_tests_give_their_reason(rolled_back: RunState) -> None:
    failed = RunSmokeTestsResult(verdict="failed", answers=[], reason="Smoke case 1 took 900 ms.")
    closed = close_run(rolled_back.model_copy(update={"run_smoke_tests": failed}))
    assert (closed.outcome, closed.reason) == ("RolledBack", "Smoke case 1 took 900 ms.")


def test_an_endpoint_that_did_not_come_gives_its_detail(rolled_back: RunState) -> None:
    described = DescribeEndpointResult(status="failed", detail="The endpoint is Failed: no ping.")
    assert close_run(rolled_back.model_copy(update={"describe_endpoint": described})).reason == described.detail


def test_a_fault_after_the_change_gives_its_words(rolled_back: RunState) -> None:
    fault = Fault(Error="ServiceUnavailableError", Cause="DynamoDB, PutItem: slow down")
    reason = close_run(rolled_back.model_copy(update={"fault": fault})).reason
    assert reason == "After the endpoint was changed, ServiceUnavailableError: DynamoDB, PutItem: slow down"


def test_a_state_without_a_no_is_a_mistake(state: RunState) -> None:
    with pytest.raises(ValueError, match="nothing"):
        close_run(state)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (604_800, "7 days"),
        (86_400, "1 day"),
        (5_400, "90 minutes"),
        (3_600, "1 hour"),
        (1, "1 second"),
        (61, "61 seconds"),
    ],
)
def test_a_span_is_told_in_the_largest_unit_that_fits(seconds: int, text: str) -> None:
    assert span_text(seconds) == text
