"""The largest run that the contracts allow: every name, list and text as long as it may be."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from steps.answers import Output
from steps.approval import COMMENT_CHARACTERS
from steps.behaviour_report import BehaviourFailure, BehaviourReport, BehaviourResult
from steps.check_metrics import check_metrics
from steps.code_manifest import CodeManifest
from steps.contracts import (
    OVERRIDE_CHARACTERS,
    ApprovalDecision,
    CloseRunResult,
    Contract,
    DecideAtDeadlineResult,
    DescribeEndpointResult,
    LiveVersion,
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
    WriteReportResult,
)
from steps.drift import compare_data
from steps.evaluation_report import Interval, MetricsReport, PairedTest
from steps.model_card import input_digest, split_digest
from steps.model_checks import ModelCheck
from steps.prepare_run import Facts, plan_run
from steps.profile import BadCell, DataProfile, NumberRange, Place, RowsFound, UnknownLabel
from steps.recipe import Recipe
from steps.recipe_sections.base import HYPERPARAMETERS_CHARACTERS
from steps.report_fault import CAUSE_CHARACTERS
from steps.smoke_tests import Reply, judge_smoke_tests
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
        "metrics": {"gates": [{"name": "log_loss", "floor": 1.0000000000000002e-300, "margin": 1e-300}] * 10},
        "approval": {
            "approvers": [f"{number:02}" + "a" * 240 + "@example.com" for number in range(20)],
            "deadline_seconds": 30 * 24 * 3600,
        },
        "endpoint": {"image": "inference-pipeline", "instance_count": 100, "deadline_seconds": 900, "poll_seconds": 1},
        "smoke": {"cases": [{"text": WIDE * 20_000, "label": "class-number-0000"}] * 30},
    }
)
_OTHERS: dict[str, dict[str, Any]] = {
    "labels": {
        "task": "multi_label",
        "data": {"label_columns": [f"label-number-{number:04}" for number in range(100)], "text_column": WIDE * 100},
        "metrics": RECIPE.model_dump(mode="json")["metrics"] | {"thresholds": "validation"},
        "smoke": {
            "cases": [{"text": WIDE * 20_000, "labels": [f"label-number-{number:04}" for number in range(100)]}] * 30
        },
    },
    "table": {
        "task": "regression",
        "data": {
            "features": {
                "numeric": [f"{number:03}" + WIDE * 97 for number in range(500)],
                "categorical": [f"{number:03}" + WIDE * 97 for number in range(500, 1000)],
            },
            "target_column": WIDE * 100,
        },
        "metrics": {"gates": [{"name": "r2", "floor": -1.0000000000000002e300, "margin": 1e300}] * 10},
        "smoke": {
            "cases": [
                {
                    "row": {f"{number:03}" + WIDE * 97: WIDE * 1000 for number in range(1000)},
                    "minimum": -1.0000000000000002e300,
                    "maximum": 1.0000000000000002e300,
                }
            ]
            * 30
        },
    },
}
# A recipe for each kind of answer and of input, every part of it as large as it may be.
RECIPES = {
    "classes": RECIPE,
    **{name: Recipe.model_validate(RECIPE.model_dump(mode="json") | sections) for name, sections in _OTHERS.items()},
}
METRICS = {f"a_metric_with_a_long_name_{number:02}": 0.12345678901234567 for number in range(48)}
METRICS |= dict.fromkeys(("log_loss", "r2"), 1.2345678901234567e-300)

BEHAVIOUR = BehaviourReport(
    results=[
        BehaviourResult(
            name=f"behaviour-{number:02}".ljust(40, "n"),
            kind="minimum_functionality",
            severity="error",
            cases=2000,
            failures=1999,
            failure_rate=0.9995,
            limit=0.12345678901234567,
            champion_failure_rate=0.12345678901234567,
            examples=[BehaviourFailure(after=WIDE * 500, expected=WIDE * 200, answered=WIDE * 200)],
        )
        for number in range(50)
    ]
)
SIGNIFICANT = PairedTest(
    gain=-1.2345678901234567e-300,
    interval=Interval(low=-1.2345678901234567e300, high=-1.2345678901234567e-300),
    p_value=1.2345678901234567e-300,
    test="paired_bootstrap",
)
CHECK = ModelCheck(
    name="one_batch_overfits",
    verdict="failed",
    observed=-1.2345678901234567e-300,
    limit=-1.2345678901234567e-300,
    sentence=WIDE * 500,
)

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
    # Where RecordRelease puts it.
    card_uri=f"s3://{'b' * 63}/runs/{RUN_ID}/record_release/model_card.json",
    input_digest=DIGEST,
    split_digest=DIGEST,
    profile_uri="s3://" + "u" * 295,
)


def champion(recipe: Recipe) -> LiveVersion:
    """A live version that can be measured beside the recipe's candidate, and one before it."""
    same = {"task": recipe.task, "class_names": recipe.data.class_names, "input_digest": input_digest(recipe)}
    same["split_digest"] = split_digest(recipe)
    return LIVE.model_copy(update={**same, "previous": LIVE.model_dump(mode="json")})


