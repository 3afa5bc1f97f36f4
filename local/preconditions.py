"""What the laptop must offer before the stack is started."""

from __future__ import annotations

import shutil
import socket
import time
from pathlib import Path

from local.daemon_errors import DiskFullError, PortInUseError

GIB = 1 << 30
NEEDED_BYTES = 1 * GIB
# The system takes a moment to give back the port of a server that was killed.
PORT_PATIENCE_SECONDS = 1.0
POLL_SECONDS = 0.05


def require_disk(directory: Path) -> None:
    """Raise DiskFullError unless NEEDED_BYTES are free where the directory is, or will be."""
    existing = next(parent for parent in (directory, *directory.parents) if parent.exists())
    free = shutil.disk_usage(existing).free
    if free < NEEDED_BYTES:
        raise DiskFullError(
            f"{existing} has {free / GIB:.2f} GiB of free space, and the stack needs at least "
            f"{NEEDED_BYTES / GIB:.0f} GiB. Free some, or put the state elsewhere with GREENLIGHT_HOME."
        )


def require_port(port: int) -> None:
    """Raise PortInUseError when another program listens on the port of 127.0.0.1."""
    deadline = time.monotonic() + PORT_PATIENCE_SECONDS
    while (error := _bind_error(port)) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    if error:
        raise PortInUseError(
            f"Port {port} of 127.0.0.1 is taken by another program ({error.strerror}). "
            "Choose a free one with GREENLIGHT_PORT, for example GREENLIGHT_PORT=4848."
        ) from error


def _bind_error(port: int) -> OSError | None:
    with socket.socket() as probe:
        # The server binds with the same option: a port that merely waits out its last connections is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen()
        except OSError as error:
            return error
    return None
