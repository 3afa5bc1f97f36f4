"""Listens with uvicorn until SIGTERM or SIGINT, and lets the requests under way end."""

from __future__ import annotations

import errno
import signal
import socket
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING

import uvicorn

if TYPE_CHECKING:
    from fastapi import FastAPI

# Longer than a load balancer keeps an idle connection (infra/sam/fargate.yaml), so that it is never this side that
# closes one on which the next request is already under way.
KEEP_ALIVE_SECONDS = 75


class AddressError(Exception):
    """Nothing can listen at the address; the message says why and what to do."""


class Listener(uvicorn.Server):
    """A server that calls back once it answers."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets)
        self._ready()


def take_port(host: str, port: int) -> socket.socket:
    """A socket that listens; whoever connects is answered once the model is loaded.

    port: 0 for any that is free
    Raises AddressError.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol left open, asyncio does not switch Nagle's algorithm off, and each answer waits 40 ms.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    # A server that has just ended leaves its port waiting for a minute.
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
        bound.listen()
    except (OSError, OverflowError) as error:
        bound.close()
        raise AddressError(_why(error, host, port)) from error
    return bound


def _why(error: Exception, host: str, port: int) -> str:
    match error:
        case OSError(errno=errno.EADDRINUSE):
            return f"port {port} is taken by another program; stop that one, or choose another with --port"
        case OSError(errno=errno.EACCES):
            return f"this user may not listen at port {port}; choose one from 1024 on with --port"
        case OverflowError():
            return f"{port} is no port; choose one from 1024 to 65535 with --port"
        case _:
            return f"nothing can listen at {host}, port {port} ({error}); choose another address with --host"


def listen(
    app: FastAPI,
    bound: socket.socket,
    *,
    grace_seconds: int,
    keep_alive_seconds: int = KEEP_ALIVE_SECONDS,
    ready: Callable[[], None] = lambda: None,
) -> None:
    """Answer until SIGTERM or SIGINT; then requests under way have grace_seconds."""
    config = uvicorn.Config(
        app,
        # Rows must not come into a log, and uvicorn's own line holds the whole query.
        access_log=False,
        log_level="warning",
        lifespan="off",
        server_header=False,
        timeout_keep_alive=keep_alive_seconds,
        timeout_graceful_shutdown=grace_seconds,
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        # Once it has stopped, uvicorn sends the signal again, which would end the process as if it had been killed.
        signal.signal(number, _stopped)
    Listener(config, ready).run(sockets=[bound])


def _stopped(_number: int, _frame: FrameType | None) -> None:
    """Nothing is left to do."""
