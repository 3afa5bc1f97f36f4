"""ReportBatchFault: which state of a batch failed, and in its own words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from steps.batch_contracts import ReportBatchFaultResult
from steps.prepare_batch import SUFFIXES
from steps.report_fault import CAUSE_CHARACTERS, own_words

# States in the order in which they add a result of their own name.
_RESULTS = {
    "PrepareBatch": "prepare_batch",
    "SplitRows": "split_rows",
    "CheckRows": "check_rows",
    "TransformRows": "transform_rows",
    "JoinPredictions": "join_predictions",
}
_STATUSES = {
    "SplitRows": "ProcessingJobStatus",
    "TransformRows": "TransformJobStatus",
    "JoinPredictions": "ProcessingJobStatus",
}


def report_batch_fault(state: Mapping[str, Any]) -> ReportBatchFaultResult:
    """Name the fault of a batch. state: the batch's whole state as Step Functions holds it."""
    fault = state.get("fault")
    if isinstance(fault, Mapping):
        cause = str(fault.get("Cause", ""))
        return ReportBatchFaultResult(
            error=str(fault.get("Error", "Unknown")),
            cause=own_words(cause)[:CAUSE_CHARACTERS],
            state=_state_of_job(cause) or _first_without_result(state),
        )
    for name, key in _STATUSES.items():
        job = state.get(_RESULTS[name])
        if isinstance(job, Mapping) and job.get(key) != "Completed":
            reason = job.get("ExitMessage") or job.get("FailureReason") or "it was stopped, or ran out of its time"
            cause = f"The job ended {job.get(key)}: {reason}"
            return ReportBatchFaultResult(error=f"Job{job.get(key)}", cause=cause[:CAUSE_CHARACTERS], state=name)
    name = _first_without_result(state)
    return ReportBatchFaultResult(
        error="Unknown", cause=f"{name} gave an answer the workflow does not know.", state=name
    )


def _state_of_job(cause: str) -> str | None:
    """The state whose job a Cause describes, by the job's name."""
    try:
        document = json.loads(cause)
    except ValueError:
        return None
    if not isinstance(document, dict):
        return None
    job = str(document.get("TransformJobName") or document.get("ProcessingJobName") or "")
    return next((name for name, suffix in SUFFIXES.items() if job.endswith(f"-{suffix}")), None)


def _first_without_result(state: Mapping[str, Any]) -> str:
    """The state that was under way."""
    checked = state.get("check_rows") or {}
    passed_over = {"TransformRows"} if checked.get("verdict") == "none_answerable" else set()
    waiting = (name for name, key in _RESULTS.items() if key not in state and name not in passed_over)
    return next(waiting, "JoinPredictions")
