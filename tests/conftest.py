"""One in-memory fake per port, and a recipe to try things with.

A fake is handed out as the port it stands for; what it remembers is a fixture of its own.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from steps.answers import Output, Row
from steps.approval import ApprovalRequest, Approver, Notice, Vote
from steps.audit import AuditEvent
from steps.code_manifest import CodeManifest
from steps.contracts import (
    ApprovalDecision,
    CheckMetricsResult,
    LiveVersion,
    PrepareRunResult,
    RegisterModelResult,
    RunInput,
    Trial,
)
from steps.errors import ArtifactMissingError, PredictionError, ServiceRefusedError
from steps.evaluation_report import EVALUATION_REPORT, MetricsReport
from steps.ports import (
    ApprovalRecords,
    ArtifactStore,
    AuditTrail,
    Endpoint,
    EndpointService,
    JobHistory,
    JobKind,
    Lock,
    Mail,
    Mailer,
    ModelPackage,
    ModelRegistry,
    ModelVersions,
    ObjectSizes,
    OpenLock,
    OpenRecords,
    OpenRequest,
    Predictor,
    ReleaseRecords,
    RunRecord,
    RunStarter,
    StepRecord,
    WaitingRuns,
    Workflow,
)
from steps.prepare_run import Facts, plan_run
from steps.recipe import Recipe, parse_recipe
from steps.start_run import WaitingRun
from steps.trial import TrialOffer, TrialRecord
from steps.trial_ports import TrialHosting, TrialRecords

RECIPE = """\
name: reviews
description: Is a review positive?
task: binary
data:
  labels: {0: negative, 1: positive}
metrics:
  gates:
    - {name: accuracy, floor: 0.7}
    - {name: log_loss, floor: 0.6}
approval:
  approvers: [ann@example.com, bob@example.com]
  deadline_seconds: 3600
smoke:
  cases:
    - {text: Wonderful., label: positive}
    - {text: Dreadful., label: negative}
