"""Which version a batch prediction asks, looked up before a file is sent: what cannot work is said at once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError
from pydantic import ValidationError

from greenlight.errors import WrongUseError
from greenlight.live import LiveRecords
from greenlight.recipes import load_recipe, recipe_names
from greenlight.registry import versions
from greenlight.target import PROJECT
from steps.model_card import ModelCard
from steps.names import endpoint_name

if TYPE_CHECKING:
    from greenlight.target import Target


def card_of(target: Target, recipe: str, version: str | None) -> ModelCard | None:
    """The card of the version that will answer; None when it has none, which PrepareBatch says in its own words.

    Raises WrongUseError for a recipe or version that is not there, and when nothing is live.
    """
    if version is not None and not re.fullmatch(r"[1-9]\d{0,8}", version):
        raise WrongUseError(f"--version is '{version}'; give a number that `greenlight models {recipe}` lists")
    live = LiveRecords(target.dynamodb, target.output("ReleaseTable")).live(recipe)
    if live is None:
        if recipe not in recipe_names(PROJECT):
            load_recipe(PROJECT, recipe)  # raises, with the names that are near
        raise WrongUseError(f"nothing of {recipe} is live; release it first: `greenlight run {recipe}`")
    run_id = live.run_id
    if version is not None and version != live.model_version:
        known = versions(target.sagemaker, recipe, endpoint_name(target.stack_name, recipe), live.model_package_arn)
        runs = {each.version: each.run_id for each in known}
        if version not in runs:
            listed = ", ".join(sorted(runs, key=int)) or "none"
            raise WrongUseError(f"there is no version {version} of {recipe}; there are: {listed}")
        run_id = runs[version]
    return _read(target, f"runs/{run_id}/record_release/model_card.json")


def _read(target: Target, key: str) -> ModelCard | None:
    try:
        body = target.s3.get_object(Bucket=target.output("ArtifactBucket"), Key=key)["Body"].read()
        return ModelCard.model_validate_json(body)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") not in {"NoSuchKey", "404", "AccessDenied"}:
            raise
    except ValidationError:
        # A card of a later release than this program.
        pass
    return None
