"""Two independent interpreters agree on the committed definition: states visited, requests of its Tasks, final output.

What they cannot agree on, because one of them has no clock or SageMaker of its own, is replaced in both:
- a job's `.sync` wait: the case gives the finished job's description, or its failure, as the Task's answer;
- the task token and the time of the execution's start differ by nature, and so does the execution's name;
- the Cause of a timeout is Step Functions' own and documented nowhere.
The npm package also reads a TimeoutSecondsPath elsewhere than AWS does: see `interpreters.py`.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pytest

from steps.contracts import (
    AdoptModelResult,
    ApprovalDecision,
    CheckMetricsResult,
    Contract,
    DecideAtDeadlineResult,
    DescribeEndpointResult,
    EndpointPlan,
    PrepareRunResult,
    RecordReleaseResult,
    RegisterModelResult,
    ReportFaultResult,
    RollBackEndpointResult,
    RunSmokeTestsResult,
    StepPlan,
    UpdateEndpointResult,
    ValidateDataResult,
    WriteReportResult,
)
from steps.job_requests import (
    evaluate_request,
    import_request,
    preprocess_request,
    training_request,
    tuning_request,
)
from steps.recipe import Recipe, parse_recipe
from tests.integration.workflows.interpreters import (
    PROJECT,
    REGION,
    Case,
    Outcome,
    deployed_definition,
    moto_interpreter,
    run_with_node,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
Answer = dict[str, Any]


def answer(result: Contract | Answer) -> list[Answer]:
    return [{"result": result.model_dump(mode="json") if isinstance(result, Contract) else result}]


def raised(error: str, *, message: str = "told so") -> Answer:
    """An exception of a function, with the document that Lambda's runtime makes of it."""
    cause = json.dumps({"errorMessage": message, "errorType": error}, separators=(",", ":"))
    return {"error": error, "cause": cause}


def failed_job(kind: str, name: str) -> Answer:
    return {"error": "States.TaskFailed", "cause": json.dumps({f"{kind}Name": name, f"{kind}Status": "Failed"})}


SEARCH = """
tuning:
  ranges:
    l2: {minimum: 0.01, maximum: 1.0, scaling: Logarithmic}
    epochs: {minimum: 2, maximum: 9, whole: true}
    min_texts: {values: [1, 2]}
"""


def recipe() -> Recipe:
    text = (PROJECT / "recipes/review-snippets/recipe.yaml").read_text() + SEARCH
    return parse_recipe(text, where="review-snippets")


def requests() -> dict[str, dict[str, Any]]:
    """The jobs' own requests: a task refuses what SageMaker would refuse."""
    places = {"image": "image", "code_uri": "s3://b/code", "output_uri": "s3://b/out"}
    given = {**places, "recipe_uri": "s3://b/recipe.yaml", "recipe_file": "recipe.yaml"}
    training = training_request(recipe(), **places, region=REGION, rows_uri="s3://b/rows")
    return {
        "preprocess": preprocess_request(**given, data_uri="s3://b/data.csv"),
        "train": training,
        "tune": tuning_request(recipe(), training),
        "import": import_request(**given, model_uri="s3://b/models/model.tar.gz"),
        "evaluate": evaluate_request(**given, test_uri="s3://b/t", candidate_uri="s3://b/m", champion_uri=None),
    }


def step(name: str, *, reuse: bool = False) -> StepPlan:
    parameters = requests()[name]
    return StepPlan(
        key="k", reuse=reuse, reason="r", job_name=f"run-1-{name}", output_uri="s3://b/o", parameters=parameters
    )


def plan(
    decision: Any = "go",
    *,
    reuse: bool = False,
    deadline_seconds: int = 60,
    is_pipeline: bool = False,
    how: Any = "train",
) -> list[Answer]:
    return answer(
        PrepareRunResult(
            run_id="run-1",
            recipe="reviews",
            decision=decision,
            reason="r",
            how_to_get_model="reuse" if reuse else how,
            preprocess=step("preprocess", reuse=reuse),
            train_model=step(how, reuse=reuse),
            evaluate_model=step("evaluate", reuse=reuse),
            endpoint=EndpointPlan(
                endpoint_name="endpoint",
                endpoint_config_name="new",
                model_name="model",
                image_uri="image",
                instance_type="ml.m5.large",
                instance_count=1,
                poll_seconds=0,
                deadline_seconds=60,
                is_pipeline=is_pipeline,
            ),
            approval_deadline_seconds=deadline_seconds,
        )
    )


