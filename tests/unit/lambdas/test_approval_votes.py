"""Several people, one decision: votes, withdrawals and races through the page's own functions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from lambdas.decide_approval.decide import Answer, Form, decide, look_at
from lambdas.decide_approval.pages import answer_page
from steps.approval import (
    CODE_TRIES,
    ApprovalRequest,
    ApprovalRules,
    Secret,
    Vote,
    draw_secret,
    gather_facts,
    keep_secret,
)
from steps.approval_votes import Choice
from steps.audit import AuditEvent
from steps.contracts import ApprovalDecision, CheckMetricsResult, PrepareRunResult, RegisterModelResult
from steps.errors import ServiceUnavailableError
from steps.ports import ApprovalRecords, Workflow
from steps.recipe import Recipe

ANN, BOB, CAT = (draw_secret(f"{name}@example.com") for name in ("ann", "bob", "cat"))
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def desk(
    *,
    reviews: Recipe,
    plan: PrepareRunResult,
    checked: CheckMetricsResult,
    registered: RegisterModelResult,
    approvals: ApprovalRecords,
    executions: Workflow,
    waiting: set[str],
) -> Desk:
    """Two of three must approve; cat started the run, which waits."""
    request = ApprovalRequest(
        approval_id="a1",
        execution_arn="arn",
        task_token="task",
        opened_at=NOW,
        deadline=NOW + timedelta(hours=1),
        approvers=[keep_secret("a1", secret) for secret in (ANN, BOB, CAT)],
        facts=gather_facts(reviews, plan.model_copy(update={"requested_by": "cat"}), checked, registered),
        rules=ApprovalRules(quorum=2),
    )
    approvals.open(request)
    waiting.add("task")
    return Desk(approvals, executions)


class Desk:
    """The page's two functions, for people who have read their mail."""

    def __init__(self, approvals: ApprovalRecords, executions: Workflow) -> None:
        self.approvals = approvals
        self.executions = executions

    def send(
        self,
        who: Secret,
        decision: Choice = "approved",
        *,
        turn: int = 0,
        code: str | None = None,
        comment: str = "Yes.",
    ) -> Answer:
        form = Form(token=who.token, code=code or who.code, decision=decision, comment=comment, turn=turn)
        return decide("a1", form, self.approvals, self.executions, now=NOW)

    def look(self, who: Secret) -> Answer:
        return look_at("a1", who.token, self.approvals, now=NOW)

    def page(self, who: Secret) -> str:
        return str(answer_page(self.look(who), token=who.token, is_question=True).body)

    def request(self) -> ApprovalRequest:
        found = self.approvals.request("a1")
        assert found is not None
        return found


def kinds(trail: list[AuditEvent]) -> list[tuple[str, list[str]]]:
    return [(event.kind, [who.partition("@")[0] for who in event.who]) for event in trail]


def test_the_second_approval_decides_and_the_record_names_both(
    desk: Desk, answered: dict[str, str], audited: list[AuditEvent]
) -> None:
    assert desk.send(ANN).situation == "counted"
    assert answered == {}
    assert desk.send(BOB).situation == "decided"
    decision = ApprovalDecision.model_validate_json(answered["task"])
    assert (decision.decision, decision.approver) == ("approved", "bob@example.com")
    assert kinds(audited) == [("vote", ["ann"]), ("approved", ["ann", "bob"])]


def test_the_page_shows_who_has_approved_and_what_is_missing(desk: Desk) -> None:
    desk.send(ANN, comment="Good <numbers>.")
    for html in (desk.page(ANN), desk.page(BOB)):
        assert "<strong>ann@example.com</strong> on " in html
        assert "Good &lt;numbers&gt;." in html
        assert "1 more approval is needed." in html
        assert "Two of 3 people must say yes; a single no decides." in html
        assert "If fewer than 2 say yes by then, nothing is released." in html
    assert 'value="withdraw"' in desk.page(ANN)
    assert 'value="approve"' not in desk.page(ANN)
    assert 'value="withdraw"' not in desk.page(BOB)


def test_whoever_started_the_run_is_told_that_somebody_else_must_approve_too(desk: Desk) -> None:
    assert "You started this run" in desk.page(CAT)
    assert "You started this run" not in desk.page(ANN)


def test_a_withdrawn_approval_does_not_count(desk: Desk, answered: dict[str, str], audited: list[AuditEvent]) -> None:
    desk.send(ANN)
    assert desk.send(ANN, "withdrawn", turn=1, comment="I read it again.").situation == "withdrawn"
    assert "ann@example.com" not in desk.page(BOB)
    assert desk.send(BOB).situation == "counted"
    assert answered == {}
    assert kinds(audited) == [("vote", ["ann"]), ("withdrawal", ["ann"]), ("vote", ["bob"])]
    assert audited[1].why == "I read it again."
    assert desk.send(ANN, turn=1).situation == "decided"


