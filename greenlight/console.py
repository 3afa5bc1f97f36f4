"""Where the program speaks: results on standard output, everything else on standard error."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime

from rich.console import Console

# Wide enough that a line in a log file or a pipe is never broken.
_NO_TERMINAL_WIDTH = 200


def output() -> Console:
    """Standard output, for people."""
    return _console(stderr=False)


def progress() -> Console:
    """Standard error: progress, notes and errors."""
    return _console(stderr=True)


def print_json(document: object) -> None:
    """The one JSON document of a command called with --json."""
    sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False, default=_plain) + "\n")
    sys.stdout.flush()


def _console(*, stderr: bool) -> Console:
    console = Console(stderr=stderr, highlight=False)
    return console if console.is_terminal else Console(stderr=stderr, highlight=False, width=_NO_TERMINAL_WIDTH)


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds")
    raise TypeError(f"{type(value).__name__} does not go into JSON")
