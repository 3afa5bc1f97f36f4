from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from steps.approval import ApprovalRequest, ApprovalRules, Vote, gather_facts
from steps.approval_votes import (
    MOST_VOTES_EACH,
    Choice,
    Move,
    cast,
    missing_approvals,
    standing_vote,
    waits_for_another,
)
from steps.contracts import CheckMetricsResult, PrepareRunResult, RegisterModelResult
from steps.recipe import Recipe

ANN, BOB, CAT = (f"{name}@example.com" for name in ("ann", "bob", "cat"))


@pytest.fixture
def request_(
    reviews: Recipe,
    plan: PrepareRunResult,
    checked: CheckMetricsResult,
    registered: RegisterModelResult,
    now: datetime,
) -> ApprovalRequest:
    """Two approvals are needed, and cat started the run."""
    return ApprovalRequest(
        approval_id="a1",
        execution_arn="arn",
        task_token="task",
        opened_at=now,
        deadline=now + timedelta(hours=1),
        approvers=[],
        facts=gather_facts(reviews, plan.model_copy(update={"requested_by": "cat"}), checked, registered),
        rules=ApprovalRules(quorum=2),
    )


def move(request: ApprovalRequest, address: str, choice: Choice = "approved", turn: int = 0) -> Move:
    return cast(request, address, choice, "Why.", turn=turn, now=request.opened_at)


def after(request: ApprovalRequest, address: str, choice: Choice = "approved", turn: int = 0) -> ApprovalRequest:
    return request.model_copy(update={"votes": move(request, address, choice, turn).votes})


def test_approvals_count_up_to_the_quorum(request_: ApprovalRequest) -> None:
    first = move(request_, ANN)
    assert (first.kind, [vote.address for vote in first.votes]) == ("vote", [ANN])
    one = after(request_, ANN)
    assert missing_approvals(one) == 1
    assert move(one, BOB).kind == "decision"
    assert missing_approvals(after(one, BOB)) == 0


def test_one_person_has_one_vote_through_whichever_link(request_: ApprovalRequest) -> None:
    one = after(request_, ANN)
    assert move(one, ANN.upper()).kind == "repeated"
    assert move(one, ANN, turn=1).kind == "repeated"


def test_a_denial_decides_whatever_was_approved_before(request_: ApprovalRequest) -> None:
    assert move(request_, ANN, "denied").kind == "decision"
    assert move(after(request_, ANN), ANN, "denied").kind == "decision"
    assert move(after(request_, ANN), BOB, "denied", turn=7).kind == "decision"


def test_an_approval_is_withdrawn_and_can_be_given_again(request_: ApprovalRequest) -> None:
    one = after(request_, ANN)
    back = move(one, ANN, "withdrawn", turn=1)
    assert back.kind == "withdrawal"
    none = after(one, ANN, "withdrawn", turn=1)
    assert standing_vote(none, ANN) is None
    assert missing_approvals(none) == 2
    assert none.votes[0].comment == ""
    assert move(none, ANN, turn=1).kind == "vote"


def test_an_older_form_brings_no_withdrawn_approval_back(request_: ApprovalRequest) -> None:
    none = after(after(request_, ANN), ANN, "withdrawn", turn=1)
    assert move(none, ANN, turn=0).kind == "outdated"
    again = after(none, ANN, turn=1)
    assert move(again, ANN, "withdrawn", turn=1).kind == "outdated"


def test_there_is_nothing_to_withdraw_before_and_after(request_: ApprovalRequest) -> None:
    assert move(request_, ANN, "withdrawn").kind == "outdated"
    none = after(after(request_, ANN), ANN, "withdrawn", turn=1)
    assert move(none, ANN, "withdrawn", turn=1).kind == "repeated"
    assert move(after(request_, ANN), BOB, "withdrawn").kind == "outdated"


def test_nobody_fills_the_record_by_approving_and_withdrawing(request_: ApprovalRequest) -> None:
    request = request_
    for turn in range(MOST_VOTES_EACH):
        request = after(after(request, ANN, turn=turn), ANN, "withdrawn", turn=turn + 1)
    assert move(request, ANN, turn=MOST_VOTES_EACH).kind == "too_often"
    assert move(request, ANN, "denied", turn=MOST_VOTES_EACH).kind == "decision"
    assert move(request, BOB).kind == "vote"


@pytest.mark.parametrize("quorum", [1, 2])
def test_who_started_the_run_counts_but_never_alone(request_: ApprovalRequest, quorum: int) -> None:
    request = request_.model_copy(update={"rules": ApprovalRules(quorum=quorum)})
    assert move(request, CAT).kind == "vote"
    one = after(request, CAT)
    assert missing_approvals(one) == 1
    assert waits_for_another(one) is (quorum == 1)
    assert move(one, BOB).kind == "decision"
    assert move(one, CAT, "denied").kind == "decision"


def test_a_request_from_before_there_were_rules_is_decided_by_the_first_answer(request_: ApprovalRequest) -> None:
    old = request_.model_copy(update={"rules": None})
    assert missing_approvals(old) == 1
    assert move(old, CAT).kind == "decision"
    assert not waits_for_another(old)


def test_a_vote_says_when_and_why(request_: ApprovalRequest, now: datetime) -> None:
    assert move(request_, ANN).votes == [Vote(address=ANN, comment="Why.", voted_at=now)]
