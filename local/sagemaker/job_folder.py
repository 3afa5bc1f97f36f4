"""A job's own /opt/ml: a folder on the laptop, and the paths of a request translated into it."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path, PurePosixPath
from typing import Any

# Not a part of a longer path or name, but the start of one: `/opt/ml/model`, `--out=/opt/ml`, `/opt/ml/a:/opt/ml/b`.
OPT_ML = re.compile(r"(?<![\w./-])/opt/ml(?![\w.-])")


class JobFolder:
    """Layout of one job below `root`: `root/opt/ml/…` is what the container would see as `/opt/ml/…`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.opt_ml = root / "opt" / "ml"

    def create(self) -> None:
        """Make the folder anew, empty."""
        self.remove()
        self.opt_ml.mkdir(parents=True)

    def remove(self) -> None:
        """Remove the folder with all that is in it."""
        shutil.rmtree(self.root, ignore_errors=True)

    def path(self, container_path: str) -> Path:
        """The laptop's path of a container path; raises ValueError when that lies outside /opt/ml."""
        pure = PurePosixPath(container_path)
        if not pure.is_relative_to("/opt/ml") or ".." in pure.parts:
            raise ValueError(f"The path '{container_path}' is not below /opt/ml.")
        return self.opt_ml / pure.relative_to("/opt/ml")

    def translate(self, text: str) -> str:
        """The text with every container path below /opt/ml replaced by the laptop's path."""
        return OPT_ML.sub(lambda _: str(self.opt_ml), text)

    def write_config(self, container_path: str, document: dict[str, Any]) -> None:
        """Write one of the JSON files that a container finds at its start."""
        file = self.path(container_path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(document, default=str))

    def read_text(self, container_path: str, limit: int) -> str:
        """The first `limit` characters of a file that a container may have left; empty when there is none."""
        file = self.path(container_path)
        if not file.is_file():
            return ""
        with file.open(encoding="utf-8", errors="replace") as text:
            return text.read(limit)
