"""Which process serves a home: written by the server, read by those who look for it."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import dataclass

import psutil

from local.home import Home

SERVER_MODULE = "local.server"


@dataclass(frozen=True)
class RunningServer:
    """The living server of a home, and the port it was started with."""

    process: psutil.Process
    port: int


def record_server(home: Home) -> None:
    """Write down that this process serves the home."""
    record = {"pid": os.getpid(), "created": psutil.Process().create_time(), "port": home.port}
    new = home.pid_file.with_suffix(".new")
    new.write_text(json.dumps(record))
    new.replace(home.pid_file)


def find_server(home: Home) -> RunningServer | None:
    """The server of the home; None when there is none, or only the record of one that has ended."""
    with contextlib.suppress(OSError, ValueError, KeyError, psutil.Error):
        record = json.loads(home.pid_file.read_text())
        process = psutil.Process(record["pid"])
        # The system uses a process id again; only the same start time and program make it ours.
        same = abs(process.create_time() - record["created"]) < 1 and SERVER_MODULE in process.cmdline()
        if same and process.status() != psutil.STATUS_ZOMBIE:
            return RunningServer(process, int(record["port"]))
    return None
