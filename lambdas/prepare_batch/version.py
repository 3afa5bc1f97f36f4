"""Which released version answers, and where its model and its card are."""

from __future__ import annotations

from dataclasses import dataclass

from steps.batch_contracts import BatchInput
from steps.contracts import LiveVersion
from steps.names import model_name
from steps.ports import ArtifactStore, ModelVersions, ReleaseRecords


@dataclass(frozen=True)
class Version:
    """A version that can answer."""

    version: str
    model_name: str
    card_uri: str


def find_version(
    request: BatchInput,
    stack: str,
    bucket_uri: str,
    *,
    records: ReleaseRecords,
    versions: ModelVersions,
    artifacts: ArtifactStore,
) -> Version | str:
    """The live version or the one asked for, or a sentence that says why it cannot answer.

    bucket_uri: s3://bucket/ of the artifacts
    """
    live = records.live(request.recipe)
    if live is None:
        return f"nothing of {request.recipe} is live; release it first: greenlight run {request.recipe}"
    wanted = request.version or live.model_version
    run_id = live.run_id if wanted == live.model_version else versions.run_of(_package(live, wanted))
    if run_id is None:
        return f"there is no version {wanted} of {request.recipe}; greenlight models {request.recipe} lists them"
    # The endpoint's configuration has the name of the model it serves.
    name = live.endpoint_config_name if run_id == live.run_id else model_name(stack, run_id)
    card_uri = (live.card_uri if run_id == live.run_id else None) or _card_uri(bucket_uri, run_id)
    if not versions.has_model(name):
        return f"version {wanted} of {request.recipe} has no SageMaker model any more, or never had one"
    if not artifacts.exists(card_uri):
        return f"version {wanted} of {request.recipe} was never live, or has no model card; release it anew"
    return Version(wanted, name, card_uri)


def _package(live: LiveVersion, version: str) -> str:
    return f"{live.model_package_arn.rpartition('/')[0]}/{version}"


def _card_uri(bucket_uri: str, run_id: str) -> str:
    return f"{bucket_uri}runs/{run_id}/record_release/model_card.json"
