"""Each port's contract, kept by its in-memory fake and by its adapter on moto alike.

The bucket and the table are made as infra/sam/storage.yaml describes them.
"""

from __future__ import annotations

import hashlib
import io
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import boto3
import pytest
from botocore.response import StreamingBody
from botocore.stub import Stubber
from moto import mock_aws
from samtranslator.yaml_helper import yaml_parse

from greenlight.api_keys import ApiKeys
from lambdas.adapters.dynamodb_api_keys import DynamoApiKeys
from lambdas.adapters.dynamodb_approvals import DynamoApprovalRecords
from lambdas.adapters.dynamodb_open import DynamoOpenRecords
from lambdas.adapters.dynamodb_releases import DynamoReleaseRecords
from lambdas.adapters.dynamodb_waiting import DynamoWaitingRuns
from lambdas.adapters.s3 import S3ArtifactStore
from lambdas.adapters.sagemaker import SageMakerEndpoints, SageMakerJobs, SageMakerRegistry, SageMakerVersions
from lambdas.adapters.sagemaker_runtime import SageMakerPredictor
from lambdas.adapters.sesv2 import SesMailer
from lambdas.adapters.stepfunctions import StepFunctionsStarter, StepFunctionsWorkflow
from lambdas.predict.documents import MAX_BODY_BYTES
from steps.answers import Output, Row
from steps.api_keys import is_valid
from steps.approval import ApprovalRequest, Vote, draw_secret, gather_facts, keep_secret
from steps.approval_events import deadline_event, decision_event, vote_event
from steps.audit_items import RECORDS, read_record, records_key
from steps.contracts import (
    ApprovalDecision,
    CheckMetricsResult,
    LiveVersion,
    PrepareRunResult,
    RegisterModelResult,
    RunInput,
)
from steps.errors import (
    ArtifactMissingError,
    EndpointBusyError,
    MailError,
    PredictionError,
    ServiceRefusedError,
    ServiceUnavailableError,
)
from steps.ports import (
    ApprovalRecords,
    ArtifactStore,
    EndpointService,
    JobHistory,
    Lock,
    Mail,
    ModelContainer,
    ModelPackage,
    ModelRegistry,
    ModelVersions,
    ObjectSizes,
    OpenLock,
    OpenRecords,
    OpenRequest,
    ReleaseRecords,
    RunRecord,
    RunStarter,
    StepRecord,
    WaitingRuns,
    Workflow,
)
from steps.predictions import MAX_INSTANCES
from steps.recipe import Recipe
from steps.start_run import WaitingRun

STORAGE = yaml_parse((Path(__file__).parents[2] / "infra/sam/storage.yaml").read_text())["Resources"]
ROLE = "arn:aws:iam::123456789012:role/greenlight"
BOTH = pytest.mark.parametrize("kept_by", ["fake", "moto"])

Port = TypeVar("Port")


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws(config={"stepfunctions": {"execute_state_machine": True}}):
        yield


@pytest.fixture
def table() -> str:
    table: dict[str, Any] = STORAGE["ReleaseTable"]["Properties"]
    boto3.client("dynamodb").create_table(
        TableName="releases",
        KeySchema=table["KeySchema"],
        AttributeDefinitions=table["AttributeDefinitions"],
        BillingMode=table["BillingMode"],
        GlobalSecondaryIndexes=table["GlobalSecondaryIndexes"],
    )
    return "releases"


def either(kept_by: str, fake: Port, adapter: Callable[[], Port]) -> Port:
    return fake if kept_by == "fake" else adapter()


# --- artifacts ---


@pytest.fixture
def store(kept_by: str, artifacts: ArtifactStore) -> ArtifactStore:
    def on_s3() -> ArtifactStore:
        client = boto3.client("s3")
        client.create_bucket(Bucket="bucket")
        return S3ArtifactStore(client)

    return either(kept_by, artifacts, on_s3)


@BOTH
def test_what_is_written_can_be_read_and_has_its_digest(store: ArtifactStore) -> None:
    store.write("s3://bucket/runs/r/report.json", b"{}")
    assert store.read("s3://bucket/runs/r/report.json") == b"{}"
    assert store.digest("s3://bucket/runs/r/report.json") == hashlib.sha256(b"{}").hexdigest()
    assert store.noted_digest("s3://bucket/runs/r/report.json") is None


@BOTH
def test_what_is_not_there_is_missing(store: ArtifactStore) -> None:
    for look in (store.read, store.digest, store.noted_digest):
        with pytest.raises(ArtifactMissingError, match="s3://bucket/no"):
            look("s3://bucket/no")


@BOTH
@pytest.mark.parametrize(
    ("uri", "is_there"),
    [
        ("s3://bucket/runs/r/out/report.json", True),
        ("s3://bucket/runs/r/out", True),
        ("s3://bucket/runs/r/out/", True),
        ("s3://bucket/runs/r/o", False),
        ("s3://bucket/runs/s", False),
    ],
)
def test_a_folder_exists_when_something_lies_in_it(store: ArtifactStore, uri: str, is_there: bool) -> None:
    store.write("s3://bucket/runs/r/out/report.json", b"{}")
    assert store.exists(uri) is is_there


