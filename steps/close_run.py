"""CloseRun: which "no" ended the run, and the number or the words that decided it."""

from __future__ import annotations

from steps.contracts import CloseRunResult, Finding, RunState


def close_run(state: RunState) -> CloseRunResult:
    """The end of a run that was told no, from the last "no" in its state.

    Raises ValueError when nothing in the state says no.
    """
    if state.roll_back_endpoint is not None:
        return CloseRunResult(outcome="RolledBack", reason=_why_rolled_back(state))
    late = state.decide_at_deadline
    if late is not None and late.outcome != "approved":
        return CloseRunResult(
            outcome="ApprovalDenied" if late.outcome == "denied" else "ApprovalExpired", reason=late.reason
        )
    if state.request_approval is not None and state.request_approval.decision == "denied":
        words = state.request_approval.comment.strip()
        said = f"The approver said no: “{words}”" if words else "The approver said no, without a comment."
        return CloseRunResult(outcome="ApprovalDenied", reason=said)
    if rejected := _rejected(state):
        return rejected
    if state.prepare_run is not None and state.prepare_run.decision == "too_expensive":
        return CloseRunResult(outcome="CostRejected", reason=state.prepare_run.reason)
    raise ValueError("nothing in the run's state says no")


def span_text(seconds: int) -> str:
    """A span in the largest unit that divides it: `7 days`, `90 minutes`."""
    units = {"day": 86_400, "hour": 3_600, "minute": 60, "second": 1}
    name = next(name for name, length in units.items() if seconds % length == 0)
    count = seconds // units[name]
    return f"{count} {name}" if count == 1 else f"{count} {name}s"


def _rejected(state: RunState) -> CloseRunResult | None:
    """The end of a run whose numbers, archive or data were rejected; None when none was."""
    metrics, model, data = state.check_metrics, state.adopt_model, state.validate_data
    if metrics is not None and metrics.verdict == "rejected":
        return CloseRunResult(outcome="MetricsRejected", reason=_why_rejected(metrics.findings, metrics.reason))
    if model is not None and model.verdict == "rejected":
        return CloseRunResult(outcome="ModelRejected", reason=model.reason)
    if data is not None and data.verdict == "rejected":
        return CloseRunResult(outcome="DataRejected", reason=_why_rejected(data.findings, ""))
    return None


def _why_rejected(findings: list[Finding], otherwise: str) -> str:
    failed = [finding.sentence for finding in findings if finding.verdict == "failed"]
    return " ".join(failed) or otherwise


def _why_rolled_back(state: RunState) -> str:
    if state.fault is not None:
        return f"After the endpoint was changed, {state.fault.Error}: {state.fault.Cause[:300]}"
    if state.run_smoke_tests is not None and state.run_smoke_tests.verdict == "failed":
        return state.run_smoke_tests.reason
    if state.describe_endpoint is not None:
        return state.describe_endpoint.detail
    return "The new version did not come into service."
