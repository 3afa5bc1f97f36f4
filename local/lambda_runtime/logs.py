"""CloudWatch Logs as Lambda writes them: one stream per process, START, END and REPORT around what was printed."""

from __future__ import annotations

import contextlib
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from moto.logs.exceptions import ResourceAlreadyExistsException
from moto.logs.models import logs_backends

from local.home import ACCOUNT, REGION
from local.iam import Permission
from local.iam.permissions import arn
from local.lambda_runtime.role import Role

# What is read of a printed file is dropped from it once it is larger than this many bytes.
KEEP_PRINTED_BYTES = 1_000_000


class LogStream:
    """The log stream of one process.

    role: of the function, which Lambda writes as;  printed: the file that receives the process's standard output and
    error
    """

    def __init__(self, group: str, version: str, role: Role, printed: Path) -> None:
        self.group = group
        self._role = role
        self.name = f"{datetime.now(UTC):%Y/%m/%d}/[{version}]{uuid.uuid4().hex}"
        self._printed = printed
        self._read_to = 0
        printed.touch()

    def printed_lines(self) -> list[str]:
        """What the process has printed since the last call."""
        with self._printed.open("rb") as file:
            file.seek(self._read_to)
            text = file.read().decode(errors="replace")
            self._read_to = file.tell()
        if self._read_to > KEEP_PRINTED_BYTES:
            self._printed.write_bytes(b"")
            self._read_to = 0
        # The runtime client puts a carriage return between the lines of one message.
        return [line.replace("\r", "\n").rstrip() for line in text.split("\n") if line.strip()]

    def write(self, lines: list[str]) -> None:
        """Add events, all with the present time; lines of a function whose role may not write them are lost."""
        backend: Any = logs_backends[ACCOUNT][REGION]
        if not lines or not self._role.may(self._needed(exists=self.group in backend.groups)):
            return
        now = int(time.time() * 1000)
        events = [{"timestamp": now, "message": line} for line in lines]
        backend.ensure_log_group(self.group)
        with contextlib.suppress(ResourceAlreadyExistsException):
            backend.create_log_stream(self.group, self.name)
        backend.put_log_events(self.group, self.name, events)

    def _needed(self, *, exists: bool) -> list[Permission]:
        group = arn("logs", f"log-group:{self.group}")
        stream = f"{group}:log-stream:{self.name}"
        make = [] if exists else [Permission("logs:CreateLogGroup", group)]
        return [*make, Permission("logs:CreateLogStream", stream), Permission("logs:PutLogEvents", stream)]

    def close(self) -> None:
        """Drop the printed file."""
        self._printed.unlink(missing_ok=True)
