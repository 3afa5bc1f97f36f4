"""Unpacks deployment packages, once per content."""

from __future__ import annotations

import hashlib
import io
import shutil
import tempfile
import zipfile
from pathlib import Path


def unpack(package: bytes, directory: Path) -> Path:
    """The folder below directory that holds the package's files; it is named by the package's SHA-256.

    Raises zipfile.BadZipFile when the package is no zip archive.
    """
    target = directory / hashlib.sha256(package).hexdigest()
    if target.is_dir():
        return target
    directory.mkdir(parents=True, exist_ok=True)
    # Unpacked beside its place and then renamed, so that a folder that exists is always whole.
    staging = Path(tempfile.mkdtemp(dir=directory, prefix="unpacking-"))
    try:
        with zipfile.ZipFile(io.BytesIO(package)) as archive:
            archive.extractall(staging)
        try:
            staging.rename(target)
        except OSError:
            if not target.is_dir():
                raise
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return target
