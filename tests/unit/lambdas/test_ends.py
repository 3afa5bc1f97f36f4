from __future__ import annotations

import io
from datetime import datetime, timedelta
from typing import Any

import pytest
from aws_lambda_powertools import Logger

from lambdas.close_run.handler import end_run
from lambdas.endings import concerned, tell
from lambdas.mails.compose import Outcomes, closed_mail, fault_mail, released_mail
from lambdas.record_release.handler import record_release, release_mails
from lambdas.report_fault.handler import ReportFaultInput, keep_fault, people
from steps.approval import ApprovalRequest, Vote, draw_secret, gather_facts, keep_secret
from steps.audit import AuditEvent
from steps.audit_events import event_of_release
from steps.contracts import (
    ApprovalDecision,
    CheckMetricsResult,
    LiveVersion,
    PrepareRunResult,
    RegisterModelResult,
    ReportFaultResult,
    RollBackEndpointResult,
    RunState,
    WriteReportResult,
)
from steps.errors import MailError
from steps.model_card import ModelCard
from steps.ports import ApprovalRecords, ArtifactStore, AuditTrail, Lock, Mail, ModelRegistry, ReleaseRecords, RunRecord
from steps.recipe import Recipe


@pytest.fixture
def state(plan: PrepareRunResult, checked: CheckMetricsResult, registered: RegisterModelResult) -> RunState:
    return RunState(recipe="reviews", prepare_run=plan, check_metrics=checked, register_model=registered)


@pytest.fixture(autouse=True)
def locked(records: ReleaseRecords, plan: PrepareRunResult, now: datetime) -> None:
    records.take_lock("reviews", Lock(plan.run_id, "arn", now + timedelta(hours=9)), now=now)


@pytest.mark.usefixtures("measured")
def test_a_release_is_live_approved_and_unlocked(
    *,
    state: RunState,
    reviews: Recipe,
    artifacts: ArtifactStore,
    registry: ModelRegistry,
    records: ReleaseRecords,
    audit: AuditTrail,
    live: LiveVersion,
    package_statuses: dict[str, tuple[str, str]],
    ended_runs: list[RunRecord],
    audited: list[AuditEvent],
    now: datetime,
) -> None:
    records.set_live("reviews", live)
    new = record_release(
        state, recipe=reviews, artifacts=artifacts, registry=registry, records=records, audit=audit, now=now
    )
    assert records.live("reviews") == new
    assert new.previous is not None
    assert new.previous["model_version"] == "1"
    assert package_statuses[new.model_package_arn][0] == "Approved"
    assert records.lock("reviews") is None
    assert [run.outcome for run in ended_runs] == ["Released"]
    assert new.card_uri is not None
    card = ModelCard.model_validate_json(artifacts.read(new.card_uri))
    assert (card.model_version, card.model_digest) == (new.model_version, new.model_digest)
    assert card.thresholds == {"positive": 0.25}
    again = record_release(
        state, recipe=reviews, artifacts=artifacts, registry=registry, records=records, audit=audit, now=now
    )
    assert again == new
    [event] = audited
    assert (event.kind, event.outcome, event.who) == ("released", "Released", ["the recipe's approval policy"])
    assert (event.model_version, event.champion_version) == (new.model_version, "1")
    assert event.metrics == new.metrics
    assert (event.model_digest, event.data_digest) == (new.model_digest, new.data_digest)


def test_the_audit_trail_holds_who_overrode_rejected_metrics(
    state: RunState, live: LiveVersion, checked: CheckMetricsResult
) -> None:
    assert event_of_release(state, live).override is None
    assert state.prepare_run is not None
    plan = state.prepare_run.model_copy(update={"requested_by": "ann", "override_reason": "It is urgent."})
    overridden = {"prepare_run": plan, "check_metrics": checked.model_copy(update={"overridden": True})}
    assert event_of_release(state.model_copy(update=overridden), live).override == "ann: It is urgent."