@BOTH
def test_an_object_is_copied_as_it_is_and_a_missing_one_is_told(store: ArtifactStore) -> None:
    store.write("s3://bucket/runs/r/tune_model/a.tar.gz", b"bytes")
    store.copy("s3://bucket/runs/r/tune_model/a.tar.gz", "s3://bucket/runs/r/adopt_model/model.tar.gz")
    assert store.read("s3://bucket/runs/r/adopt_model/model.tar.gz") == b"bytes"
    assert store.read("s3://bucket/runs/r/tune_model/a.tar.gz") == b"bytes"
    with pytest.raises(ArtifactMissingError):
        store.copy("s3://bucket/runs/r/none.tar.gz", "s3://bucket/runs/r/b.tar.gz")


@BOTH
def test_a_name_that_only_begins_alike_does_not_hide_the_folder(store: ArtifactStore) -> None:
    for name in ("out-1", "out-2", "out-3", "out/report.json"):
        store.write(f"s3://bucket/runs/r/{name}", b"x")
    assert store.exists("s3://bucket/runs/r/out")


@BOTH
def test_the_newest_object_of_a_folder_counts_and_empty_ones_do_not(store: ArtifactStore) -> None:
    store.write("s3://bucket/incoming/reviews/a.csv", b"1")
    store.write("s3://bucket/incoming/reviews/b.csv", b"2")
    store.write("s3://bucket/incoming/reviews/", b"")
    store.write("s3://bucket/incoming/reviews/parts/1.csv", b"4")
    store.write("s3://bucket/incoming/reviews-2/c.csv", b"3")
    assert store.newest("s3://bucket/incoming/reviews") == "s3://bucket/incoming/reviews/b.csv"
    assert store.newest("s3://bucket/incoming/names/") is None


@BOTH
def test_the_size_of_an_object_or_of_all_below_a_folder(kept_by: str, store: ArtifactStore, sizes: ObjectSizes) -> None:
    for name, body in {"rows/a": b"123", "rows/b": b"45", "rows-2": b"6", "rows": b"7890"}.items():
        store.write(f"s3://bucket/batches/{name}", body)
    sizes = either(kept_by, sizes, lambda: S3ArtifactStore(boto3.client("s3")))
    assert sizes.size("s3://bucket/batches/rows/") == 5
    assert sizes.size("s3://bucket/batches/rows/a") == 3
    assert sizes.size("s3://bucket/batches/none") == 0


def test_a_digest_in_an_objects_metadata_is_noted() -> None:
    client = boto3.client("s3")
    client.create_bucket(Bucket="bucket")
    client.put_object(Bucket="bucket", Key="data.csv", Body=b"x", Metadata={"sha256": "ab"})
    assert S3ArtifactStore(client).noted_digest("s3://bucket/data.csv") == "ab"


@pytest.mark.parametrize("uri", ["bucket/key", "s3://bucket", "s3:///key"])
def test_an_address_that_is_none_is_refused_with_the_form_of_one(uri: str) -> None:
    with pytest.raises(ArtifactMissingError, match="s3://bucket/key"):
        S3ArtifactStore(boto3.client("s3")).read(uri)


# --- records of releases ---


@pytest.fixture
def kept(kept_by: str, records: ReleaseRecords, table: str) -> ReleaseRecords:
    return either(kept_by, records, lambda: DynamoReleaseRecords(boto3.client("dynamodb"), table))


@BOTH
def test_a_lock_is_taken_by_one_run_freed_by_its_owner_only(kept: ReleaseRecords, now: datetime) -> None:
    mine, theirs = (Lock(name, f"arn:{name}", now + timedelta(hours=1)) for name in ("mine", "theirs"))
    assert kept.lock("reviews") is None
    assert kept.take_lock("reviews", mine, now=now)
    assert kept.take_lock("reviews", mine, now=now)
    assert not kept.take_lock("reviews", theirs, now=now)
    assert kept.take_lock("names", theirs, now=now)
    kept.free_lock("reviews", "theirs")
    assert kept.lock("reviews") == mine
    kept.free_lock("reviews", "mine")
    kept.free_lock("reviews", "mine")
    assert kept.lock("reviews") is None


@BOTH
def test_a_lock_is_taken_over_from_a_named_run_or_after_its_deadline(kept: ReleaseRecords, now: datetime) -> None:
    first, second, third = (Lock(name, "arn", now + timedelta(hours=1)) for name in ("first", "second", "third"))
    kept.take_lock("reviews", first, now=now)
    assert not kept.take_lock("reviews", second, now=now, instead_of="another")
    assert kept.take_lock("reviews", second, now=now, instead_of="first")
    assert not kept.take_lock("reviews", third, now=now + timedelta(minutes=59))
    assert kept.take_lock("reviews", third, now=now + timedelta(hours=1))


@BOTH
def test_the_live_version_is_what_was_last_said(kept: ReleaseRecords, live: LiveVersion) -> None:
    assert kept.live("reviews") is None
    kept.set_live("reviews", live)
    assert kept.live("reviews") == live
    kept.set_live("movies", live)
    assert kept.live_recipes() == ["movies", "reviews"]
    kept.set_live("reviews", None)
    kept.set_live("reviews", None)
    assert kept.live("reviews") is None
    assert kept.live_recipes() == ["movies"]