def test_a_form_sent_again_changes_nothing(desk: Desk, answered: dict[str, str], audited: list[AuditEvent]) -> None:
    assert [desk.send(ANN).situation for _ in range(3)] == ["counted", "voted", "voted"]
    desk.send(ANN, "withdrawn", turn=1)
    assert desk.send(ANN, "withdrawn", turn=1).situation == "withdrawn"
    assert desk.send(ANN).situation == "outdated"
    assert answered == {}
    assert len(audited) == 2


def test_after_the_decision_nothing_can_be_withdrawn(desk: Desk) -> None:
    desk.send(ANN)
    desk.send(BOB)
    assert desk.send(ANN, "withdrawn", turn=1).situation == "already_decided"


def test_one_no_decides_whatever_was_approved(desk: Desk, answered: dict[str, str], audited: list[AuditEvent]) -> None:
    desk.send(ANN)
    assert desk.send(BOB, "denied").situation == "decided"
    assert ApprovalDecision.model_validate_json(answered["task"]).decision == "denied"
    assert kinds(audited)[-1] == ("denied", ["bob"])


def test_right_codes_never_lock_a_link(desk: Desk) -> None:
    for turn in range(CODE_TRIES):
        assert desk.send(ANN, turn=turn).situation in {"counted", "voted"}
        assert desk.send(ANN, "withdrawn", turn=turn + 1).situation == "withdrawn"
    assert desk.send(ANN, turn=CODE_TRIES).situation == "too_often"


def test_a_locked_link_shows_what_was_decided_meanwhile(desk: Desk) -> None:
    wrong = "000000" if ANN.code != "000000" else "111111"
    for _ in range(CODE_TRIES):
        desk.send(ANN, code=wrong)
    assert desk.send(ANN).situation == "locked"
    desk.send(BOB, "denied")
    assert desk.send(ANN).situation == "already_decided"


class Overtaking:
    """Records in which somebody else's vote always arrives just before the first one's."""

    def __init__(self, records: ApprovalRecords, other: Secret, desk: Desk) -> None:
        self._records = records
        self._other = other
        self._desk = desk
        self._is_first = True

    def __getattr__(self, name: str) -> object:
        if name in {"record_votes", "claim"} and self._is_first:
            self._is_first = False
            self._desk.send(self._other)
        return getattr(self._records, name)


def test_two_approvals_in_the_same_moment_are_one_decision_by_both(
    desk: Desk, answered: dict[str, str], audited: list[AuditEvent], executions: Workflow
) -> None:
    overtaken = Overtaking(desk.approvals, BOB, desk)
    answer = Desk(overtaken, executions).send(ANN)  # type: ignore[arg-type]  # every method of the port, by name
    assert answer.situation == "decided"
    assert list(answered) == ["task"]
    assert kinds(audited) == [("vote", ["bob"]), ("approved", ["bob", "ann"])]


def test_an_approval_and_a_no_in_the_same_moment_are_one_decision(
    desk: Desk, answered: dict[str, str], executions: Workflow
) -> None:
    desk.send(CAT)
    overtaken = Overtaking(desk.approvals, BOB, desk)
    answer = Desk(overtaken, executions).send(ANN, "denied")  # type: ignore[arg-type]  # as above
    assert answer.situation == "already_decided"
    assert ApprovalDecision.model_validate_json(answered["task"]).decision == "approved"


class Unreachable:
    def is_running(self, _execution_arn: str) -> bool:
        raise ServiceUnavailableError("Step Functions: timed out")

    def answer(self, _task_token: str, _output: str) -> bool:
        raise ServiceUnavailableError("Step Functions: timed out")


def test_a_decision_that_is_not_handed_on_leaves_the_votes_of_before(desk: Desk) -> None:
    desk.send(ANN)
    assert Desk(desk.approvals, Unreachable()).send(BOB).situation == "not_handed_on"
    assert [vote.address for vote in desk.request().votes] == ["ann@example.com"]
    assert desk.send(BOB).situation == "decided"


def test_a_decision_whose_function_died_counts_and_no_later_one(
    desk: Desk, answered: dict[str, str], audited: list[AuditEvent]
) -> None:
    request = desk.request()
    votes = [Vote(address=each, comment="", voted_at=NOW) for each in ("ann@example.com", "bob@example.com")]
    approved = ApprovalDecision(
        decision="approved", approver=votes[1].address, comment="", decided_at=NOW, model_digest="d", approval_id="a1"
    )
    desk.approvals.claim(request, votes, approved, now=NOW - timedelta(seconds=61))
    assert desk.send(CAT, "denied").situation == "already_decided"
    assert ApprovalDecision.model_validate_json(answered["task"]) == approved
    assert kinds(audited) == [("approved", ["ann", "bob"])]
    assert desk.request().status == "decided"
