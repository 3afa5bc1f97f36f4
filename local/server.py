"""The one background process: every AWS API of the laptop on one port of 127.0.0.1.

Run     python -m local.server     (GREENLIGHT_HOME and GREENLIGHT_PORT say where; `greenlight up` starts it)
Stops   on SIGTERM or SIGINT: children first, then a last snapshot, exit code 0
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import logging
import os
import signal
import threading
from pathlib import Path

from moto.core.config import default_user_config
from moto.moto_server import werkzeug_app
from werkzeug.exceptions import NotFound
from werkzeug.serving import make_server

from local import interpreter
from local.front import Front
from local.home import Home
from local.logs import log_to_standard_error
from local.processes import ProcessRegistry

logger = logging.getLogger(__name__)


def main() -> None:
    """Serve until a signal asks to stop."""
    log_to_standard_error()
    home = Home.from_environment(Path.cwd())
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    home.directory.mkdir(parents=True, exist_ok=True)
    home.temporary.mkdir(parents=True, exist_ok=True)
    os.environ.update({"MOTO_PORT": str(home.port), "TMPDIR": str(home.temporary), **home.client_environment()})
    default_user_config["stepfunctions"] = {"execute_state_machine": True}
    default_user_config["lambda"] = {"use_docker": False}
    werkzeug_app.DISABLE_GLOBAL_CORS = True
    processes = ProcessRegistry(home.processes)
    processes.stop_leftovers()
    interpreter.install()
    subsystems = []
    for module, name in (("local.lambda_runtime", "LambdaRuntime"), ("local.sagemaker", "SageMaker")):
        if importlib.util.find_spec(module):
            subsystems.append(getattr(importlib.import_module(module), name)(home, processes))
    for subsystem in subsystems:
        subsystem.install()
    if importlib.util.find_spec("local.cloudformation"):
        importlib.import_module("local.cloudformation").install()
    if importlib.util.find_spec("local.stepfunctions"):
        importlib.import_module("local.stepfunctions").install(subsystems[-1])
    http_api = NotFound()
    if importlib.util.find_spec("local.http_api"):
        http_api = importlib.import_module("local.http_api").HttpApi()
    front = Front(
        aws=werkzeug_app.DomainDispatcherApplication(werkzeug_app.create_backend_app),
        http_api=http_api,
        pages=NotFound(),
        health=lambda: {"version": importlib.metadata.version("greenlight")},
        changed=lambda: None,
    )
    server = make_server(
        "127.0.0.1", home.port, front, threaded=True, request_handler=werkzeug_app.MotoRequestHandler
    )
    for subsystem in subsystems:
        subsystem.start()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    logger.info("serving", extra={"endpoint": home.endpoint_url})
    stop.wait()
    server.shutdown()
    for subsystem in subsystems:
        subsystem.stop()
    logger.info("stopped")


if __name__ == "__main__":
    main()