@BOTH
def test_a_step_is_found_by_its_key_and_the_last_run_counts(kept: ReleaseRecords) -> None:
    for run in ("one", "two"):
        kept.begin_step("reviews", "train_model", "key", StepRecord(run, f"{run}-train", f"s3://b/{run}"))
    assert kept.step("reviews", "train_model", "key") == StepRecord("two", "two-train", "s3://b/two")
    assert kept.step("reviews", "train_model", "other") is None
    assert kept.step("names", "train_model", "key") is None


@BOTH
def test_the_end_of_a_run_can_be_noted_twice(kept: ReleaseRecords, now: datetime) -> None:
    for _ in range(2):
        kept.end_run(RunRecord("run-1", "reviews", "Released", "Version 2 is live.", None, now))


@pytest.fixture
def turns(kept_by: str, table: str, waiting_runs: WaitingRuns) -> WaitingRuns:
    return either(kept_by, waiting_runs, lambda: DynamoWaitingRuns(boto3.client("dynamodb"), table))


@BOTH
def test_the_run_that_came_last_waits_and_only_it_can_be_forgotten(turns: WaitingRuns) -> None:
    assert turns.get("reviews") is None
    turns.put("reviews", WaitingRun("first", "schedule"))
    turns.put("reviews", WaitingRun("second", "alarm"))
    turns.forget("reviews", "first")
    assert turns.get("reviews") == WaitingRun("second", "alarm")
    assert turns.get("names") is None
    turns.forget("reviews", "second")
    assert turns.get("reviews") is None
    turns.forget("reviews", "second")


# --- records of approvals ---


@pytest.fixture
def asked(
    *,
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
        approvers=[],
        facts=gather_facts(reviews, plan, checked, registered),
    )


@pytest.fixture
def decision(now: datetime) -> ApprovalDecision:
    return ApprovalDecision(
        decision="approved", approver="a@b.c", comment="", decided_at=now, model_digest="d", approval_id="a1"
    )


@pytest.fixture
def requests(kept_by: str, approvals: ApprovalRecords, table: str, asked: ApprovalRequest) -> ApprovalRecords:
    kept = either(kept_by, approvals, lambda: DynamoApprovalRecords(boto3.client("dynamodb"), table))
    kept.open(asked)
    return kept


def now_of(requests: ApprovalRecords) -> ApprovalRequest:
    """The request as it is now."""
    found = requests.request("a1")
    assert found is not None
    return found


@BOTH
def test_a_request_comes_back_as_it_was_opened(requests: ApprovalRecords, asked: ApprovalRequest) -> None:
    assert requests.request("a1") == asked
    assert requests.request("a2") is None
    assert requests.request_of(asked.facts.run_id) == asked
    assert requests.request_of("another") is None


@BOTH
def test_only_the_first_claim_of_a_request_as_it_was_read_counts(
    requests: ApprovalRecords, asked: ApprovalRequest, decision: ApprovalDecision, now: datetime
) -> None:
    vote = Vote(address="a@b.c", comment="Fine.", voted_at=now)
    assert requests.claim(asked, [vote], decision, now=now)
    assert not requests.claim(asked, [vote], decision, now=now)
    claimed = now_of(requests)
    assert not requests.claim(claimed, [vote], decision, now=now + timedelta(seconds=61))
    assert (claimed.status, claimed.claimed_at, claimed.decision) == ("claimed", now, decision)
    assert (claimed.votes, claimed.revision) == ([vote], 1)


@BOTH
def test_a_vote_is_kept_with_its_record_and_one_on_an_older_state_is_not(
    requests: ApprovalRecords, asked: ApprovalRequest, now: datetime
) -> None:
    first, second = (Vote(address=f"{name}@b.c", comment="Ä", voted_at=now) for name in ("ann", "bob"))
    assert requests.record_votes(asked, [first], vote_event(asked, first, 1))
    assert not requests.record_votes(asked, [second], vote_event(asked, second, 1))
    assert requests.record_votes(now_of(requests), [first, second], vote_event(asked, second, 1))
    assert now_of(requests).votes == [first, second]


@BOTH
def test_a_run_that_had_to_ask_twice_takes_the_same_vote_on_the_second_question(
    requests: ApprovalRecords, asked: ApprovalRequest, now: datetime
) -> None:
    vote = Vote(address="ann@b.c", comment="", voted_at=now)
    assert requests.record_votes(asked, [vote], vote_event(asked, vote, 1))
    again = asked.model_copy(update={"approval_id": "a2"})
    requests.open(again)
    assert requests.request_of(asked.facts.run_id) == again
    assert requests.record_votes(again, [vote], vote_event(again, vote, 1))


@BOTH
def test_a_released_request_is_as_before(
    requests: ApprovalRecords, asked: ApprovalRequest, decision: ApprovalDecision, now: datetime
) -> None:
    requests.claim(asked, [Vote(address="a@b.c", comment="", voted_at=now)], decision, now=now)
    assert requests.release(now_of(requests), [])
    assert now_of(requests) == asked.model_copy(update={"revision": 2})
    assert not requests.release(now_of(requests), [])
    assert requests.claim(now_of(requests), [], decision, now=now)


