"""A definition as a committed file: written from what the SDK builds, or compared with it."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


def write_or_check(
    definition: Mapping[str, Any], file: Path, description: str, argv: Sequence[str] | None = None
) -> int:
    """Write the file, or with --check compare it; the exit code is 1 when they differ."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare only; exit code 1 when they differ")
    text = json.dumps(definition, indent=2, ensure_ascii=False) + "\n"
    if not parser.parse_args(argv).check:
        file.write_text(text)
        return 0
    if file.exists() and text == file.read_text():
        return 0
    module = f"workflows.{file.name.partition('.')[0]}"
    sys.stderr.write(f"{file.name} is not what {module.replace('.', '/')}.py builds; run: python -m {module}\n")
    return 1
