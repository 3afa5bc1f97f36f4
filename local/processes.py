"""Child processes that are always accounted for: stopped with the server, and after a crash by the next one."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

import psutil

STOP_GRACE_SECONDS = 10.0
KILL_SECONDS = 5.0
POLL_SECONDS = 0.02


class ProcessRegistry:
    """Starts children in process groups of their own and remembers them on disk.

    directory: one small file per living child, named by its process id, which is its group's id as well.
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
        deadline = time.monotonic() + grace_seconds
        _signal_group(child.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(grace_seconds)
        _end_group(child.pid, deadline)
        code = child.wait()
        self.forget(child)
        return code

    def forget(self, child: subprocess.Popen[bytes]) -> None:
        """Drop the record of a child that has ended."""
        self._file(child.pid).unlink(missing_ok=True)

    def stop_leftovers(self) -> int:
        """Stop what an earlier server left behind when it was killed; returns how many were still running."""
        left: list[int] = []
        files = list(self._directory.iterdir())
        for file in files:
            with contextlib.suppress(ValueError, KeyError):
                created = json.loads(file.read_text())["created"]
                if any(_is_ours(member, int(file.name), created) for member in _members(int(file.name))):
                    left.append(int(file.name))
        for group in left:
            _signal_group(group, signal.SIGTERM)
        deadline = time.monotonic() + STOP_GRACE_SECONDS
        for group in left:
            _end_group(group, deadline)
        for file in files:
            file.unlink(missing_ok=True)
        return len(left)

    def _file(self, pid: int) -> Path:
        return self._directory / str(pid)


def _is_ours(member: psutil.Process, group: int, created: float) -> bool:
    # The system uses a process id again. A leader is ours by its start time; a group without its leader still holds the
    # id, so whoever is in it and younger than the leader descends from it.
    with contextlib.suppress(psutil.NoSuchProcess):
        age = member.create_time() - created
        return abs(age) < 1 if member.pid == group else age > -1
    return False


def _members(group: int) -> list[psutil.Process]:
    members: list[psutil.Process] = []
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        # The usual case, and much quicker than looking at every process of the machine.
        return members
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError, PermissionError):
            if os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE:
                members.append(process)
    return members


def _signal_group(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, number)


def _end_group(group: int, deadline: float) -> None:
    """Wait until the group is empty, and kill what is left at the deadline (time.monotonic)."""
    while _members(group) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    if not _members(group):
        return
    _signal_group(group, signal.SIGKILL)
    # The system takes back a killed process at once, unless it hangs in a device; nobody can wait for that.
    hopeless = time.monotonic() + KILL_SECONDS
    while _members(group) and time.monotonic() < hopeless:
        time.sleep(POLL_SECONDS)
