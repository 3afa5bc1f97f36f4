"""A definition: put together from the SDK's states, and kept as a committed file that is written or compared."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from stepfunctions.steps.states import Graph, State


def definition_of(comment: str, order: Sequence[State]) -> dict[str, Any]:
    """The definition in Amazon States Language, with the states in this order; the first one starts.

    The SDK leaves an unreachable state out and lists the others depth first; this is the order of the picture.
    """
    start = order[0]
    rendered = Graph(start).to_dict()["States"]
    return {
        "Comment": comment,
        "StartAt": start.state_id,
        "States": {state.state_id: rendered[state.state_id] for state in order},
    }


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
