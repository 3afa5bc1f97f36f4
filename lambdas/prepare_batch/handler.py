"""PrepareBatch: find the version that answers a file's rows, and plan the batch."""

from __future__ import annotations

from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

from lambdas.adapters.dynamodb_releases import release_records
from lambdas.adapters.s3 import artifact_store
from lambdas.adapters.sagemaker import model_versions
from lambdas.observed import logger, state_handler
from lambdas.prepare_batch.version import Version, find_version
from lambdas.settings import Settings
from steps.batch_contracts import BatchInput, PrepareBatchResult
from steps.ports import ArtifactStore, ModelVersions, ObjectSizes, ReleaseRecords
from steps.prepare_batch import BatchFacts, plan_batch, refused


class PrepareBatchInput(BaseModel):
    """Event of PrepareBatch; the input is the execution's own."""

    run_id: str
    input: BatchInput


class PrepareBatchSettings(Settings):
    """Environment of PrepareBatch."""

    artifact_bucket: str
    release_table: str
    stack_name: str
    code_uri: str
    tensorflow_training_image: str


@cache
def settings() -> PrepareBatchSettings:
    """The function's environment, read at the first call."""
    return PrepareBatchSettings.from_environment()


def prepare_batch(
    event: PrepareBatchInput,
    environment: PrepareBatchSettings,
    *,
    records: ReleaseRecords,
    versions: ModelVersions,
    artifacts: ArtifactStore,
    sizes: ObjectSizes,
) -> PrepareBatchResult:
    """The plan, or why there is none; safe to repeat."""
    request = event.input
    ours = f"s3://{environment.artifact_bucket}/"
    if not request.rows_uri.startswith(ours):
        return refused(event.run_id, request.recipe, f"rows_uri must lie in the artifact bucket, below {ours}")
    found = find_version(request, environment.stack_name, ours, records=records, versions=versions, artifacts=artifacts)
    if not isinstance(found, Version):
        return refused(event.run_id, request.recipe, found)
    rows_bytes = sizes.size(request.rows_uri)
    if not rows_bytes:
        return refused(event.run_id, request.recipe, f"{request.file_name} is empty. Give a CSV with a header.")
    return plan_batch(
        BatchFacts(
            batch_id=event.run_id,
            request=request,
            model_version=found.version,
            model_name=found.model_name,
            card_uri=found.card_uri,
            rows_bytes=rows_bytes,
            code_uri=environment.code_uri,
            bucket=environment.artifact_bucket,
            image=environment.tensorflow_training_image,
        )
    )


@state_handler
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Event: run_id, input. Result: PrepareBatchResult."""
    environment = settings()
    store = artifact_store()
    result = prepare_batch(
        PrepareBatchInput.model_validate(event),
        environment,
        records=release_records(environment.release_table),
        versions=model_versions(),
        artifacts=store,
        sizes=store,
    )
    logger.info("batch prepared", decision=result.decision, model_version=result.model_version)
    return result.model_dump(mode="json")
