"""What happens to a question while nobody decides it: reminders, others who are asked, and the policy at the end."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from lambdas.decide_at_deadline.handler import close_request
from lambdas.remind_approvers.handler import Services, look_after
from steps.approval import ApprovalRequest, ApprovalRules, Vote, draw_secret, find_approver, gather_facts, keep_secret
from steps.approval_words import decided_by, otherwise, who_approved
from steps.audit import AuditEvent
from steps.contracts import ApprovalDecision, CheckMetricsResult, PrepareRunResult, RegisterModelResult
from steps.errors import MailError
from steps.ports import ApprovalRecords, Mail, Mailer, OpenRecords, OpenRequest, Workflow
from steps.recipe import Recipe

HOUR = timedelta(hours=1)


@pytest.fixture
def opened(
    *,
    reviews: Recipe,
    plan: PrepareRunResult,
    checked: CheckMetricsResult,
    registered: RegisterModelResult,
    approvals: ApprovalRecords,
    open_requests: list[OpenRequest],
    running: set[str],
    now: datetime,
) -> ApprovalRequest:
    """Open for ten hours; a reminder after eight, others are asked after nine."""
    rules = ApprovalRules(
        quorum=1, remind_at=now + 8 * HOUR, escalate_at=now + 9 * HOUR, escalate_to=["chief@example.com"]
    )
    request = ApprovalRequest(
        approval_id="a1",
        execution_arn="arn",
        task_token="task",
        opened_at=now,
        deadline=now + 10 * HOUR,
        approvers=[keep_secret("a1", draw_secret(f"{name}@example.com")) for name in ("ann", "bob")],
        facts=gather_facts(reviews, plan, checked, registered),
        rules=rules,
    )
    approvals.open(request)
    open_requests.append(OpenRequest("reviews", plan.run_id, "arn", request.deadline, "a1"))
    running.add("arn")
    return request


@pytest.fixture
def services(
    opened: ApprovalRequest, open_records: OpenRecords, approvals: ApprovalRecords, executions: Workflow, mail: Mailer
) -> Services:
    assert opened
    return Services(open_records, approvals, executions, mail, "https://api.example.com/approvals")


def now_of(approvals: ApprovalRecords) -> ApprovalRequest:
    found = approvals.request("a1")
    assert found is not None
    return found


def token_in(mail: Mail) -> str:
    return mail.text.partition("?token=")[2].split()[0]


def test_a_reminder_brings_a_link_of_its_own_and_leaves_the_first_one(
    services: Services, opened: ApprovalRequest, approvals: ApprovalRecords, sent: list[Mail], now: datetime
) -> None:
    assert look_after(services, now=now + 7 * HOUR) == 0
    assert look_after(services, now=now + 8 * HOUR) == 2
    assert look_after(services, now=now + 8.1 * HOUR) == 0
    assert [mail.to for mail in sent] == ["ann@example.com", "bob@example.com"]
    assert sent[0].subject.startswith("Reminder: Approve reviews version 2? Answer by ")
    first, second = sent[0].text.splitlines()[:2]
    assert first.startswith(
        "This is a reminder: you are asked whether reviews version 2 may go live. Please answer by "
    )
    assert second == "If nobody answers by then, nothing is released."
    after = now_of(approvals)
    assert find_approver(after, token_in(sent[1])) == 3
    assert after.approvers == opened.approvers
    assert after.people == ["ann@example.com", "bob@example.com"]


def test_others_are_asked_when_the_deadline_is_near(
    services: Services, approvals: ApprovalRecords, sent: list[Mail], now: datetime
) -> None:
    assert look_after(services, now=now + 9 * HOUR) == 3
    assert sent[-1].to == "chief@example.com"
    assert sent[-1].text.startswith(
        "Nothing is decided yet, so you are asked too whether reviews version 2 may go live."
    )
    assert now_of(approvals).people == ["ann@example.com", "bob@example.com", "chief@example.com"]
    assert look_after(services, now=now + 9 * HOUR) == 0


def test_a_run_that_was_stopped_asks_nobody_again(services: Services, running: set[str], now: datetime) -> None:
    running.clear()
    assert look_after(services, now=now + 9 * HOUR) == 0


class Unmailable:
    def send(self, _mail: Mail) -> None:
        raise MailError("SES refused a mail (Throttling)")


def test_a_reminder_that_reached_nobody_is_sent_by_the_next_look(
    services: Services, approvals: ApprovalRecords, now: datetime
) -> None:
    broken = Services(services.opened, approvals, services.executions, Unmailable(), services.approval_url)
    with pytest.raises(MailError, match="Throttling"):
        look_after(broken, now=now + 8 * HOUR)
    assert now_of(approvals).added == []
    assert look_after(services, now=now + 8.1 * HOUR) == 2


def test_a_decision_whose_function_died_is_brought_to_its_end(
    *,
    services: Services,
    opened: ApprovalRequest,
    approvals: ApprovalRecords,
    waiting: set[str],
    answered: dict[str, str],
    audited: list[AuditEvent],
    now: datetime,
) -> None:
    waiting.add("task")
    approved = decision(now, "approved")
    approvals.claim(opened, [Vote(address=approved.approver, comment="", voted_at=now)], approved, now=now)
    look_after(services, now=now + timedelta(seconds=30))
    assert answered == {}
    look_after(services, now=now + timedelta(seconds=61))
    assert ApprovalDecision.model_validate_json(answered["task"]) == approved
    assert [event.kind for event in audited] == ["approved"]
    assert now_of(approvals).status == "decided"


def decision(now: datetime, word: str) -> ApprovalDecision:
    return ApprovalDecision.model_validate(
        {
            "decision": word,
            "approver": "ann@example.com",
            "comment": "Because.",
            "decided_at": now,
            "model_digest": "d",
            "approval_id": "a1",
        }
    )


@pytest.mark.parametrize(
    ("at_deadline", "is_clear_win", "outcome", "reason"),
    [
        ("expire", True, "expired", "Nobody decided within 1 hour."),
        ("deny", True, "denied", "Nobody decided within 1 hour, and the recipe's policy takes that for a no."),
        ("approve_if_clearly_better", False, "expired", "Nobody decided within 1 hour."),
        (
            "approve_if_clearly_better",
            True,
            "approved",
            "Nobody decided within 1 hour; the recipe's policy then releases a model that is clearly better.",
        ),
    ],
)
def test_at_the_deadline_the_policy_closes_the_request_once_and_for_good(
    *,
    opened: ApprovalRequest,
    plan: PrepareRunResult,
    approvals: ApprovalRecords,
    audited: list[AuditEvent],
    at_deadline: str,
    is_clear_win: bool,
    outcome: str,
    reason: str,
) -> None:
    rules = {"quorum": 1, "at_deadline": at_deadline, "is_clear_win": is_clear_win}
    approvals.open(opened.model_copy(update={"rules": ApprovalRules.model_validate(rules)}))
    for _ in range(2):
        closed = close_request(plan, approvals, now=opened.deadline)
        assert (closed.outcome, closed.reason) == (outcome, reason)
    after = now_of(approvals)
    assert after.task_token is None
    assert after.status == ("expired" if outcome == "expired" else "decided")
    assert who_approved(after) == []
    assert decided_by(after) == ""
    [told] = audited
    assert (told.kind, told.who, told.why) == (outcome, [f"approval.at_deadline: {at_deadline}"], reason)


def test_too_few_approvals_are_counted_in_the_reason(
    opened: ApprovalRequest, plan: PrepareRunResult, approvals: ApprovalRecords, now: datetime
) -> None:
    vote = Vote(address="ann@example.com", comment="", voted_at=now)
    approvals.open(opened.model_copy(update={"rules": ApprovalRules(quorum=2), "votes": [vote]}))
    assert close_request(plan, approvals, now=opened.deadline).reason == "1 of 2 approvals came within 1 hour."


def test_what_people_decided_at_the_last_moment_is_theirs(
    opened: ApprovalRequest,
    plan: PrepareRunResult,
    approvals: ApprovalRecords,
    audited: list[AuditEvent],
    now: datetime,
) -> None:
    approvals.open(opened.model_copy(update={"status": "decided", "decision": decision(now, "approved")}))
    closed = close_request(plan, approvals, now=opened.deadline)
    assert (closed.outcome, closed.reason) == ("approved", "The approver approved just in time: “Because.”")
    assert audited == []


def test_a_claim_that_never_reached_the_run_is_overruled_by_the_policy(
    opened: ApprovalRequest, plan: PrepareRunResult, approvals: ApprovalRecords, now: datetime
) -> None:
    approvals.claim(opened, [], decision(now, "approved"), now=now)
    assert close_request(plan, approvals, now=opened.deadline).outcome == "expired"
    after = now_of(approvals)
    assert (after.status, after.decision) == ("expired", None)


def test_a_run_that_kept_no_request_expires(plan: PrepareRunResult, approvals: ApprovalRecords, now: datetime) -> None:
    assert close_request(plan, approvals, now=now).outcome == "expired"


@pytest.mark.parametrize(
    ("rules", "sentence"),
    [
        (ApprovalRules(quorum=1), "If nobody answers by then, nothing changes: version 1 stays live."),
        (ApprovalRules(quorum=3), "If fewer than 3 say yes by then, nothing changes: version 1 stays live."),
        (
            ApprovalRules(quorum=1, at_deadline="deny"),
            "If nobody answers by then, that counts as a no: version 1 stays live.",
        ),
        (
            ApprovalRules(quorum=2, at_deadline="approve_if_clearly_better", is_clear_win=True),
            "If nobody says no by then, it goes live: it is clearly better, and the recipe allows that.",
        ),
        (None, "If nobody answers by then, nothing changes: version 1 stays live."),
    ],
)
def test_the_mail_says_what_the_policy_will_do(rules: ApprovalRules | None, sentence: str) -> None:
    assert otherwise("1", rules) == sentence


def test_everybody_who_was_asked_reads_who_decided(opened: ApprovalRequest, now: datetime) -> None:
    votes = [Vote(address=f"{name}@example.com", comment="", voted_at=now) for name in ("bob", "ann")]
    approved = opened.model_copy(update={"votes": votes, "decision": decision(now, "approved")})
    assert decided_by(approved) == "Approved by bob@example.com and ann@example.com."
    denied = opened.model_copy(update={"votes": votes[:1], "decision": decision(now, "denied")})
    assert decided_by(denied) == "Denied by ann@example.com. Before that, bob@example.com had approved."
    assert decided_by(None) == ""
