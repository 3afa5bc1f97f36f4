"""What the release asks of the world, in its own words; `lambdas/adapters` answers with AWS.

Every port raises ServiceUnavailableError when the service behind it cannot be reached or asks to slow down,
and ServiceRefusedError when it refuses. What is simply not there is None or False, unless a method says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from steps.answers import Output, Row
from steps.api_keys import ApiKey
from steps.approval import ApprovalRequest, Approver, Notice, Vote
from steps.audit import AuditEvent
from steps.contracts import ApprovalDecision, LiveVersion, Outcome, RunInput, Trial
from steps.start_run import WaitingRun

JobKind = Literal["processing", "training", "tuning"]


class ArtifactStore(Protocol):
    """Objects by `s3://bucket/key`."""

    def read(self, uri: str) -> bytes:
        """The object's bytes; raises ArtifactMissingError."""
        ...

    def write(self, uri: str, body: bytes) -> None:
        """Create or replace an object."""
        ...

    def copy(self, uri: str, to_uri: str) -> None:
        """Copy an object inside the store, however large; raises ArtifactMissingError."""
        ...

    def exists(self, uri: str) -> bool:
        """Whether there is an object at the URI, or any below it."""
        ...

    def digest(self, uri: str) -> str:
        """SHA-256 of the object's bytes, always read anew; raises ArtifactMissingError."""
        ...

    def noted_digest(self, uri: str) -> str | None:
        """The SHA-256 that the uploader noted beside the object, else None; raises ArtifactMissingError."""
        ...

    def newest(self, folder_uri: str) -> str | None:
        """The last changed object directly in a folder; empty ones, which stand for folders, do not count."""
        ...


class ObjectSizes(Protocol):
    """How much lies in S3."""

    def size(self, uri: str) -> int:
        """Bytes of the object of this name, or of all below it; 0 when there is nothing."""
        ...


class JobHistory(Protocol):
    """Jobs that ran before."""

    def has_completed(self, kind: JobKind, job_name: str) -> bool:
        """Whether the job exists and ended well."""
        ...

    def trials(self, tuning_job_name: str) -> list[Trial]:
        """Every training that a search began, in no order."""
        ...


@dataclass(frozen=True)
class Endpoint:
    """An endpoint as it is now. pending_config_name is what an update under way is moving to."""

    status: str
    config_name: str
    pending_config_name: str | None = None
    failure_reason: str | None = None


class EndpointService(Protocol):
    """Endpoints; a change while another is under way raises EndpointBusyError."""

    def describe(self, endpoint_name: str) -> Endpoint | None:
        """The endpoint, or None when there is none."""
        ...

    def create(self, endpoint_name: str, config_name: str, tags: Mapping[str, str]) -> None:
        """Start making an endpoint."""
        ...

    def update(self, endpoint_name: str, config_name: str) -> None:
        """Start moving an endpoint to another configuration."""
        ...

    def tag(self, endpoint_name: str, tags: Mapping[str, str]) -> None:
        """Give an endpoint these tags, beside those of other names that it has."""
        ...

    def delete(self, endpoint_name: str) -> None:
        """Start deleting an endpoint; one that is gone is no error."""
        ...


@dataclass(frozen=True)
class ModelContainer:
    """An image, the archive it serves and what it is told in its environment."""

    image_uri: str
    model_data_uri: str
    environment: Mapping[str, str]


@dataclass(frozen=True)
class ModelPackage:
    """What is registered: where the bytes lie, what serves them, and what went into them.

    group_tags: of the whole group; a version has no tags of its own
    containers: what serves it, in the order of an inference pipeline
    card: SageMaker's ModelCardContent, one line of JSON
    """

    group: str
    group_tags: Mapping[str, str]
    description: str
    containers: Sequence[ModelContainer]
    instance_type: str
    report_uri: str
    properties: Mapping[str, str]
    request_token: str
    card: str


class ModelRegistry(Protocol):
    """Versions of models, each pending approval, approved or rejected."""

    def register(self, package: ModelPackage) -> tuple[str, str]:
        """Register a version, pending approval; returns its ARN and its version number."""
        ...

    def approve(self, model_package_arn: str, reason: str) -> None:
        """Mark a version approved."""
        ...

    def exists(self, model_package_arn: str) -> bool:
        """Whether a version was ever registered under this ARN."""
        ...

    def reject(self, model_package_arn: str, reason: str) -> None:
        """Mark a version rejected."""
        ...


class ModelVersions(Protocol):
    """What is left of the versions that were registered."""

    def run_of(self, model_package_arn: str) -> str | None:
        """Id of the run that registered a version; None when there is no such version."""
        ...

    def has_model(self, model_name: str) -> bool:
        """Whether there is a SageMaker model of this name."""
        ...


class Predictor(Protocol):
    """The served model."""

    def predict(self, endpoint_name: str, rows: Sequence[Row]) -> list[Output]:
        """The model's numbers and warnings for each row; raises PredictionError."""
        ...


@dataclass(frozen=True)
class Lock:
    """Who may release a recipe, since when, and until when at most."""

    run_id: str
    execution_arn: str
    expires_at: datetime
    started_at: datetime | None = None


@dataclass(frozen=True)
class StepRecord:
    """A step that a run began under a key: where to look for its job and output."""

    run_id: str
    job_name: str
    output_uri: str


@dataclass(frozen=True)
class RunRecord:
    """How a run ended."""

    run_id: str
    recipe: str
    outcome: Outcome
    reason: str
    started_at: datetime | None
    ended_at: datetime