@BOTH
def test_a_finished_request_keeps_the_decision_and_forgets_the_token(
    requests: ApprovalRecords, asked: ApprovalRequest, decision: ApprovalDecision, now: datetime
) -> None:
    assert not requests.finish(asked, decision_event(asked, decision))
    requests.claim(asked, [], decision, now=now)
    claimed = now_of(requests)
    assert requests.finish(claimed, decision_event(asked, decision))
    assert not requests.finish(claimed, decision_event(asked, decision))
    done = now_of(requests)
    assert (done.status, done.task_token, done.decision) == ("decided", None, decision)
    assert not requests.claim(done, [], decision, now=now + timedelta(hours=1))
    assert not requests.expire(done)


@BOTH
def test_a_decision_whose_record_is_there_already_is_finished_without_another(
    requests: ApprovalRecords, asked: ApprovalRequest, decision: ApprovalDecision, now: datetime
) -> None:
    event = decision_event(asked, decision)
    requests.claim(asked, [], decision, now=now)
    requests.finish(now_of(requests), event)
    requests.open(asked.model_copy(update={"approval_id": "a2"}))
    second = requests.request("a2")
    assert second is not None
    requests.claim(second, [], decision, now=now)
    claimed = requests.request("a2")
    assert claimed is not None
    assert requests.finish(claimed, event)


@BOTH
def test_an_expired_request_cannot_be_claimed(
    requests: ApprovalRecords, asked: ApprovalRequest, decision: ApprovalDecision, now: datetime
) -> None:
    assert requests.expire(asked)
    expired = now_of(requests)
    assert (expired.status, expired.task_token) == ("expired", None)
    assert not requests.claim(expired, [], decision, now=now)


@BOTH
@pytest.mark.parametrize("by_policy", ["denied", None])
def test_a_request_is_closed_by_policy_whatever_has_become_of_it_but_a_decision(
    requests: ApprovalRecords, asked: ApprovalRequest, decision: ApprovalDecision, now: datetime, by_policy: str | None
) -> None:
    policy = decision.model_copy(update={"decision": by_policy}) if by_policy else None
    requests.claim(asked, [], decision, now=now)
    assert requests.close(now_of(requests), policy, deadline_event(asked, "expired", "Late.", now))
    closed = now_of(requests)
    assert (closed.status, closed.decision, closed.task_token) == (
        "decided" if by_policy else "expired",
        policy,
        None,
    )
    assert requests.close(closed, None, deadline_event(asked, "expired", "Late.", now)) == (by_policy is None)


@BOTH
def test_a_notice_goes_out_once_and_can_be_taken_back(
    requests: ApprovalRecords, asked: ApprovalRequest, now: datetime
) -> None:
    links = [keep_secret("a1", draw_secret("ann@b.c"))]
    assert requests.add_links(asked, "reminder", links, now=now)
    assert not requests.add_links(asked, "reminder", links, now=now)
    noted = now_of(requests)
    assert (noted.added, noted.reminded_at, noted.escalated_at) == (links, now, None)
    assert requests.add_links(noted, "reminder", [], now=None)
    assert now_of(requests) == asked.model_copy(update={"revision": 2})


@BOTH
def test_wrong_tries_are_counted_per_link_up_to_the_limit(requests: ApprovalRecords) -> None:
    assert [requests.count_attempt("a1", 0, limit=3) for _ in range(5)] == [1, 2, 3, None, None]
    assert requests.count_attempt("a1", 1, limit=3) == 1
    requests.forgive_attempt("a1", 0)
    assert requests.count_attempt("a1", 0, limit=3) == 3


# --- what is open ---


@BOTH
def test_what_is_open_is_what_was_handed_in(
    *,
    kept_by: str,
    open_records: OpenRecords,
    open_locks: list[OpenLock],
    open_requests: list[OpenRequest],
    table: str,
    asked: ApprovalRequest,
    now: datetime,
) -> None:
    held = Lock("run", "arn:run", expires_at=now - timedelta(days=1), started_at=now - timedelta(days=9))
    open_locks.append(OpenLock("names", held))
    open_requests.append(OpenRequest("reviews", asked.facts.run_id, "arn", asked.deadline, "a1"))
    client = boto3.client("dynamodb")
    DynamoReleaseRecords(client, table).take_lock("names", held, now=now)
    DynamoApprovalRecords(client, table).open(asked)
    kept = either(kept_by, open_records, lambda: DynamoOpenRecords(client, table))
    assert kept.locks() == open_locks
    assert kept.requests(now) == open_requests
    assert kept.requests(asked.deadline) == []


def test_what_is_over_is_not_open(
    table: str, asked: ApprovalRequest, decision: ApprovalDecision, now: datetime
) -> None:
    client = boto3.client("dynamodb")
    kept, releases = DynamoOpenRecords(client, table), DynamoReleaseRecords(client, table)
    requests = DynamoApprovalRecords(client, table)
    releases.take_lock("names", Lock("run", "arn:run", expires_at=now + timedelta(days=1)), now=now)
    releases.free_lock("names", "run")
    requests.open(asked)
    requests.claim(asked, [], decision, now=now)
    assert len(kept.requests(now)) == 1, "a claim is no answer yet"
    requests.finish(now_of(requests), decision_event(asked, decision))
    other = asked.model_copy(update={"approval_id": "a2"})
    requests.open(other)
    requests.expire(other)
    assert kept.locks() == []
    assert kept.requests(now) == []


