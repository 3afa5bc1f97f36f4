"""ReportFault: which state failed, and in its own words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from steps.contracts import ReportFaultResult
from steps.prepare_run import IMPORT_SUFFIX, JOB_SUFFIXES

CAUSE_CHARACTERS = 2000

# States in the order in which they add a result of their own name, with the result's key.
_RESULTS = {
    "PrepareRun": "prepare_run",
    "Preprocess": "preprocess",
    "ValidateData": "validate_data",
    "TrainModel": "train_model",
    "TuneModel": "tune_model",
    "ImportModel": "import_model",
    "AdoptModel": "adopt_model",
    "EvaluateModel": "evaluate_model",
    "CheckMetrics": "check_metrics",
    "WriteReport": "write_report",
    "RegisterModel": "register_model",
    "RequestApproval": "request_approval",
    "DecideAtDeadline": "decide_at_deadline",
    "CreatePipelineModel": "create_pipeline_model",
    "CreateModel": "create_model",
    "CreateEndpointConfig": "create_endpoint_config",
    "UpdateEndpoint": "update_endpoint",
    "DescribeEndpoint": "describe_endpoint",
    "RunSmokeTests": "run_smoke_tests",
    "RecordRelease": "record_release",
}
_ROLL_BACK = {"RollBackEndpoint": "roll_back_endpoint", "DescribeRolledBackEndpoint": "describe_rolled_back_endpoint"}
_JOB_STATES = {
    JOB_SUFFIXES["preprocess"]: "Preprocess",
    JOB_SUFFIXES["train_model"]: "TrainModel",
    IMPORT_SUFFIX: "ImportModel",
    JOB_SUFFIXES["evaluate_model"]: "EvaluateModel",
}
# What a plan's how_to_get_model leads through.
_WAYS = {"train": {"TrainModel"}, "tune": {"TuneModel", "AdoptModel"}, "import": {"ImportModel", "AdoptModel"}}
_GETTING = frozenset().union(*_WAYS.values())
_JOB_STATUSES = {
    "Preprocess": "ProcessingJobStatus",
    "TrainModel": "TrainingJobStatus",
    "TuneModel": "HyperParameterTuningJobStatus",
    "ImportModel": "ProcessingJobStatus",
    "EvaluateModel": "ProcessingJobStatus",
}


def report_fault(state: Mapping[str, Any], state_name: str | None = None) -> ReportFaultResult:
    """Name the fault of a run.

    state: the run's whole state as Step Functions holds it;  state_name: the state that failed, when known
    """
    fault = state.get("fault")
    if isinstance(fault, Mapping):
        cause = str(fault.get("Cause", ""))
        return ReportFaultResult(
            error=str(fault.get("Error", "Unknown")),
            cause=own_words(cause)[:CAUSE_CHARACTERS],
            state=state_name or _state_of_job(cause) or _first_without_result(state),
        )
    return _fault_without_error(state, state_name)


def own_words(cause: str) -> str:
    """The failing script's or function's own error out of a Cause, which may be JSON around it or plain text."""
    document = _as_object(cause)
    # Of a processing job, FailureReason may only say that it failed; what its script said is the ExitMessage.
    for key in ("ExitMessage", "FailureReason", "errorMessage"):
        if document.get(key):
            return str(document[key])
    return cause


def _fault_without_error(state: Mapping[str, Any], state_name: str | None) -> ReportFaultResult:
    """A Choice led here: a job that ended without completing, or an endpoint that did not come back."""
    for name, status_key in _JOB_STATUSES.items():
        job = state.get(_RESULTS[name])
        status = job.get(status_key) if isinstance(job, Mapping) else None
        if isinstance(job, Mapping) and status != "Completed":
            reason = job.get("ExitMessage") or job.get("FailureReason") or "it was stopped, or ran out of its time"
            return ReportFaultResult(
                error=f"Job{status}", cause=f"The job ended {status}: {reason}", state=state_name or name
            )
    rolled_back = state.get("describe_rolled_back_endpoint")
    if isinstance(rolled_back, Mapping) and rolled_back.get("status") == "failed":
        return ReportFaultResult(
            error="RollBackFailed",
            cause=f"{rolled_back.get('detail', '')} The endpoint needs a person.".strip(),
            state=state_name or "DescribeRolledBackEndpoint",
        )
    name = state_name or _first_without_result(state)
    return ReportFaultResult(error="Unknown", cause=f"{name} gave an answer the workflow does not know.", state=name)


def _state_of_job(cause: str) -> str | None:
    """The state whose job a Cause describes, by the job's name."""
    document = _as_object(cause)
    if "HyperParameterTuningJobName" in document:
        return "TuneModel"
    job = str(document.get("TrainingJobName") or document.get("ProcessingJobName") or "")
    return next((name for suffix, name in _JOB_STATES.items() if job.endswith(f"-{suffix}")), None)


def _first_without_result(state: Mapping[str, Any]) -> str:
    """The state that was under way: the first without a result, after those that have one or were passed over."""
    if _went_back(state):
        return next((name for name, key in _ROLL_BACK.items() if key not in state), "CloseRun")
    if _was_told_no(state):
        return next((name for name, key in _reports_of_no(state).items() if key not in state), "CloseRun")
    present = [index for index, key in enumerate(_RESULTS.values()) if key in state]
    after = list(_RESULTS)[present[-1] + 1 if present else 0 :]
    return next((name for name in after if not _is_passed_over(name, state)), "RecordRelease")


def _is_passed_over(name: str, state: Mapping[str, Any]) -> bool:
    plan = state.get("prepare_run") or {}
    if name in _GETTING:
        step = plan.get("train_model") or {}
        way = plan.get("how_to_get_model", "train")
        return bool(step.get("reuse")) or name not in _WAYS.get(way, ())
    if name in _JOB_STATUSES:
        step = plan.get(_RESULTS[name]) or {}
        return bool(step.get("reuse"))
    if name == "RequestApproval":
        return "approval_expired" in state or not (state.get("check_metrics") or {}).get("needs_approval", True)
    if name == "DecideAtDeadline":
        return "approval_expired" not in state
    if name in {"CreatePipelineModel", "CreateModel"}:
        is_pipeline = bool((plan.get("endpoint") or {}).get("is_pipeline"))
        return is_pipeline != (name == "CreatePipelineModel")
    return False


def _was_told_no(state: Mapping[str, Any]) -> bool:
    """Whether data, metrics or a person had said no, or the policy when nobody had answered: CloseRun ends each."""
    verdicts = dict.fromkeys(("validate_data", "adopt_model", "check_metrics"), "verdict")
    verdicts |= {"request_approval": "decision", "decide_at_deadline": "outcome"}
    answers = {(state.get(key) or {}).get(field) for key, field in verdicts.items()}
    return bool(answers & {"rejected", "denied", "expired"})


def _reports_of_no(state: Mapping[str, Any]) -> dict[str, str]:
    """The state, with its result's key, that writes a report after this "no"; none after a person's."""
    if (state.get("check_metrics") or {}).get("verdict") == "rejected":
        return {"WriteReport": "write_report"}
    return {} if "check_metrics" in state else {"WriteRejectionReport": "write_rejection_report"}


def _went_back(state: Mapping[str, Any]) -> bool:
    """Whether the run had left the way forward: its tests failed, or the endpoint did not come into service."""
    tests, endpoint = state.get("run_smoke_tests") or {}, state.get("describe_endpoint") or {}
    return "roll_back_endpoint" in state or tests.get("verdict") == "failed" or endpoint.get("status") == "failed"


def _as_object(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
