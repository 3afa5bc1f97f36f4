"""Which code a server runs, so that one that is older than its folder can be told."""

from __future__ import annotations

import hashlib
from pathlib import Path

# The server, and what its inference servers import.
FOLDERS = ("local", "serving")


def code_digest(project: Path) -> str:
    """SHA-256 over the names and bytes of the server's modules, pages and start-up files."""
    digest = hashlib.sha256()
    for folder in FOLDERS:
        for file in sorted((project / folder).rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                digest.update(f"{file.relative_to(project)}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()