def test_the_index_of_what_is_open_holds_no_token_and_nobodys_address(table: str, asked: ApprovalRequest) -> None:
    client = boto3.client("dynamodb")
    DynamoApprovalRecords(client, table).open(asked)
    [item] = client.scan(TableName=table, IndexName="watched")["Items"]
    keys = {"pk", "sk", "watched", "watched_until"}
    assert set(item) == {*keys, "recipe", "run_id", "execution_arn"}


def test_an_audit_record_lies_in_the_table_for_good(
    table: str, asked: ApprovalRequest, decision: ApprovalDecision, now: datetime
) -> None:
    client = boto3.client("dynamodb")
    on_dynamodb = DynamoApprovalRecords(client, table)
    on_dynamodb.open(asked)
    on_dynamodb.claim(asked, [], decision, now=now)
    event = decision_event(asked, decision)
    on_dynamodb.finish(now_of(on_dynamodb), event)
    [item] = client.query(
        TableName=table,
        KeyConditionExpression="pk = :pk AND begins_with(sk, :records)",
        ExpressionAttributeValues={":pk": {"S": records_key("reviews")}, ":records": {"S": RECORDS}},
    )["Items"]
    assert read_record(item).event == event
    time_to_live = STORAGE["ReleaseTable"]["Properties"]["TimeToLiveSpecification"]["AttributeName"]
    assert time_to_live not in item
    [request] = client.query(
        TableName=table, KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": {"S": "APPROVAL#a1"}}
    )["Items"]
    assert time_to_live in request


# --- the workflow ---


@pytest.fixture
def workflow(kept_by: str, executions: Workflow) -> Workflow:
    return either(kept_by, executions, lambda: StepFunctionsWorkflow(boto3.client("stepfunctions")))


@BOTH
def test_an_execution_nobody_knows_does_not_run(workflow: Workflow) -> None:
    assert not workflow.is_running("arn:aws:states:us-east-1:123456789012:execution:greenlight-release:no")


@BOTH
def test_a_state_that_does_not_wait_takes_no_answer(workflow: Workflow) -> None:
    assert not workflow.answer("no such token", "{}")


@pytest.fixture
def machine_role(make_role: Callable[..., str]) -> str:
    """A role in moto's IAM: where the laptop's part is plugged in by other tests too, roles count."""
    return make_role(boto3.client("iam"), "greenlight", "states.amazonaws.com")