def test_everybody_who_may_approve_hears_of_the_release(state: RunState, reviews: Recipe, live: LiveVersion) -> None:
    new = live.model_copy(update={"model_version": "2", "previous": live.model_dump(mode="json")})
    mails = release_mails(state, reviews, new)
    assert [mail.to for mail in mails] == ["ann@example.com", "bob@example.com"]
    assert mails[0].subject == "reviews: version 2 is live"
    assert "It replaces version 1" in mails[0].text
    assert "Accuracy: 78.4 %" in mails[0].text
    assert "78.4 %" in mails[0].html


def denied(now: datetime) -> ApprovalDecision:
    return ApprovalDecision(
        decision="denied", approver="a@b.c", comment="No.", decided_at=now, model_digest="d", approval_id="a"
    )


def test_a_no_rejects_the_package_and_frees_the_lock(
    *,
    state: RunState,
    registry: ModelRegistry,
    records: ReleaseRecords,
    audit: AuditTrail,
    live: LiveVersion,
    registered: RegisterModelResult,
    package_statuses: dict[str, tuple[str, str]],
    ended_runs: list[RunRecord],
    audited: list[AuditEvent],
    now: datetime,
) -> None:
    records.set_live("reviews", live)
    told_no = state.model_copy(update={"request_approval": denied(now)})
    closed, still_live = end_run(told_no, registry=registry, records=records, audit=audit, now=now)
    assert closed.outcome == "ApprovalDenied"
    assert still_live == live
    assert package_statuses[registered.model_package_arn] == ("Rejected", "ApprovalDenied: The approver said no: “No.”")
    assert records.lock("reviews") is None
    assert [(run.outcome, run.reason) for run in ended_runs] == [("ApprovalDenied", closed.reason)]
    assert audited == [], "the denial itself was written when it was given"


def test_a_run_that_would_be_too_expensive_ends_like_every_no(
    *,
    plan: PrepareRunResult,
    registry: ModelRegistry,
    records: ReleaseRecords,
    audit: AuditTrail,
    package_statuses: dict[str, tuple[str, str]],
    ended_runs: list[RunRecord],
    audited: list[AuditEvent],
    now: datetime,
) -> None:
    refused = plan.model_copy(update={"decision": "too_expensive", "reason": "The run can cost 9 USD."})
    closed, still_live = end_run(
        RunState(recipe="reviews", prepare_run=refused), registry=registry, records=records, audit=audit, now=now
    )
    assert (closed.outcome, closed.reason, still_live) == ("CostRejected", "The run can cost 9 USD.", None)
    assert records.lock("reviews") is None
    assert package_statuses == {}
    assert [(run.outcome, run.reason) for run in ended_runs] == [("CostRejected", "The run can cost 9 USD.")]
    [event] = audited
    assert (event.kind, event.outcome, event.why) == ("rejected", "CostRejected", "The run can cost 9 USD.")
    assert event.who == ["the recipe's cost ceiling"]
    mail = closed_mail(
        Outcomes("reviews", plan.run_id, None), to="ann@example.com", outcome=closed.outcome, reason=closed.reason
    )
    assert mail.subject == "reviews: the run would be too expensive"
    assert "The run can cost 9 USD." in mail.text


def test_another_runs_lock_stays(
    state: RunState, registry: ModelRegistry, records: ReleaseRecords, audit: AuditTrail, now: datetime
) -> None:
    theirs = Lock("theirs", "arn", now + timedelta(hours=9))
    assert state.prepare_run is not None
    records.take_lock("reviews", theirs, now=now, instead_of=state.prepare_run.run_id)
    end_run(
        state.model_copy(update={"request_approval": denied(now)}),
        registry=registry,
        records=records,
        audit=audit,
        now=now,
    )
    assert records.lock("reviews") == theirs