INPUT = RunInput(
    recipe=RECIPE.name,
    recipe_uri="s3://" + "u" * 818 + "/" + "f" * 200,
    data_uri="s3://" + "u" * 1019,
    requested_by=WIDE * 256,
    trigger_id="t" * 256,
    force=True,
    override_reason=WIDE * OVERRIDE_CHARACTERS,
)


def plan(recipe: Recipe = RECIPE, *, poll_seconds: int = 0) -> PrepareRunResult:
    """PrepareRun's own plan for the recipe; looking again at once, so that a test need not wait."""
    facts = Facts(
        run_id=RUN_ID,
        started_at=NOW,
        requested_by=INPUT.requested_by,
        force=True,
        recipe=recipe,
        recipe_uri=str(INPUT.recipe_uri),
        data_uri=str(INPUT.data_uri),
        data_digest=DIGEST,
        code=CodeManifest(
            digest=DIGEST,
            steps=dict.fromkeys(("preprocess", "import_model", "evaluate_model"), DIGEST),
            scripts={recipe.training.script: DIGEST},
            recipes=[],
        ),
        code_uri="s3://" + "u" * 250,
        live=champion(recipe),
        bucket="b" * 63,
        region="ap-northeast-1",
        stack="s" * 60,
        override_reason=INPUT.override_reason,
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


def validated(recipe: Recipe = RECIPE) -> ValidateDataResult:
    """ValidateData's own findings about data in which everything is wrong."""
    names = recipe.data.class_names
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
        bad_cells=PLACES,
        bad_cell_values=tuple(
            BadCell(column=WIDE * 100, value=WIDE * 22, wanted="neither 0 nor 1", rows=PLACES) for _ in range(3)
        ),
        split_rows=dict.fromkeys(("train", "validation", "test"), 1),
        target=NumberRange(minimum=-1.0000000000000002e300, maximum=-1.0000000000000002e300),
    )
    drift = compare_data(profile, recipe, "w" * 2000)
    judged = validate_data(profile, recipe, drift, "s3://" + "u" * 295)
    return judged.model_copy(update={"verdict": "accepted"})


def answers(recipe: Recipe = RECIPE, *, ends_with: str) -> dict[str, list[dict[str, Any]]]:
    """What every Task answers; ends_with: the state whose function raises the last fault."""
    planned = plan(recipe)
    assert planned.endpoint
    jobs = {step: getattr(planned, step) for step in ("preprocess", "train_model", "evaluate_model")}
    report = MetricsReport(
        rows=10**9,
        candidate=METRICS,
        champion=METRICS,
        majority_baseline_accuracy=0.1,
        confusion=[],
        class_names=recipe.data.class_names,
        per_label=dict.fromkeys(recipe.data.label_columns, METRICS),
        behaviour=BEHAVIOUR,
        paired=dict.fromkeys(("log_loss", "r2"), SIGNIFICANT),
        model_checks=[CHECK] * 20,
    )
    results: dict[str, Contract | dict[str, Any]] = {
        "PrepareRun": planned,
        "Preprocess": described("ProcessingJob", jobs["preprocess"].job_name, jobs["preprocess"].parameters),
        "ValidateData": validated(recipe),
        "TrainModel": described("TrainingJob", jobs["train_model"].job_name, jobs["train_model"].parameters),
        "EvaluateModel": described("ProcessingJob", jobs["evaluate_model"].job_name, jobs["evaluate_model"].parameters),
        "CheckMetrics": check_metrics(report, recipe).model_copy(update={"verdict": "passed", "needs_approval": True}),
        "WriteReport": WriteReportResult(report_uri="s3://" + "u" * 250, report_digest=DIGEST),
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
        "DecideAtDeadline": DecideAtDeadlineResult(outcome="approved", reason=WIDE * 10_000),
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
        "RunSmokeTests": RunSmokeTestsResult(verdict="passed", answers=wrong_answers(recipe), reason=WIDE * 10_000),
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


def wrong_answers(recipe: Recipe) -> list[SmokeAnswer]:
    """RunSmokeTests' own answers when all but the wanted label or number was given, or the longest class name was."""
    values = {"multi_class": [1.0, *[0.0] * 99], "multi_label": [0.0, *[0.9] * 99]}
    reply = Reply(latency_ms=123456.7, output=Output(values.get(recipe.task, [-1.2345678901234567e300])))
    cases = recipe.smoke.cases
    return judge_smoke_tests(recipe.task, recipe.smoke, recipe.data.class_names, [reply] * len(cases)).answers


def longest_cause() -> str:
    """A cause as long as Step Functions keeps one: JSON about JSON, whose quotes the state's JSON escapes again."""
    item = '{"a": "b"}'
    times = (CAUSE_LIMIT - 100) // (len(json.dumps(item)) - 2)
    cause = json.dumps({"errorMessage": item * times, "errorType": "ServiceRefusedError"}, separators=(",", ":"))
    assert CAUSE_LIMIT - 200 < len(cause) <= CAUSE_LIMIT
    return cause


def largest_case(recipe: Recipe = RECIPE, *, ends_with: str) -> Case:
    """A run through as many states as there are, with everything as large as it may be."""
    return Case(INPUT.model_dump(mode="json"), answers(recipe, ends_with=ends_with))
