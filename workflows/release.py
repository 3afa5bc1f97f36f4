"""The release state machine: the only place that says what follows what.

Run     python -m workflows.release            writes workflows/release.asl.json
        python -m workflows.release --check    fails when the committed file differs

The order is the happy path, then the ends, then the way back and the faults. `${…}` tokens are filled in by
the template's DefinitionSubstitutions. Every state adds its result under its own name and overwrites nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from stepfunctions.steps import Catch, Chain, Choice, Fail, Succeed, Task, Wait

from workflows.definition_file import definition_of, write_or_check
from workflows.states import (
    ENDPOINT_BUSY_RETRY,
    LAMBDA_SERVICE_RETRY,
    LAMBDA_TIMEOUT_SECONDS,
    SERVICE_UNAVAILABLE_RETRY,
    choose,
    lambda_task,
    processing_job,
    sagemaker_call,
    training_job,
    tuning_job,
)

DEFINITION = Path(__file__).with_name("release.asl.json")
PLAN = "$.prepare_run"
ENDPOINT = f"{PLAN}.endpoint"

NO_ENDS = {
    "CostRejected": "The run could cost more than its recipe allows; nothing was started.",
    "DataRejected": "The data broke a rule of the recipe; nothing was trained.",
    "ModelRejected": "The archive to import may not be taken, or is none that this recipe's model can be.",
    "MetricsRejected": "The candidate missed a floor or another limit, or is worse than the live version.",
    "ApprovalDenied": "A person said no, or the policy did when nobody had decided in time.",
    "ApprovalExpired": "Too few people said yes before the deadline.",
    "RolledBack": "The live endpoint failed its tests and serves the version before again.",
}


def build() -> dict[str, Any]:  # noqa: PLR0915 - one statement a state: the flow is read in one piece
    """The definition in Amazon States Language."""
    faulted = Fail("Faulted", error="ReleaseFaulted", cause="The result of ReportFault names the state and its error.")
    report_fault = Task(
        "ReportFault",
        resource="${ReportFaultFunctionArn}",
        comment="Frees the lock, tells people and keeps the cause.",
        parameters={"run_id.$": "$$.Execution.Name", "execution_arn.$": "$$.Execution.Id", "state.$": "$"},
        result_path="$.report_fault",
        timeout_seconds=LAMBDA_TIMEOUT_SECONDS,
        retry=[LAMBDA_SERVICE_RETRY, SERVICE_UNAVAILABLE_RETRY],
        catch=Catch(error_equals=["States.ALL"], result_path="$.unreported_fault", next_step=faulted),
    )
    report_fault.next(faulted)
    catch = Catch(error_equals=["States.ALL"], result_path="$.fault", next_step=report_fault)

    roll_back_endpoint = lambda_task(
        "RollBackEndpoint",
        {"plan.$": PLAN, "update_endpoint.$": "$.update_endpoint"},
        comment="Back to the configuration before; without one the endpoint is deleted.",
        catch=catch,
        retry=[ENDPOINT_BUSY_RETRY],
    )
    # Once the endpoint has changed, a fault leads back to the version before, not to a half-done release.
    roll_back_catch = Catch(error_equals=["States.ALL"], result_path="$.fault", next_step=roll_back_endpoint)

    # --- is anything new? ---
    prepare_run = lambda_task(
        "PrepareRun",
        {
            "execution_arn.$": "$$.Execution.Id",
            "state_machine_arn.$": "$$.StateMachine.Id",
            "started_at.$": "$$.Execution.StartTime",
            "input.$": "$",
        },
        comment="Digests data, recipe and code, takes the recipe's lock, plans names, folders, reuse and cost.",
        catch=catch,
    )
    is_anything_new = Choice("IsAnythingNew")

    # --- data ---
    is_preprocess_reused = Choice("IsPreprocessReused", comment="Same data, recipe and code: the same rows.")
    preprocess = processing_job(
        "Preprocess",
        "steps.preprocess",
        comment="Splits and profiles the rows; a bad row is counted, not fatal. The recipe bounds its time.",
        catch=catch,
    )
    has_preprocess_completed = Choice("HasPreprocessCompleted", comment="A stopped job may not fail its task.")
    validate_data = lambda_task(
        "ValidateData",
        {"plan.$": PLAN},
        comment="Judges the profile by the recipe's rules, before anything is paid for training.",
        catch=catch,
    )
    is_data_valid = Choice("IsDataValid")

    # --- model ---
    how_to_get_model = Choice("HowToGetModel")
    train_model = training_job(
        "TrainModel",
        comment="Nothing is kept waiting: SageMaker says when it is done. The recipe bounds its time.",
        catch=catch,
    )
    has_training_completed = Choice("HasTrainingCompleted", comment="A stopped job may not fail its task.")
    tune_model = tuning_job(
        "TuneModel",
        comment="Trains several times with other hyperparameters and compares. The recipe bounds number and time.",
        catch=catch,
    )
    has_tuning_completed = Choice("HasTuningCompleted", comment="A stopped job may not fail its task.")
    import_model = processing_job(
        "ImportModel",
        "training.import_model",
        comment="Checks an archive that exists already, before anything serves it. Nothing is trained.",
        catch=catch,
        step="train_model",
    )
    has_import_completed = Choice("HasImportCompleted", comment="A stopped job may not fail its task.")
    adopt_model = lambda_task(
        "AdoptModel",
        {"plan.$": PLAN},
        comment="Takes the search's best model as the run's own, or says why an archive was refused.",
        catch=catch,
    )
    is_model_adopted = Choice("IsModelAdopted")
    is_evaluation_reused = Choice("IsEvaluationReused", comment="Same model, rows and champion: the same numbers.")
    evaluate_model = processing_job(
        "EvaluateModel",
        "training.evaluate_model",
        comment="Candidate and champion on the same rows, never trained on. The recipe bounds its time.",
        catch=catch,
    )
    has_evaluation_completed = Choice("HasEvaluationCompleted", comment="A stopped job may not fail its task.")
    check_metrics = lambda_task(
        "CheckMetrics",
        {"plan.$": PLAN},
        comment="Floors, paired tests against the live version, other limits, and whether a person is asked.",
        catch=catch,
    )
    write_report = lambda_task(
        "WriteReport",
        {"state.$": "$"},
        comment="Puts all that is known into one file, whatever the verdict; what an approver sees is that file.",
        catch=catch,
    )
    metrics_passed = Choice("MetricsPassed")

    # --- a person ---
    register_model = lambda_task(
        "RegisterModel",
        {"plan.$": PLAN, "check_metrics.$": "$.check_metrics"},
        comment="Registers the very bytes that were evaluated as a model package, pending approval.",
        catch=catch,
    )
    is_approval_needed = Choice("IsApprovalNeeded", comment="A clear win needs nobody where the recipe says so.")
    request_approval = Task(
        "RequestApproval",
        resource="arn:${Partition}:states:::lambda:invoke.waitForTaskToken",
        comment="Mails each approver a link and waits for an answer; the recipe's deadline ends the wait.",
        parameters={
            "FunctionName": "${RequestApprovalFunctionArn}",
            "Payload": {
                "run_id.$": "$$.Execution.Name",
                "task_token.$": "$$.Task.Token",
                "execution_arn.$": "$$.Execution.Id",
                "plan.$": PLAN,
                "check_metrics.$": "$.check_metrics",
                "write_report.$": "$.write_report",
                "register_model.$": "$.register_model",
            },
        },
        result_path="$.request_approval",
        timeout_seconds_path=f"{PLAN}.approval_deadline_seconds",
        retry=LAMBDA_SERVICE_RETRY,
    )
    is_approved = Choice("IsApproved")
    decide_at_deadline = lambda_task(
        "DecideAtDeadline",
        {"plan.$": PLAN},
        comment="Nobody has decided in time: closes the request as the recipe's policy says.",
        catch=catch,
    )
    is_approved_at_deadline = Choice("IsApprovedAtDeadline")

    # --- endpoint ---
    is_pipeline = Choice("IsPipeline", comment="A table is answered by two containers, one after the other.")
    create_pipeline_model = sagemaker_call(
        "CreatePipelineModel",
        {
            "ModelName.$": f"{ENDPOINT}.model_name",
            "ExecutionRoleArn": "${JobRoleArn}",
            "Containers.$": "$.register_model.containers",
        },
        comment="One request; two minutes are plenty.",
        catch=catch,
        action="createModel",
    )
    create_model = sagemaker_call(
        "CreateModel",
        {
            "ModelName.$": f"{ENDPOINT}.model_name",
            "ExecutionRoleArn": "${JobRoleArn}",
            "PrimaryContainer": {
                "Image.$": f"{ENDPOINT}.image_uri",
                "ModelDataUrl.$": "$.register_model.model_data_uri",
            },
        },
        comment="One request; two minutes are plenty.",
        catch=catch,
    )
    create_endpoint_config = sagemaker_call(
        "CreateEndpointConfig",
        {
            "EndpointConfigName.$": f"{ENDPOINT}.endpoint_config_name",
            "ProductionVariants": [
                {
                    # The variant's name stays for ever: an update may not change it.
                    "VariantName": "primary",
                    "ModelName.$": f"{ENDPOINT}.model_name",
                    "InstanceType.$": f"{ENDPOINT}.instance_type",
                    "InitialInstanceCount.$": f"{ENDPOINT}.instance_count",
                    "InitialVariantWeight": 1,
                }
            ],
        },
        comment="One request; two minutes are plenty. Every update needs a new configuration.",
        catch=catch,
    )
    update_endpoint = lambda_task(
        "UpdateEndpoint",
        {"plan.$": PLAN, "register_model.$": "$.register_model"},
        comment="Checks the artifact's digest, then creates or updates. Waits ten minutes for another change.",
        catch=catch,
        retry=[ENDPOINT_BUSY_RETRY],
    )
    describe_endpoint = lambda_task(
        "DescribeEndpoint",
        {
            "recipe.$": f"{PLAN}.recipe",
            "endpoint_name.$": "$.update_endpoint.endpoint_name",
            "endpoint_config_name.$": "$.update_endpoint.endpoint_config_name",
            "requested_at.$": "$.update_endpoint.requested_at",
            "deadline_seconds.$": f"{ENDPOINT}.deadline_seconds",
        },
        comment="In service means InService and the new configuration: a failed update is InService with the old one.",
        catch=roll_back_catch,
    )
    is_endpoint_in_service = Choice("IsEndpointInService")
    wait_for_endpoint = Wait("WaitForEndpoint", seconds_path=f"{ENDPOINT}.poll_seconds")
    run_smoke_tests = lambda_task(
        "RunSmokeTests",
        {"plan.$": PLAN},
        comment="Asks the live endpoint the recipe's questions and compares the answers.",
        catch=roll_back_catch,
    )
    smoke_tests_passed = Choice("SmokeTestsPassed")
    record_release = lambda_task(
        "RecordRelease",
        {"state.$": "$"},
        comment="Makes the version the live one, approves its package, frees the lock, tells people.",
        catch=roll_back_catch,
    )
    released = Succeed("Released", comment="The new version is live and answers as it must.")

    # --- the other ends ---
    nothing_new = Succeed("NothingNew", comment="Data, recipe and code are those of the live version.")
    already_running = Succeed("AlreadyRunning", comment="Another run of this recipe holds the lock.")
    write_rejection_report = lambda_task(
        "WriteRejectionReport",
        {"state.$": "$"},
        comment="The same for data or an archive that was refused: what was found stays readable.",
        catch=catch,
        function="WriteReport",
    )
    close_run = lambda_task(
        "CloseRun",
        {"state.$": "$"},
        comment="Ends a run that was told no: the lock is freed, the model package rejected, people told.",
        catch=catch,
    )
    how_it_ended = Choice("HowItEnded", comment="CloseRun names the end and the number that decided.")
    no_ends = {name: Succeed(name, comment=meaning) for name, meaning in NO_ENDS.items()}

    # --- back to the version before ---
    describe_rolled_back_endpoint = lambda_task(
        "DescribeRolledBackEndpoint",
        {
            "recipe.$": f"{PLAN}.recipe",
            "endpoint_name.$": "$.roll_back_endpoint.endpoint_name",
            "endpoint_config_name.$": "$.roll_back_endpoint.endpoint_config_name",
            "requested_at.$": "$.roll_back_endpoint.requested_at",
            "deadline_seconds.$": f"{ENDPOINT}.deadline_seconds",
        },
        comment="The way back has a deadline of its own; missing it is a fault that needs a person.",
        catch=catch,
        function="DescribeEndpoint",
    )
    is_rolled_back = Choice("IsRolledBack")
    wait_for_roll_back = Wait("WaitForRollBack", seconds_path=f"{ENDPOINT}.poll_seconds")

    # --- what follows what ---
    prepare_run.next(is_anything_new)
    choose(
        is_anything_new,
        f"{PLAN}.decision",
        {
            "go": is_preprocess_reused,
            "nothing_new": nothing_new,
            "already_running": already_running,
            "too_expensive": close_run,
        },
        report_fault,
    )
    choose(is_preprocess_reused, f"{PLAN}.preprocess.reuse", {True: validate_data}, preprocess)
    preprocess.next(has_preprocess_completed)
    choose(has_preprocess_completed, "$.preprocess.ProcessingJobStatus", {"Completed": validate_data}, report_fault)
    validate_data.next(is_data_valid)
    choose(is_data_valid, "$.validate_data.verdict", {"accepted": how_to_get_model}, write_rejection_report)
    choose(
        how_to_get_model,
        f"{PLAN}.how_to_get_model",
        {"train": train_model, "tune": tune_model, "import": import_model, "reuse": is_evaluation_reused},
        report_fault,
    )
    train_model.next(has_training_completed)
    choose(has_training_completed, "$.train_model.TrainingJobStatus", {"Completed": is_evaluation_reused}, report_fault)
    tune_model.next(has_tuning_completed)
    choose(
        has_tuning_completed,
        "$.tune_model.HyperParameterTuningJobStatus",
        {"Completed": adopt_model},
        report_fault,
    )
    import_model.next(has_import_completed)
    choose(has_import_completed, "$.import_model.ProcessingJobStatus", {"Completed": adopt_model}, report_fault)
    adopt_model.next(is_model_adopted)
    choose(is_model_adopted, "$.adopt_model.verdict", {"adopted": is_evaluation_reused}, write_rejection_report)
    choose(is_evaluation_reused, f"{PLAN}.evaluate_model.reuse", {True: check_metrics}, evaluate_model)
    evaluate_model.next(has_evaluation_completed)
    choose(has_evaluation_completed, "$.evaluate_model.ProcessingJobStatus", {"Completed": check_metrics}, report_fault)
    Chain([check_metrics, write_report, metrics_passed])
    choose(metrics_passed, "$.check_metrics.verdict", {"passed": register_model}, close_run)
    register_model.next(is_approval_needed)
    choose(is_approval_needed, "$.check_metrics.needs_approval", {True: request_approval}, is_pipeline)
    request_approval.add_catch(
        # AWS documents one name for a missed wait and has been recorded using the other.
        Catch(
            error_equals=["States.Timeout", "States.HeartbeatTimeout"],
            result_path="$.approval_expired",
            next_step=decide_at_deadline,
        )
    )
    request_approval.add_catch(catch)
    request_approval.next(is_approved)
    choose(is_approved, "$.request_approval.decision", {"approved": is_pipeline}, close_run)
    decide_at_deadline.next(is_approved_at_deadline)
    choose(is_approved_at_deadline, "$.decide_at_deadline.outcome", {"approved": is_pipeline}, close_run)
    choose(is_pipeline, f"{ENDPOINT}.is_pipeline", {True: create_pipeline_model}, create_model)
    create_pipeline_model.next(create_endpoint_config)
    Chain([create_model, create_endpoint_config, update_endpoint, describe_endpoint, is_endpoint_in_service])
    choose(
        is_endpoint_in_service,
        "$.describe_endpoint.status",
        {"in_service": run_smoke_tests, "in_progress": wait_for_endpoint},
        roll_back_endpoint,
    )
    wait_for_endpoint.next(describe_endpoint)
    run_smoke_tests.next(smoke_tests_passed)
    choose(smoke_tests_passed, "$.run_smoke_tests.verdict", {"passed": record_release}, roll_back_endpoint)
    record_release.next(released)
    Chain([roll_back_endpoint, describe_rolled_back_endpoint, is_rolled_back])
    choose(
        is_rolled_back,
        "$.describe_rolled_back_endpoint.status",
        {"in_service": close_run, "in_progress": wait_for_roll_back},
        report_fault,
    )
    wait_for_roll_back.next(describe_rolled_back_endpoint)
    Chain([write_rejection_report, close_run, how_it_ended])
    choose(how_it_ended, "$.close_run.outcome", no_ends, report_fault)

    order = [
        *(prepare_run, is_anything_new, is_preprocess_reused, preprocess, has_preprocess_completed),
        *(validate_data, is_data_valid, how_to_get_model, train_model, has_training_completed),
        *(tune_model, has_tuning_completed, import_model, has_import_completed, adopt_model, is_model_adopted),
        *(is_evaluation_reused, evaluate_model, has_evaluation_completed, check_metrics, write_report),
        *(metrics_passed, register_model, is_approval_needed, request_approval, is_approved),
        *(decide_at_deadline, is_approved_at_deadline),
        *(is_pipeline, create_pipeline_model, create_model, create_endpoint_config),
        *(update_endpoint, describe_endpoint, is_endpoint_in_service, wait_for_endpoint, run_smoke_tests),
        *(smoke_tests_passed, record_release, released, nothing_new, already_running),
        *(roll_back_endpoint, describe_rolled_back_endpoint, is_rolled_back, wait_for_roll_back),
        *(write_rejection_report, close_run, how_it_ended, *no_ends.values(), report_fault, faulted),
    ]
    return definition_of(
        "From new data to a live endpoint, when the data, the metrics, a person and the endpoint say yes.", order
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Write the definition, or with --check compare it with the committed file."""
    return write_or_check(build(), DEFINITION, __doc__ or "", argv)


if __name__ == "__main__":
    sys.exit(main())
