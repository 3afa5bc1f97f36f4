"""Start, stop and look at the background server of one home; says everything by results and exceptions."""

from __future__ import annotations

import contextlib
import fcntl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
import requests

from local.code_digest import code_digest
from local.daemon_errors import (
    DaemonError,
    DiskFullError,
    HomeUnusableError,
    OtherPortError,
    PortInUseError,
    StartFailedError,
)
from local.home import Home
from local.pid_file import SERVER_MODULE, find_server
from local.preconditions import require_disk, require_port
from local.processes import ProcessRegistry

OLD_CODE = (
    "The server was started with other code than this folder holds now; "
    "exchange it with `greenlight down` and `greenlight up`."
)
START_TIMEOUT_SECONDS = 60.0
# Longer than the server takes when each of its children uses up its own grace.
STOP_GRACE_SECONDS = 40.0
HEALTH_TIMEOUT_SECONDS = 5.0
POLL_SECONDS = 0.05
SHOWN_LOG_LINES = 15
LOG_LIMIT_BYTES = 10_000_000

# A caller that lives on must be able to reap the server it started.
_started: list[subprocess.Popen[bytes]] = []

__all__ = [
    "DaemonError",
    "DiskFullError",
    "DownResult",
    "HomeUnusableError",
    "OtherPortError",
    "PortInUseError",
    "StartFailedError",
    "Status",
    "UpResult",
    "down",
    "status",
    "up",
]


@dataclass(frozen=True)
class UpResult:
    """A running stack."""

    endpoint_url: str
    pid: int
    log_file: Path
    already_running: bool
    stopped_leftovers: int
    notes: tuple[str, ...]


@dataclass(frozen=True)
class DownResult:
    """What `down` found and stopped."""

    was_running: bool
    stopped_leftovers: int


@dataclass(frozen=True)
class Status:
    """What is known about the server; running without answering means that it is starting, stopping or stuck.

    notes: sentences worth showing, such as a state that was put aside.
    """

    running: bool
    answering: bool
    endpoint_url: str
    log_file: Path
    pid: int | None = None
    version: str | None = None
    notes: tuple[str, ...] = ()


def up(
    home: Home,
    project: Path,
    *,
    progress: Callable[[str], None] = lambda _: None,
    timeout_seconds: float = START_TIMEOUT_SECONDS,
) -> UpResult:
    """Start the server of the home unless it runs, and wait until it answers.

    project: the directory that holds the package `local`;  progress: receives a sentence at each step.
    Raises DiskFullError, HomeUnusableError, PortInUseError, OtherPortError, StartFailedError.
    """
    require_disk(home.directory)
    try:
        home.directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HomeUnusableError(
            f"{home.directory} cannot be made ({error.strerror}). Put the state elsewhere with GREENLIGHT_HOME."
        ) from error
    with _lock(home):
        running = find_server(home)
        if running and running.port != home.port:
            raise OtherPortError(
                f"The stack in {home.directory} already runs on port {running.port}, not {home.port}. "
                f"Use it with GREENLIGHT_PORT={running.port}, or stop it first with 'greenlight down'."
            )
        if running:
            health = _wait_until_healthy(home, running.process, timeout_seconds)
            if health:
                result = _up_result(home, health, already_running=True)
                is_old = health.get("code") != code_digest(project)
                return replace(result, notes=(*result.notes, OLD_CODE)) if is_old else result
            if not _has_ended(running.process):
                raise StartFailedError(
                    f"The AWS server (process {running.process.pid}) runs but does not answer. "
                    f"Stop it with 'greenlight down'; its log is {home.log_file}."
                )
            # It was on its way out; a new one takes its place.
        require_port(home.port)
        leftovers = ProcessRegistry(home.processes).stop_leftovers()
        if leftovers:
            progress(f"Stopped {leftovers} processes that an earlier server left behind.")
        progress("Starting the AWS server.")
        log_start = _rotate_log(home)
        process = _start(home, project)
        health = _wait_until_healthy(home, process, timeout_seconds)
        if health is None:
            reason = "ended before it was ready"
            if not _has_ended(process):
                reason = f"did not answer within {timeout_seconds:.0f} s"
                _stop(process)
            raise StartFailedError(f"The AWS server {reason}. {_log_since(home, log_start)}")
        return _up_result(home, health, stopped_leftovers=leftovers)


