"""What one state hands to the next: frozen models, one per state's result.

A run that waits for its approver keeps its old definition but meets new code, so these models only
ever gain optional fields. URIs are `s3://bucket/key`; times are ISO 8601 in UTC; digests are SHA-256 in hex.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from steps.recipe_sections.base import S3_URI_PATTERN
from steps.shortened import Reason, Sentence

# Of the reason for releasing in spite of failed metrics; a run's state holds it twice.
OVERRIDE_CHARACTERS = 300


class Contract(BaseModel):
    """Base of every contract: immutable, and a key nobody declared is an error, which repeats no value into a log."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class RunInput(Contract):
    """Input of an execution: what a schedule, an upload, `greenlight run` or a caller sends."""

    recipe: str = Field(max_length=100)
    recipe_uri: str | None = Field(
        default=None,
        max_length=1024,
        # The file's name becomes an argument of the jobs, and SageMaker takes 256 characters with the path before it.
        pattern=r"(^|/)[^/]{1,200}$",
        description="A recipe file; without it the deployed one is used.",
    )
    data_uri: str | None = Field(
        default=None, max_length=1024, description="A CSV; without it the newest under incoming/<recipe>/."
    )
    model_uri: str | None = Field(
        default=None,
        max_length=1024,
        pattern=S3_URI_PATTERN,
        description="The model.tar.gz to import; without it the recipe's, or the one that is live.",
    )
    force: bool = Field(default=False, description="Run every step anew, even when nothing is new.")
    requested_by: str = Field(default="schedule", max_length=256)
    trigger_id: str | None = Field(
        default=None, max_length=256, description="Request of the function that started the run."
    )
    waits: bool = Field(default=False, description="Start again later when another run of the recipe is under way.")
    override_reason: str | None = Field(
        default=None,
        max_length=OVERRIDE_CHARACTERS,
        pattern=r"\S",
        description="Why a candidate that CheckMetrics rejects goes on to the approvers all the same.",
    )


class LiveVersion(Contract):
    """The version an endpoint serves, as the last release recorded it."""

    model_version: str
    model_package_arn: str
    model_data_uri: str
    model_digest: str
    endpoint_name: str
    endpoint_config_name: str
    class_names: list[str]
    run_id: str
    released_at: datetime
    data_digest: str
    recipe_digest: str
    code_digest: str
    metrics: dict[str, float]
    previous: dict[str, Any] | None = Field(default=None, description="The LiveVersion before, to roll back to.")
    task: str = Field(default="", max_length=20, description="The recipe's task; none from before there were several.")
    card_uri: str | None = Field(default=None, max_length=1024, description="The version's ModelCard.")
    input_digest: str = Field(default="", max_length=64, description="Of a table's columns; none for a text.")
    split_digest: str = Field(
        default="", max_length=64, description="Of how rows were divided; none from before it was noted."
    )
    profile_uri: str | None = Field(
        default=None, max_length=300, description="DataProfile of its data; none from before distributions were kept."
    )

    @property
    def answers_classes(self) -> bool:
        """Whether it gives one of some classes, as every version did before there were other tasks."""
        return self.task in {"", "binary", "multi_class"}


class StepPlan(Contract):
    """One reusable step: run it, or take over what an earlier run made from the same inputs."""

    key: str = Field(description="Digest of all that goes into the step.")
    reuse: bool
    reason: Sentence = Field(description="Why it is reused or run, as a sentence.")
    job_name: str
    output_uri: str = Field(description="Folder (or model archive) the step wrote or will write.")
    parameters: dict[str, Any] = Field(description="The SageMaker request's parts that differ from run to run.")


class PipelineContainer(Contract):
    """One container of an inference pipeline: its image and how it is told what to run."""

    image_uri: str
    environment: dict[str, str]


class EndpointPlan(Contract):
    """Names and sizes of the endpoint a release would make or update."""

    endpoint_name: str
    endpoint_config_name: str
    model_name: str
    image_uri: str
    instance_type: str
    instance_count: int
    poll_seconds: int
    deadline_seconds: int
    tags: dict[str, str] = Field(default={}, description="Tags of the endpoint while it serves this run's version.")
    is_pipeline: bool = Field(default=False, description="Whether several containers answer, one after the other.")
    containers: list[PipelineContainer] = Field(
        default=[], max_length=2, description="An inference pipeline's, in the order in which they are called."
    )