def test_an_execution_runs_until_it_is_stopped(machine_role: str) -> None:
    client = boto3.client("stepfunctions")
    wait = json.dumps({"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 60, "End": True}}})
    machine = client.create_state_machine(name="m", definition=wait, roleArn=machine_role)["stateMachineArn"]
    arn = client.start_execution(stateMachineArn=machine)["executionArn"]
    on_step_functions = StepFunctionsWorkflow(client)
    assert on_step_functions.is_running(arn)
    client.stop_execution(executionArn=arn)
    # moto's interpreter stops in a thread of its own.
    deadline = time.monotonic() + 10
    while on_step_functions.is_running(arn):
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture
def runs(kept_by: str, starter: RunStarter, machine_role: str) -> RunStarter:
    def on_step_functions() -> RunStarter:
        client = boto3.client("stepfunctions")
        wait = json.dumps({"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 60, "End": True}}})
        machine = client.create_state_machine(name="m", definition=wait, roleArn=machine_role)["stateMachineArn"]
        return StepFunctionsStarter(client, machine)

    return either(kept_by, starter, on_step_functions)


@BOTH
def test_a_run_of_an_id_is_started_once(runs: RunStarter) -> None:
    asked = RunInput(recipe="reviews", trigger_id="first")
    assert not runs.exists("monday")
    assert runs.start("monday", asked)
    assert runs.exists("monday")
    assert runs.start("monday", asked)
    assert not runs.start("monday", asked.model_copy(update={"trigger_id": "second"}))
    assert runs.start("tuesday", asked)


def test_a_run_started_through_an_alias_is_looked_for_under_its_state_machine() -> None:
    client = boto3.client("stepfunctions")
    alias = "arn:aws:states:us-east-1:123456789012:stateMachine:greenlight-release:live"
    execution = "arn:aws:states:us-east-1:123456789012:execution:greenlight-release:monday"
    with Stubber(client) as stub:
        stub.add_client_error(
            "describe_execution", "ExecutionDoesNotExist", expected_params={"executionArn": execution}
        )
        assert not StepFunctionsStarter(client, alias).exists("monday")
        stub.assert_no_pending_responses()


@pytest.mark.parametrize("code", ["TaskTimedOut", "TaskDoesNotExist", "InvalidToken"])
def test_every_way_a_state_can_be_gone_is_told_alike(code: str) -> None:
    client = boto3.client("stepfunctions")
    with Stubber(client) as stub:
        stub.add_client_error("send_task_success", code)
        assert not StepFunctionsWorkflow(client).answer("token", "{}")


@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        ("ThrottlingException", 400, ServiceUnavailableError),
        ("InternalFailure", 500, ServiceUnavailableError),
        ("AccessDeniedException", 400, ServiceRefusedError),
    ],
)
def test_a_service_that_is_busy_and_one_that_refuses_are_told_apart(
    code: str, status: int, error: type[Exception]
) -> None:
    client = boto3.client("stepfunctions")
    with Stubber(client) as stub:
        stub.add_client_error("send_task_success", code, "words", status)
        with pytest.raises(error, match=f"Step Functions, SendTaskSuccess: {code}: words"):
            StepFunctionsWorkflow(client).answer("token", "{}")


# --- jobs, endpoints, registry ---


@BOTH
def test_a_job_nobody_knows_has_not_completed(kept_by: str, jobs: JobHistory) -> None:
    history = either(kept_by, jobs, lambda: SageMakerJobs(boto3.client("sagemaker")))
    assert not history.has_completed("training", "no-train")
    assert not history.has_completed("processing", "no-preprocess")


def job_status(kind: str, status: str) -> bool:
    client = boto3.client("sagemaker")
    name, answer = {
        "training": ("describe_training_job", {"TrainingJobStatus": status}),
        "processing": ("describe_processing_job", {"ProcessingJobStatus": status}),
        "tuning": ("describe_hyper_parameter_tuning_job", {"HyperParameterTuningJobStatus": status}),
    }[kind]
    client.meta.events.register(f"before-call.sagemaker.{client.meta.method_to_api_mapping[name]}", stubbed(answer))
    return SageMakerJobs(client).has_completed(kind, "job")  # type: ignore[arg-type]  # the kinds are literals


def stubbed(answer: dict[str, Any]) -> Any:
    """Ends a call before it is made, with an answer that need not be whole."""

    class Fine:
        status_code = 200

    return lambda **_: (Fine(), answer)


@pytest.mark.parametrize("kind", ["training", "processing", "tuning"])
@pytest.mark.parametrize(
    ("status", "has_completed"), [("Completed", True), ("Failed", False), ("Stopped", False), ("InProgress", False)]
)
def test_only_a_completed_job_has_completed(kind: str, status: str, has_completed: bool) -> None:
    assert job_status(kind, status) is has_completed


def test_a_search_s_trainings_have_an_objective_when_it_is_a_number() -> None:
    client = boto3.client("sagemaker")
    trial = {"TrainingJobName": "a", "TrainingJobStatus": "Completed", "TunedHyperParameters": {"l2": "0.5"}}
    values = [0.25, float("nan"), None]
    summaries = [
        {**trial, **({} if value is None else {"FinalHyperParameterTuningJobObjectiveMetric": {"Value": value}})}
        for value in values
    ]
    name = "ListTrainingJobsForHyperParameterTuningJob"
    client.meta.events.register(f"before-call.sagemaker.{name}", stubbed({"TrainingJobSummaries": summaries}))
    found = SageMakerJobs(client).trials("search")
    assert [each.objective for each in found] == [0.25, None, None]
    assert found[0].hyperparameters == {"l2": "0.5"}


@pytest.fixture
def service(kept_by: str, endpoints: EndpointService) -> EndpointService:
    def on_sagemaker() -> EndpointService:
        client = boto3.client("sagemaker")
        client.create_model(ModelName="model", ExecutionRoleArn=ROLE, PrimaryContainer={"Image": "image"})
        client.create_endpoint_config(
            EndpointConfigName="one",
            ProductionVariants=[
                {
                    "VariantName": "primary",
                    "ModelName": "model",
                    "InstanceType": "ml.m5.large",
                    "InitialInstanceCount": 1,
                }
            ],
        )
        return SageMakerEndpoints(client)

    return either(kept_by, endpoints, on_sagemaker)


@BOTH
def test_an_endpoint_is_there_from_its_creation_to_its_deletion(service: EndpointService) -> None:
    assert service.describe("greenlight-reviews") is None
    service.create("greenlight-reviews", "one", {"greenlight:run": "run-1"})
    service.tag("greenlight-reviews", {"greenlight:recipe": "reviews"})
    described = service.describe("greenlight-reviews")
    assert described is not None
    assert described.config_name == "one"
    service.delete("greenlight-reviews")
    assert service.describe("greenlight-reviews") is None
    service.delete("greenlight-reviews")


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ('Cannot update in-progress endpoint "arn".', EndpointBusyError),
        ("Could not find endpoint configuration", ServiceRefusedError),
    ],
)
def test_an_update_while_another_is_under_way_is_worth_waiting_for(message: str, error: type[Exception]) -> None:
    client = boto3.client("sagemaker")
    with Stubber(client) as stub:
        stub.add_client_error("update_endpoint", "ValidationException", message)
        with pytest.raises(error):
            SageMakerEndpoints(client).update("greenlight-reviews", "new")


def test_the_configuration_an_update_moves_to_is_told() -> None:
    client = boto3.client("sagemaker")
    answer = {
        "EndpointStatus": "Updating",
        "EndpointConfigName": "old",
        "PendingDeploymentSummary": {"EndpointConfigName": "new"},
    }
    client.meta.events.register("before-call.sagemaker.DescribeEndpoint", stubbed(answer))
    described = SageMakerEndpoints(client).describe("greenlight-reviews")
    assert described is not None
    assert (described.status, described.config_name, described.pending_config_name) == ("Updating", "old", "new")


