"""The largest run that the contracts allow: every name, list and text as long as it may be."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from steps.approval import COMMENT_CHARACTERS
from steps.check_metrics import check_metrics
from steps.code_manifest import CodeManifest
from steps.contracts import (
    ApprovalDecision,
    CloseRunResult,
    Contract,
    DescribeEndpointResult,
    LiveVersion,
    MetricsReport,
    PrepareRunResult,
    RecordReleaseResult,
    RegisterModelResult,
    ReportFaultResult,
    RollBackEndpointResult,
    RunCost,
    RunInput,
    RunSmokeTestsResult,
    SmokeAnswer,
    UpdateEndpointResult,
    ValidateDataResult,
)
from steps.prepare_run import Facts, plan_run
from steps.profile import DataProfile, Place, RowsFound, UnknownLabel
from steps.recipe import Recipe
from steps.recipe_sections.base import HYPERPARAMETERS_CHARACTERS
from steps.report_fault import CAUSE_CHARACTERS
from steps.validate_data import validate_data
from tests.integration.workflows.interpreters import Case

NOW = datetime(2026, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
# Four bytes of UTF-8, and the most that a character of JSON text needs.
WIDE = "😀"
DIGEST = "f" * 64
RUN_ID = "r" * 80
ARN = "a" * 256
# What Step Functions keeps of a cause; that of a job is JSON, in which a state's JSON escapes every quote.
CAUSE_LIMIT = 32_768
LABELS = {f"{number:03}" + WIDE * 97: f"class-number-{number:04}" for number in range(100)}
PLACES = RowsFound(count=10**9, places=tuple(Place(row=10**9, line=10**9) for _ in range(3)))

RECIPE = Recipe.model_validate(
    {
        "name": "n" * 30,
        "description": WIDE * 500,
        "task": "multi_class",
        "data": {"labels": LABELS, "text_column": WIDE * 100, "label_column": WIDE * 99 + "l"},
        "data_rules": {"min_rows": 10**9, "min_rows_per_label": 10**8, "min_label_share": 1.0},
        "training": {
            "image": "i" * 255,
            "script": "training/text_classifier.py",
            "hyperparameters": {
                f"hyperparameter_{number:02}": "v" * ((HYPERPARAMETERS_CHARACTERS - 80 * 19) // 80)
                for number in range(80)
            },
        },
        "metrics": {"gates": [{"name": "log_loss", "floor": -1.0000000000000002e-300, "margin": 1e-300}] * 10},
        "approval": {"approvers": ["a" * 242 + "@example.com"] * 20, "deadline_seconds": 30 * 24 * 3600},
        "endpoint": {"image": "inference-pipeline", "instance_count": 100, "deadline_seconds": 900, "poll_seconds": 1},
        "smoke": {"cases": [{"text": WIDE * 20_000, "label": "class-number-0000"}] * 30},
    }
)
METRICS = {f"a_metric_with_a_long_name_{number:02}": 0.12345678901234567 for number in range(49)}
METRICS["log_loss"] = 1.2345678901234567e-300

LIVE = LiveVersion(
    model_version="9" * 9,
    model_package_arn=ARN,
    model_data_uri="s3://" + "u" * 1019,
    model_digest=DIGEST,
    endpoint_name="e" * 63,
    endpoint_config_name="c" * 63,
    class_names=list(LABELS.values()),
    run_id=RUN_ID,
    released_at=NOW,
    data_digest=DIGEST,
    recipe_digest=DIGEST,
    code_digest=DIGEST,
    metrics=METRICS,
    task="multi_class",
    card_uri="s3://" + "u" * 1019,
    input_digest=DIGEST,
)
CHAMPION = LIVE.model_copy(update={"previous": LIVE.model_dump(mode="json")})

INPUT = RunInput(
    recipe=RECIPE.name,
    recipe_uri="s3://" + "u" * 818 + "/" + "f" * 200,
    data_uri="s3://" + "u" * 1019,
    requested_by=WIDE * 256,
    trigger_id="t" * 256,
    force=True,
)


def plan(*, poll_seconds: int = 0) -> PrepareRunResult:
    """PrepareRun's own plan for the recipe; looking again at once, so that a test need not wait."""
    facts = Facts(
        run_id=RUN_ID,
        started_at=NOW,
        requested_by=INPUT.requested_by,
        force=True,
        recipe=RECIPE,
        recipe_uri=str(INPUT.recipe_uri),
        data_uri=str(INPUT.data_uri),
        data_digest=DIGEST,
        code=CodeManifest(
            digest=DIGEST,
            steps=dict.fromkeys(("preprocess", "evaluate_model"), DIGEST),
            scripts={RECIPE.training.script: DIGEST},
            recipes=[],
        ),
        code_uri="s3://" + "u" * 250,
        live=CHAMPION,
        bucket="b" * 63,
        region="ap-northeast-1",
        stack="s" * 60,
        tensorflow_training_image="",
        tensorflow_inference_image="",
        scikit_learn_image="i" * 255,
        xgboost_image="i" * 255,
    )
    planned = plan_run(facts, {})
    assert planned.endpoint
    cost = RunCost(
        run_usd=Decimal("123456789.01"),
        endpoint_usd_per_month=Decimal("123456789.01"),
        region="ap-northeast-1",
        prices_as_of=NOW.date(),
    )
    endpoint = planned.endpoint.model_copy(update={"poll_seconds": poll_seconds})
    return planned.model_copy(update={"endpoint": endpoint, "cost": cost})


