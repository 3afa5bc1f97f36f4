"""Puts the container code into the bucket, under the digest of its content."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Mapping
from pathlib import Path

from steps.code_manifest import build_manifest
from steps.ports import ArtifactStore

# `lib` holds the code's own dependencies as they are unpacked from wheels; a package without it needs none.
FOLDERS = ("steps", "training", "serving", "recipes", "lib")
_SKIPPED_FOLDERS = frozenset({"__pycache__"})


def read_package(root: Path) -> dict[str, bytes]:
    """The container code out of a deployment package: path from the root -> content."""
    files = {}
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.is_file() and not _SKIPPED_FOLDERS.intersection(path.parts):
                files[path.relative_to(root).as_posix()] = path.read_bytes()
    return files


def publish(files: Mapping[str, bytes], bucket: str, artifacts: ArtifactStore) -> str:
    """Publish the code and return its URI; what is already there stays as it is.

    The manifest comes last, so that a folder with one is complete. Raises ValueError when an entry is missing.
    """
    manifest = build_manifest(files)
    code_uri = f"s3://{bucket}/code/{manifest.digest}"
    if not artifacts.exists(f"{code_uri}/manifest.json"):
        for path, content in files.items():
            artifacts.write(f"{code_uri}/source/{path}", content)
        artifacts.write(f"{code_uri}/source.tar.gz", pack(files))
        artifacts.write(f"{code_uri}/manifest.json", manifest.model_dump_json(indent=2).encode())
    return code_uri


def pack(files: Mapping[str, bytes]) -> bytes:
    """A tar.gz that depends on nothing but paths and contents."""
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as zipped, tarfile.open(fileobj=zipped, mode="w") as archive:
        for path in sorted(files):
            entry = tarfile.TarInfo(path)
            entry.size = len(files[path])
            entry.mode = 0o644
            archive.addfile(entry, io.BytesIO(files[path]))
    return packed.getvalue()
