"""Taking a registered version's archive out of a stack, as the very bytes that were registered."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from greenlight.errors import FaultError, WrongUseError
from greenlight.registry import ModelVersion

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CHUNK_BYTES = 1 << 20
_MISSING = frozenset({"404", "NoSuchKey", "NoSuchBucket", "NotFound"})


def chosen_version(recipe: str, found: Sequence[ModelVersion], version: str | None) -> ModelVersion:
    """The version asked for, else the live one, else the newest; raises WrongUseError.

    found: newest first
    """
    if not found:
        raise WrongUseError(f"there are no versions of {recipe}; make one with `greenlight run {recipe}`")
    if version is None:
        return next((each for each in found if each.live), found[0])
    chosen = next((each for each in found if each.version == version), None)
    if chosen is None:
        known = ", ".join(each.version for each in found)
        raise WrongUseError(f"there is no version {version} of {recipe}; there are: {known}")
    return chosen


def download(s3: S3Client, version: ModelVersion, out: Path) -> int:
    """Write a version's archive to a file that is not there yet; returns its size in bytes.

    Raises WrongUseError when there is such a file or its folder is missing, FaultError when the archive is gone or is
    not the one that was registered. Nothing is left behind then.
    """
    if out.exists() or out.is_symlink():
        raise WrongUseError(f"{out} is there already; name another file with --out, or remove it")
    if not out.parent.is_dir():
        raise WrongUseError(f"there is no folder {out.parent}; make it, or name another file with --out")
    bucket, _, key = version.model_data_uri.removeprefix("s3://").partition("/")
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".download-") as folder:
        part = Path(folder) / "model.tar.gz"
        digest = _stream(s3, bucket, key, part, version)
        if digest != version.model_digest:
            raise FaultError(
                f"the archive of version {version.version} is not the one that was registered (its SHA-256 begins with "
                f"{digest[:12]}, registered was {version.model_digest[:12]}); somebody replaced it, so it was not kept"
            )
        try:
            # Unlike a rename, it never replaces a file that has come in between.
            os.link(part, out)
        except FileExistsError as error:
            raise WrongUseError(f"{out} is there already; name another file with --out, or remove it") from error
        return part.stat().st_size


def _stream(s3: S3Client, bucket: str, key: str, part: Path, version: ModelVersion) -> str:
    whole = hashlib.sha256()
    try:
        body = s3.get_object(Bucket=bucket, Key=key)["Body"]
        with part.open("wb") as target:
            for chunk in body.iter_chunks(CHUNK_BYTES):
                whole.update(chunk)
                target.write(chunk)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") not in _MISSING:
            raise
        raise FaultError(
            f"the archive of version {version.version} is gone: nothing lies at {version.model_data_uri}; "
            f"release it again: `greenlight run {version.recipe} --force`"
        ) from error
    return whole.hexdigest()
