"""Approval: one question to several people, decided once; who votes how is in steps/approval_votes.py.

A link carries a random token and its mail a short code; both are kept only as hashes. The code keeps a mail
scanner that presses buttons from deciding; the token keeps strangers from even seeing the page.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from pydantic import Field

from steps.contracts import (
    ApprovalDecision,
    CheckMetricsResult,
    Contract,
    LiveVersion,
    PrepareRunResult,
    RegisterModelResult,
    WriteReportResult,
)
from steps.evaluation_report import EXAMPLES
from steps.recipe import Recipe
from steps.recipe_sections.approval import ApprovalSection, AtDeadline
from steps.recipe_sections.metrics import LOSS_METRICS

CODE_DIGITS = 6
CODE_TRIES = 5
COMMENT_CHARACTERS = 2000
# A decision that was claimed but never handed on, because its function died, can be made again after this.
STALE_CLAIM_SECONDS = 60

ApprovalStatus = Literal["pending", "claimed", "decided", "expired"]
# What people get while a request is open, after the question itself.
Notice = Literal["reminder", "escalation"]


class Approver(Contract):
    """One person who may decide."""

    address: str
    token_hash: str
    code_hash: str


class MetricLine(Contract):
    """One metric as the approver sees it; gain is positive when the candidate is better."""

    name: str
    candidate: float
    floor: float | None
    floor_is_ceiling: bool
    champion: float | None
    gain: float | None


class ApprovalFacts(Contract):
    """What an approver is shown, kept as it was shown."""

    recipe: str
    description: str
    run_id: str
    requested_by: str
    model_version: str
    model_digest: str
    data_digest: str
    recipe_digest: str
    code_digest: str
    champion_version: str | None
    changes: dict[str, str]
    metrics: list[MetricLine]
    rows: int
    reason: str
    override: str | None = Field(default=None, description="Who overrode rules that failed, and why.")
    origin: str = Field(default="", description="Where a model that was searched for or imported comes from.")
    report_uri: str | None = Field(default=None, description="The report; none of a request from before there was one.")
    report_digest: str | None = Field(default=None, description="SHA-256 of the report's bytes.")
    examples_uri: str | None = Field(default=None, description="EvaluatedExamples: rows that only approvers may read.")


class ApprovalRules(Contract):
    """What the recipe said about this request when it was opened."""

    quorum: int = Field(ge=1, description="Approvals that are needed.")
    at_deadline: AtDeadline = "expire"
    is_clear_win: bool = Field(default=False, description="Whether the candidate is clearly better and broke no rule.")
    remind_at: datetime | None = Field(default=None, description="None for never.")
    escalate_at: datetime | None = Field(default=None, description="None for never.")
    escalate_to: list[str] = Field(default=[], max_length=20, description="Addresses of those who are asked then.")

    @property
    def is_approved_at_deadline(self) -> bool:
        """Whether it goes live when nobody says no in time."""
        return self.at_deadline == "approve_if_clearly_better" and self.is_clear_win


class Vote(Contract):
    """One approval; a denial decides at once and is never a vote among others."""

    address: str
    comment: str
    voted_at: datetime
    is_withdrawn: bool = False


class ApprovalRequest(Contract):
    """A request for approval and how far it has come."""

    approval_id: str
    execution_arn: str
    task_token: str | None = Field(default=None, description="None once nobody waits any more.", repr=False)
    opened_at: datetime
    deadline: datetime
    approvers: list[Approver]
    facts: ApprovalFacts
    trial_uri: str | None = Field(default=None, description="The TrialOffer; None when the candidate cannot be tried.")
    rules: ApprovalRules | None = Field(
        default=None, description="None from before there were any: then the first answer decides."
    )
    status: ApprovalStatus = "pending"
    claimed_at: datetime | None = None
    decision: ApprovalDecision | None = None
    votes: list[Vote] = Field(default=[], description="In their order, with those that were withdrawn.")
    added: list[Approver] = Field(default=[], description="Links of the reminder and of those who were asked later.")
    reminded_at: datetime | None = None
    escalated_at: datetime | None = None
    revision: int = Field(default=0, description="Counts the changes; one that was made on an older state is refused.")

    @property
    def links(self) -> list[Approver]:
        """Every link that was mailed, in an order that only grows; a person may have several."""
        return [*self.approvers, *self.added]

    @property
    def people(self) -> list[str]:
        """Addresses of everybody who was asked, each once."""
        return list({approver.address.casefold(): approver.address for approver in self.links}.values())


@dataclass(frozen=True)
class Secret:
    """What one approver's mail carries; never stored."""

    address: str
    token: str
    code: str


