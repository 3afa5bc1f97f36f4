from __future__ import annotations

import contextlib
import random
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from local import daemon
from local.home import REGION, Home

PROJECT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def project() -> Path:
    return PROJECT


@pytest.fixture(scope="session")
def free_port() -> Callable[[], int]:
    def choose() -> int:
        # Below the ports that the system gives to connections: nothing takes one between a stop and the next start.
        for port in iter(lambda: random.randint(20_000, 30_000), None):  # noqa: S311 - any port
            with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
                return port
        raise AssertionError("there is always a free port")

    return choose


@pytest.fixture(scope="session")
def client_of() -> Callable[[Home, str], Any]:
    """A boto3 client of a home's server."""

    def make(home: Home, service: str) -> Any:
        variables = home.client_environment()
        return boto3.Session(
            aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
            region_name=REGION,
        ).client(
            service,  # type: ignore[call-overload]  # any service
            endpoint_url=home.endpoint_url,
            config=Config(retries={"total_max_attempts": 1}, read_timeout=20),
        )

    return make


@pytest.fixture
def home(tmp_path: Path, free_port: Callable[[], int]) -> Iterator[Home]:
    """A home whose server, if a test starts one, is stopped at the end."""
    home = Home(tmp_path / "home", free_port())
    yield home
    daemon.down(home)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]) -> Iterator[Home]:
    """A home with a running server, shared by the tests of one file."""
    home = Home(tmp_path_factory.mktemp("served"), free_port())
    daemon.up(home, PROJECT)
    yield home
    daemon.down(home)