"""


class FakeArtifacts:
    def __init__(self, objects: dict[str, bytes], notes: dict[str, str]) -> None:
        self._objects = objects
        self._notes = notes

    def read(self, uri: str) -> bytes:
        if uri not in self._objects:
            raise ArtifactMissingError(f"there is no {uri}")
        return self._objects[uri]

    def write(self, uri: str, body: bytes) -> None:
        self._objects.pop(uri, None)
        self._objects[uri] = body

    def copy(self, uri: str, to_uri: str) -> None:
        self.write(to_uri, self.read(uri))

    def exists(self, uri: str) -> bool:
        return any(name == uri or name.startswith(uri.rstrip("/") + "/") for name in self._objects)

    def digest(self, uri: str) -> str:
        return hashlib.sha256(self.read(uri)).hexdigest()

    def noted_digest(self, uri: str) -> str | None:
        self.read(uri)
        return self._notes.get(uri)

    def newest(self, folder_uri: str) -> str | None:
        folder = folder_uri.rstrip("/") + "/"
        inside = [uri for uri in self._objects if uri.startswith(folder) and "/" not in uri.removeprefix(folder)]
        return next((uri for uri in reversed(inside) if self._objects[uri]), None)


class FakeSizes:
    def __init__(self, objects: dict[str, bytes]) -> None:
        self._objects = objects

    def size(self, uri: str) -> int:
        inside = [name for name in self._objects if name == uri or name.startswith(uri.rstrip("/") + "/")]
        return sum(len(self._objects[name]) for name in inside)


class FakeVersions:
    def __init__(self, runs: dict[str, str], models: set[str]) -> None:
        self._runs = runs
        self._models = models

    def run_of(self, model_package_arn: str) -> str | None:
        return self._runs.get(model_package_arn)

    def has_model(self, model_name: str) -> bool:
        return model_name in self._models


class FakeJobs:
    def __init__(self, completed: set[tuple[JobKind, str]], trials: dict[str, list[Trial]]) -> None:
        self._completed = completed
        self._trials = trials

    def trials(self, tuning_job_name: str) -> list[Trial]:
        return self._trials.get(tuning_job_name, [])

    def has_completed(self, kind: JobKind, job_name: str) -> bool:
        return (kind, job_name) in self._completed


class FakeEndpoints:
    def __init__(
        self, states: dict[str, Endpoint], calls: list[tuple[str, ...]], tags: dict[str, dict[str, str]]
    ) -> None:
        self._states = states
        self._calls = calls
        self._tags = tags

    def describe(self, endpoint_name: str) -> Endpoint | None:
        return self._states.get(endpoint_name)

    def create(self, endpoint_name: str, config_name: str, tags: Mapping[str, str]) -> None:
        if endpoint_name in self._states:
            raise ServiceRefusedError(f"Cannot create already existing endpoint {endpoint_name}")
        self._calls.append(("create", endpoint_name, config_name))
        self._states[endpoint_name] = Endpoint("InService", config_name)
        self._tags[endpoint_name] = dict(tags)

    def tag(self, endpoint_name: str, tags: Mapping[str, str]) -> None:
        self._tags[endpoint_name] = {**self._tags.get(endpoint_name, {}), **tags}

    def update(self, endpoint_name: str, config_name: str) -> None:
        self._calls.append(("update", endpoint_name, config_name))
        self._states[endpoint_name] = Endpoint("InService", config_name)

    def delete(self, endpoint_name: str) -> None:
        self._calls.append(("delete", endpoint_name))
        self._states.pop(endpoint_name, None)


class FakeRegistry:
    def __init__(self, packages: list[ModelPackage], statuses: dict[str, tuple[str, str]]) -> None:
        self._packages = packages
        self._statuses = statuses

    def register(self, package: ModelPackage) -> tuple[str, str]:
        self._packages.append(package)
        version = str(len(self._packages))
        arn = f"arn:aws:sagemaker:us-east-1:123456789012:model-package/{package.group}/{version}"
        self._statuses[arn] = ("PendingManualApproval", "")
        return arn, version

    def approve(self, model_package_arn: str, reason: str) -> None:
        self._statuses[model_package_arn] = ("Approved", reason)

    def reject(self, model_package_arn: str, reason: str) -> None:
        self._statuses[model_package_arn] = ("Rejected", reason)

    def exists(self, model_package_arn: str) -> bool:
        return model_package_arn in self._statuses


class FakePredictor:
    def __init__(self, replies: dict[str, list[float]]) -> None:
        self._replies = replies

    def predict(self, endpoint_name: str, rows: Sequence[Row]) -> list[Output]:
        if any(str(row) not in self._replies for row in rows):
            raise PredictionError(f"endpoint {endpoint_name} answered ModelError")
        return [Output(self._replies[str(row)]) for row in rows]


class FakeRecords:
    def __init__(self, ended: list[RunRecord]) -> None:
        self._locks: dict[str, Lock] = {}
        self._live: dict[str, LiveVersion] = {}
        self._steps: dict[tuple[str, str, str], StepRecord] = {}
        self._ended = ended

    def take_lock(self, recipe: str, lock: Lock, *, now: datetime, instead_of: str | None = None) -> bool:
        held = self._locks.get(recipe)
        if held is not None and held.run_id not in {lock.run_id, instead_of} and held.expires_at > now:
            return False
        self._locks[recipe] = lock
        return True

    def lock(self, recipe: str) -> Lock | None:
        return self._locks.get(recipe)

    def free_lock(self, recipe: str, run_id: str) -> None:
        if recipe in self._locks and self._locks[recipe].run_id == run_id:
            del self._locks[recipe]

    def live(self, recipe: str) -> LiveVersion | None:
        return self._live.get(recipe)

    def set_live(self, recipe: str, version: LiveVersion | None) -> None:
        self._live.pop(recipe, None)
        if version is not None:
            self._live[recipe] = version

    def live_recipes(self) -> list[str]:
        return sorted(self._live)

    def step(self, recipe: str, step: str, key: str) -> StepRecord | None:
        return self._steps.get((recipe, step, key))

    def begin_step(self, recipe: str, step: str, key: str, record: StepRecord) -> None:
        self._steps[recipe, step, key] = record

    def end_run(self, record: RunRecord) -> None:
        self._ended.append(record)


class FakeAuditTrail:
    def __init__(self, events: list[AuditEvent]) -> None:
        self._events = events

    def append(self, event: AuditEvent) -> None:
        if event.once not in {each.once for each in self._events}:
            self._events.append(event)


class FakeApprovals:
    def __init__(self, audited: list[AuditEvent]) -> None:
        self._requests: dict[str, ApprovalRequest] = {}
        self._runs: dict[str, str] = {}
        self._attempts: dict[tuple[str, int], int] = {}
        self._audited = audited

    def open(self, request: ApprovalRequest) -> None:
        self._requests[request.approval_id] = request
        self._runs[request.facts.run_id] = request.approval_id

    def request(self, approval_id: str) -> ApprovalRequest | None:
        return self._requests.get(approval_id)

    def request_of(self, run_id: str) -> ApprovalRequest | None:
        return self._requests.get(self._runs.get(run_id, ""))

    def count_attempt(self, approval_id: str, link_index: int, *, limit: int) -> int | None:
        tries = self._attempts.get((approval_id, link_index), 0)
        if tries >= limit:
            return None
        self._attempts[approval_id, link_index] = tries + 1
        return tries + 1

    def forgive_attempt(self, approval_id: str, link_index: int) -> None:
        self._attempts[approval_id, link_index] -= 1

    def record_votes(self, request: ApprovalRequest, votes: Sequence[Vote], event: AuditEvent) -> bool:
        return self._change(request, {"pending"}, event, votes=list(votes))

    def claim(
        self, request: ApprovalRequest, votes: Sequence[Vote], decision: ApprovalDecision, *, now: datetime
    ) -> bool:
        changes = {"status": "claimed", "claimed_at": now, "decision": decision, "votes": list(votes)}
        return self._change(request, {"pending"}, None, **changes)

    def release(self, request: ApprovalRequest, votes: Sequence[Vote]) -> bool:
        changes = {"status": "pending", "claimed_at": None, "decision": None, "votes": list(votes)}
        return self._change(request, {"claimed"}, None, **changes)

    def finish(self, request: ApprovalRequest, event: AuditEvent) -> bool:
        return self._change(request, {"claimed"}, event, status="decided", task_token=None)

    def expire(self, request: ApprovalRequest) -> bool:
        changes = {"status": "expired", "task_token": None, "claimed_at": None, "decision": None}
        return self._change(request, {"pending", "claimed"}, None, **changes)

    def close(self, request: ApprovalRequest, decision: ApprovalDecision | None, event: AuditEvent) -> bool:
        status = "expired" if decision is None else "decided"
        changes = {"status": status, "task_token": None, "claimed_at": None, "decision": decision}
        return self._change(request, {"pending", "claimed", "expired"}, event, **changes)

    def add_links(
        self, request: ApprovalRequest, notice: Notice, links: Sequence[Approver], *, now: datetime | None
    ) -> bool:
        noted_at = {"reminder": "reminded_at", "escalation": "escalated_at"}[notice]
        return self._change(request, {"pending"}, None, **{"added": list(links), noted_at: now})

    def _change(
        self, request: ApprovalRequest, only_when: set[str], event: AuditEvent | None, **changes: object
    ) -> bool:
        kept = self._requests[request.approval_id]
        if kept.revision != request.revision or kept.status not in only_when:
            return False
        self._requests[kept.approval_id] = kept.model_copy(update={**changes, "revision": kept.revision + 1})
        if event is not None and event.once not in {told.once for told in self._audited}:
            self._audited.append(event)
        return True


class FakeTrials:
    def __init__(self, kept: dict[str, TrialRecord]) -> None:
        self._kept = kept

    def count_question(self, trial: TrialRecord, *, limit: int) -> TrialRecord | None:
        before = self._kept.get(trial.approval_id, trial)
        if before.questions >= limit:
            return None
        counted = replace(before, asked_at=trial.asked_at, questions=before.questions + 1)
        self._kept[trial.approval_id] = counted
        return counted

    def count_start(self, trial: TrialRecord, *, now: datetime) -> bool:
        kept = self._kept[trial.approval_id]
        if kept.starts != trial.starts:
            return False
        self._kept[trial.approval_id] = replace(kept, starts=kept.starts + 1, started_at=now)
        return True

    def all(self) -> list[TrialRecord]:
        return list(self._kept.values())

    def forget(self, trial: TrialRecord) -> None:
        if self._kept[trial.approval_id].asked_at == trial.asked_at:
            del self._kept[trial.approval_id]


class FakeTrialHosting:
    def __init__(self, prepared: dict[str, TrialOffer]) -> None:
        self._prepared = prepared

    def prepare(self, offer: TrialOffer) -> None:
        self._prepared.setdefault(offer.name, offer)

    def remove(self, name: str) -> None:
        self._prepared.pop(name, None)


class FakeOpenRecords:
    def __init__(self, locks: list[OpenLock], requests: list[OpenRequest]) -> None:
        self._locks = locks
        self._requests = requests

    def locks(self) -> list[OpenLock]:
        return self._locks

    def requests(self, now: datetime) -> list[OpenRequest]:
        return [request for request in self._requests if request.deadline > now]


class FakeWorkflow:
    def __init__(self, running: set[str], waiting: set[str], answered: dict[str, str]) -> None:
        self._running = running
        self._waiting = waiting
        self._answered = answered

    def is_running(self, execution_arn: str) -> bool:
        return execution_arn in self._running

    def answer(self, task_token: str, output: str) -> bool:
        if task_token not in self._waiting:
            return False
        self._waiting.remove(task_token)
        self._answered[task_token] = output
        return True


class FakeStarter:
    def __init__(self, started: dict[str, RunInput]) -> None:
        self._started = started

    def start(self, run_id: str, run_input: RunInput) -> bool:
        if run_id in self._started:
            return self._started[run_id] == run_input
        self._started[run_id] = run_input
        return True

    def exists(self, run_id: str) -> bool:
        return run_id in self._started


class FakeWaitingRuns:
    def __init__(self) -> None:
        self._runs: dict[str, WaitingRun] = {}

    def put(self, recipe: str, run: WaitingRun) -> None:
        self._runs[recipe] = run

    def get(self, recipe: str) -> WaitingRun | None:
        return self._runs.get(recipe)

    def forget(self, recipe: str, run_id: str) -> None:
        if recipe in self._runs and self._runs[recipe].run_id == run_id:
            del self._runs[recipe]


class FakeMailer:
    def __init__(self, sent: list[Mail]) -> None:
        self._sent = sent

    def send(self, mail: Mail) -> None:
        self._sent.append(mail)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder with the real public data of the recipes; a test that reads it is skipped where the folder is not."""
    beside = Path(__file__).parents[1] / "../shared/data"
    folder = Path(os.environ.get("GREENLIGHT_SHARED_DATA", beside)).resolve()
    if not folder.is_dir():
        pytest.skip("the recipes' data is not here; name its folder in GREENLIGHT_SHARED_DATA")
    return folder


