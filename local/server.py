"""The one background process: every AWS API of the laptop on one port of 127.0.0.1.

Run     python -m local.server     (GREENLIGHT_HOME and GREENLIGHT_PORT say where; `greenlight up` starts it)
Stops   on SIGTERM or SIGINT: executions, children, a last snapshot; then exit code 0
"""

from __future__ import annotations

import importlib
import importlib.metadata
import logging
import os
import signal
import tempfile
import threading
from pathlib import Path
from typing import Any

from moto.core.config import default_user_config
from moto.moto_server import werkzeug_app
from werkzeug.exceptions import NotFound
from werkzeug.serving import make_server

from local import interpreter, mailbox
from local.front import Front
from local.home import Home
from local.lambda_runtime import LambdaRuntime
from local.logs import log_to_standard_error
from local.pid_file import record_server
from local.processes import ProcessRegistry
from local.sagemaker import SageMaker
from local.snapshot import Snapshots

logger = logging.getLogger(__name__)

SHUTDOWN_POLL_SECONDS = 0.1
STOPPED_CAUSE = "The laptop stack was stopped while this execution was running."
CRASHED_CAUSE = "The laptop stack ended while this execution was running."


def main() -> None:
    """Serve the home that the environment names until a signal asks to stop."""
    log_to_standard_error()
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    home = Home.from_environment(Path.cwd())
    configure(home)
    serve(home, stopping)


def configure(home: Home) -> None:
    """Set up this process for the home: its directories, its environment and moto's settings."""
    home.temporary.mkdir(parents=True, exist_ok=True)
    tempfile.tempdir = str(home.temporary)
    os.environ.update(home.child_environment() | {"MOTO_PORT": str(home.port)})
    default_user_config["stepfunctions"] = {"execute_state_machine": True}
    default_user_config["lambda"] = {"use_docker": False}
    # Only pages that the server itself hands out may read its answers.
    werkzeug_app.DISABLE_GLOBAL_CORS = True


def serve(home: Home, stopping: threading.Event) -> None:
    """Bring back the last state, answer requests until stopping is set, and leave nothing running."""
    record_server(home)
    processes = ProcessRegistry(home.processes)
    processes.stop_leftovers()
    snapshots = Snapshots(home.snapshot)
    functions = LambdaRuntime(home, processes)
    sagemaker = SageMaker(home, processes, snapshots.changed)
    front = Front(
        aws=werkzeug_app.DomainDispatcherApplication(werkzeug_app.create_backend_app),
        http_api=_http_api(functions),
        pages=mailbox.Mailbox(),
        health=lambda: {
            "version": importlib.metadata.version("greenlight"),
            "home": str(home.directory),
            "notes": snapshots.notes,
        },
        changed=snapshots.changed,
    )
    # Bound before anything is started: requests of children wait until the server answers.
    server = make_server("127.0.0.1", home.port, front, threaded=True, request_handler=werkzeug_app.MotoRequestHandler)
    interpreter.install()
    mailbox.install()
    functions.install()
    sagemaker.install()
    _install_later_parts(sagemaker)
    if snapshots.restore():
        interpreter.abort_running(CRASHED_CAUSE)
    threading.Thread(target=server.serve_forever, args=(SHUTDOWN_POLL_SECONDS,), name="server", daemon=True).start()
    functions.start()
    sagemaker.start()
    snapshots.start()
    logger.info("serving", extra={"endpoint": home.endpoint_url})
    stopping.wait()
    logger.info("stopping")
    interpreter.abort_running(STOPPED_CAUSE)
    # The server still answers: what is being stopped writes its last log lines and files through it.
    sagemaker.stop()
    functions.stop()
    server.shutdown()
    snapshots.stop()
    home.pid_file.unlink(missing_ok=True)
    logger.info("stopped")


def _http_api(functions: LambdaRuntime) -> Any:
    try:
        return importlib.import_module("local.http_api").HttpApi(functions)
    except (ImportError, AttributeError):
        return NotFound()


def _install_later_parts(sagemaker: SageMaker) -> None:
    for module, arguments in (("local.cloudformation", ()), ("local.stepfunctions", (sagemaker,))):
        try:
            install = importlib.import_module(module).install
        except (ImportError, AttributeError):
            logger.warning("part missing", extra={"part": module})
        else:
            install(*arguments)


if __name__ == "__main__":
    main()
