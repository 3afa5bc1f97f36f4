"""What a job or a server prints, line by line to CloudWatch Logs."""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import IO, TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

logger = logging.getLogger(__name__)

TAIL_LINES = 200
CHUNK_BYTES = 65536


class LogStream:
    """One stream of a log group; keeps the last lines, from which a failure is explained.

    on_line: called for each line, before it is sent.
    """

    def __init__(
        self, logs: CloudWatchLogsClient, group: str, stream: str, on_line: Callable[[str], None] = lambda _: None
    ) -> None:
        self._logs = logs
        self._group = group
        self._stream = stream
        self._on_line = on_line
        self.tail: deque[str] = deque(maxlen=TAIL_LINES)

    def follow(self, pipe: IO[bytes]) -> None:
        """Read a child's output until it is closed. Lines that come together are sent together."""
        self._create()
        rest = b""
        with pipe:
            while chunk := os.read(pipe.fileno(), CHUNK_BYTES):
                *lines, rest = (rest + chunk).split(b"\n")
                self.write(line.decode(errors="replace") for line in lines)
        if rest:
            self.write([rest.decode(errors="replace")])

    def write(self, lines: Iterable[str]) -> None:
        """Send lines; a service that does not answer costs the lines, never the job."""
        kept = [line.rstrip("\r") for line in lines if line.strip()]
        for line in kept:
            self.tail.append(line)
            self._on_line(line)
        if not kept:
            return
        now = int(time.time() * 1000)
        try:
            self._logs.put_log_events(
                logGroupName=self._group,
                logStreamName=self._stream,
                logEvents=[{"timestamp": now, "message": line} for line in kept],
            )
        except (ClientError, BotoCoreError):
            logger.warning("log lines lost", extra={"stream": self._stream, "lines": len(kept)}, exc_info=True)

    def _create(self) -> None:
        exists = self._logs.exceptions.ResourceAlreadyExistsException
        try:
            with contextlib.suppress(exists):
                self._logs.create_log_group(logGroupName=self._group)
            with contextlib.suppress(exists):
                self._logs.create_log_stream(logGroupName=self._group, logStreamName=self._stream)
        except (ClientError, BotoCoreError):
            logger.warning("log stream not created", extra={"stream": self._stream}, exc_info=True)


def error_line(tail: Iterable[str]) -> str:
    """The line that says what went wrong: the end of the last traceback, else the last line; empty without lines."""
    lines = list(tail)
    starts = [number for number, line in enumerate(lines) if line.startswith("Traceback (most recent call last):")]
    if starts:
        after = (line for line in lines[starts[-1] + 1 :] if not line.startswith((" ", "\t")))
        return next(after, lines[-1])
    return lines[-1] if lines else ""