def other_decision(decision: str) -> list[Answer]:
    """A plan with a decision that no contract knows."""
    return answer({**plan()[0]["result"], "decision": decision})


def job(kind: str, name: str, status: str = "Completed") -> list[Answer]:
    return answer({f"{kind}Name": name, f"{kind}Status": status, f"{kind}Arn": name})


def data(verdict: Any) -> list[Answer]:
    return answer(ValidateDataResult(verdict=verdict, findings=[], rows=1000))


def metrics(verdict: Any, *, needs_approval: bool = True) -> list[Answer]:
    return answer(
        CheckMetricsResult(
            verdict=verdict,
            needs_approval=needs_approval,
            findings=[],
            metrics={"accuracy": 0.9},
            champion_metrics=None,
            rows=100,
            reason="r",
        )
    )


def decided(decision: Any) -> list[Answer]:
    return answer(
        ApprovalDecision(
            decision=decision, approver="a@b.c", comment="", decided_at=NOW, model_digest="d", approval_id="i"
        )
    )


def endpoint(*statuses: Any) -> list[Answer]:
    return [each for status in statuses for each in answer(DescribeEndpointResult(status=status, detail="d"))]


def smoke_tests(verdict: Any) -> list[Answer]:
    return answer(RunSmokeTestsResult(verdict=verdict, answers=[], reason="r"))


# Every Task's answer on the way to a release with all steps and a person.
RELEASED = {
    "PrepareRun": plan(),
    "Preprocess": job("ProcessingJob", "run-1-preprocess"),
    "ValidateData": data("accepted"),
    "TrainModel": job("TrainingJob", "run-1-train"),
    "TuneModel": job("HyperParameterTuningJob", "run-1-tune"),
    "ImportModel": job("ProcessingJob", "run-1-import"),
    "AdoptModel": answer(AdoptModelResult(verdict="adopted", reason="r")),
    "EvaluateModel": job("ProcessingJob", "run-1-evaluate"),
    "CheckMetrics": metrics("passed"),
    "WriteReport": answer(WriteReportResult(report_uri="s3://b/report.html", report_digest="d")),
    "WriteRejectionReport": answer(WriteReportResult(report_uri="s3://b/report.html", report_digest="d")),
    "RegisterModel": answer(
        RegisterModelResult(
            model_package_arn="p",
            model_version="1",
            model_data_uri="s3://b/model.tar.gz",
            model_digest="d",
            containers=[
                {"Image": image, "ModelDataUrl": "s3://b/model.tar.gz", "Environment": {"SAGEMAKER_PROGRAM": "a.py"}}
                for image in ("first", "second")
            ],
        )
    ),
    "RequestApproval": decided("approved"),
    "DecideAtDeadline": answer(DecideAtDeadlineResult(outcome="expired", reason="Nobody decided within 1 second.")),
    "CreateModel": answer({"ModelArn": "model"}),
    "CreatePipelineModel": answer({"ModelArn": "model"}),
    "CreateEndpointConfig": answer({"EndpointConfigArn": "config"}),
    "UpdateEndpoint": answer(
        UpdateEndpointResult(
            action="updated",
            endpoint_name="endpoint",
            endpoint_config_name="new",
            previous_endpoint_config_name="old",
            requested_at=NOW,
        )
    ),
    "DescribeEndpoint": endpoint("in_service"),
    "RunSmokeTests": smoke_tests("passed"),
    "RecordRelease": answer(RecordReleaseResult(model_version="1", endpoint_name="endpoint", released_at=NOW)),
    "RollBackEndpoint": answer(
        RollBackEndpointResult(
            action="restored", endpoint_name="endpoint", endpoint_config_name="old", requested_at=NOW
        )
    ),
    "DescribeRolledBackEndpoint": endpoint("in_service"),
    "ReportFault": answer(ReportFaultResult(error="e", cause="c", state="s")),
}
BUSY = raised("EndpointBusyError")
SLOW = raised("ServiceUnavailableError")
NO_CAPACITY = {"error": "SageMaker.ResourceLimitExceededException", "cause": "no instances"}
BROKEN = raised("ArtifactMissingError")


def case(**tasks: list[Answer]) -> Case:
    return Case({"recipe": "reviews"}, {**RELEASED, **tasks})


def closed(outcome: str, **tasks: list[Answer]) -> Case:
    return case(CloseRun=answer({"outcome": outcome, "reason": "because"}), **tasks)