@pytest.mark.usefixtures("measured")
@pytest.mark.parametrize("has_previous", [True, False])
def test_a_release_that_was_recorded_and_rolled_back_is_not_live(
    *,
    state: RunState,
    reviews: Recipe,
    artifacts: ArtifactStore,
    registry: ModelRegistry,
    records: ReleaseRecords,
    audit: AuditTrail,
    live: LiveVersion,
    now: datetime,
    has_previous: bool,
) -> None:
    records.set_live("reviews", live if has_previous else None)
    record_release(state, recipe=reviews, artifacts=artifacts, registry=registry, records=records, audit=audit, now=now)
    back = RollBackEndpointResult(action="restored", endpoint_name="e", endpoint_config_name="c", requested_at=now)
    went_back = state.model_copy(update={"roll_back_endpoint": back})
    _, still_live = end_run(went_back, registry=registry, records=records, audit=audit, now=now)
    assert still_live == (live if has_previous else None)
    assert records.live("reviews") == still_live


@pytest.mark.usefixtures("measured")
def test_the_trail_names_who_approved_and_in_which_words(
    *,
    state: RunState,
    reviews: Recipe,
    artifacts: ArtifactStore,
    registry: ModelRegistry,
    records: ReleaseRecords,
    audit: AuditTrail,
    audited: list[AuditEvent],
    now: datetime,
) -> None:
    approved = denied(now).model_copy(update={"decision": "approved", "comment": "Good on rare words."})
    shown = WriteReportResult(report_uri="s3://bucket/report.html", report_digest="f" * 64)
    decided = state.model_copy(update={"request_approval": approved, "write_report": shown})
    record_release(
        decided, recipe=reviews, artifacts=artifacts, registry=registry, records=records, audit=audit, now=now
    )
    [event] = audited
    assert (event.who, event.why) == (["a@b.c"], "Good on rare words.")
    assert event.report_digest == "f" * 64


def faulted(plan: PrepareRunResult | None, **state: Any) -> ReportFaultInput:
    fault = {"Error": "States.TaskFailed", "Cause": "boom"}
    planned = {"prepare_run": plan.model_dump(mode="json")} if plan else {}
    run_id = plan.run_id if plan else "run-1"
    return ReportFaultInput(run_id=run_id, state={"recipe": "reviews", **planned, "fault": fault, **state})


def test_a_fault_frees_the_lock_and_keeps_the_cause(
    *,
    plan: PrepareRunResult,
    registry: ModelRegistry,
    records: ReleaseRecords,
    registered: RegisterModelResult,
    package_statuses: dict[str, tuple[str, str]],
    ended_runs: list[RunRecord],
    now: datetime,
) -> None:
    request = faulted(plan, register_model=registered.model_dump(mode="json"))
    fault = keep_fault(request, registry=registry, records=records, now=now)
    assert (fault.state, fault.cause) == ("RequestApproval", "boom")
    assert records.lock("reviews") is None
    assert ended_runs[0].reason == "RequestApproval: States.TaskFailed: boom"
    assert package_statuses[registered.model_package_arn][0] == "Rejected"


def test_a_fault_before_any_plan_is_told_to_whoever_is_on_call(
    *,
    registry: ModelRegistry,
    records: ReleaseRecords,
    artifacts: ArtifactStore,
    approvals: ApprovalRecords,
    now: datetime,
) -> None:
    request = faulted(None)
    assert keep_fault(request, registry=registry, records=records, now=now).state == "PrepareRun"
    assert people(request, "operator@example.com", artifacts, approvals) == ["operator@example.com"]


def test_a_fault_without_even_a_recipe_is_reported(
    registry: ModelRegistry, records: ReleaseRecords, now: datetime
) -> None:
    request = ReportFaultInput(run_id="run-1", state={"fault": {"Error": "RecipeInvalidError", "Cause": "no recipe"}})
    assert keep_fault(request, registry=registry, records=records, now=now).error == "RecipeInvalidError"


def test_a_fault_is_told_to_the_approvers_too_but_to_nobody_twice(
    *,
    plan: PrepareRunResult,
    artifacts: ArtifactStore,
    approvals: ApprovalRecords,
    objects: dict[str, bytes],
    recipe_text: str,
) -> None:
    objects[plan.recipe_uri] = recipe_text.encode()
    told = people(faulted(plan), "ann@example.com", artifacts, approvals)
    assert told == ["ann@example.com", "bob@example.com"]


