"""One process of one function version."""

from __future__ import annotations

import contextlib
import math
import os
import platform
import queue
import signal
import sys
import sysconfig
import tempfile
import threading
import time
from pathlib import Path

import psutil

from local.home import Home
from local.lambda_runtime.function import FunctionVersion
from local.lambda_runtime.invocation import (
    Invocation,
    InvocationResult,
    Outcome,
    exited,
    timed_out,
)
from local.lambda_runtime.logs import LogStream
from local.lambda_runtime.package import unpack
from local.lambda_runtime.role import TRACE, Role
from local.lambda_runtime.runtime_api import Answered, Exited, InitFailed, Ready, RuntimeApi
from local.processes import ProcessRegistry

# AWS gives the function's own code 10 s to load; a laptop that starts everything at once needs longer.
INIT_LIMIT_SECONDS = 60.0
LOG_TAIL_BYTES = 4096


class Sandbox:
    """A process under awslambdaric that deals with one invocation at a time.

    Starting it returns at once; the first invocation waits until the function is loaded. Raises AssumeRoleError when
    Lambda cannot assume the function's role.
    """

    def __init__(self, function: FunctionVersion, home: Home, processes: ProcessRegistry) -> None:
        self.function = function
        self.idle_since = time.monotonic()
        self._processes = processes
        role = Role(function.role, function.name)
        if function.traced:
            role.may(TRACE)
        self._credentials = role.credentials()
        self._api = RuntimeApi()
        home.temporary.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=home.temporary, prefix=f"{function.name}-", suffix=".log")
        os.close(descriptor)
        self._log = LogStream(function.log_group, function.version, role, Path(name))
        self._started = time.monotonic()
        self._init_seconds: float | None = None
        self._init_failure: Outcome | None = None
        code = unpack(function.package, home.functions)
        with Path(name).open("ab") as printed:
            self._child = processes.start(
                # -S: the function sees its package and installed packages, not the project installed for editing.
                [sys.executable, "-S", "-m", "awslambdaric", function.handler],
                environment=self._environment(home, code),
                cwd=code,
                output=printed,
            )
        threading.Thread(target=self._watch, daemon=True, name="sandbox-exit").start()

    def wait_until_loaded(self) -> bool:
        """Wait for the function's code to load; False when it failed to, which the next invocation will report."""
        if self._init_seconds is not None:
            return True
        if self._init_failure is not None:
            return False
        self._init_failure = self._load()
        if self._init_failure is not None:
            self._kill()
            return False
        self._init_seconds = time.monotonic() - self._started
        return True

    def invoke(self, invocation: Invocation) -> tuple[InvocationResult, bool]:
        """Run one event; the flag says whether the process can take another one."""
        cold = self._init_seconds is None
        loaded = self.wait_until_loaded()
        before = self._log.printed_lines()
        started = time.monotonic()
        outcome = self._run(invocation) if loaded else self._failed_init(invocation)
        duration_ms = (time.monotonic() - started) * 1000
        log = [
            *([f"INIT_START Runtime Version: python:{platform.python_version()}"] if cold else []),
            *before,
            f"START RequestId: {invocation.request_id} Version: {self.function.version}",
            *self._log.printed_lines(),
            *outcome.extra_log,
            f"END RequestId: {invocation.request_id}",
            self._report(invocation, duration_ms, cold=cold),
        ]
        self._log.write(log)
        if not outcome.reusable:
            self.stop()
        self.idle_since = time.monotonic()
        tail = "\n".join(log).encode()[-LOG_TAIL_BYTES:].decode(errors="ignore")
        error = "Unhandled" if outcome.failed else None
        return InvocationResult(outcome.payload, self.function.version, error, tail, duration_ms), outcome.reusable

    def stop(self) -> None:
        """End the process."""
        self._kill()
        self._api.close()
        self._log.close()

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self._child.poll() is None

    def _kill(self) -> None:
        # A runtime client has nothing to put in order, and neither it nor what it started may outlive its deadline.
        if self._child.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._child.pid, signal.SIGKILL)
        self._child.wait()
        self._processes.forget(self._child)

    def _load(self) -> Outcome | None:
        try:
            message = self._api.messages.get(timeout=INIT_LIMIT_SECONDS)
        except queue.Empty:
            return timed_out("init", INIT_LIMIT_SECONDS)
        match message:
            case Ready():
                return None
            case InitFailed(payload):
                return Outcome(payload, failed=True, reusable=False)
            case Exited(code):
                return exited("init", code)
            case Answered():
                raise RuntimeError("the runtime client answered before it asked for an event")

    def _failed_init(self, invocation: Invocation) -> Outcome:
        failure = self._init_failure
        assert failure is not None  # noqa: S101 - said by wait_until_loaded
        return Outcome(
            failure.payload.replace(b"RequestId: init", f"RequestId: {invocation.request_id}".encode()),
            failed=True,
            reusable=False,
            extra_log=failure.extra_log,
        )

    def _run(self, invocation: Invocation) -> Outcome:
        timeout = self.function.timeout_seconds
        deadline = time.time() + timeout
        self._api.send(invocation, deadline)
        while True:
            try:
                message = self._api.messages.get(timeout=max(0.0, deadline - time.time()))
            except queue.Empty:
                self._kill()
                return timed_out(invocation.request_id, timeout)
            match message:
                case Answered(request_id, payload, failed) if request_id == invocation.request_id:
                    return Outcome(payload, failed)
                case InitFailed(payload):
                    return Outcome(payload, failed=True, reusable=False)
                case Exited(code):
                    return exited(invocation.request_id, code)

    def _report(self, invocation: Invocation, duration_ms: float, *, cold: bool) -> str:
        try:
            used_mb = math.ceil(psutil.Process(self._child.pid).memory_info().rss / 2**20)
        except psutil.NoSuchProcess:
            used_mb = 0
        parts = [
            f"REPORT RequestId: {invocation.request_id}",
            f"Duration: {duration_ms:.2f} ms",
            f"Billed Duration: {math.ceil(duration_ms)} ms",
            f"Memory Size: {self.function.memory_mb} MB",
            f"Max Memory Used: {used_mb} MB",
        ]
        if cold and self._init_seconds is not None:
            parts.append(f"Init Duration: {self._init_seconds * 1000:.2f} ms")
        return "\t".join(parts)

    def _watch(self) -> None:
        code = self._child.wait()
        self._processes.forget(self._child)
        self._api.messages.put(Exited(code))
        self._api.close()

    def _environment(self, home: Home, code: Path) -> dict[str, str]:
        installed = dict.fromkeys(sysconfig.get_path(name) for name in ("purelib", "platlib"))
        return {
            **dict(self.function.environment),
            **home.child_environment(),
            **self._credentials.environment(),
            "PYTHONPATH": os.pathsep.join([str(code), *installed]),
            "LAMBDA_TASK_ROOT": str(code),
            "_HANDLER": self.function.handler,
            "AWS_LAMBDA_RUNTIME_API": self._api.address,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{self.function.runtime}",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_FUNCTION_NAME": self.function.name,
            "AWS_LAMBDA_FUNCTION_VERSION": self.function.version,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(self.function.memory_mb),
            "AWS_LAMBDA_LOG_GROUP_NAME": self._log.group,
            "AWS_LAMBDA_LOG_STREAM_NAME": self._log.name,
            "TZ": ":UTC",
            # There is no X-Ray daemon on a laptop.
            "POWERTOOLS_TRACE_DISABLED": "true",
        }