def described(kind: str, name: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """SageMaker's description of a finished job: its request, and what a Describe response has beside it."""
    transitions = {"Status": "Downloading", "StartTime": 1800000000000, "EndTime": 1800000000000}
    return {
        **parameters,
        f"{kind}Name": name,
        f"{kind}Arn": ARN,
        f"{kind}Status": "Completed",
        "RoleArn": "r" * 2048,
        "FailureReason": "f" * 1024,
        "ExitMessage": "m" * 1024,
        "SecondaryStatusTransitions": [{**transitions, "StatusMessage": "s" * 100}] * 20,
        "FinalMetricDataList": [{"MetricName": "m" * 255, "Value": 0.1, "Timestamp": 1800000000000}] * 10,
        "ModelArtifacts": {"S3ModelArtifacts": "s3://" + "u" * 1019},
    }


def validated() -> ValidateDataResult:
    """ValidateData's own findings about data in which everything is wrong."""
    names = RECIPE.data.class_names
    profile = DataProfile(
        file=WIDE * 63,
        rows=10**9,
        usable_rows=10**9,
        rows_per_label=dict.fromkeys(names, 0),
        rows_per_split={split: dict.fromkeys(names, 0) for split in ("train", "validation", "test")},
        empty_texts=PLACES,
        duplicates=PLACES,
        conflicting_labels=PLACES,
        too_long=PLACES,
        unreadable_rows=PLACES,
        unknown_labels=PLACES,
        unknown_label_values=tuple(UnknownLabel(value=WIDE * 22, rows=PLACES) for _ in range(3)),
    )
    return validate_data(profile, RECIPE).model_copy(update={"verdict": "accepted"})


def answers(*, ends_with: str) -> dict[str, list[dict[str, Any]]]:
    """What every Task answers; ends_with: the state whose function raises the last fault."""
    planned = plan()
    assert planned.endpoint
    jobs = {step: getattr(planned, step) for step in ("preprocess", "train_model", "evaluate_model")}
    report = MetricsReport(
        rows=10**9,
        candidate=METRICS,
        champion=METRICS,
        majority_baseline_accuracy=0.1,
        confusion=[],
        class_names=list(LABELS.values()),
    )
    results: dict[str, Contract | dict[str, Any]] = {
        "PrepareRun": planned,
        "Preprocess": described("ProcessingJob", jobs["preprocess"].job_name, jobs["preprocess"].parameters),
        "ValidateData": validated(),
        "TrainModel": described("TrainingJob", jobs["train_model"].job_name, jobs["train_model"].parameters),
        "EvaluateModel": described("ProcessingJob", jobs["evaluate_model"].job_name, jobs["evaluate_model"].parameters),
        "CheckMetrics": check_metrics(report, RECIPE).model_copy(update={"verdict": "passed", "needs_approval": True}),
        "RegisterModel": RegisterModelResult(
            model_package_arn=ARN,
            model_version="9" * 9,
            model_data_uri="s3://" + "u" * 1019,
            model_digest=DIGEST,
            containers=[
                {"Image": each.image_uri, "ModelDataUrl": "s3://" + "u" * 1019, "Environment": each.environment}
                for each in planned.endpoint.containers
            ],
        ),
        "RequestApproval": ApprovalDecision(
            decision="approved",
            approver=RECIPE.approval.approvers[0],
            comment=WIDE * COMMENT_CHARACTERS,
            decided_at=NOW,
            model_digest=DIGEST,
            approval_id="i" * 22,
        ),
        "CreatePipelineModel": {"ModelArn": ARN},
        "CreateEndpointConfig": {"EndpointConfigArn": ARN},
        "UpdateEndpoint": UpdateEndpointResult(
            action="updated",
            endpoint_name="e" * 63,
            endpoint_config_name="c" * 63,
            previous_endpoint_config_name="old",
            requested_at=NOW,
        ),
        "DescribeEndpoint": DescribeEndpointResult(status="in_service", detail=WIDE * 1024),
        "RunSmokeTests": RunSmokeTestsResult(
            verdict="passed",
            answers=[
                SmokeAnswer(
                    case=30,
                    expected=WIDE * 100,
                    answered=WIDE * 100,
                    probability=0.12345678901234567,
                    latency_ms=123456.7,
                    passed=False,
                )
            ]
            * 30,
            reason=WIDE * 10_000,
        ),
        "RecordRelease": RecordReleaseResult(model_version="9" * 9, endpoint_name="e" * 63, released_at=NOW),
        "RollBackEndpoint": RollBackEndpointResult(
            action="restored", endpoint_name="e" * 63, endpoint_config_name="old", requested_at=NOW
        ),
        "DescribeRolledBackEndpoint": DescribeEndpointResult(status="in_service", detail=WIDE * 1024),
        "CloseRun": CloseRunResult(outcome="RolledBack", reason=WIDE * 10_000),
        "ReportFault": ReportFaultResult(error="E" * 256, cause=WIDE * CAUSE_CHARACTERS, state="s" * 80),
    }
    tasks: dict[str, list[dict[str, Any]]] = {
        state: [{"result": result if isinstance(result, dict) else result.model_dump(mode="json")}]
        for state, result in results.items()
    }
    tasks[ends_with] = [{"error": "ServiceRefusedError", "cause": longest_cause()}]
    return tasks


def longest_cause() -> str:
    """A cause as long as Step Functions keeps one: JSON about JSON, whose quotes the state's JSON escapes again."""
    item = '{"a": "b"}'
    times = (CAUSE_LIMIT - 100) // (len(json.dumps(item)) - 2)
    cause = json.dumps({"errorMessage": item * times, "errorType": "ServiceRefusedError"}, separators=(",", ":"))
    assert CAUSE_LIMIT - 200 < len(cause) <= CAUSE_LIMIT
    return cause


def largest_case(*, ends_with: str) -> Case:
    """A run through as many states as there are, with everything as large as it may be."""
    return Case(INPUT.model_dump(mode="json"), answers(ends_with=ends_with))
