"""The files of a batch prediction: checked before anything is sent, carried in pieces, and put in place as a whole."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from greenlight.errors import WrongUseError
from steps.batch_rows import BatchRows, WrongColumnsError
from steps.csv_rows import CsvRows, UnreadableFileError
from steps.pieces import cut, open_pieces, piece_name

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from steps.model_card import ModelInput

_CHUNK_BYTES = 1 << 20


def check_files(file: Path, out: Path, *, force: bool) -> None:
    """Raise WrongUseError unless one file can be read and the other be written."""
    if not file.is_file():
        raise WrongUseError(f"{file} is no file; give the path of one CSV with --file")
    if not out.parent.is_dir():
        raise WrongUseError(f"there is no folder {out.parent}; make it, or choose another --out")
    if out.is_dir():
        raise WrongUseError(f"{out} is a folder; give --out the name of a file")
    if out.exists() and out.samefile(file):
        raise WrongUseError(f"--out is {file} itself; the predictions need a file of their own")
    if out.exists() and not force:
        raise WrongUseError(f"{out} is there already; choose another --out, or replace it with --force")
    if not os.access(out.parent, os.W_OK):
        raise WrongUseError(f"nothing can be written into {out.parent}; choose another --out")


def check_columns(file: Path, model: ModelInput, text_column: str | None) -> None:
    """Raise WrongUseError unless the file begins as a CSV that has the model's columns."""
    try:
        with open_pieces([file]) as stream:
            header = CsvRows(stream, file.name).header
        BatchRows(model, header, file=file.name, text_column=text_column)
    except (UnreadableFileError, WrongColumnsError) as error:
        raise WrongUseError(str(error)) from error
    except OSError as error:
        raise WrongUseError(f"{file} cannot be read: {error.strerror or error}") from error


def upload_rows(s3: S3Client, bucket: str, folder: str, file: Path, told: Callable[[int], object]) -> str:
    """Put a file into a folder of the bucket, piece by piece; returns the folder's URI.

    told: handed the bytes of each piece that is there
    What was stored is removed again when it cannot be finished.
    """
    keys: list[str] = []
    try:
        with file.open("rb") as stream:
            for number, piece in enumerate(cut(stream)):
                keys.append(f"{folder}/{piece_name(number)}")
                s3.put_object(Bucket=bucket, Key=keys[-1], Body=piece)
                told(len(piece))
    except BaseException:
        # They would expire in a month anyway; nobody is helped by an error about that here.
        with contextlib.suppress(Exception):
            for key in keys:
                s3.delete_object(Bucket=bucket, Key=key)
        raise
    return f"s3://{bucket}/{folder}/"


def download_predictions(s3: S3Client, bucket: str, folder: str, out: Path, told: Callable[[int], object]) -> None:
    """Write the pieces in a folder of the bucket as one file, which appears when it is whole."""
    staged = out.with_name(f".{out.name}.{secrets.token_hex(4)}")
    try:
        with staged.open("xb") as target:
            for key in _pieces(s3, bucket, folder):
                for chunk in s3.get_object(Bucket=bucket, Key=key)["Body"].iter_chunks(_CHUNK_BYTES):
                    target.write(chunk)
                    told(len(chunk))
        staged.replace(out)
    except BaseException:
        staged.unlink(missing_ok=True)
        raise


def size_of(s3: S3Client, bucket: str, folder: str) -> int:
    """Bytes of a folder's pieces."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{folder}/piece-")
    return sum(item["Size"] for page in pages for item in page.get("Contents", []))


def _pieces(s3: S3Client, bucket: str, folder: str) -> list[str]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{folder}/piece-")
    return sorted(item["Key"] for page in pages for item in page.get("Contents", []))