class RunCost(Contract):
    """The largest sum the run can cost, and what its endpoint costs a month; rounded up to the cent."""

    run_usd: Decimal
    endpoint_usd_per_month: Decimal
    region: str
    prices_as_of: date = Field(description="Day of the price table's numbers for the region.")


class PrepareRunResult(Contract):
    """PrepareRun: what is new, what is reused, and every name and URI of the run."""

    run_id: str
    recipe: str
    decision: Literal["go", "nothing_new", "already_running", "too_expensive"]
    reason: Reason
    compared: dict[str, str] = Field(default={}, description="What was compared with the live version.")
    recipe_uri: str = ""
    data_uri: str = ""
    data_digest: str = ""
    recipe_digest: str = ""
    code_digest: str = ""
    run_uri: str = Field(default="", description="s3://bucket/runs/<run_id>")
    champion: LiveVersion | None = None
    preprocess: StepPlan | None = None
    train_model: StepPlan | None = Field(
        default=None, description="The step that gets the model: a training, a search or an import."
    )
    how_to_get_model: Literal["train", "tune", "import", "reuse"] = "train"
    evaluate_model: StepPlan | None = None
    endpoint: EndpointPlan | None = None
    approval_deadline_seconds: int = 0
    started_at: datetime | None = None
    requested_by: str = ""
    override_reason: str | None = Field(
        default=None, max_length=OVERRIDE_CHARACTERS, description="As RunInput's; whoever requested the run overrides."
    )
    cost: RunCost | None = Field(default=None, description="None when the price table lacks the region.")


class Finding(Contract):
    """One rule's verdict with the numbers behind it; `warned` failed a rule that only warns."""

    rule: str
    verdict: Literal["passed", "failed", "warned"]
    observed: float
    limit: float
    sentence: Sentence


class ValidateDataResult(Contract):
    """ValidateData: may a model be trained on this data?"""

    verdict: Literal["accepted", "rejected"]
    findings: list[Finding]
    rows: int
    drift_uri: str | None = Field(default=None, max_length=300, description="The DriftReport of readable data.")


class ImportReport(Contract):
    """ImportModel's `report.json`: what the archive is, and whether it may be taken."""

    verdict: Literal["accepted", "rejected"]
    reason: Reason
    digest: str = Field(description="SHA-256 of the archive.")
    archive_bytes: int
    unpacked_bytes: int = Field(default=0, description="Sum of the files, of a rejected archive as far as it was read.")
    files: int = 0


class Trial(Contract):
    """One training of a search."""

    training_job: str
    status: str = Field(description="SageMaker's TrainingJobStatus.")
    objective: float | None = Field(description="None when the training failed or logged no objective.")
    hyperparameters: dict[str, str] = Field(description="Those that were searched, with the values it had.")


class SearchReport(Contract):
    """All trainings of a search, the best first; `trials.json` beside the adopted model."""

    tuning_job: str
    objective: str
    goal: Literal["Minimize", "Maximize"]
    trials: list[Trial]


class SearchSummary(Contract):
    """What a search found."""

    objective: str
    goal: Literal["Minimize", "Maximize"]
    best: Trial
    tried: int
    measured: int = Field(description="Trainings with an objective.")
    trials_uri: str


class AdoptModelResult(Contract):
    """AdoptModel: the model of a search or an import, lying where the run's model is planned to lie."""

    verdict: Literal["adopted", "rejected"]
    reason: Reason
    search: SearchSummary | None = None


class CheckMetricsResult(Contract):
    """CheckMetrics: is the candidate good enough to ask a person about?"""

    verdict: Literal["passed", "rejected"]
    needs_approval: bool
    findings: list[Finding]
    metrics: dict[str, float]
    champion_metrics: dict[str, float] | None
    rows: int
    reason: Reason
    overridden: bool = Field(
        default=False, description="Whether it passed although findings failed, because the run's input said so."
    )
    clearly_better: bool = Field(default=False, description="Whether the gain over the live version is a clear win.")


class WriteReportResult(Contract):
    """WriteReport: where the run's report lies, and the digest of its very bytes."""

    report_uri: str
    report_digest: str


