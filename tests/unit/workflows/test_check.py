"""The check of the definition: the committed one keeps every rule, and each rule is broken once."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from workflows.check import DEFINITION, TEMPLATE, check, main
from workflows.integrations import SAGEMAKER
from workflows.template_rules import state_machine_of

States = dict[str, Any]
Breaking = Callable[[States], object]

COMMITTED: dict[str, Any] = json.loads(DEFINITION.read_text())
MACHINE = state_machine_of(TEMPLATE.read_text())
ALL = ["States.ALL"]


def problems_after(breaking: Breaking) -> list[str]:
    definition = copy.deepcopy(COMMITTED)
    breaking(definition["States"])
    return [str(problem) for problem in check(json.dumps(definition), MACHINE)]


def put(state: str, *keys: str | int, value: Any) -> Breaking:
    """Put a value into a state, at the keys."""

    def breaking(states: States) -> None:
        place = states[state]
        for key in keys[:-1]:
            place = place[key]
        place[keys[-1]] = value

    return breaking


def drop(state: str, key: str) -> Breaking:
    return lambda states: states[state].pop(key)


def rename(state: str, old: str, new: str) -> Breaking:
    def breaking(states: States) -> None:
        states[state]["Parameters"][new] = states[state]["Parameters"].pop(old)

    return breaking


def both(*breakings: Breaking) -> Breaking:
    return lambda states: [breaking(states) for breaking in breakings]


def test_the_committed_definition_keeps_every_rule(capsys: pytest.CaptureFixture[str]) -> None:
    assert problems_after(lambda _states: None) == []
    assert main() == 0
    assert capsys.readouterr().out.splitlines() == [
        "workflows/release.asl.json keeps every rule",
        "workflows/batch_predict.asl.json keeps every rule",
    ]


def test_a_broken_definition_is_named_with_its_state(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "release.asl.json"
    broken.write_text(DEFINITION.read_text().replace('"Next": "IsDataValid"', '"Next": "IsDataVaild"'))
    monkeypatch.setattr("workflows.check.DEFINITION", broken)
    assert main() == 1
    assert "release.asl.json: ValidateData: leads to IsDataVaild, and there is no such state" in capsys.readouterr().err


STATE_RULES = {
    "long name": (
        lambda states: states.update({"Released" * 11: states["Released"]}),
        "its name has 88 characters; 80 are allowed",
    ),
    "unknown type": (put("Released", "Type", value="Parallel"), "Released: its type Parallel is none"),
    "unknown field": (put("CheckMetrics", "Timeout", value=3), "CheckMetrics: a Task state has no field Timeout"),
    "field of another type": (put("Released", "Next", value="Faulted"), "a Succeed state has no field Next"),
    "JSONata": (
        put("CheckMetrics", "QueryLanguage", value="JSONata"),
        "CheckMetrics: QueryLanguage belongs to JSONata",
    ),
    "variables": (put("CheckMetrics", "Assign", value={"x.$": "$.recipe"}), "CheckMetrics: Assign belongs to JSONata"),
    "no way on": (drop("WaitForRollBack", "Next"), "WaitForRollBack: it needs either Next or End"),
    "two ways on": (put("WaitForRollBack", "End", value=True), "WaitForRollBack: it needs either Next or End"),
    "no timeout": (drop("CheckMetrics", "TimeoutSeconds"), "CheckMetrics: a Task needs TimeoutSeconds"),
    "no timeout of a job": (drop("TrainModel", "TimeoutSecondsPath"), "TrainModel: a Task needs TimeoutSeconds"),
    "endless timeout": (put("CheckMetrics", "TimeoutSeconds", value=10**9), "CheckMetrics: TimeoutSeconds must be a"),
    "two timeouts": (
        put("CheckMetrics", "TimeoutSecondsPath", value="$.prepare_run.rows"),
        "CheckMetrics: it has both TimeoutSeconds and TimeoutSecondsPath",
    ),
    "late heartbeat": (put("CheckMetrics", "HeartbeatSeconds", value=120), "HeartbeatSeconds must be smaller"),
    "no path": (put("CheckMetrics", "ResultPath", value="check_metrics"), "ResultPath: 'check_metrics' is no path"),
    "wildcard": (
        put("CheckMetrics", "Parameters", "plan.$", value="$.prepare_run.*"),
        "Parameters.plan.$: '$.prepare_run.*' is no reference path: at '.*'",
    ),
    "context": (
        put("CheckMetrics", "Parameters", "run_id.$", value="$$.Execution.Nmae"),
        "Parameters.run_id.$: '$$.Execution.Nmae' is not in the context object",
    ),
    "path as text": (
        put("CheckMetrics", "Parameters", "plan", value="$.prepare_run"),
        "CheckMetrics: Parameters.plan is sent as the text '$.prepare_run'",
    ),
    "twice": (put("CheckMetrics", "Parameters", "plan", value={}), "CheckMetrics: Parameters gives plan twice"),
    "number as path": (
        put("CheckMetrics", "Parameters", "rows.$", value=7),
        "CheckMetrics: Parameters.rows.$ must be a path or an intrinsic function",
    ),
    "wait without time": (drop("WaitForEndpoint", "SecondsPath"), "WaitForEndpoint: a Wait state needs exactly one"),
    "no default": (drop("IsDataValid", "Default"), "IsDataValid: a Choice state without Default fails"),
    "no choice": (put("IsDataValid", "Choices", value=[]), "IsDataValid: a Choice state needs at least one choice"),
    "no comparison": (
        put("IsDataValid", "Choices", 0, "StringIs", value="x"),
        "IsDataValid: Choices[0] needs Variable and exactly one comparison",
    ),
    "unknown comparison": (
        put("IsDataValid", "Choices", value=[{"Variable": "$.recipe", "StringIs": "x", "Next": "CloseRun"}]),
        "IsDataValid: Choices[0]: StringIs is no comparison",
    ),
    "comparison with another type": (
        put("IsDataValid", "Choices", 0, "StringEquals", value=True),
        "IsDataValid: Choices[0]: StringEquals cannot compare with True",
    ),
}

TASK_RULES = {
    "no integration": (
        put("CreateModel", "Resource", value="arn:${Partition}:states:::sagemaker:createPipeline"),
        "CreateModel: sagemaker:createPipeline is no optimized integration that this check knows",
    ),
    "no resource": (put("CreateModel", "Resource", value="sagemaker"), "Resource 'sagemaker' is neither a function"),
    "await what answers at once": (
        put("CreateModel", "Resource", value="arn:${Partition}:states:::sagemaker:createModel.sync"),
        "CreateModel: sagemaker:createModel answers at once, .sync does not exist for it",
    ),
    "token for a job": (
        put("TrainModel", "Resource", value="arn:${Partition}:states:::sagemaker:createTrainingJob.waitForTaskToken"),
        "TrainModel: sagemaker:createTrainingJob cannot hand over a task token",
    ),
    "await through the SDK": (
        put("TrainModel", "Resource", value="arn:${Partition}:states:::aws-sdk:sagemaker:createTrainingJob.sync"),
        "TrainModel: no SDK integration has .sync",
    ),
    "unsupported field": (
        put("TrainModel", "Parameters", "RetryStrategy", value={"MaximumRetryAttempts": 2}),
        'TrainModel: the field "RetryStrategy" is not supported by Step Functions for sagemaker:createTrainingJob',
    ),
    "tags in small letters": (
        put("CreateModel", "Parameters", "Tags", value=[{"key": "a", "value": "b"}]),
        "CreateModel: a tag has exactly Key and Value, not key, value",
    ),
    "token for nobody": (
        lambda states: states["RequestApproval"]["Parameters"]["Payload"].pop("task_token.$"),
        "RequestApproval: it waits for a task token that it hands to nobody",
    ),
    "token without waiting": (
        put("CheckMetrics", "Parameters", "token.$", value="$$.Task.Token"),
        "CheckMetrics: $$.Task.Token exists only in a task with .waitForTaskToken",
    ),
    "unknown error": (
        put("CheckMetrics", "Retry", 1, "ErrorEquals", value=["ServiceUnavailable"]),
        "CheckMetrics: Retry[1]: no lambda task fails with ServiceUnavailable",
    ),
    "base of our errors": (
        put("CheckMetrics", "Retry", 1, "ErrorEquals", value=["ReleaseError"]),
        "CheckMetrics: Retry[1]: no lambda task fails with ReleaseError",
    ),
    "error of another service": (
        put("TrainModel", "Retry", 0, "ErrorEquals", value=["Lambda.ServiceException"]),
        "TrainModel: Retry[0]: no sagemaker task fails with Lambda.ServiceException",
    ),
    "error that cannot be caught": (
        put("CheckMetrics", "Retry", 1, "ErrorEquals", value=["States.Runtime"]),
        "CheckMetrics: Retry[1]: States.Runtime ends the execution whatever its definition says",
    ),
    "all in company": (
        put("CheckMetrics", "Catch", 0, "ErrorEquals", value=["States.ALL", "States.Timeout"]),
        "CheckMetrics: Catch[0]: States.ALL must stand alone and last",
    ),
    "all first": (
        lambda states: states["RequestApproval"]["Catch"].reverse(),
        "RequestApproval: Catch[0]: States.ALL must stand alone and last",
    ),
    "met before": (
        put("UpdateEndpoint", "Retry", 2, "ErrorEquals", value=["ServiceUnavailableError"]),
        "UpdateEndpoint: Retry[2]: ServiceUnavailableError was met by an earlier entry, this one is never used",
    ),
    "retry of bugs": (
        put("CheckMetrics", "Retry", 1, "ErrorEquals", value=ALL),
        "CheckMetrics: Retry[1]: States.ALL repeats bugs as well",
    ),
    "nothing caught": (drop("CheckMetrics", "Catch"), "CheckMetrics: its last Catch must be for States.ALL"),
    "short delay": (
        put("CheckMetrics", "Retry", 0, "MaxDelaySeconds", value=2),
        "CheckMetrics: Retry[0]: MaxDelaySeconds must be greater than IntervalSeconds",
    ),
    "shrinking delay": (put("CheckMetrics", "Retry", 0, "BackoffRate", value=0.5), "BackoffRate must be at least 1.0"),
    "unknown jitter": (put("CheckMetrics", "Retry", 0, "JitterStrategy", value="SOME"), "must be FULL or NONE"),
    "unknown retry field": (put("CheckMetrics", "Retry", 0, "Next", value="Faulted"), "Retry[0] has no field Next"),
}

FLOW_RULES = {
    "next": (
        put("WaitForEndpoint", "Next", value="Gone"),
        "WaitForEndpoint: leads to Gone, and there is no such state",
    ),
    "default": (put("IsDataValid", "Default", value="Gone"), "IsDataValid: leads to Gone, and there is no such state"),
    "catch": (put("TrainModel", "Catch", 0, "Next", value="Gone"), "TrainModel: leads to Gone, and there is no such"),
    "choice": (put("IsDataValid", "Choices", 0, "Next", value="Gone"), "IsDataValid: leads to Gone"),
    "unreachable": (
        lambda states: states.update(Forgotten={"Type": "Succeed"}),
        "Forgotten: no path from StartAt leads to it",
    ),
    "endless": (
        lambda states: states.update(
            WaitForEndpoint={**states["WaitForEndpoint"], "Next": "Round"},
            Round={"Type": "Wait", "Seconds": 1, "Next": "Round"},
        ),
        "Round: no path from it leads to an end",
    ),
    "overwritten result": (
        put("CheckMetrics", "ResultPath", value="$.validate_data"),
        "CheckMetrics: its ResultPath $.validate_data overwrites $.validate_data, the result of ValidateData",
    ),
    "result inside another": (
        put("CheckMetrics", "ResultPath", value="$.prepare_run.checked"),
        "CheckMetrics: its ResultPath $.prepare_run.checked overwrites $.prepare_run, the result of PrepareRun",
    ),
    "overwritten input": (
        put("CheckMetrics", "ResultPath", value="$.recipe"),
        "CheckMetrics: its ResultPath $.recipe overwrites the execution's input",
    ),
    "whole state": (drop("CheckMetrics", "ResultPath"), "CheckMetrics: without a ResultPath of its own its result"),
    "error over a result": (
        put("CheckMetrics", "Catch", 0, "ResultPath", value="$.prepare_run"),
        "CheckMetrics: its Catch puts the error at $.prepare_run over $.prepare_run, the result of PrepareRun",
    ),
}

DATA_RULES = {
    "later result": (
        put("ValidateData", "Parameters", "metrics.$", value="$.check_metrics"),
        "ValidateData: reads $.check_metrics, which not every way to this state has written",
    ),
    "result of one way only": (
        put("CheckMetrics", "Parameters", "job.$", value="$.train_model.TrainingJobName"),
        "CheckMetrics: reads $.train_model.TrainingJobName, which not every way to this state has written",
    ),
    "field no contract has": (
        put("IsDataValid", "Choices", 0, "Variable", value="$.validate_data.verdikt"),
        "IsDataValid: reads $.validate_data.verdikt, which not every way",
    ),
    "field of no result": (
        put("CreateModel", "Parameters", "PrimaryContainer", "ModelDataUrl.$", value="$.register_model.uri"),
        "CreateModel: reads $.register_model.uri, which",
    ),
    "optional input": (
        put("ValidateData", "Parameters", "data.$", value="$.data_uri"),
        "ValidateData: reads $.data_uri, which",
    ),
    "inside a text": (
        put("WaitForEndpoint", "SecondsPath", value="$.prepare_run.reason.seconds"),
        "WaitForEndpoint: reads $.prepare_run.reason.seconds, which",
    ),
    "inside a function": (
        put("CheckMetrics", "Parameters", "note.$", value="States.Format('{}', $.nothing)"),
        "CheckMetrics: reads States.Format('{}', $.nothing), which",
    ),
    "selected from the result": (
        put("CreateModel", "ResultSelector", value={"Arn.$": "$.ModelName"}),
        "CreateModel: its ResultSelector reads $.ModelName, which the result may not have",
    ),
    "after an error": (
        put("ReportFault", "Parameters", "fault.$", value="$.fault.Error"),
        "ReportFault: reads $.fault.Error, which not every way",
    ),
    "no such value": (
        put("IsDataValid", "Choices", 0, "StringEquals", value="valid"),
        "IsDataValid: $.validate_data.verdict is never 'valid'; its contract knows accepted, rejected",
    ),
    "text for a boolean": (
        put(
            "IsApprovalNeeded",
            "Choices",
            value=[{"Variable": "$.check_metrics.needs_approval", "StringEquals": "true", "Next": "RequestApproval"}],
        ),
        "IsApprovalNeeded: $.check_metrics.needs_approval is boolean, so StringEquals never matches",
    ),
    "no contract": (
        put("CheckMetrics", "Resource", value="${CheckNothingFunctionArn}"),
        "steps/contracts.py has no CheckNothingResult",
    ),
}


@pytest.mark.parametrize(("breaking", "problem"), STATE_RULES.values(), ids=STATE_RULES.keys())
def test_a_state_keeps_the_rules_for_its_type(breaking: Breaking, problem: str) -> None:
    assert any(problem in found for found in problems_after(breaking)), problems_after(breaking)


@pytest.mark.parametrize(("breaking", "problem"), TASK_RULES.values(), ids=TASK_RULES.keys())
def test_a_task_calls_what_exists_and_meets_its_errors(breaking: Breaking, problem: str) -> None:
    assert any(problem in found for found in problems_after(breaking)), problems_after(breaking)


@pytest.mark.parametrize(("breaking", "problem"), FLOW_RULES.values(), ids=FLOW_RULES.keys())
def test_every_state_is_reached_and_every_run_ends(breaking: Breaking, problem: str) -> None:
    assert any(problem in found for found in problems_after(breaking)), problems_after(breaking)


@pytest.mark.parametrize(("breaking", "problem"), DATA_RULES.values(), ids=DATA_RULES.keys())
def test_a_state_reads_only_what_was_written_before(breaking: Breaking, problem: str) -> None:
    assert any(problem in found for found in problems_after(breaking)), problems_after(breaking)


def test_a_value_asked_for_first_may_be_read() -> None:
    asked = {"And": [{"Variable": "$.data_uri", "IsPresent": True}, {"Variable": "$.data_uri", "StringEquals": "x"}]}
    assert problems_after(put("IsDataValid", "Choices", value=[{**asked, "Next": "HowToGetModel"}])) == []


def test_an_sdk_integration_is_checked_by_its_shape_and_asks_for_its_permissions() -> None:
    def breaking(states: States) -> None:
        model = states["CreateModel"]
        model["Resource"] = "arn:${Partition}:states:::aws-sdk:sagemaker:createModel"
        model["Retry"][0]["ErrorEquals"] = ["SageMaker.SageMakerException"]

    assert problems_after(breaking) == [
        "CreateModel: no facts say what its role needs; add them to workflows/integrations.py"
    ]
    small = put("CreateModel", "Parameters", value={"modelName": "m"})
    assert any("modelName must be written as in the API" in found for found in problems_after(both(breaking, small)))


def test_a_definition_beyond_a_mebibyte_is_refused() -> None:
    found = problems_after(put("Released", "Comment", value="x" * 1024 * 1024))
    assert any("1048576 are allowed" in problem for problem in found)


def test_a_token_without_substitution_and_a_substitution_without_token_are_named() -> None:
    machine = copy.deepcopy(MACHINE)
    machine["DefinitionSubstitutions"]["Unused"] = machine["DefinitionSubstitutions"].pop("Partition")
    found = [str(problem) for problem in check(json.dumps(COMMITTED), machine)]
    assert found == [
        "DefinitionSubstitutions: nothing is substituted for ${Partition}",
        "DefinitionSubstitutions: Unused is in no state",
    ]


def test_each_statement_that_the_role_loses_is_missed() -> None:
    (policy,) = MACHINE["Policies"]
    missed = {}
    for statement in policy["Statement"]:
        machine = copy.deepcopy(MACHINE)
        machine["Policies"][0]["Statement"].remove(statement)
        missed[statement["Sid"]] = [str(problem) for problem in check(json.dumps(COMMITTED), machine)]
    # These two are for the state machine itself, not for what a Task calls.
    needed = {sid: problems for sid, problems in missed.items() if sid not in {"DeliverLogs", "Trace"}}
    assert all(needed.values()), needed
    assert "TrainModel: the state machine's role lacks sagemaker:StopTrainingJob on training-job/" in missed["RunJobs"]
    assert "CreateModel: the state machine's role lacks iam:PassRole on JobRoleArn" in missed["HandOverJobRole"]
    assert (
        "TrainModel: the state machine's role lacks events:PutRule on "
        "StepFunctionsGetEventsForSageMakerTrainingJobsRule" in missed["HearOfFinishedJobs"]
    )


def test_the_table_of_integrations_agrees_with_the_service_model() -> None:
    model = botocore.session.get_session().get_service_model("sagemaker")
    for action, integration in SAGEMAKER.items():
        operation = model.operation_model(action[0].upper() + action[1:])
        described = model.operation_model(f"Describe{integration.job}") if integration.job else operation
        assert operation.input_shape
        assert described.output_shape
        assert integration.fields <= set(operation.input_shape.members)
        assert set(operation.input_shape.required_members) <= integration.fields
        assert integration.result <= set(described.output_shape.required_members)
