"""The one background process: every AWS API of the laptop on one port of 127.0.0.1.

Run     python -m local.server     (GREENLIGHT_HOME and GREENLIGHT_PORT say where; `greenlight up` starts it)
Stops   on SIGTERM or SIGINT: executions, children, a last snapshot; then exit code 0
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import tempfile
import threading
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

from moto.core.config import default_user_config
from moto.moto_server import werkzeug_app
from werkzeug.serving import make_server

from local import dynamodb, iam, interpreter, mailbox, stepfunctions, subscriptions
from local.cloudformation import CloudFormation
from local.cloudwatch import CloudWatch
from local.code_digest import code_digest
from local.events import Events, emit
from local.front import Front
from local.home import Home
from local.http_api import HttpApi
from local.lambda_runtime import LambdaRuntime
from local.logs import log_to_standard_error
from local.pid_file import record_server
from local.processes import ProcessRegistry
from local.sagemaker import SageMaker
from local.service_models.guard import LegalRequests
from local.snapshot import Snapshots

logger = logging.getLogger(__name__)

ADDRESS = "127.0.0.1"
SHUTDOWN_POLL_SECONDS = 0.1
STOPPED_CAUSE = "The laptop stack was stopped while this execution was running."
CRASHED_CAUSE = "The laptop stack ended while this execution was running."


class Subsystem(Protocol):
    """A part of the laptop with processes or work of its own."""

    def install(self) -> None:
        """Plug into moto, before anything is served."""

    def start(self) -> None:
        """Bring back what the restored state calls for; the server answers already."""

    def stop(self) -> None:
        """Stop all processes; the server still answers."""


def main() -> None:
    """Serve the home that the environment names until a signal asks to stop."""
    log_to_standard_error()
    stop_signal = listen_for_signals()
    home = Home.from_environment(Path.cwd())
    configure(home)
    serve(home, wait_for_stop=lambda: os.read(stop_signal, 1))


def listen_for_signals() -> int:
    """A file descriptor that can be read as soon as SIGTERM or SIGINT has come.

    The system may hand a signal to any thread, while Python's handlers run in the main one: a main thread that waits
    for a lock sometimes sleeps on. The byte that Python writes at once, in whichever thread, always wakes a reader.
    """
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    return reading


def configure(home: Home) -> None:
    """Set up this process for the home: its directories, its environment and moto's settings."""
    home.temporary.mkdir(parents=True, exist_ok=True)
    tempfile.tempdir = str(home.temporary)
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(home.child_environment() | {"MOTO_PORT": str(home.port)})
    default_user_config["stepfunctions"] = {"execute_state_machine": True}
    default_user_config["lambda"] = {"use_docker": False}
    # Only pages that the server itself hands out may read its answers.
    werkzeug_app.DISABLE_GLOBAL_CORS = True  # type: ignore[attr-defined]  # moto's own setting, imported there


def serve(home: Home, *, wait_for_stop: Callable[[], object]) -> None:
    """Bring back the last state, answer requests until wait_for_stop returns, and leave nothing running."""
    processes = ProcessRegistry(home.processes)
    processes.stop_leftovers()
    snapshots = Snapshots(home.snapshot)
    functions = LambdaRuntime(home, processes)
    sagemaker = SageMaker(home, processes, snapshots.changed)
    iam.AUTHORIZER.log = iam.AccessLog(home.access_log)
    subsystems: list[Subsystem] = [functions, CloudFormation(home, deployed=functions.deployed), sagemaker]
    subsystems.append(CloudWatch(snapshots.changed, emit))
    events = Events(home)
    iam.install()
    interpreter.install()
    mailbox.install()
    subscriptions.install()
    dynamodb.install()
    for subsystem in (*subsystems, events):
        subsystem.install()
    stepfunctions.install(sagemaker)
    health = {
        "status": "starting",
        "version": version("greenlight"),
        "code": code_digest(Path.cwd()),
        "home": str(home.directory),
    }
    apis = werkzeug_app.DomainDispatcherApplication(werkzeug_app.create_backend_app)
    front = Front(
        aws=iam.Gate(LegalRequests(apis, home.checked_requests)),
        http_api=HttpApi(home, functions.invoke),
        pages=mailbox.Mailbox(),
        health=lambda: {**health, "notes": snapshots.notes},
        changed=snapshots.changed,
    )
    server = make_server(ADDRESS, home.port, front, threaded=True, request_handler=werkzeug_app.MotoRequestHandler)
    # What is registered last is stopped first. The server answers to the end: what is being stopped writes its last log
    # lines and files through it.
    with contextlib.ExitStack() as stack:
        record_server(home)
        stack.callback(home.pid_file.unlink, missing_ok=True)
        # Without a record of the server its port must be free.
        stack.callback(server.server_close)
        if snapshots.restore():
            interpreter.abort_running(CRASHED_CAUSE)
        snapshots.start()
        stack.callback(snapshots.stop)
        threading.Thread(target=server.serve_forever, args=(SHUTDOWN_POLL_SECONDS,), name="server", daemon=True).start()
        stack.callback(server.shutdown)
        for subsystem in subsystems:
            stack.callback(subsystem.stop)
            subsystem.start()
        stack.callback(interpreter.abort_running, STOPPED_CAUSE)
        # The end of an execution that is stopped with the server is to start no other.
        stack.callback(events.stop)
        events.start()
        health["status"] = "ok"
        logger.info("serving", extra={"endpoint": home.endpoint_url})
        wait_for_stop()
        health["status"] = "stopping"
        logger.info("stopping")
    logger.info("stopped")


if __name__ == "__main__":
    main()