def hash_secret(approval_id: str, secret: str) -> str:
    """SHA-256 of a token or code, bound to its request."""
    return hashlib.sha256(f"{approval_id}:{secret}".encode()).hexdigest()


def draw_secret(address: str) -> Secret:
    """A token of 256 random bits and a random code."""
    code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"
    return Secret(address=address, token=secrets.token_urlsafe(32), code=code)


def keep_secret(approval_id: str, secret: Secret) -> Approver:
    """The part of a secret that is stored."""
    return Approver(
        address=secret.address,
        token_hash=hash_secret(approval_id, secret.token),
        code_hash=hash_secret(approval_id, secret.code),
    )


def find_approver(request: ApprovalRequest, token: str) -> int | None:
    """Index of the link that carries this token; every one is compared, however early one fits."""
    given = hash_secret(request.approval_id, token)
    fits = [index for index, approver in enumerate(request.links) if hmac.compare_digest(approver.token_hash, given)]
    return fits[0] if fits else None


def is_right_code(request: ApprovalRequest, approver: Approver, code: str) -> bool:
    """Whether this is the approver's code; spaces and hyphens in it do not count."""
    typed = "".join(character for character in code if character.isalnum())
    return hmac.compare_digest(approver.code_hash, hash_secret(request.approval_id, typed))


def standing(request: ApprovalRequest, now: datetime) -> Literal["open", "decided", "expired"]:
    """Whether the request can still be decided."""
    if request.status in {"pending", "claimed"}:
        if now >= request.deadline:
            return "expired"
        stale = request.claimed_at is not None and (now - request.claimed_at).total_seconds() > STALE_CLAIM_SECONDS
        return "open" if request.status == "pending" or stale else "decided"
    return "decided" if request.status == "decided" else "expired"


def rules_of(section: ApprovalSection, checked: CheckMetricsResult, deadline: datetime) -> ApprovalRules:
    """What a recipe says about a request that is open until a deadline."""

    def before(seconds: int) -> datetime | None:
        return deadline - timedelta(seconds=seconds) if seconds else None

    return ApprovalRules(
        quorum=section.quorum,
        at_deadline=section.at_deadline,
        # Where somebody overrode a rule, a person decides, or nobody.
        is_clear_win=checked.clearly_better and not checked.overridden,
        remind_at=before(section.reminder_before),
        escalate_at=before(section.escalation_before),
        escalate_to=section.escalate_to,
    )


def gather_facts(
    recipe: Recipe,
    plan: PrepareRunResult,
    checked: CheckMetricsResult,
    registered: RegisterModelResult,
    *,
    origin: str = "",
    report: WriteReportResult | None = None,
) -> ApprovalFacts:
    """What the approver is shown; origin as in ApprovalFacts, report as WriteReport left it."""
    return ApprovalFacts(
        recipe=recipe.name,
        description=recipe.description,
        run_id=plan.run_id,
        requested_by=plan.requested_by,
        model_version=registered.model_version,
        model_digest=registered.model_digest,
        data_digest=plan.data_digest,
        recipe_digest=plan.recipe_digest,
        code_digest=plan.code_digest,
        champion_version=plan.champion.model_version if plan.champion else None,
        changes=plan.compared,
        metrics=compare_metrics(recipe, checked, plan.champion),
        rows=checked.rows,
        reason=checked.reason,
        override=f"{plan.requested_by}: {plan.override_reason}" if checked.overridden else None,
        origin=origin,
        report_uri=report.report_uri if report else None,
        report_digest=report.report_digest if report else None,
        examples_uri=f"{plan.evaluate_model.output_uri}/{EXAMPLES}" if report and plan.evaluate_model else None,
    )


def compare_metrics(recipe: Recipe, checked: CheckMetricsResult, champion: LiveVersion | None) -> list[MetricLine]:
    """The gated metrics in the recipe's order, then the others by name."""
    floors: dict[str, float] = {gate.name: gate.floor for gate in recipe.metrics.gates}
    others = sorted(set(checked.metrics) - set(floors))
    names: Sequence[str] = [name for name in [*floors, *others] if name in checked.metrics]
    live = (checked.champion_metrics or {}) if champion else {}
    return [_metric_line(name, checked.metrics[name], floors, live.get(name)) for name in names]


def _metric_line(name: str, candidate: float, floors: dict[str, float], champion: float | None) -> MetricLine:
    is_loss = name in LOSS_METRICS
    gain = None if champion is None else (champion - candidate if is_loss else candidate - champion)
    return MetricLine(
        name=name,
        candidate=candidate,
        floor=floors.get(name),
        floor_is_ceiling=is_loss,
        champion=champion,
        gain=gain,
    )
