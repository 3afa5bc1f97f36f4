"""Instances of an endpoint: inference containers as processes that listen on ports of this machine."""

from __future__ import annotations

import contextlib
import os
import queue
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import urllib3

from local.home import Home
from local.processes import ProcessRegistry
from local.sagemaker.images import INFERENCE
from local.sagemaker.job_folder import JobFolder
from local.sagemaker.log_stream import LogStream, error_line

CONTAINERS = Path(__file__).parent / "containers"
# Beside it no project, only what the archive holds.
ISOLATION = CONTAINERS / "isolation"
PING_INTERVAL_SECONDS = 0.05
PING_TIMEOUT_SECONDS = 2.0
# SageMaker gives 30 s between SIGTERM and SIGKILL.
STOP_GRACE_SECONDS = 5.0
DRAIN_SECONDS = 60.0
INVOCATION_TIMEOUT_SECONDS = 60.0
LAST_LINES_SECONDS = 2.0


class InstanceError(Exception):
    """An instance did not become healthy; the message says why, as far as its log tells.

    container: the name of the one that did not, when it is one
    """

    def __init__(self, message: str, container: str = "") -> None:
        super().__init__(message)
        self.container = container


class NoAnswerError(urllib3.exceptions.HTTPError):
    """A container did not answer in time, or its connection broke. container: its name"""

    def __init__(self, container: str) -> None:
        super().__init__(f"no answer from {container}")
        self.container = container


@dataclass(frozen=True)
class ContainerAnswer:
    """What an instance answered; of a pipeline, what its last container did, or the first that refused.

    container: its name, as AWS names it in messages
    """

    status: int
    headers: Mapping[str, str]
    data: bytes
    container: str


class Container:
    """One running inference container."""

    def __init__(
        self, child: subprocess.Popen[bytes], port: int, log: LogStream, follower: threading.Thread, name: str
    ) -> None:
        self.child = child
        self.port = port
        self.log = log
        self.name = name
        self._follower = follower
        # One pool for each container: connections are kept, a new one starts with none.
        self._http = urllib3.PoolManager(maxsize=32, retries=False)

    @property
    def url(self) -> str:
        """Where the container answers."""
        return f"http://127.0.0.1:{self.port}"

    def wait_until_healthy(self, deadline: float, timeout_seconds: float) -> None:
        """Return at the first good answer to /ping; raises InstanceError when the process ends or the time does."""
        while time.monotonic() < deadline:
            if self.child.poll() is not None:
                self._follower.join(LAST_LINES_SECONDS)
                words = f"The container ended with exit code {self.child.returncode}: {self._last_words()}"
                raise InstanceError(words, self.name)
            with contextlib.suppress(urllib3.exceptions.HTTPError):
                answer = self._http.request("GET", f"{self.url}/ping", timeout=PING_TIMEOUT_SECONDS)
                if answer.status == HTTPStatus.OK:
                    return
            time.sleep(PING_INTERVAL_SECONDS)
        words = f"/ping did not answer 200 within {timeout_seconds:.0f} seconds: {self._last_words()}"
        raise InstanceError(words, self.name)

    def invoke(self, body: bytes, headers: Mapping[str, str], timeout_seconds: float) -> ContainerAnswer:
        """POST /invocations; raises NoAnswerError when the container does not answer in time."""
        url = f"{self.url}/invocations"
        try:
            answer = self._http.request("POST", url, body=body, headers=dict(headers), timeout=timeout_seconds)
        except urllib3.exceptions.HTTPError as error:
            raise NoAnswerError(self.name) from error
        return ContainerAnswer(answer.status, answer.headers, answer.data, self.name)

    def _last_words(self) -> str:
        return error_line(self.log.tail) or "it printed nothing."


class Instance:
    """One running machine: one container, or those of an inference pipeline, called one after the other.

    Requests in flight are counted, so that it can be stopped without breaking one.
    """

    def __init__(self, containers: Sequence[Container]) -> None:
        self.containers = list(containers)
        self._in_flight = 0
        self._idle = threading.Condition()

    def wait_until_healthy(self, timeout_seconds: float) -> None:
        """Return when all containers are healthy; raises InstanceError when one ends or the time does."""
        deadline = time.monotonic() + timeout_seconds
        for container in self.containers:
            container.wait_until_healthy(deadline, timeout_seconds)

    def invoke(
        self, body: bytes, headers: Mapping[str, str], timeout_seconds: float = INVOCATION_TIMEOUT_SECONDS
    ) -> ContainerAnswer:
        """Ask the containers in turn: each one's answer and its type are the next one's request.

        The first answer that is an error is the instance's. Raises NoAnswerError when one does not answer in time.
        """
        with self._idle:
            self._in_flight += 1
        try:
            first, *others = self.containers
            answer = first.invoke(body, headers, timeout_seconds)
            for container in others:
                if answer.status >= HTTPStatus.BAD_REQUEST:
                    break
                content_type = answer.headers.get("Content-Type", "application/octet-stream")
                answer = container.invoke(answer.data, {**headers, "Content-Type": content_type}, timeout_seconds)
            return answer
        finally:
            with self._idle:
                self._in_flight -= 1
                self._idle.notify_all()

    def drain(self) -> None:
        """Wait until no request is in flight."""
        with self._idle:
            self._idle.wait_for(lambda: self._in_flight == 0, DRAIN_SECONDS)

    def wait(self) -> int:
        """Wait until a container's process has ended, the first of several; returns its exit code."""
        ended: queue.SimpleQueue[int] = queue.SimpleQueue()
        for container in self.containers:
            wait = container.child.wait
            threading.Thread(target=lambda wait=wait: ended.put(wait()), daemon=True).start()
        return ended.get()


def start_container(
    home: Home,
    processes: ProcessRegistry,
    folder: JobFolder,
    *,
    repository: str,
    environment: Mapping[str, str],
    log: LogStream,
    name: str,
) -> Container:
    """Start the inference container of the model unpacked in a folder; it is not healthy yet.

    repository: the image's, one of local.sagemaker.images.SERVES
    """
    port = _free_port()
    read_end, write_end = os.pipe()
    follower = threading.Thread(target=log.follow, args=(os.fdopen(read_end, "rb", 0),), daemon=True)
    follower.start()
    translated = {key: folder.translate(value) for key, value in environment.items()}
    variables = {"SAGEMAKER_BASE_DIR": str(folder.opt_ml), "SAGEMAKER_BIND_TO_PORT": str(port)}
    if repository == INFERENCE:
        command = [sys.executable, str(CONTAINERS / "tensorflow_inference.py")]
    else:
        command = [sys.executable, str(CONTAINERS / "toolkit_inference.py"), repository]
        paths = [translated.get("PYTHONPATH", ""), str(ISOLATION)]
        variables["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
    with os.fdopen(write_end, "wb") as output:
        child = processes.start(
            command,
            environment={**home.child_environment(), **translated, **variables},
            cwd=folder.opt_ml,
            output=output,
        )
    return Container(child, port, log, follower, name)


def stop_instance(processes: ProcessRegistry, instance: Instance) -> None:
    """Stop the processes of its containers, at once."""
    with ThreadPoolExecutor() as pool:
        children = [container.child for container in instance.containers]
        list(pool.map(lambda child: processes.stop(child, grace_seconds=STOP_GRACE_SECONDS), children))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
