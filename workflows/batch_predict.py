"""The state machine of a batch prediction: a file's rows go in, and come out with their answers beside them.

Run     python -m workflows.batch_predict            writes workflows/batch_predict.asl.json
        python -m workflows.batch_predict --check    fails when the committed file differs

The order is the happy path, then the other ends, then the faults. `${…}` tokens are filled in by the template's
DefinitionSubstitutions. Every state adds its result under its own name and overwrites nothing. The model is asked by a
transform job, so that the endpoint goes on serving its callers alone.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from stepfunctions.steps import Catch, Choice, Fail, Succeed, Task

from workflows.definition_file import definition_of, write_or_check
from workflows.states import (
    LAMBDA_SERVICE_RETRY,
    LAMBDA_TIMEOUT_SECONDS,
    SERVICE_UNAVAILABLE_RETRY,
    choose,
    lambda_task,
    processing_job,
    transform_job,
)

DEFINITION = Path(__file__).with_name("batch_predict.asl.json")
PLANNED_BY = "PrepareBatch"
PLAN = "$.prepare_batch"


def build() -> dict[str, Any]:
    """The definition in Amazon States Language."""
    batch_faulted = Fail(
        "BatchFaulted", error="BatchFaulted", cause="The result of ReportBatchFault names the state and its error."
    )
    report_batch_fault = Task(
        "ReportBatchFault",
        resource="${ReportBatchFaultFunctionArn}",
        comment="Keeps the cause, in the log and in the batch's own history.",
        parameters={"run_id.$": "$$.Execution.Name", "state.$": "$"},
        result_path="$.report_batch_fault",
        timeout_seconds=LAMBDA_TIMEOUT_SECONDS,
        retry=[LAMBDA_SERVICE_RETRY, SERVICE_UNAVAILABLE_RETRY],
        catch=Catch(error_equals=["States.ALL"], result_path="$.unreported_fault", next_step=batch_faulted),
    )
    report_batch_fault.next(batch_faulted)
    catch = Catch(error_equals=["States.ALL"], result_path="$.fault", next_step=report_batch_fault)

    prepare_batch = lambda_task(
        "PrepareBatch",
        {"input.$": "$"},
        comment="Finds the version that answers and its SageMaker model, plans names, folders and requests.",
        catch=catch,
    )
    is_batch_possible = Choice("IsBatchPossible")
    split_rows = processing_job(
        "SplitRows",
        "steps.split_rows",
        comment="Makes rows into requests and sets bad rows aside. Four hours, however large the file.",
        catch=catch,
        planned_by=PLANNED_BY,
    )
    has_split_completed = Choice("HasSplitCompleted", comment="A stopped job may not fail its task.")
    check_rows = lambda_task(
        "CheckRows",
        {"plan.$": PLAN},
        comment="Reads what SplitRows counted: is there anything to ask the model?",
        catch=catch,
    )
    are_rows_answerable = Choice("AreRowsAnswerable")
    transform_rows = transform_job(
        "TransformRows",
        comment="The endpoint's model on a machine of its own. A transform job has no limit; a day bounds it.",
        catch=catch,
        planned_by=PLANNED_BY,
    )
    has_transform_completed = Choice("HasTransformCompleted", comment="A stopped job may not fail its task.")
    join_predictions = processing_job(
        "JoinPredictions",
        "steps.join_predictions",
        comment="Each answer beside its row, in the order of the file. Four hours, however large the file.",
        catch=catch,
        planned_by=PLANNED_BY,
    )
    has_join_completed = Choice("HasJoinCompleted", comment="A stopped job may not fail its task.")
    was_anything_answered = Choice("WasAnythingAnswered")
    batch_done = Succeed("BatchDone", comment="Every row has its answer, or the reason why it has none.")

    # --- the other ends ---
    no_row_answered = Succeed("NoRowAnswered", comment="No row could be answered; the result says why, row by row.")
    batch_refused = Succeed("BatchRefused", comment="There is no version to answer; nothing was started.")
    rows_rejected = Succeed("RowsRejected", comment="The file as a whole cannot be used; the model was not asked.")

    # --- what follows what ---
    prepare_batch.next(is_batch_possible)
    choose(is_batch_possible, f"{PLAN}.decision", {"go": split_rows, "refused": batch_refused}, report_batch_fault)
    split_rows.next(has_split_completed)
    choose(has_split_completed, "$.split_rows.ProcessingJobStatus", {"Completed": check_rows}, report_batch_fault)
    check_rows.next(are_rows_answerable)
    choose(
        are_rows_answerable,
        "$.check_rows.verdict",
        {"answerable": transform_rows, "none_answerable": join_predictions, "rejected": rows_rejected},
        report_batch_fault,
    )
    transform_rows.next(has_transform_completed)
    choose(
        has_transform_completed,
        "$.transform_rows.TransformJobStatus",
        {"Completed": join_predictions},
        report_batch_fault,
    )
    join_predictions.next(has_join_completed)
    choose(
        has_join_completed,
        "$.join_predictions.ProcessingJobStatus",
        {"Completed": was_anything_answered},
        report_batch_fault,
    )
    choose(was_anything_answered, "$.check_rows.verdict", {"none_answerable": no_row_answered}, batch_done)

    order = [
        *(prepare_batch, is_batch_possible, split_rows, has_split_completed, check_rows, are_rows_answerable),
        *(transform_rows, has_transform_completed, join_predictions, has_join_completed, was_anything_answered),
        *(batch_done, no_row_answered, batch_refused, rows_rejected, report_batch_fault, batch_faulted),
    ]
    return definition_of("From a file of rows to the same rows with their answers.", order)


def main(argv: Sequence[str] | None = None) -> int:
    """Write the definition, or with --check compare it with the committed file."""
    return write_or_check(build(), DEFINITION, __doc__ or "", argv)


if __name__ == "__main__":
    sys.exit(main())