@pytest.fixture
def objects() -> dict[str, bytes]:
    """What lies in the fake artifact store, oldest first."""
    return {}


@pytest.fixture
def measured(plan: PrepareRunResult, objects: dict[str, bytes]) -> MetricsReport:
    """What the plan's evaluation measured, lying where it writes it."""
    report = MetricsReport(
        rows=1279,
        candidate={"accuracy": 0.784},
        champion=None,
        class_names=["negative", "positive"],
        thresholds={"positive": 0.25},
    )
    assert plan.evaluate_model is not None
    objects[f"{plan.evaluate_model.output_uri}/{EVALUATION_REPORT}"] = report.model_dump_json().encode()
    return report


@pytest.fixture
def sizes(objects: dict[str, bytes]) -> ObjectSizes:
    return FakeSizes(objects)


@pytest.fixture
def runs_of_packages() -> dict[str, str]:
    """ARN of a model package -> the run that registered it."""
    return {}


@pytest.fixture
def model_names() -> set[str]:
    """SageMaker models that are there."""
    return set()


@pytest.fixture
def versions(runs_of_packages: dict[str, str], model_names: set[str]) -> ModelVersions:
    return FakeVersions(runs_of_packages, model_names)


@pytest.fixture
def notes() -> dict[str, str]:
    """Digests that an uploader noted beside objects of the fake artifact store."""
    return {}


