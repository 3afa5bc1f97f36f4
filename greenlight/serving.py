"""One version's card and archive, fetched to be served here, and the command that serves them."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError
from pydantic import ValidationError

from greenlight.errors import FaultError, WrongUseError
from greenlight.live import LiveRecords
from greenlight.recipes import recipe_names
from greenlight.registry import versions
from greenlight.target import PROJECT, Target
from steps.model_card import ModelCard
from steps.names import endpoint_name

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_CHUNK_BYTES = 1 << 20
_MISSING = {"404", "NoSuchKey", "NoSuchBucket", "NotFound"}


@dataclass(frozen=True)
class Released:
    """A version that was released. uri: where its card lies;  document: the card's bytes"""

    uri: str
    document: bytes
    card: ModelCard


def find_released(target: Target, recipe: str, version: str | None) -> Released:
    """The card of a version, of the live one when none is asked for.

    Raises WrongUseError when there is no such version or it was never released.
    """
    live = LiveRecords(target.dynamodb, target.output("ReleaseTable")).live(recipe)
    if live is not None and version in (None, live.model_version):
        if live.card_uri is None:
            raise WrongUseError(
                f"version {live.model_version} of {recipe} was released before there were model cards; "
                f"release it again: `greenlight run {recipe} --force`"
            )
        return _read_card(target.s3, live.card_uri)
    group = endpoint_name(target.stack_name, recipe)
    registered = versions(target.sagemaker, recipe, group, live.model_package_arn if live else None)
    if version is None:
        raise WrongUseError(_nothing_live(recipe, has_versions=bool(registered)))
    found = next((each for each in registered if each.version == version), None)
    if found is None:
        have = ", ".join(each.version for each in registered)
        advice = f"there are: {have}" if have else _nothing_live(recipe, has_versions=False)
        raise WrongUseError(f"there is no version {version} of {recipe}; {advice}")
    uri = f"s3://{target.output('ArtifactBucket')}/runs/{found.run_id}/record_release/model_card.json"
    try:
        return _read_card(target.s3, uri)
    except WrongUseError as error:
        raise WrongUseError(
            f"version {version} of {recipe} was never released ({found.approval_status}), so it has no model card; "
            f"`greenlight models {recipe}` lists all versions"
        ) from error


def fetch_archive(s3: S3Client, card: ModelCard, cache: Path) -> Path:
    """The version's archive, from the cache when it was fetched before.

    Raises WrongUseError when it is not there, FaultError when it is not what was released.
    """
    kept = cache / f"{card.model_digest}.tar.gz"
    if kept.is_file() and _digest(kept) == card.model_digest:
        return kept
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        file = Path(folder) / "model.tar.gz"
        bucket, key = _place(card.model_data_uri)
        try:
            s3.download_file(bucket, key, str(file))
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") not in _MISSING:
                raise
            raise WrongUseError(
                f"the archive of version {card.model_version} of {card.recipe} is gone: nothing lies at "
                f"{card.model_data_uri}; release it again: `greenlight run {card.recipe} --force`"
            ) from error
        if _digest(file) != card.model_digest:
            raise FaultError(
                f"what lies at {card.model_data_uri} is not what was released: its SHA-256 is {_digest(file)}, and the "
                f"card of version {card.model_version} says {card.model_digest}; release {card.recipe} again"
            )
        file.replace(kept)
    return kept


def require_archive(file: Path, card: ModelCard) -> None:
    """Raises WrongUseError when a file of the user's is not the archive that was released."""
    if not file.is_file():
        raise WrongUseError(f"there is no file {file}; give the version's model.tar.gz, or leave --model out")
    digest = _digest(file)
    if digest != card.model_digest:
        raise WrongUseError(
            f"{file} is not version {card.model_version} of {card.recipe}: its SHA-256 is {digest}, and "
            f"{card.model_digest} was released; take the version that belongs to it, or leave --model out"
        )


def fargate_parameters(released: Released) -> list[str]:
    """Parameters of the root template that make Fargate serve this version."""
    card = released.card
    return [f"ServeRecipe={card.recipe}", f"ServeCardUri={released.uri}", f"ServeModelUri={card.model_data_uri}"]


def server_command(card: Path, archive: Path, *, host: str, port: int, options: Sequence[str]) -> list[str]:
    """The command that serves an archive of this machine."""
    place = ["--host", host, "--port", str(port)]
    return [sys.executable, "-m", "serving", "--card", str(card), "--model", str(archive), *place, *options]


def become(command: Sequence[str], environment: Mapping[str, str] = os.environ) -> None:
    """Go on as another program: Ctrl-C and signals then reach the server itself, and no child can be left behind."""
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_HOME": str(PROJECT / ".cache/keras")}
    os.execve(command[0], list(command), {**quiet, **environment})  # noqa: S606 - our own interpreter


def _read_card(s3: S3Client, uri: str) -> Released:
    bucket, key = _place(uri)
    try:
        document = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") not in _MISSING:
            raise
        raise WrongUseError(f"no model card lies at {uri}") from error
    try:
        return Released(uri, document, ModelCard.model_validate_json(document))
    except ValidationError as error:
        raise FaultError(f"{uri} is no model card that this greenlight reads; update greenlight") from error


def _nothing_live(recipe: str, *, has_versions: bool) -> str:
    names = recipe_names(PROJECT)
    if not has_versions and recipe not in names:
        return f"nothing of {recipe} is live, nor is there such a recipe; there are: {', '.join(names) or 'none'}"
    return f"nothing of {recipe} is live; release it first: `greenlight run {recipe}`"


def _place(uri: str) -> tuple[str, str]:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def _digest(file: Path) -> str:
    whole = hashlib.sha256()
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            whole.update(chunk)
    return whole.hexdigest()
