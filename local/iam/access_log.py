"""What roles did: every permission that was looked at, once, in `access.jsonl`.

It says what a role really needs. Mail addresses do not enter it: their digests do, so that equal ones stay equal.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from local.iam.permissions import Permission

# Resources carry run ids, so the file grows with every run.
MAX_BYTES = 8_000_000
ADDRESS = re.compile(r"[^\s/:@\"',<>]+@[^\s/:@\"',<>]+")


@dataclass(frozen=True)
class Access:
    """One permission that a role was granted or denied.

    role: its ARN, or the name of a service on its own behalf
    context: values by condition key, beside those that every request has
    """

    role: str
    action: str
    resource: str
    context: tuple[tuple[str, tuple[str, ...]], ...]
    allowed: bool


class AccessLog:
    """Appends to a file what it has not seen before; safe for threads. Without a file it only remembers."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._lock = threading.Lock()
        if file is not None and file.exists() and file.stat().st_size > MAX_BYTES:
            file.replace(file.with_suffix(".old.jsonl"))
        self._seen = set(read_accesses(file)) if file is not None else set()

    def note(self, role: str, permission: Permission, *, allowed: bool) -> None:
        """Remember one decision."""
        context = tuple(sorted((key, tuple(map(hide, values))) for key, values in permission.context.items()))
        access = Access(role, permission.action, hide(permission.resource), context, allowed)
        with self._lock:
            if access in self._seen:
                return
            self._seen.add(access)
            if self._file is not None:
                with self._file.open("a") as stream:
                    stream.write(json.dumps(asdict(access), separators=(",", ":")) + "\n")


def read_accesses(file: Path) -> Iterator[Access]:
    """What a server noted; a line that a crash left half written is left out."""
    lines = file.read_text().splitlines() if file.exists() else []
    for line in lines:
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        context = tuple((key, tuple(values)) for key, values in entry.pop("context"))
        yield Access(**entry, context=context)


def hide(text: str) -> str:
    """A text with a digest in place of each mail address."""
    return ADDRESS.sub(lambda found: "mail-" + hashlib.sha256(found[0].encode()).hexdigest()[:16], text)
