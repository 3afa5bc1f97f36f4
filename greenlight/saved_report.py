"""A run's report, taken out of the stack as the very bytes that the run noted."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from greenlight.errors import FaultError, WrongUseError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_MISSING = frozenset({"404", "NoSuchKey", "NoSuchBucket", "NotFound"})


def noted_report(run_id: str, state: dict[str, Any]) -> dict[str, str]:
    """Where the run's report lies and its digest: WriteReport's result.

    state: the run's state as far as it has come. Raises WrongUseError when the run has written none.
    """
    noted = state.get("write_report") or state.get("write_rejection_report")
    if not noted:
        raise WrongUseError(
            f"run {run_id} has no report: it writes one once its metrics are checked, or its data or archive refused; "
            f"`greenlight show {run_id}` says how far it came"
        )
    return dict(noted)


def read_report(s3: S3Client, noted: dict[str, str]) -> bytes:
    """The report; raises FaultError when it is gone or is not the one that the run wrote."""
    bucket, _, key = noted["report_uri"].removeprefix("s3://").partition("/")
    try:
        body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") not in _MISSING:
            raise
        raise FaultError(f"the report is gone: nothing lies at {noted['report_uri']}") from error
    digest = hashlib.sha256(body).hexdigest()
    if digest != noted["report_digest"]:
        raise FaultError(
            f"the report is not the one that the run wrote (its SHA-256 begins with {digest[:12]}, the run noted "
            f"{noted['report_digest'][:12]}); somebody replaced it, so it was not saved"
        )
    return body


def save_new(body: bytes, out: Path) -> None:
    """Write a file that is not there yet; raises WrongUseError when it is, or its folder is missing."""
    try:
        with out.open("xb") as target:
            target.write(body)
    except FileExistsError as error:
        raise WrongUseError(f"{out} is there already; name another file with --out, or remove it") from error
    except FileNotFoundError as error:
        raise WrongUseError(f"there is no folder {out.parent}; make it, or name another file with --out") from error
