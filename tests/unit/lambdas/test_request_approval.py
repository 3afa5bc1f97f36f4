"""Asking people of whom some cannot be reached yet."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest

from lambdas.request_approval.handler import RequestApprovalInput, request_approval
from steps.approval import ApprovalRequest
from steps.contracts import CheckMetricsResult, PrepareRunResult, RegisterModelResult
from steps.errors import MailError, RecipientUnconfirmedError
from steps.evaluation_report import MetricsReport
from steps.ports import ApprovalRecords, ArtifactStore, Mail

Ask = Callable[[set[str]], ApprovalRequest]


class Unconfirmed:
    def __init__(self, addresses: set[str], sent: list[Mail]) -> None:
        self._addresses = addresses
        self._sent = sent

    def send(self, mail: Mail) -> None:
        if mail.to in self._addresses:
            raise RecipientUnconfirmedError("SNS has sent a recipient a link to confirm")
        self._sent.append(mail)


@pytest.fixture
def ask(
    *,
    plan: PrepareRunResult,
    checked: CheckMetricsResult,
    registered: RegisterModelResult,
    objects: dict[str, bytes],
    recipe_text: str,
    artifacts: ArtifactStore,
    approvals: ApprovalRecords,
    sent: list[Mail],
    now: datetime,
) -> Ask:
    objects[plan.recipe_uri] = recipe_text.encode()
    report = MetricsReport(rows=10, candidate={"accuracy": 0.8}, champion=None, class_names=["negative", "positive"])
    assert plan.evaluate_model is not None
    objects[f"{plan.evaluate_model.output_uri}/report.json"] = report.model_dump_json().encode()

    def start(unconfirmed: set[str]) -> ApprovalRequest:
        request = RequestApprovalInput(
            run_id=plan.run_id,
            task_token="task",
            execution_arn="arn",
            plan=plan,
            check_metrics=checked,
            register_model=registered,
        )
        return request_approval(
            request,
            "https://api.example.com/approvals",
            artifacts=artifacts,
            approvals=approvals,
            mail=Unconfirmed(unconfirmed, sent),
            now=now,
            approval_id="a1",
        )

    return start


def test_a_run_waits_for_those_who_can_be_reached(ask: Ask, sent: list[Mail]) -> None:
    opened = ask({"ann@example.com"})
    assert opened.people == ["ann@example.com", "bob@example.com"]
    assert [mail.to for mail in sent] == ["bob@example.com"]


def test_a_run_whose_approvers_have_not_confirmed_fails_with_what_to_do(ask: Ask) -> None:
    with pytest.raises(MailError, match=r"nobody could be asked: .* start the run again; what was done is reused"):
        ask({"ann@example.com", "bob@example.com"})