def test_an_end_is_told_to_everybody_who_was_asked_and_to_who_started_the_run(
    *,
    reviews: Recipe,
    plan: PrepareRunResult,
    state: RunState,
    checked: CheckMetricsResult,
    registered: RegisterModelResult,
    live: LiveVersion,
    now: datetime,
) -> None:
    links = [keep_secret("a1", draw_secret(f"{name}@example.com")) for name in ("ann", "chief")]
    votes = [Vote(address=each.address, comment="", voted_at=now) for each in links]
    asked = ApprovalRequest(
        approval_id="a1",
        execution_arn="arn",
        opened_at=now,
        deadline=now,
        approvers=links[:1],
        added=links,
        facts=gather_facts(reviews, plan, checked, registered),
        votes=votes,
        decision=denied(now).model_copy(update={"decision": "approved", "approver": votes[1].address}),
    )
    by_dora = plan.model_copy(update={"requested_by": "dora@example.com"})
    people_told = concerned(reviews, by_dora, asked)
    assert people_told == ["dora@example.com", "ann@example.com", "chief@example.com", "bob@example.com"]
    mails = release_mails(state, reviews, live, asked)
    assert [mail.to for mail in mails] == ["ann@example.com", "chief@example.com", "bob@example.com"]
    for body in (mails[0].text, mails[0].html):
        assert "Approved by ann@example.com and chief@example.com." in body


class BrokenMailer:
    def send(self, _mail: Mail) -> None:
        raise MailError("SES refused a mail (MessageRejected)")


def test_a_mail_that_cannot_be_sent_does_not_undo_an_end() -> None:
    log = io.StringIO()
    mail = Mail("ann@example.com", "reviews: the data was rejected", "text", "<p>html</p>")
    tell([mail], BrokenMailer(), Logger(service="test-ends", stream=log))
    logged = log.getvalue()
    assert "mail not sent" in logged
    assert "ann@example.com" not in logged


ABOUT = Outcomes(recipe="reviews", run_id="run-1", live_version="1")


def test_a_mail_about_a_no_gives_the_reason_and_what_is_live() -> None:
    mail = closed_mail(ABOUT, to="a@b.c", outcome="MetricsRejected", reason="Accuracy is 0.51 <below> 0.70.")
    assert mail.subject == "reviews: the new model was rejected"
    assert "Accuracy is 0.51 <below> 0.70." in mail.text
    assert "Accuracy is 0.51 &lt;below&gt; 0.70." in mail.html
    assert "Version 1 is still live." in mail.text


def test_a_mail_about_a_fault_gives_the_state_its_words_and_what_to_do() -> None:
    fault = ReportFaultResult(error="States.TaskFailed", cause="ValueError: bad row", state="TrainModel")
    mail = fault_mail(ABOUT, to="a@b.c", fault=fault, link="https://console.example/states?region=x#/details/arn:a:b")
    assert mail.subject == "reviews: the release failed in TrainModel"
    for body in (mail.text, mail.html):
        assert "https://console.example/states?region=x#/details/arn:a:b" in body
        assert "ValueError: bad row" in body
        assert "greenlight show run-1 --logs" in body
        assert "what was done is reused" in body


def test_a_mail_about_a_fault_without_a_page_for_it_names_the_command_alone() -> None:
    fault = ReportFaultResult(error="States.TaskFailed", cause="ValueError: bad row", state="TrainModel")
    mail = fault_mail(ABOUT, to="a@b.c", fault=fault, link=None)
    for body in (mail.text, mail.html):
        assert "greenlight show run-1 --logs" in body
        assert "xecution" not in body


def test_the_first_release_has_nothing_to_go_back_to(live: LiveVersion) -> None:
    first = Outcomes(recipe="reviews", run_id="run-1", live_version=None)
    assert "rollback" not in released_mail(first, to="a@b.c", live=live, metrics=[]).text