@pytest.fixture
def artifacts(objects: dict[str, bytes], notes: dict[str, str]) -> ArtifactStore:
    return FakeArtifacts(objects, notes)


@pytest.fixture
def completed_jobs() -> set[tuple[JobKind, str]]:
    return set()


@pytest.fixture
def trials() -> dict[str, list[Trial]]:
    """Trainings of each search, by the tuning job's name."""
    return {}


@pytest.fixture
def jobs(completed_jobs: set[tuple[JobKind, str]], trials: dict[str, list[Trial]]) -> JobHistory:
    return FakeJobs(completed_jobs, trials)


@pytest.fixture
def endpoint_states() -> dict[str, Endpoint]:
    return {}


@pytest.fixture
def endpoint_calls() -> list[tuple[str, ...]]:
    return []


@pytest.fixture
def endpoint_tags() -> dict[str, dict[str, str]]:
    """Endpoint -> its tags."""
    return {}


@pytest.fixture
def endpoints(
    endpoint_states: dict[str, Endpoint],
    endpoint_calls: list[tuple[str, ...]],
    endpoint_tags: dict[str, dict[str, str]],
) -> EndpointService:
    return FakeEndpoints(endpoint_states, endpoint_calls, endpoint_tags)


@pytest.fixture
def packages() -> list[ModelPackage]:
    return []


