"""Starting a run: data and recipe go up under their digests, then the state machine starts."""

from __future__ import annotations

import getpass
import hashlib
import secrets
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from greenlight.errors import WrongUseError
from greenlight.executions import Executions
from greenlight.recipe_rows import rows_for_run
from greenlight.recipes import RecipeFile
from steps.contracts import RunInput
from steps.data_file import check_data_file
from steps.recipe import Recipe

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


GZIP_MAGIC = b"\x1f\x8b"


def data_for(recipe: Recipe, given: Path | None, cache: Path, note: Callable[[str], None]) -> Path:
    """The CSV a run trains on: the given file, or the recipe's own rows.

    Raises WrongUseError when there are none, and what check_data_file raises when the file cannot be used.
    """
    if given is not None:
        check_data_file(given, recipe)
        return given
    return rows_for_run(recipe, cache, note)


def archive_for(recipe: Recipe, given: str | None, bucket: str, is_live: Callable[[], bool]) -> Path | str | None:
    """The archive a run imports: a file of this machine, or an object's URI; None when the run need not be told.

    is_live: whether a version of the recipe is live, whose archive a run takes that is told of none
    Raises WrongUseError when the recipe imports nothing, nothing names an archive, or the archive cannot be taken.
    """
    if recipe.import_model is None:
        if given is not None:
            raise WrongUseError(
                f"the recipe {recipe.name} trains its model; leave --model out, or give the recipe "
                "a section import_model"
            )
        return None
    uri = given or recipe.import_model.model_uri
    if uri is None:
        if is_live():
            return None
        raise WrongUseError(
            f"the recipe {recipe.name} imports a model, but nothing names one; give its archive: --model model.tar.gz "
            "(`greenlight models download RECIPE --out model.tar.gz` takes one out of a stack)"
        )
    if uri.startswith("s3://"):
        if not uri.startswith(f"s3://{bucket}/"):
            raise WrongUseError(
                f"the jobs may read s3://{bucket}/ only, and {uri} is elsewhere; download it and give the file: "
                "--model model.tar.gz"
            )
        return given
    return _archive_file(Path(uri))


def _archive_file(file: Path) -> Path:
    if not file.is_file():
        raise WrongUseError(f"there is no file {file}; --model takes a model.tar.gz")
    with file.open("rb") as stream:
        if stream.read(len(GZIP_MAGIC)) != GZIP_MAGIC:
            raise WrongUseError(
                f"{file} is no gzip-compressed tar archive; pack the model's folder with `tar -czf model.tar.gz 1`"
            )
    return file


def upload_archive(s3: S3Client, bucket: str, file: Path) -> str:
    """Put a model archive under its own digest, unless it is there; returns its URI."""
    digest = _sha256(file)
    key = f"models/{digest}/model.tar.gz"
    if not object_exists(s3, bucket, key):
        s3.upload_file(str(file), bucket, key, ExtraArgs={"Metadata": {"sha256": digest}})
    return f"s3://{bucket}/{key}"


def start_run(
    s3: S3Client,
    executions: Executions,
    bucket: str,
    recipe_file: RecipeFile,
    data: Path,
    *,
    force: bool,
    now: datetime,
    archive: Path | str | None = None,
    override_reason: str | None = None,
) -> str:
    """Upload what the run needs and start it; returns the run's id.

    archive: the model to import, a file of this machine or an object of the bucket
    override_reason: why a candidate that the metrics reject goes on to the approvers all the same
    """
    name = recipe_file.recipe.name
    run_input = RunInput(
        recipe=name,
        recipe_uri=upload_once(s3, bucket, f"recipes/{name}", ".yaml", recipe_file.path),
        data_uri=upload_once(s3, bucket, f"data/{name}", ".csv", data),
        model_uri=upload_archive(s3, bucket, archive) if isinstance(archive, Path) else archive,
        force=force,
        requested_by=user_name(),
        override_reason=override_reason,
    )
    run_id = new_run_id(name, now, secrets.token_hex(2))
    executions.start(run_id, run_input)
    return run_id


def new_run_id(recipe: str, now: datetime, tail: str) -> str:
    """`<recipe>-YYYYMMDD-HHMMSS-<tail>`; the tail keeps two runs of one second apart."""
    return f"{recipe}-{now:%Y%m%d-%H%M%S}-{tail}"


def upload_once(s3: S3Client, bucket: str, folder: str, suffix: str, file: Path) -> str:
    """Put a file under its own digest, unless it is there; returns its URI."""
    digest = _sha256(file)
    key = f"{folder}/{digest}{suffix}"
    if not object_exists(s3, bucket, key):
        s3.upload_file(str(file), bucket, key, ExtraArgs={"Metadata": {"sha256": digest}})
    return f"s3://{bucket}/{key}"


def object_exists(s3: S3Client, bucket: str, key: str) -> bool:
    """Whether the bucket holds an object of this very name."""
    try:
        s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") != 404:  # noqa: PLR2004 - HTTP not found
            raise
        return False
    return True


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def user_name() -> str:
    """Who is logged in here, for records."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # A container may run under a number that no account has.
        return "greenlight"