class ReleaseRecords(Protocol):
    """What one run leaves for the next."""

    def take_lock(self, recipe: str, lock: Lock, *, now: datetime, instead_of: str | None = None) -> bool:
        """Take a recipe's lock if it is free, expired, already this run's or held by the run instead_of."""
        ...

    def lock(self, recipe: str) -> Lock | None:
        """Who holds the lock."""
        ...

    def free_lock(self, recipe: str, run_id: str) -> None:
        """Free the lock if this run holds it."""
        ...

    def live(self, recipe: str) -> LiveVersion | None:
        """The version that is live."""
        ...

    def set_live(self, recipe: str, version: LiveVersion | None) -> None:
        """Say which version is live now; None when there is none any more."""
        ...

    def live_recipes(self) -> list[str]:
        """Names of the recipes of which a version is live, sorted; a release of this very second may be missing."""
        ...

    def step(self, recipe: str, step: str, key: str) -> StepRecord | None:
        """Who last began a step under a key."""
        ...

    def begin_step(self, recipe: str, step: str, key: str, record: StepRecord) -> None:
        """Note that a run is about to do a step under a key."""
        ...

    def end_run(self, record: RunRecord) -> None:
        """Note how a run ended."""
        ...


class ApprovalRecords(Protocol):
    """Requests for approval, each decided once.

    A change is made on a request as it was read: it is False when the request has changed since, and then nothing was
    written. What somebody answers for is written together with its audit record, or not at all.
    """

    def open(self, request: ApprovalRequest) -> None:
        """Keep a request before anybody is asked."""
        ...

    def request(self, approval_id: str) -> ApprovalRequest | None:
        """The request as it is now."""
        ...

    def request_of(self, run_id: str) -> ApprovalRequest | None:
        """The request that a run opened last."""
        ...

    def count_attempt(self, approval_id: str, link_index: int, *, limit: int) -> int | None:
        """Count a try at a link's code before it is looked at; the tries so far, or None past the limit."""
        ...

    def forgive_attempt(self, approval_id: str, link_index: int) -> None:
        """Take back the count of a try whose code was right."""
        ...

    def record_votes(self, request: ApprovalRequest, votes: Sequence[Vote], event: AuditEvent) -> bool:
        """Keep the votes after one more or one less."""
        ...

    def claim(
        self, request: ApprovalRequest, votes: Sequence[Vote], decision: ApprovalDecision, *, now: datetime
    ) -> bool:
        """Make a decision the only one; it is still to be handed on."""
        ...

    def release(self, request: ApprovalRequest, votes: Sequence[Vote]) -> bool:
        """Open a claimed request again, with the votes of before, after its decision could not be handed on."""
        ...

    def finish(self, request: ApprovalRequest, event: AuditEvent) -> bool:
        """Close a claimed request and forget its task token."""
        ...

    def expire(self, request: ApprovalRequest) -> bool:
        """Close a request that nobody waits for any more and forget its task token."""
        ...

    def close(self, request: ApprovalRequest, decision: ApprovalDecision | None, event: AuditEvent) -> bool:
        """Close a request that people did not decide in time: with the policy's decision, or expired with None."""
        ...

    def add_links(
        self, request: ApprovalRequest, notice: Notice, links: Sequence[Approver], *, now: datetime | None
    ) -> bool:
        """Keep all links added so far and that a notice went out; with now None, that it did not go out after all."""
        ...


class AuditTrail(Protocol):
    """Decisions, kept for good."""

    def append(self, event: AuditEvent) -> None:
        """Write an event for good; one that is written already stays as it is."""
        ...


@dataclass(frozen=True)
class OpenLock:
    """A recipe's lock as a watcher sees it."""

    recipe: str
    lock: Lock


@dataclass(frozen=True)
class OpenRequest:
    """A request for approval that nobody has answered, without who was asked."""

    recipe: str
    run_id: str
    execution_arn: str
    deadline: datetime
    approval_id: str = ""


class OpenRecords(Protocol):
    """What is not finished, of all recipes; a record may show a few seconds late."""

    def locks(self) -> list[OpenLock]:
        """Every lock that is held, also those whose time is over."""
        ...

    def requests(self, now: datetime) -> list[OpenRequest]:
        """Requests whose deadline is still to come."""
        ...


class Workflow(Protocol):
    """Executions of the release."""

    def is_running(self, execution_arn: str) -> bool:
        """Whether an execution is still under way; one that nobody knows is not."""
        ...

    def answer(self, task_token: str, output: str) -> bool:
        """Hand a waiting state its answer, a JSON document; False when the state waits no longer."""
        ...


class RunStarter(Protocol):
    """Starts releases."""

    def start(self, run_id: str, run_input: RunInput) -> bool:
        """Start a run under this id; False when the id is taken, by a run under way or by one that has ended.

        The same id with the same input is the same call while the run is under way: True again.
        """
        ...

    def exists(self, run_id: str) -> bool:
        """Whether there is or was a run of this id."""
        ...


class WaitingRuns(Protocol):
    """One place a recipe for a run that waits until another has ended."""

    def put(self, recipe: str, run: WaitingRun) -> None:
        """Have this run wait, in the place of any that waits already."""
        ...

    def get(self, recipe: str) -> WaitingRun | None:
        """The run that waits."""
        ...

    def forget(self, recipe: str, run_id: str) -> None:
        """Clear the place if it is this run that waits in it."""
        ...


@dataclass(frozen=True)
class Mail:
    """One mail to one person, in both forms."""

    to: str
    subject: str
    text: str
    html: str


class Mailer(Protocol):
    """Outgoing mail."""

    def send(self, mail: Mail) -> None:
        """Hand a mail over; raises MailError."""
        ...


class ApiKeys(Protocol):
    """Keys of the prediction API."""

    def get(self, name: str) -> ApiKey | None:
        """What is kept under a name, as of now."""
        ...