@pytest.fixture
def package_statuses() -> dict[str, tuple[str, str]]:
    """ARN of a model package -> its approval status and the reason given."""
    return {}


@pytest.fixture
def registry(packages: list[ModelPackage], package_statuses: dict[str, tuple[str, str]]) -> ModelRegistry:
    return FakeRegistry(packages, package_statuses)


@pytest.fixture
def replies() -> dict[str, list[float]]:
    """Row as text -> numbers the fake endpoint answers; any other row is an error."""
    return {}


@pytest.fixture
def model(replies: dict[str, list[float]]) -> Predictor:
    return FakePredictor(replies)


@pytest.fixture
def ended_runs() -> list[RunRecord]:
    return []


@pytest.fixture
def records(ended_runs: list[RunRecord]) -> ReleaseRecords:
    return FakeRecords(ended_runs)


@pytest.fixture
def audited() -> list[AuditEvent]:
    """What was written into the audit trail."""
    return []


@pytest.fixture
def audit(audited: list[AuditEvent]) -> AuditTrail:
    return FakeAuditTrail(audited)


@pytest.fixture
def approvals(audited: list[AuditEvent]) -> ApprovalRecords:
    return FakeApprovals(audited)


@pytest.fixture
def trials_kept() -> dict[str, TrialRecord]:
    """Approval id -> the trial that was asked for."""
    return {}


@pytest.fixture
def trial_records(trials_kept: dict[str, TrialRecord]) -> TrialRecords:
    return FakeTrials(trials_kept)


@pytest.fixture
def prepared_trials() -> dict[str, TrialOffer]:
    """Name -> the offer whose model and endpoint configuration are there."""
    return {}


@pytest.fixture
def trial_hosting(prepared_trials: dict[str, TrialOffer]) -> TrialHosting:
    return FakeTrialHosting(prepared_trials)


@pytest.fixture
def open_locks() -> list[OpenLock]:
    return []


@pytest.fixture
def open_requests() -> list[OpenRequest]:
    return []


@pytest.fixture
def open_records(open_locks: list[OpenLock], open_requests: list[OpenRequest]) -> OpenRecords:
    return FakeOpenRecords(open_locks, open_requests)


@pytest.fixture
def running() -> set[str]:
    """ARNs of executions under way."""
    return set()


@pytest.fixture
def waiting() -> set[str]:
    """Task tokens that a state waits with."""
    return set()


@pytest.fixture
def answered() -> dict[str, str]:
    """Task token -> the answer it was given."""
    return {}


@pytest.fixture
def executions(running: set[str], waiting: set[str], answered: dict[str, str]) -> Workflow:
    return FakeWorkflow(running, waiting, answered)


@pytest.fixture
def started() -> dict[str, RunInput]:
    """Runs that were started, by id; none of them has ended."""
    return {}