@pytest.fixture
def package() -> ModelPackage:
    return ModelPackage(
        group="greenlight-reviews",
        group_tags={"greenlight:recipe": "reviews"},
        description="reviews, run run-1",
        containers=[
            ModelContainer(
                "763104351884.dkr.ecr.us-east-1.amazonaws.com/tensorflow-inference:2.19.0-cpu",
                "s3://bucket/model.tar.gz",
                {},
            )
        ],
        instance_type="ml.m5.large",
        report_uri="s3://bucket/report.json",
        properties={"run_id": "run-1"},
        request_token="0" * 36,
        card='{"model_overview": {"model_creator": "Greenlight"}}',
    )


@BOTH
def test_versions_of_a_recipe_are_counted(kept_by: str, registry: ModelRegistry, package: ModelPackage) -> None:
    kept = either(kept_by, registry, lambda: SageMakerRegistry(boto3.client("sagemaker")))
    registered = [kept.register(replace(package, request_token=str(number) * 36)) for number in range(2)]
    assert [version for _, version in registered] == ["1", "2"]
    assert all(arn.endswith(f"model-package/greenlight-reviews/{version}") for arn, version in registered)


def test_a_version_names_every_container_of_a_pipeline(package: ModelPackage) -> None:
    client = boto3.client("sagemaker")
    pipeline = [
        ModelContainer("me/transform:1", "s3://bucket/model.tar.gz", {"SAGEMAKER_PROGRAM": "transform_rows.py"}),
        ModelContainer("me/score:1", "s3://bucket/model.tar.gz", {"SAGEMAKER_PROGRAM": "score_rows.py"}),
    ]
    arn, _ = SageMakerRegistry(client).register(replace(package, containers=pipeline))
    containers = client.describe_model_package(ModelPackageName=arn)["InferenceSpecification"]["Containers"]
    assert [(each["Image"], each["ModelDataUrl"], each["Environment"]) for each in containers] == [
        (each.image_uri, each.model_data_uri, each.environment) for each in pipeline
    ]


@BOTH
def test_only_a_version_that_was_registered_exists(
    kept_by: str, registry: ModelRegistry, package: ModelPackage
) -> None:
    kept = either(kept_by, registry, lambda: SageMakerRegistry(boto3.client("sagemaker")))
    arn, _ = kept.register(package)
    assert kept.exists(arn)
    assert not kept.exists(arn.replace("/1", "/2"))
    assert not kept.exists(arn.replace("greenlight-reviews", "greenlight-other"))


def test_a_version_waits_for_approval_until_it_gets_its_status_and_reason(package: ModelPackage) -> None:
    client = boto3.client("sagemaker")
    kept = SageMakerRegistry(client)
    arn, _ = kept.register(package)
    assert client.describe_model_package(ModelPackageName=arn)["ModelApprovalStatus"] == "PendingManualApproval"
    kept.approve(arn, "Fine.")
    approved = client.describe_model_package(ModelPackageName=arn)
    assert (approved["ModelApprovalStatus"], approved["ApprovalDescription"]) == ("Approved", "Fine.")
    kept.reject(arn, "Denied:\r\nnot yet,\nthanks")
    assert client.describe_model_package(ModelPackageName=arn)["ApprovalDescription"] == "Denied: not yet, thanks"
    kept.reject(arn, "x" * 2000)
    rejected = client.describe_model_package(ModelPackageName=arn)
    assert (rejected["ModelApprovalStatus"], len(rejected["ApprovalDescription"])) == ("Rejected", 1024)


@BOTH
def test_a_version_is_known_by_its_run_and_its_model_by_its_name(
    *,
    kept_by: str,
    versions: ModelVersions,
    package: ModelPackage,
    runs_of_packages: dict[str, str],
    model_names: set[str],
) -> None:
    client = boto3.client("sagemaker")
    arn, _ = SageMakerRegistry(client).register(package)
    container = {"Image": "image", "ModelDataUrl": "s3://bucket/model.tar.gz"}
    client.create_model(ModelName="greenlight-run", ExecutionRoleArn=ROLE, PrimaryContainer=container)  # type: ignore[arg-type]
    runs_of_packages[arn] = package.properties["run_id"]
    model_names.add("greenlight-run")
    kept = either(kept_by, versions, lambda: SageMakerVersions(client))
    assert kept.run_of(arn) == package.properties["run_id"]
    assert kept.run_of(f"{arn.rpartition('/')[0]}/99") is None
    assert kept.has_model("greenlight-run")
    assert not kept.has_model("greenlight-other")


# --- predictions and mail ---


def answering(body: bytes) -> SageMakerPredictor:
    client = boto3.client("sagemaker-runtime")
    stream = StreamingBody(io.BytesIO(body), len(body))
    stub = Stubber(client)
    stub.add_response("invoke_endpoint", {"Body": stream, "ContentType": "application/json"})
    stub.activate()
    return SageMakerPredictor(client)


def test_a_prediction_is_one_row_of_probabilities_a_text() -> None:
    assert answering(b'{"predictions": [[0.1, 0.9]]}').predict("e", ["a"]) == [Output([0.1, 0.9], [])]


