"""The mails of a release, each as text and as HTML with the same words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment

from steps.approval import ApprovalRequest, MetricLine, Notice, Secret
from steps.approval_votes import approvals
from steps.approval_words import needed, otherwise
from steps.contracts import LiveVersion, Outcome, ReportFaultResult
from steps.pages.rendering import moment_text, templates
from steps.ports import Mail

_TITLES: dict[Outcome, str] = {
    "CostRejected": "the run would be too expensive",
    "DataRejected": "the data was rejected",
    "ModelRejected": "the archive was refused",
    "MetricsRejected": "the new model was rejected",
    "ApprovalDenied": "the approval was denied",
    "ApprovalExpired": "the approval expired",
    "RolledBack": "the release was rolled back",
}

# Before the subject, and the first words, of what comes after the question itself.
_NOTICES: dict[Notice, tuple[str, str]] = {
    "reminder": ("Reminder: ", "This is a reminder: you are asked"),
    "escalation": ("Urgent: ", "Nothing is decided yet, so you are asked too"),
}


@dataclass(frozen=True)
class Outcomes:
    """What the mails about an end have in common; decided_by: the people who did, as a sentence."""

    recipe: str
    run_id: str
    live_version: str | None
    decided_by: str = ""


@cache
def _templates() -> Environment:
    return templates(Path(__file__).parent)


def link_to(approval_url: str, approval_id: str, secret: Secret) -> str:
    """A person's own link to the approval page."""
    return f"{approval_url}/{approval_id}?token={secret.token}"


def approval_mail(request: ApprovalRequest, secret: Secret, link: str, notice: Notice | None = None) -> Mail:
    """Asks one approver; the first two lines say what is asked, by when, and what happens otherwise.

    notice: why it comes only now; None for the question itself
    """
    facts, rules = request.facts, request.rules
    before, asked = _NOTICES[notice] if notice else ("", "You are asked")
    values = {
        "facts": facts,
        "link": link,
        "code": f"{secret.code[:3]} {secret.code[3:]}",
        "deadline": request.deadline,
        "asked": asked,
        "otherwise": otherwise(facts.champion_version, rules),
        "needed": needed(rules.quorum, len(request.people)) if rules else "",
        "given": approvals(request.votes),
    }
    subject = f"{before}Approve {facts.recipe} version {facts.model_version}? Answer by {moment_text(request.deadline)}"
    return _mail(secret.address, subject, "approval", values)


def released_mail(about: Outcomes, *, to: str, live: LiveVersion, metrics: Sequence[MetricLine]) -> Mail:
    """Says that a version is live."""
    subject = f"{about.recipe}: version {live.model_version} is live"
    return _mail(to, subject, "released", {"about": about, "live": live, "metrics": metrics})


def closed_mail(about: Outcomes, *, to: str, outcome: Outcome, reason: str) -> Mail:
    """Says that a run was told no, and why."""
    subject = f"{about.recipe}: {_TITLES[outcome]}"
    values = {"about": about, "reason": reason, "outcome": outcome, "title": _TITLES[outcome], "still": still(about)}
    return _mail(to, subject, "closed", values)


def fault_mail(about: Outcomes, *, to: str, fault: ReportFaultResult, link: str | None) -> Mail:
    """Says that a run failed, where, and in which words; link leads to the execution in AWS's console."""
    subject = f"{about.recipe}: the release failed in {fault.state}"
    return _mail(to, subject, "fault", {"about": about, "fault": fault, "link": link, "still": still(about)})


def still(about: Outcomes) -> str:
    """What is live after a run that released nothing."""
    if about.live_version is None:
        return "Nothing is live."
    return f"Version {about.live_version} is still live."


def _mail(to: str, subject: str, template: str, values: dict[str, object]) -> Mail:
    environment = _templates()
    everything = {**values, "subject": subject}
    return Mail(
        to=to,
        subject=subject,
        text=environment.get_template(f"{template}.txt").render(everything),
        html=environment.get_template(f"{template}.html").render(everything),
    )