@pytest.fixture
def starter(started: dict[str, RunInput]) -> RunStarter:
    return FakeStarter(started)


@pytest.fixture
def waiting_runs() -> WaitingRuns:
    return FakeWaitingRuns()


@pytest.fixture
def sent() -> list[Mail]:
    return []


@pytest.fixture
def mail(sent: list[Mail]) -> Mailer:
    return FakeMailer(sent)


@pytest.fixture
def now() -> datetime:
    return datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def recipe_text() -> str:
    return RECIPE


@pytest.fixture
def reviews() -> Recipe:
    """The recipe of recipe_text."""
    return parse_recipe(RECIPE, where="recipe.yaml")


@pytest.fixture
def live() -> LiveVersion:
    """Version 1 of the recipe `reviews`."""
    return LiveVersion(
        model_version="1",
        model_package_arn="arn:aws:sagemaker:us-east-1:123456789012:model-package/greenlight-reviews/1",
        model_data_uri="s3://bucket/runs/old/train_model/old-train/output/model.tar.gz",
        model_digest="1" * 64,
        endpoint_name="greenlight-reviews",
        endpoint_config_name="greenlight-old",
        class_names=["negative", "positive"],
        run_id="old",
        released_at=datetime(2026, 2, 1, 8, 30, tzinfo=UTC),
        data_digest="2" * 64,
        recipe_digest="3" * 64,
        code_digest="4" * 64,
        metrics={"accuracy": 0.75, "log_loss": 0.55},
    )


@pytest.fixture
def facts(reviews: Recipe, now: datetime) -> Facts:
    """A run of the recipe `reviews` of which nothing is live."""
    return Facts(
        run_id="reviews-20260302-090000-ab12",
        started_at=now,
        requested_by="schedule",
        force=False,
        recipe=reviews,
        recipe_uri="s3://bucket/code/c0de/source/recipes/reviews/recipe.yaml",
        data_uri="s3://bucket/data/reviews/da7a.csv",
        data_digest="da7a",
        code=CodeManifest(
            digest="c0de",
            steps={"preprocess": "p1", "import_model": "i1", "evaluate_model": "e1"},
            scripts={"training/text_classifier.py": "t1"},
            recipes=["reviews"],
        ),
        code_uri="s3://bucket/code/c0de",
        live=None,
        bucket="bucket",
        region="us-east-1",
        stack="greenlight",
        tensorflow_training_image="763104351884.dkr.ecr.us-east-1.amazonaws.com/tensorflow-training:2.19.0-cpu-py312",
        tensorflow_inference_image="763104351884.dkr.ecr.us-east-1.amazonaws.com/tensorflow-inference:2.19.0-cpu",
        scikit_learn_image="683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.4-2-cpu-py3",
        xgboost_image="683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.0-5",
    )


@pytest.fixture
def plan(facts: Facts) -> PrepareRunResult:
    """The plan of that run."""
    return plan_run(facts, {})


@pytest.fixture
def checked() -> CheckMetricsResult:
    """A candidate that passed."""
    return CheckMetricsResult(
        verdict="passed",
        needs_approval=True,
        findings=[],
        metrics={"accuracy": 0.784, "log_loss": 0.5, "roc_auc": 0.86},
        champion_metrics=None,
        rows=1280,
        reason="Every floor is reached.",
    )


@pytest.fixture
def registered(plan: PrepareRunResult) -> RegisterModelResult:
    """The candidate as version 2."""
    assert plan.train_model is not None
    return RegisterModelResult(
        model_package_arn="arn:aws:sagemaker:us-east-1:123456789012:model-package/greenlight-reviews/2",
        model_version="2",
        model_data_uri=plan.train_model.output_uri,
        model_digest=hashlib.sha256(b"archive").hexdigest(),
    )


@pytest.fixture(scope="session")
def make_role() -> Callable[..., str]:
    """Creates a role that a service can assume and returns its ARN; it may do everything unless a test says what."""

    def make(iam: Any, name: str, service: str, *statements: dict[str, Any]) -> str:
        trust = [{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}]
        arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=_document(trust))["Role"]["Arn"]
        everything = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
        iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=_document(list(statements) or everything))
        return arn

    return make


def _document(statements: list[dict[str, Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})
