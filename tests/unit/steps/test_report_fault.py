from __future__ import annotations

import json
from typing import Any

import pytest

from steps.report_fault import CAUSE_CHARACTERS, own_words, report_fault

GO = {"decision": "go"}
TRAINED = {"TrainingJobStatus": "Completed"}
PROCESSED = {"ProcessingJobStatus": "Completed"}


def fault(cause: Any, error: str = "States.TaskFailed") -> dict[str, str]:
    return {"Error": error, "Cause": cause if isinstance(cause, str) else json.dumps(cause)}


def test_a_failed_training_job_gives_the_scripts_own_error() -> None:
    cause = {"TrainingJobName": "r-1-train", "FailureReason": "AlgorithmError: ValueError: bad row"}
    reported = report_fault({"recipe": "reviews", "prepare_run": GO, "fault": fault(cause)})
    assert (reported.state, reported.error) == ("TrainModel", "States.TaskFailed")
    assert reported.cause == "AlgorithmError: ValueError: bad row"


@pytest.mark.parametrize(("job", "state"), [("r-1-preprocess", "Preprocess"), ("r-1-evaluate", "EvaluateModel")])
def test_a_failed_processing_job_is_told_by_its_name(job: str, state: str) -> None:
    cause = {"ProcessingJobName": job, "FailureReason": "AlgorithmError: , exit code: 1", "ExitMessage": "no file"}
    reported = report_fault({"prepare_run": GO, "fault": fault(cause)})
    assert (reported.state, reported.cause) == (state, "no file")


def test_a_functions_error_gives_its_message() -> None:
    cause = {"errorMessage": "there is no recipe 'x'", "errorType": "RecipeInvalidError", "stackTrace": []}
    reported = report_fault({"recipe": "x", "fault": fault(cause, "RecipeInvalidError")})
    assert (reported.state, reported.error) == ("PrepareRun", "RecipeInvalidError")
    assert reported.cause == "there is no recipe 'x'"


@pytest.mark.parametrize("cause", ["Task timed out after 30 seconds", "[1, 2]", ""])
def test_a_cause_that_is_no_object_is_taken_as_it_is(cause: str) -> None:
    assert report_fault({"fault": fault(cause)}).cause == cause


@pytest.mark.parametrize(
    "no",
    [
        {"validate_data": {"verdict": "rejected"}, "write_rejection_report": {}},
        {"validate_data": {"verdict": "accepted"}, "check_metrics": {"verdict": "rejected"}, "write_report": {}},
        {"check_metrics": {"verdict": "passed"}, "request_approval": {"decision": "denied"}},
        {
            "check_metrics": {"verdict": "passed"},
            "approval_expired": {"Error": "States.Timeout"},
            "decide_at_deadline": {"outcome": "expired"},
        },
    ],
)
def test_a_fault_after_a_no_is_close_runs(no: dict[str, Any]) -> None:
    assert report_fault({"prepare_run": GO, "fault": fault("boom"), **no}).state == "CloseRun"


@pytest.mark.parametrize(
    ("no", "state"),
    [
        ({"validate_data": {"verdict": "rejected"}}, "WriteRejectionReport"),
        ({"adopt_model": {"verdict": "rejected"}}, "WriteRejectionReport"),
        ({"check_metrics": {"verdict": "rejected"}}, "WriteReport"),
    ],
)
def test_a_fault_before_the_report_of_a_no_is_the_reports(no: dict[str, Any], state: str) -> None:
    assert report_fault({"prepare_run": GO, "fault": fault("boom"), **no}).state == state


def test_a_long_cause_is_cut() -> None:
    assert len(report_fault({"fault": fault("x" * 9000)}).cause) == CAUSE_CHARACTERS


@pytest.mark.parametrize(
    ("results", "state"),
    [
        ({}, "PrepareRun"),
        ({"prepare_run": {**GO, "preprocess": {"reuse": True}}}, "ValidateData"),
        ({"prepare_run": GO}, "Preprocess"),
        ({"prepare_run": {**GO, "train_model": {"reuse": True}}, "validate_data": {}}, "EvaluateModel"),
        ({"prepare_run": GO, "evaluate_model": PROCESSED, "check_metrics": {}}, "WriteReport"),
        ({"prepare_run": GO, "check_metrics": {}, "write_report": {}}, "RegisterModel"),
        ({"check_metrics": {"needs_approval": True}, "register_model": {}}, "RequestApproval"),
        ({"check_metrics": {"needs_approval": False}, "register_model": {}}, "CreateModel"),
        (
            {
                "prepare_run": {"endpoint": {"is_pipeline": True}},
                "check_metrics": {"needs_approval": False},
                "register_model": {},
            },
            "CreatePipelineModel",
        ),
        ({"prepare_run": {"endpoint": {"is_pipeline": True}}, "create_pipeline_model": {}}, "CreateEndpointConfig"),
        ({"register_model": {}, "approval_expired": {}}, "DecideAtDeadline"),
        ({"approval_expired": {}, "decide_at_deadline": {"outcome": "approved"}}, "CreateModel"),
        ({"create_endpoint_config": {}}, "UpdateEndpoint"),
        ({"run_smoke_tests": {"verdict": "failed"}}, "RollBackEndpoint"),
        ({"describe_endpoint": {"status": "failed"}, "roll_back_endpoint": {}}, "DescribeRolledBackEndpoint"),
    ],
)
def test_without_a_job_the_state_is_the_first_without_a_result(results: dict[str, Any], state: str) -> None:
    assert report_fault({**results, "fault": fault("boom")}).state == state


def test_a_state_that_is_known_is_taken_over() -> None:
    assert report_fault({"fault": fault("boom")}, "RegisterModel").state == "RegisterModel"


@pytest.mark.parametrize(
    ("results", "state", "words"),
    [
        ({"train_model": {"TrainingJobStatus": "Stopped"}}, "TrainModel", "ended Stopped: it was stopped, or ran out"),
        (
            {"train_model": TRAINED, "evaluate_model": {"ProcessingJobStatus": "Stopped", "ExitMessage": "by hand"}},
            "EvaluateModel",
            "ended Stopped: by hand",
        ),
    ],
)
def test_a_stopped_job_without_an_error_is_told_by_its_status(results: dict[str, Any], state: str, words: str) -> None:
    reported = report_fault({"prepare_run": GO, **results})
    assert (reported.error, reported.state) == ("JobStopped", state)
    assert words in reported.cause


def test_an_endpoint_that_does_not_come_back_needs_a_person() -> None:
    back = {"status": "failed", "detail": "The endpoint is Failed."}
    reported = report_fault({"train_model": TRAINED, "describe_rolled_back_endpoint": back})
    assert reported.error == "RollBackFailed"
    assert reported.cause == "The endpoint is Failed. The endpoint needs a person."


@pytest.mark.parametrize(
    ("cause", "own"),
    [
        ("plain", "plain"),
        ('{"errorMessage": "no such key", "errorType": "KeyError"}', "no such key"),
        ('{"FailureReason": "exit code 1"}', "exit code 1"),
        ('{"other": 1}', '{"other": 1}'),
        ("[1]", "[1]"),
    ],
)
def test_the_own_error_is_taken_out_of_the_document_around_it(cause: str, own: str) -> None:
    assert own_words(cause) == own
