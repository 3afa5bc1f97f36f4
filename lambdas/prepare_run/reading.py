"""Reads what a plan follows from: the recipe, the data, the code and the live version."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from lambdas.settings import Settings
from steps.code_manifest import CodeManifest
from steps.contracts import LiveVersion, RunInput
from steps.errors import ArtifactMissingError, DataUnavailableError, ModelUnavailableError, RecipeInvalidError
from steps.ports import ArtifactStore, ReleaseRecords
from steps.prepare_run import Facts
from steps.pretrained import LAST_FILE, pretrained_uri
from steps.recipe import Recipe, parse_recipe

# The file's name becomes an argument of the job, and SageMaker takes 256 characters with the path before it.
MAX_FILE_CHARACTERS = 200


class PrepareRunSettings(Settings):
    """Environment of PrepareRun."""

    artifact_bucket: str
    release_table: str
    stack_name: str
    code_uri: str
    tensorflow_training_image: str
    tensorflow_inference_image: str
    scikit_learn_image: str
    xgboost_image: str
    aws_region: str


class PrepareRunInput(BaseModel):
    """Event of PrepareRun; `input` is what the execution was started with, read by read_facts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    run_id: str
    execution_arn: str
    state_machine_arn: str
    started_at: datetime
    input: dict[str, Any]


def read_facts(
    request: PrepareRunInput, environment: PrepareRunSettings, artifacts: ArtifactStore, records: ReleaseRecords
) -> Facts:
    """All that a plan follows from.

    Raises RecipeInvalidError, DataUnavailableError, ModelUnavailableError or ArtifactMissingError.
    """
    asked = _parse_input(request.input)
    code = CodeManifest.model_validate_json(artifacts.read(f"{environment.code_uri}/manifest.json"))
    recipe, recipe_uri = _read_recipe(asked, code, environment.code_uri, artifacts)
    data_uri = _find_data(asked, environment.artifact_bucket, artifacts)
    live = records.live(recipe.name)
    model_uri = _find_model(asked, recipe, live, environment.artifact_bucket)
    _check_weights(recipe, environment.artifact_bucket, artifacts)
    return Facts(
        run_id=request.run_id,
        started_at=request.started_at,
        requested_by=asked.requested_by,
        force=asked.force,
        override_reason=asked.override_reason,
        recipe=recipe,
        recipe_uri=recipe_uri,
        data_uri=data_uri,
        data_digest=_digest_data(data_uri, artifacts),
        code=code,
        code_uri=environment.code_uri,
        live=live,
        bucket=environment.artifact_bucket,
        region=environment.aws_region,
        stack=environment.stack_name,
        tensorflow_training_image=environment.tensorflow_training_image,
        tensorflow_inference_image=environment.tensorflow_inference_image,
        scikit_learn_image=environment.scikit_learn_image,
        xgboost_image=environment.xgboost_image,
        model_uri=model_uri,
        model_digest=None if model_uri is None else _digest_model(model_uri, artifacts),
    )


def _parse_input(given: dict[str, Any]) -> RunInput:
    try:
        return RunInput.model_validate(given)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise RecipeInvalidError(f'the run\'s input is wrong ({problems}); send {{"recipe": "<name>"}}') from error


def _read_recipe(asked: RunInput, code: CodeManifest, code_uri: str, artifacts: ArtifactStore) -> tuple[Recipe, str]:
    if asked.recipe_uri is None and asked.recipe not in code.recipes:
        known = ", ".join(code.recipes) or "none"
        raise RecipeInvalidError(f"there is no recipe '{asked.recipe}'; the deployed recipes are: {known}")
    uri = asked.recipe_uri or f"{code_uri}/source/recipes/{asked.recipe}/recipe.yaml"
    try:
        text = artifacts.read(uri).decode()
    except ArtifactMissingError as error:
        raise RecipeInvalidError(f"there is no recipe at {uri}") from error
    except UnicodeDecodeError as error:
        raise RecipeInvalidError(f"{uri} is not UTF-8 text") from error
    recipe = parse_recipe(text, where=uri)
    if recipe.name != asked.recipe:
        raise RecipeInvalidError(f"{uri} is the recipe '{recipe.name}', but the run asked for '{asked.recipe}'")
    return recipe, uri


def _find_data(asked: RunInput, bucket: str, artifacts: ArtifactStore) -> str:
    incoming = f"s3://{bucket}/incoming/{asked.recipe}/"
    uri = asked.data_uri or artifacts.newest(incoming)
    if uri is None:
        raise DataUnavailableError(
            f"there is no data for '{asked.recipe}'; put a CSV under {incoming} or give data_uri"
        )
    if not uri.startswith(f"s3://{bucket}/"):
        raise DataUnavailableError(f"{uri} is in a bucket the jobs may not read; copy it into s3://{bucket}/")
    return uri


def _find_model(asked: RunInput, recipe: Recipe, live: LiveVersion | None, bucket: str) -> str | None:
    """The archive to import; None when the recipe trains its model."""
    if recipe.import_model is None:
        if asked.model_uri is None:
            return None
        raise ModelUnavailableError(
            f"the run names a model, but the recipe {recipe.name} trains one; leave model_uri out, or give the recipe "
            "a section import_model"
        )
    uri = asked.model_uri or recipe.import_model.model_uri
    if uri is None and live is not None:
        # A schedule or new data names no archive: what is live is measured anew.
        uri = live.model_data_uri
    if uri is None:
        raise ModelUnavailableError(
            f"the recipe {recipe.name} imports a model, but nothing names one; start the run with `greenlight run "
            f"{recipe.name} --model FILE`, or set import_model.model_uri"
        )
    if not uri.startswith(f"s3://{bucket}/"):
        raise ModelUnavailableError(
            f"{uri} is in a bucket the jobs may not read; copy it into s3://{bucket}/, or download it and use "
            f"`greenlight run {recipe.name} --model FILE`"
        )
    if len(uri.rsplit("/", 1)[-1]) > MAX_FILE_CHARACTERS:
        raise ModelUnavailableError(f"{uri} has a name of more than {MAX_FILE_CHARACTERS} characters; shorten it")
    return uri


def _digest_model(uri: str, artifacts: ArtifactStore) -> str:
    try:
        return artifacts.noted_digest(uri) or artifacts.digest(uri)
    except ArtifactMissingError as error:
        raise ModelUnavailableError(f"there is no model archive at {uri}; check model_uri") from error


def _check_weights(recipe: Recipe, bucket: str, artifacts: ArtifactStore) -> None:
    """Training would only find out after its rows were prepared."""
    section = recipe.training.pretrained
    if section is None or recipe.import_model is not None:
        return
    folder = pretrained_uri(bucket, section.sha256)
    if not artifacts.exists(f"{folder}/{LAST_FILE}"):
        raise DataUnavailableError(
            f"the recipe {recipe.name} starts from pretrained weights, and there are none at {folder}/; "
            f"start the run once with `greenlight run {recipe.name}`, which puts them there"
        )


def _digest_data(uri: str, artifacts: ArtifactStore) -> str:
    try:
        return artifacts.noted_digest(uri) or artifacts.digest(uri)
    except ArtifactMissingError as error:
        raise DataUnavailableError(f"there is no data at {uri}; check data_uri") from error
