"""PrepareBatch: which version answers a file's rows, and what is every name and folder of the batch?

Pure: what is read is handed in as BatchFacts.
"""

from __future__ import annotations

from dataclasses import dataclass

from steps.batch_contracts import BatchInput, JobPlan, PrepareBatchResult
from steps.job_requests import (
    PROCESSING_VOLUME_GB,
    join_predictions_request,
    split_rows_request,
    transform_request,
)
from steps.names import job_name

SUFFIXES = {"SplitRows": "split", "TransformRows": "transform", "JoinPredictions": "join"}
GIGABYTE = 1_000_000_000
# The rows, their requests and answers, or their result, on one disk; JSON may take six bytes for a letter.
DISK_FOR_EACH_BYTE = 8
# SageMaker's largest disk for a job.
LARGEST_DISK_GB = 16_384


@dataclass(frozen=True)
class BatchFacts:
    """All that a plan follows from.

    card_uri: the version's ModelCard;  rows_bytes: size of the file, as it lies in S3
    """

    batch_id: str
    request: BatchInput
    model_version: str
    model_name: str
    card_uri: str
    rows_bytes: int
    code_uri: str
    bucket: str
    image: str


def batch_uri(bucket: str, batch_id: str) -> str:
    """Folder of a batch's artifacts."""
    return f"s3://{bucket}/batches/{batch_id}"


def refused(batch_id: str, recipe: str, reason: str) -> PrepareBatchResult:
    """The result of a batch that nothing can answer."""
    return PrepareBatchResult(batch_id=batch_id, recipe=recipe, decision="refused", reason=reason)


def plan_batch(facts: BatchFacts) -> PrepareBatchResult:
    """Names, folders and requests."""
    folder = batch_uri(facts.bucket, facts.batch_id)
    answers_uri, predictions_uri = f"{folder}/answers", f"{folder}/predictions"
    disk_gb = facts.rows_bytes * DISK_FOR_EACH_BYTE // GIGABYTE + PROCESSING_VOLUME_GB
    common = {
        "image": facts.image,
        "code_uri": facts.code_uri,
        "rows_uri": facts.request.rows_uri,
        "card_uri": facts.card_uri,
    }
    disk = min(disk_gb, LARGEST_DISK_GB)
    split = split_rows_request(
        **common,
        file_name=facts.request.file_name,
        text_column=facts.request.text_column,
        output_uri=folder,
        volume_gb=disk,
    )
    join = join_predictions_request(**common, answers_uri=answers_uri, output_uri=predictions_uri, volume_gb=disk)
    return PrepareBatchResult(
        batch_id=facts.batch_id,
        recipe=facts.request.recipe,
        decision="go",
        reason=f"Version {facts.model_version} answers.",
        model_version=facts.model_version,
        model_name=facts.model_name,
        answers_uri=answers_uri,
        predictions_uri=predictions_uri,
        split_rows=JobPlan(job_name=job_name(facts.batch_id, SUFFIXES["SplitRows"]), parameters=split),
        transform_rows=JobPlan(
            job_name=job_name(facts.batch_id, SUFFIXES["TransformRows"]),
            parameters=transform_request(requests_uri=f"{folder}/requests/", output_uri=answers_uri),
        ),
        join_predictions=JobPlan(job_name=job_name(facts.batch_id, SUFFIXES["JoinPredictions"]), parameters=join),
    )
