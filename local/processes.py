"""Child processes that are always accounted for: stopped with the server, and after a crash by the next one."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

import psutil

STOP_GRACE_SECONDS = 10.0


class ProcessRegistry:
    """Starts children in process groups of their own and remembers them on disk.

    directory: one small file per living child, named by its process id.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True)

    def start(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        cwd: Path,
        output: IO[bytes],
        errors: IO[bytes] | None = None,
    ) -> subprocess.Popen[bytes]:
        """Start a child; output receives its standard output, and its errors too unless errors is given."""
        child = subprocess.Popen(  # noqa: S603 - the command comes from the server's own code
            list(command),
            env=dict(environment),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors if errors is not None else subprocess.STDOUT,
            start_new_session=True,
        )
        with contextlib.suppress(psutil.NoSuchProcess):
            record = {"created": psutil.Process(child.pid).create_time(), "command": list(command)[:3]}
            self._file(child.pid).write_text(json.dumps(record))
        return child

    def stop(self, child: subprocess.Popen[bytes], *, grace_seconds: float = STOP_GRACE_SECONDS) -> int:
        """SIGTERM to the child's group, SIGKILL after the grace; returns the exit code."""
        if child.poll() is None:
            _stop_group(psutil.Process(child.pid), grace_seconds)
        code = child.wait()
        self.forget(child)
        return code

    def forget(self, child: subprocess.Popen[bytes]) -> None:
        """Drop the record of a child that has ended."""
        self._file(child.pid).unlink(missing_ok=True)

    def stop_leftovers(self) -> int:
        """Stop what an earlier server left behind when it was killed; returns how many were still running."""
        stopped = 0
        for file in self._directory.iterdir():
            with contextlib.suppress(psutil.NoSuchProcess, ValueError, KeyError):
                process = psutil.Process(int(file.name))
                # A process id is used again by the system; only the same start time makes it ours.
                if abs(process.create_time() - json.loads(file.read_text())["created"]) < 1:
                    _stop_group(process, STOP_GRACE_SECONDS)
                    stopped += 1
            file.unlink(missing_ok=True)
        return stopped

    def _file(self, pid: int) -> Path:
        return self._directory / str(pid)


def _stop_group(leader: psutil.Process, grace_seconds: float) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        group = [leader, *leader.children(recursive=True)]
        for process in group:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGTERM)
        _, alive = psutil.wait_procs(group, timeout=grace_seconds)
        for process in alive:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(alive, timeout=grace_seconds)
