"""Instances of an endpoint: inference containers as processes that listen on a port of this machine."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path

import urllib3

from local.home import Home
from local.processes import ProcessRegistry
from local.sagemaker.log_stream import LogStream, error_line

CONTAINER = Path(__file__).parent / "containers" / "tensorflow_inference.py"
PING_INTERVAL_SECONDS = 0.05
PING_TIMEOUT_SECONDS = 2.0
# SageMaker gives 30 s between SIGTERM and SIGKILL.
STOP_GRACE_SECONDS = 5.0
DRAIN_SECONDS = 60.0
INVOCATION_TIMEOUT_SECONDS = 60.0
LAST_LINES_SECONDS = 2.0


class InstanceError(Exception):
    """An instance did not become healthy; the message says why, as far as its log tells."""


class Instance:
    """One running container. Requests in flight are counted, so that it can be stopped without breaking one."""

    def __init__(self, child: subprocess.Popen[bytes], port: int, log: LogStream, follower: threading.Thread) -> None:
        self.child = child
        self.port = port
        self.log = log
        self._follower = follower
        # One pool for each instance: connections are kept, a new instance starts with none.
        self._http = urllib3.PoolManager(maxsize=32, retries=False)
        self._in_flight = 0
        self._idle = threading.Condition()

    @property
    def url(self) -> str:
        """Where the container answers."""
        return f"http://127.0.0.1:{self.port}"

    def wait_until_healthy(self, timeout_seconds: float) -> None:
        """Return at the first good answer to /ping; raises InstanceError when the process ends or the time does."""
        deadline = time.monotonic() + timeout_seconds
        while time.monotonic() < deadline:
            if self.child.poll() is not None:
                self._follower.join(LAST_LINES_SECONDS)
                raise InstanceError(f"The container ended with exit code {self.child.returncode}: {self._last_words()}")
            with contextlib.suppress(urllib3.exceptions.HTTPError):
                answer = self._http.request("GET", f"{self.url}/ping", timeout=PING_TIMEOUT_SECONDS)
                if answer.status == HTTPStatus.OK:
                    return
            time.sleep(PING_INTERVAL_SECONDS)
        raise InstanceError(f"/ping did not answer 200 within {timeout_seconds:.0f} seconds: {self._last_words()}")

    def invoke(self, body: bytes, headers: Mapping[str, str]) -> urllib3.BaseHTTPResponse:
        """POST /invocations; raises urllib3's HTTPError when the container does not answer in time."""
        with self._idle:
            self._in_flight += 1
        try:
            return self._http.request(
                "POST",
                f"{self.url}/invocations",
                body=body,
                headers=dict(headers),
                timeout=INVOCATION_TIMEOUT_SECONDS,
            )
        finally:
            with self._idle:
                self._in_flight -= 1
                self._idle.notify_all()

    def drain(self) -> None:
        """Wait until no request is in flight."""
        with self._idle:
            self._idle.wait_for(lambda: self._in_flight == 0, DRAIN_SECONDS)

    def _last_words(self) -> str:
        return error_line(self.log.tail) or "it printed nothing."


def start_instance(
    home: Home, processes: ProcessRegistry, base: Path, environment: Mapping[str, str], log: LogStream
) -> Instance:
    """Start the inference container of the model unpacked below `base`, an /opt/ml; it is not healthy yet."""
    port = _free_port()
    read_end, write_end = os.pipe()
    follower = threading.Thread(target=log.follow, args=(os.fdopen(read_end, "rb", 0),), daemon=True)
    follower.start()
    variables = {"SAGEMAKER_BASE_DIR": str(base), "SAGEMAKER_BIND_TO_PORT": str(port)}
    with os.fdopen(write_end, "wb") as output:
        child = processes.start(
            [sys.executable, str(CONTAINER)],
            environment={**home.child_environment(), **environment, **variables},
            cwd=base,
            output=output,
        )
    return Instance(child, port, log, follower)


def stop_instance(processes: ProcessRegistry, instance: Instance) -> None:
    """Stop the container's process."""
    processes.stop(instance.child, grace_seconds=STOP_GRACE_SECONDS)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
