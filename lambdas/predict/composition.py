"""The one place where the prediction API's parts are put together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from lambdas.adapters.dynamodb_api_keys import api_keys
from lambdas.adapters.dynamodb_releases import release_records
from lambdas.adapters.s3 import artifact_store
from lambdas.adapters.sagemaker import model_registry
from lambdas.adapters.sagemaker_runtime import predictor
from lambdas.predict.access import ApiAccess
from lambdas.settings import Settings
from steps.ports import ApiKeys, ArtifactStore, ModelRegistry, Predictor, ReleaseRecords


class PredictSettings(Settings):
    """Environment of the prediction API. There is no default for who is let in."""

    release_table: str
    api_access: ApiAccess


@dataclass(frozen=True)
class Services:
    """What the API asks."""

    access: ApiAccess
    records: ReleaseRecords
    store: ArtifactStore
    registry: ModelRegistry
    predictor: Predictor
    keys: ApiKeys


@cache
def settings() -> PredictSettings:
    """The function's environment, read at the first call."""
    return PredictSettings.from_environment()


@cache
def services() -> Services:
    """One of each per container, made at the first call."""
    environment = settings()
    return Services(
        access=environment.api_access,
        records=release_records(environment.release_table),
        store=artifact_store(),
        registry=model_registry(),
        predictor=predictor(),
        keys=api_keys(environment.release_table),
    )