CASES: dict[str, tuple[Case, str]] = {
    "released": (case(), "Released"),
    "reused and nobody asked": (
        case(PrepareRun=plan(reuse=True), CheckMetrics=metrics("passed", needs_approval=False)),
        "Released",
    ),
    "an inference pipeline": (case(PrepareRun=plan(is_pipeline=True)), "Released"),
    "no capacity for a pipeline": (
        case(PrepareRun=plan(is_pipeline=True), CreatePipelineModel=[NO_CAPACITY, *RELEASED["CreatePipelineModel"]]),
        "Released",
    ),
    "nothing new": (case(PrepareRun=plan("nothing_new")), "NothingNew"),
    "already running": (case(PrepareRun=plan("already_running")), "AlreadyRunning"),
    "too expensive": (closed("CostRejected", PrepareRun=plan("too_expensive")), "CostRejected"),
    "data rejected": (closed("DataRejected", ValidateData=data("rejected")), "DataRejected"),
    "metrics rejected": (closed("MetricsRejected", CheckMetrics=metrics("rejected")), "MetricsRejected"),
    "denied": (closed("ApprovalDenied", RequestApproval=decided("denied")), "ApprovalDenied"),
    "expired": (
        closed("ApprovalExpired", PrepareRun=plan(deadline_seconds=1), RequestApproval=[{"never": True}]),
        "ApprovalExpired",
    ),
    "approved by policy": (
        case(
            PrepareRun=plan(deadline_seconds=1),
            RequestApproval=[{"never": True}],
            DecideAtDeadline=answer(DecideAtDeadlineResult(outcome="approved", reason="clearly better")),
        ),
        "Released",
    ),
    "comes into service at the third look": (
        case(DescribeEndpoint=endpoint("in_progress", "in_progress", "in_service")),
        "Released",
    ),
    "wrong answers": (closed("RolledBack", RunSmokeTests=smoke_tests("failed")), "RolledBack"),
    "never in service": (closed("RolledBack", DescribeEndpoint=endpoint("in_progress", "failed")), "RolledBack"),
    "back at the third look": (
        closed(
            "RolledBack",
            RunSmokeTests=smoke_tests("failed"),
            DescribeRolledBackEndpoint=endpoint("in_progress", "in_progress", "in_service"),
        ),
        "RolledBack",
    ),
    "fault after the endpoint changed": (closed("RolledBack", RecordRelease=[BROKEN]), "RolledBack"),
    "cannot be looked at": (closed("RolledBack", DescribeEndpoint=[BROKEN]), "RolledBack"),
    "cannot go back": (
        case(RunSmokeTests=smoke_tests("failed"), DescribeRolledBackEndpoint=endpoint("failed")),
        "Faulted",
    ),
    "way back breaks": (case(RunSmokeTests=smoke_tests("failed"), RollBackEndpoint=[BROKEN]), "Faulted"),
    "no plan": (case(PrepareRun=[raised("RecipeInvalidError")]), "Faulted"),
    "unknown decision": (case(PrepareRun=other_decision("perhaps")), "Faulted"),
    "unknown end": (closed("Elsewhere", ValidateData=data("rejected")), "Faulted"),
    "preprocessing fails": (case(Preprocess=[failed_job("ProcessingJob", "run-1-preprocess")]), "Faulted"),
    "training fails": (case(TrainModel=[failed_job("TrainingJob", "run-1-train")]), "Faulted"),
    "searched": (case(PrepareRun=plan(how="tune")), "Released"),
    "imported": (case(PrepareRun=plan(how="import")), "Released"),
    "archive refused": (
        closed(
            "ModelRejected",
            PrepareRun=plan(how="import"),
            AdoptModel=answer(AdoptModelResult(verdict="rejected", reason="r")),
        ),
        "ModelRejected",
    ),
    "search fails": (
        case(PrepareRun=plan(how="tune"), TuneModel=[failed_job("HyperParameterTuningJob", "run-1-tune")]),
        "Faulted",
    ),
    "search is stopped": (
        case(PrepareRun=plan(how="tune"), TuneModel=job("HyperParameterTuningJob", "run-1-tune", "Stopped")),
        "Faulted",
    ),
    "search finds nothing": (
        case(PrepareRun=plan(how="tune"), AdoptModel=[raised("NoModelFoundError")]),
        "Faulted",
    ),
    "import is stopped": (
        case(PrepareRun=plan(how="import"), ImportModel=job("ProcessingJob", "run-1-import", "Stopped")),
        "Faulted",
    ),
    "no capacity for a search": (
        case(PrepareRun=plan(how="tune"), TuneModel=[NO_CAPACITY, *job("HyperParameterTuningJob", "run-1-tune")]),
        "Released",
    ),
    "training is stopped": (case(TrainModel=job("TrainingJob", "run-1-train", "Stopped")), "Faulted"),
    "evaluation is stopped": (case(EvaluateModel=job("ProcessingJob", "run-1-evaluate", "Stopped")), "Faulted"),
    "notifier fails": (case(RequestApproval=[raised("MailError")]), "Faulted"),
    "unreported": (case(ValidateData=[BROKEN], ReportFault=[BROKEN]), "Faulted"),
    "a slow service": (case(ValidateData=[SLOW, SLOW, *RELEASED["ValidateData"]]), "Released"),
    "a service that stays slow": (case(ValidateData=[SLOW]), "Faulted"),
    "a busy endpoint": (case(UpdateEndpoint=[BUSY, BUSY, BUSY, *RELEASED["UpdateEndpoint"]]), "Released"),
    "busy and slow in turn": (case(UpdateEndpoint=[BUSY, SLOW, BUSY, SLOW, *RELEASED["UpdateEndpoint"]]), "Released"),
    "no capacity at first": (case(TrainModel=[NO_CAPACITY, NO_CAPACITY, *RELEASED["TrainModel"]]), "Released"),
    "no capacity for a model": (case(CreateModel=[NO_CAPACITY, *RELEASED["CreateModel"]]), "Released"),
}
# Attempts that the definition allows after the first one.
REPEATED = {
    "a service that stays slow": ("ValidateData", 6),
    "a slow service": ("ValidateData", 3),
    "a busy endpoint": ("UpdateEndpoint", 4),
    "busy and slow in turn": ("UpdateEndpoint", 5),
    "no capacity at first": ("TrainModel", 3),
    "expired": ("RequestApproval", 1),
    "comes into service at the third look": ("DescribeEndpoint", 3),
    "back at the third look": ("DescribeRolledBackEndpoint", 3),
}