class RegisterModelResult(Contract):
    """RegisterModel: the model package, pending approval, and the digest of the very bytes evaluated."""

    model_package_arn: str
    model_version: str
    model_data_uri: str
    model_digest: str
    containers: list[dict[str, Any]] = Field(
        default=[], max_length=2, description="An inference pipeline's definitions, as CreateModel takes them."
    )


class ApprovalDecision(Contract):
    """What the approver decided; the output of the RequestApproval task."""

    decision: Literal["approved", "denied"]
    approver: str
    comment: str
    decided_at: datetime
    model_digest: str
    approval_id: str


class DecideAtDeadlineResult(Contract):
    """DecideAtDeadline: what the recipe's policy makes of a request that people did not decide in time."""

    outcome: Literal["approved", "denied", "expired"]
    reason: Reason


class UpdateEndpointResult(Contract):
    """UpdateEndpoint: what was asked of SageMaker, and what to go back to."""

    action: Literal["created", "updated"]
    endpoint_name: str
    endpoint_config_name: str
    previous_endpoint_config_name: str | None
    requested_at: datetime


class DescribeEndpointResult(Contract):
    """DescribeEndpoint: in service means InService AND serving the config asked for."""

    status: Literal["in_service", "in_progress", "failed"]
    detail: Reason


class SmokeAnswer(Contract):
    """One smoke case and what the endpoint answered."""

    case: int
    expected: str
    answered: str
    probability: float
    latency_ms: float
    passed: bool


class RunSmokeTestsResult(Contract):
    """RunSmokeTests: does the live endpoint answer as it must?"""

    verdict: Literal["passed", "failed"]
    answers: list[SmokeAnswer]
    reason: Reason
    evaluated_rows: int = Field(default=0, description="Held-back rows that the endpoint was asked.")
    evaluated_rows_alike: int = Field(default=0, description="Those of them answered as by the evaluated model.")


class RollBackEndpointResult(Contract):
    """RollBackEndpoint: back to the configuration before, or gone when there was none."""

    action: Literal["restored", "deleted", "unchanged"]
    endpoint_name: str
    endpoint_config_name: str | None
    requested_at: datetime


class RecordReleaseResult(Contract):
    """RecordRelease: the version that is live now."""

    model_version: str
    endpoint_name: str
    released_at: datetime


Outcome = Literal[
    "Released",
    "NothingNew",
    "AlreadyRunning",
    "CostRejected",
    "DataRejected",
    "ModelRejected",
    "MetricsRejected",
    "ApprovalDenied",
    "ApprovalExpired",
    "RolledBack",
    "Faulted",
]


class CloseRunResult(Contract):
    """CloseRun: how a run that was told "no" ends, in one sentence with the number that decided."""

    outcome: Literal[
        "CostRejected",
        "DataRejected",
        "ModelRejected",
        "MetricsRejected",
        "ApprovalDenied",
        "ApprovalExpired",
        "RolledBack",
    ]
    reason: Reason


class Fault(Contract):
    """What Step Functions hands to a Catch."""

    Error: str
    Cause: str = ""


class ReportFaultResult(Contract):
    """ReportFault: the state that failed and its own words."""

    error: str
    cause: str
    state: str


class RunState(BaseModel):
    """The whole state of a release, for the states that end it; what has not happened yet is None."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    recipe: str
    prepare_run: PrepareRunResult | None = None
    preprocess: dict[str, Any] | None = None
    validate_data: ValidateDataResult | None = None
    train_model: dict[str, Any] | None = None
    tune_model: dict[str, Any] | None = None
    import_model: dict[str, Any] | None = None
    adopt_model: AdoptModelResult | None = None
    evaluate_model: dict[str, Any] | None = None
    check_metrics: CheckMetricsResult | None = None
    write_report: WriteReportResult | None = None
    write_rejection_report: WriteReportResult | None = None
    register_model: RegisterModelResult | None = None
    request_approval: ApprovalDecision | None = None
    decide_at_deadline: DecideAtDeadlineResult | None = None
    update_endpoint: UpdateEndpointResult | None = None
    describe_endpoint: DescribeEndpointResult | None = None
    run_smoke_tests: RunSmokeTestsResult | None = None
    roll_back_endpoint: RollBackEndpointResult | None = None
    fault: Fault | None = None
