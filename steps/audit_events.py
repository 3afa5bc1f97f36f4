"""What the end of a run, or a rollback by hand, is in the audit trail."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from steps.audit import AuditEvent, AuditKind
from steps.contracts import CloseRunResult, LiveVersion, RunState
from steps.errors import ArtifactMissingError

# Who said no when no person did.
_JUDGES = {
    "CostRejected": "the recipe's cost ceiling",
    "DataRejected": "the data rules",
    "ModelRejected": "the import checks",
    "MetricsRejected": "the metric gates",
    "ApprovalExpired": "the approval's deadline",
    "RolledBack": "the endpoint's tests",
}
_KINDS: dict[str, AuditKind] = {"ApprovalExpired": "expired", "RolledBack": "rolled_back"}


def event_of_end(state: RunState, closed: CloseRunResult, *, now: datetime) -> AuditEvent | None:
    """The end of a run that was told no; None for a denial, which is written when it is given."""
    if closed.outcome == "ApprovalDenied":
        return None
    return AuditEvent(
        kind=_KINDS.get(closed.outcome, "rejected"),
        at=now,
        who=[_JUDGES[closed.outcome]],
        why=closed.reason,
        outcome=closed.outcome,
        **_grounds(state),
    )


def event_of_release(state: RunState, live: LiveVersion, approved_by: Sequence[str] = ()) -> AuditEvent:
    """A release: by those who approved it, or by the recipe's policy.

    approved_by: all of them; without them the one whose approval decided
    """
    decided = state.request_approval
    return AuditEvent(
        kind="released",
        at=live.released_at,
        who=(list(approved_by) or [decided.approver]) if decided else ["the recipe's approval policy"],
        why=(decided.comment or "Approved without a comment.") if decided else _not_asked(state),
        outcome="Released",
        **{**_grounds(state), "champion_version": live.previous["model_version"] if live.previous else None},
    )


def event_of_roll_back(
    live: LiveVersion, before: LiveVersion, *, recipe: str, by: Sequence[str], why: str, now: datetime
) -> AuditEvent:
    """A rollback by hand: the version before is live again."""
    return AuditEvent(
        recipe=recipe,
        kind="rolled_back",
        run_id=live.run_id,
        at=now,
        who=list(by),
        why=why or "Without a comment.",
        model_version=before.model_version,
        champion_version=live.model_version,
        metrics=before.metrics,
        champion_metrics=live.metrics,
        model_digest=before.model_digest,
        data_digest=before.data_digest,
        recipe_digest=before.recipe_digest,
        code_digest=before.code_digest,
        step=now.isoformat(timespec="milliseconds"),
    )


def _grounds(state: RunState) -> dict[str, Any]:
    """What a run's decision was made on, as far as the run came."""
    report = state.write_report or state.write_rejection_report
    plan, checked, registered = state.prepare_run, state.check_metrics, state.register_model
    if plan is None:
        raise ArtifactMissingError("the run's state lacks PrepareRun's result")
    return {
        "recipe": plan.recipe,
        "run_id": plan.run_id,
        "model_version": registered.model_version if registered else None,
        "champion_version": plan.champion.model_version if plan.champion else None,
        "metrics": checked.metrics if checked else {},
        "champion_metrics": (checked.champion_metrics or {}) if checked else {},
        "override": f"{plan.requested_by}: {plan.override_reason}" if checked and checked.overridden else None,
        "model_digest": registered.model_digest if registered else "",
        "data_digest": plan.data_digest,
        "recipe_digest": plan.recipe_digest,
        "code_digest": plan.code_digest,
        "report_digest": report.report_digest if report else "",
    }


def _not_asked(state: RunState) -> str:
    if state.decide_at_deadline is not None:
        return state.decide_at_deadline.reason
    reason = state.check_metrics.reason if state.check_metrics else ""
    return f"Nobody was asked, as the policy allows: {reason}"
