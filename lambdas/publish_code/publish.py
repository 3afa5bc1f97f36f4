"""Puts the container code into the bucket, under the digest of its content, and names what is deployed."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from steps.code_manifest import build_manifest, digest_files
from steps.ports import ArtifactStore

# `lib` holds the code's own dependencies as they are unpacked from wheels, `lib-py310` those for the image of tables; a
# package without them needs none.
FOLDERS = ("steps", "training", "serving", "recipes", "lib", "lib-py310")
# What a function does follows from these too, though no container runs them.
DECIDING = (*FOLDERS, "lambdas", "workflows", "infra", "template.yaml")
_SKIPPED_FOLDERS = frozenset({"__pycache__"})
_DIGITS = 16


def read_package(root: Path, chosen: Sequence[str] = FOLDERS) -> dict[str, bytes]:
    """Files out of a deployment package: path from the root -> content.

    chosen: folders and files below the root; one that is missing has none. The container code when not given.
    """
    files = {}
    for name in chosen:
        for path in sorted([root / name, *(root / name).rglob("*")]):
            if path.is_file() and not _SKIPPED_FOLDERS.intersection(path.parts):
                files[path.relative_to(root).as_posix()] = path.read_bytes()
    return files


def name_deployment(root: Path, settings: Sequence[str], request_id: str, before: str | None) -> str:
    """The physical id of the custom resource, `<digest of package and settings>-<name of the deployment>`.

    before: the physical id so far;  request_id: CloudFormation's, another one for every time it asks
    The name stays while package and settings do. A new one is never used twice, not even for the same content: a
    deployment that was rolled back leaves its versions behind, and Lambda publishes no second one of the same.
    """
    files = read_package(root, DECIDING)
    digest = hashlib.sha256(json.dumps([digest_files(files), *settings]).encode()).hexdigest()[:_DIGITS]
    if before is not None and before.startswith(f"{digest}-"):
        return before
    return f"{digest}-{hashlib.sha256(f'{digest} {request_id}'.encode()).hexdigest()[:_DIGITS]}"


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