def down(home: Home) -> DownResult:
    """Stop the server of the home and whatever it, or a crashed predecessor, started; nothing is left running."""
    if not home.directory.exists():
        return DownResult(was_running=False, stopped_leftovers=0)
    with _lock(home):
        running = find_server(home)
        if running:
            _stop(running.process)
        leftovers = ProcessRegistry(home.processes).stop_leftovers()
        home.pid_file.unlink(missing_ok=True)
    return DownResult(was_running=running is not None, stopped_leftovers=leftovers)


def status(home: Home) -> Status:
    """Whether the server of the home runs and answers; on the port it was started with."""
    running = find_server(home)
    if running is None:
        return Status(running=False, answering=False, endpoint_url=home.endpoint_url, log_file=home.log_file)
    actual = Home(home.directory, running.port)
    health = _health(actual)
    return Status(
        running=True,
        answering=health is not None,
        endpoint_url=actual.endpoint_url,
        log_file=home.log_file,
        pid=running.process.pid,
        version=str(health["version"]) if health else None,
        notes=_notes(health),
    )


def _rotate_log(home: Home) -> int:
    """Set a long log aside; returns where the next line of the log will stand."""
    size = home.log_file.stat().st_size if home.log_file.exists() else 0
    if size <= LOG_LIMIT_BYTES:
        return size
    home.log_file.replace(home.log_file.with_suffix(".log.1"))
    return 0


def _start(home: Home, project: Path) -> psutil.Process:
    home.pid_file.unlink(missing_ok=True)
    home.temporary.mkdir(parents=True, exist_ok=True)
    environment = {
        **home.child_environment(),
        "GREENLIGHT_HOME": str(home.directory),
        "GREENLIGHT_PORT": str(home.port),
    }
    with home.log_file.open("ab") as log:
        child = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-m", SERVER_MODULE],
            cwd=project,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    _started.append(child)
    return psutil.Process(child.pid)


def _wait_until_healthy(home: Home, process: psutil.Process, timeout_seconds: float) -> dict[str, object] | None:
    """What the server says about itself; None when it has ended, or does not answer in time."""
    deadline = time.monotonic() + timeout_seconds
    while time.monotonic() < deadline and not _has_ended(process):
        health = _health(home)
        if health and health["pid"] == process.pid:
            return health
        time.sleep(POLL_SECONDS)
    return None


def _health(home: Home) -> dict[str, object] | None:
    with contextlib.suppress(requests.RequestException, ValueError, AttributeError):
        with requests.Session() as session:
            session.trust_env = False  # a proxy would look for the server on its own machine
            answer = session.get(f"{home.endpoint_url}/_greenlight/health", timeout=HEALTH_TIMEOUT_SECONDS)
        document = answer.json()
        if document.get("status") == "ok" and document.get("home") == str(home.directory):
            return dict(document)
    return None


def _up_result(
    home: Home, health: dict[str, object], *, already_running: bool = False, stopped_leftovers: int = 0
) -> UpResult:
    pid = int(str(health["pid"]))
    return UpResult(home.endpoint_url, pid, home.log_file, already_running, stopped_leftovers, _notes(health))


def _notes(health: dict[str, object] | None) -> tuple[str, ...]:
    notes = health.get("notes") if health else None
    return tuple(str(note) for note in notes) if isinstance(notes, list) else ()


def _stop(process: psutil.Process) -> None:
    for end in (process.terminate, process.kill):
        with contextlib.suppress(psutil.NoSuchProcess):
            end()
        deadline = time.monotonic() + STOP_GRACE_SECONDS
        while time.monotonic() < deadline:
            if _has_ended(process):
                return
            time.sleep(POLL_SECONDS)


def _has_ended(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _log_since(home: Home, start: int) -> str:
    with contextlib.suppress(OSError), home.log_file.open("rb") as log:
        log.seek(start)
        lines = log.read().decode(errors="replace").splitlines()[-SHOWN_LOG_LINES:]
        if lines:
            return "\n".join([f"The last lines of {home.log_file}:", *lines])
    return f"It wrote nothing to {home.log_file}."


@contextlib.contextmanager
def _lock(home: Home) -> Iterator[None]:
    """One `up` or `down` at a time; the system frees the lock of a process that dies."""
    with (home.directory / "up.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