@cache
def outcomes() -> dict[str, tuple[Outcome, Outcome]]:
    by_node = run_with_node([each for each, _ in CASES.values()])
    with moto_interpreter() as run:
        by_moto = [run(each) for each, _ in CASES.values()]
    return dict(zip(CASES, zip(by_moto, by_node, strict=True), strict=True))


def comparable(requests: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Requests without what differs from execution to execution; `run_id` is one of the execution's names."""
    text = json.dumps(requests)
    differing = {"execution_arn", "run_id", "started_at", "state_machine_arn", "task_token"}

    def strip(value: Any) -> Any:
        if isinstance(value, dict):
            leaves = set(differing)
            leaves |= {"Value"} if value.get("Key") == "greenlight:run" else set()
            leaves |= {"Cause"} if value.get("Error") == "States.Timeout" else set()
            return {key: strip(item) for key, item in value.items() if key not in leaves}
        return [strip(item) for item in value] if isinstance(value, list) else value

    return [(state, strip(request)) for state, request in json.loads(text)]


@pytest.mark.parametrize("name", CASES)
def test_both_visit_the_same_states_and_reach_the_named_end(name: str) -> None:
    by_moto, by_node = outcomes()[name]
    assert by_moto.visited == by_node.visited
    assert by_moto.visited[-1] == CASES[name][1]


@pytest.mark.parametrize("name", CASES)
def test_both_send_the_same_requests(name: str) -> None:
    by_moto, by_node = outcomes()[name]
    assert comparable(by_moto.requests) == comparable(by_node.requests)
    if name in REPEATED:
        state, times = REPEATED[name]
        assert [visited for visited, _ in by_moto.requests].count(state) == times


@pytest.mark.parametrize("name", CASES)
def test_both_end_with_the_same_output(name: str) -> None:
    by_moto, by_node = outcomes()[name]
    assert (by_moto.status, by_moto.error, by_moto.cause) == (by_node.status, by_node.error, by_node.cause)
    assert comparable([("", by_moto.output)]) == comparable([("", by_node.output)])
    assert by_moto.status == ("FAILED" if CASES[name][1] == "Faulted" else "SUCCEEDED")


def test_every_state_of_the_definition_is_visited() -> None:
    visited = {state for by_moto, _ in outcomes().values() for state in by_moto.visited}
    assert visited == set(deployed_definition()["States"])


def test_a_pipelines_model_is_made_of_the_registered_containers() -> None:
    for outcome in outcomes()["an inference pipeline"]:
        made = dict(outcome.requests)
        assert "CreateModel" not in made
        assert made["CreatePipelineModel"]["Containers"] == RELEASED["RegisterModel"][0]["result"]["containers"]
    assert "CreatePipelineModel" not in outcomes()["released"][0].visited