def test_what_the_model_warns_of_goes_with_its_row() -> None:
    body = b'{"predictions": [[1.5], [2.5]], "warnings": [[], ["Street was never seen."]]}'
    rows: list[Row] = [{"Street": "Pave"}, {"Street": "Gold", "Area": None}]
    assert answering(body).predict("e", rows) == [Output([1.5], []), Output([2.5], ["Street was never seen."])]


@pytest.mark.parametrize(
    "body",
    [
        b"no json",
        b"{}",
        b'{"predictions": [["a"]]}',
        b'{"predictions": [[NaN]]}',
        b'{"predictions": [[1], [1]]}',
        b'{"predictions": [[1]], "warnings": [[], []]}',
        b'{"predictions": [[1]], "warnings": ["a"]}',
    ],
)
def test_what_is_no_prediction_is_an_error(body: bytes) -> None:
    with pytest.raises(PredictionError):
        answering(body).predict("e", ["a"])


def test_an_endpoint_that_fails_is_an_error() -> None:
    client = boto3.client("sagemaker-runtime")
    with Stubber(client) as stub:
        stub.add_client_error("invoke_endpoint", "ModelError", "the text of a row")
        with pytest.raises(PredictionError, match=r"^endpoint e answered ModelError$"):
            SageMakerPredictor(client).predict("e", ["a"])


@pytest.mark.parametrize(
    ("code", "message", "why"),
    [
        ("ThrottlingException", "Rate exceeded", "busy"),
        ("ServiceUnavailable", "words", "busy"),
        ("ModelNotReadyException", "words", "busy"),
        ("ValidationError", "Endpoint greenlight-reviews of account 123456789012 not found.", "absent"),
        ("ValidationError", "words", "failed"),
        ("ModelError", "Received server error (500): page not found", "failed"),
    ],
)
def test_an_endpoint_that_is_busy_and_one_that_is_not_there_are_told_apart(code: str, message: str, why: str) -> None:
    client = boto3.client("sagemaker-runtime")
    with Stubber(client) as stub:
        stub.add_client_error("invoke_endpoint", code, message)
        with pytest.raises(PredictionError) as raised:
            SageMakerPredictor(client).predict("e", ["a"])
    assert raised.value.why == why


def test_the_largest_request_that_the_api_takes_fits_into_one_call_of_an_endpoint() -> None:
    """SageMaker takes 6 MiB; written with escapes, as JSON may be, such texts would have twice the bytes."""
    text = "\N{CJK UNIFIED IDEOGRAPH-4E00}" * (MAX_BODY_BYTES // 3 // MAX_INSTANCES - 2)
    instances: list[Row] = [text] * MAX_INSTANCES
    assert len(json.dumps({"instances": instances}, ensure_ascii=False).encode()) <= MAX_BODY_BYTES
    client = boto3.client("sagemaker-runtime")
    sent: list[bytes] = []
    client.meta.events.register(
        "provide-client-params.sagemaker-runtime.InvokeEndpoint", lambda params, **_: sent.append(params["Body"])
    )
    answer = json.dumps({"predictions": [[1.0]] * MAX_INSTANCES}).encode()
    with Stubber(client) as stub:
        body = StreamingBody(io.BytesIO(answer), len(answer))
        stub.add_response("invoke_endpoint", {"Body": body, "ContentType": "application/json"})
        SageMakerPredictor(client).predict("e", instances)
    assert len(sent[0]) <= 6 << 20


def test_a_key_is_found_by_its_name_and_works_until_it_is_revoked(table: str) -> None:
    client = boto3.client("dynamodb")
    written, read = ApiKeys(client, table), DynamoApiKeys(client, table)
    assert read.get("app") is None
    record, key = written.create("app")
    assert read.get("app") == record
    assert is_valid(key, read.get("app"), record.created_at)
    revoked = written.revoke("app")
    assert read.get("app") == revoked
    assert not is_valid(key, read.get("app"), record.created_at)


def test_a_mail_goes_out_in_both_forms() -> None:
    client = boto3.client("sesv2")
    client.create_email_identity(EmailIdentity="greenlight@example.com")
    requests: list[dict[str, Any]] = []
    client.meta.events.register("before-parameter-build.sesv2.SendEmail", lambda params, **_: requests.append(params))
    SesMailer(client, "greenlight@example.com").send(Mail("ann@example.com", "Grüße", "text", "<p>html</p>"))
    [request] = requests
    assert request["Destination"] == {"ToAddresses": ["ann@example.com"]}
    content = request["Content"]["Simple"]
    assert content["Subject"]["Data"] == "Grüße"
    assert {kind: part["Data"] for kind, part in content["Body"].items()} == {"Text": "text", "Html": "<p>html</p>"}


def test_a_refused_mail_is_told_without_an_address() -> None:
    client = boto3.client("sesv2")
    with Stubber(client) as stub:
        stub.add_client_error("send_email", "MessageRejected", "Email address is not verified: ann@example.com")
        with pytest.raises(MailError) as caught:
            SesMailer(client, "greenlight@example.com").send(Mail("ann@example.com", "s", "t", "h"))
    assert "MessageRejected" in str(caught.value)
    assert "ann@example.com" not in str(caught.value)
