"""The laptop's AWS APIs on a port of their own: Lambda's runtime, CloudFormation and the HTTP APIs."""

from __future__ import annotations

import io
import os
import socket
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

import boto3
import pytest
from botocore.config import Config
from moto.moto_server import werkzeug_app
from werkzeug.serving import make_server

from local.cloudformation import CloudFormation
from local.home import Home
from local.lambda_runtime import LambdaRuntime
from local.processes import ProcessRegistry


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return Home(tmp_path_factory.mktemp("home"), probe.getsockname()[1])


@pytest.fixture(scope="session", autouse=True)
def runtime(home: Home) -> Iterator[LambdaRuntime]:
    runtime = LambdaRuntime(home, ProcessRegistry(home.processes))
    runtime.install()
    yield runtime
    runtime.stop()


@pytest.fixture(scope="session", autouse=True)
def cloudformation(home: Home) -> None:
    CloudFormation(home).install()


@pytest.fixture(scope="session", autouse=True)
def server(home: Home) -> Iterator[None]:
    os.environ.update({"MOTO_PORT": str(home.port), **home.client_environment()})
    application = werkzeug_app.DomainDispatcherApplication(werkzeug_app.create_backend_app)
    server = make_server(
        "127.0.0.1", home.port, application, threaded=True, request_handler=werkzeug_app.MotoRequestHandler
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield
    server.shutdown()


@pytest.fixture(scope="session")
def client(home: Home) -> Callable[[str], Any]:
    session = boto3.Session(aws_access_key_id="laptop", aws_secret_access_key="laptop", region_name="us-east-1")
    config = Config(read_timeout=90, retries={"total_max_attempts": 1})

    def make(service: str) -> Any:
        return cast("Any", session).client(service, endpoint_url=home.endpoint_url, config=config)

    return make


@pytest.fixture(scope="session")
def zip_of() -> Callable[[Mapping[str, str]], bytes]:
    def zipped(files: Mapping[str, str]) -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for name, text in files.items():
                archive.writestr(name, text)
        return buffer.getvalue()

    return zipped


@pytest.fixture(scope="session")
def make_function(client: Callable[[str], Any], zip_of: Callable[[Mapping[str, str]], bytes]) -> Callable[..., str]:
    """Create a function whose module `code` holds the given source; returns its name."""
    client("iam").create_role(RoleName="function", AssumeRolePolicyDocument="{}", Path="/")
    role = client("iam").get_role(RoleName="function")["Role"]["Arn"]

    def make(name: str, source: str, handler: str = "code_under_test.handler", **settings: Any) -> str:
        client("lambda").create_function(
            FunctionName=name,
            Runtime="python3.12",
            Role=role,
            Handler=handler,
            Code={"ZipFile": zip_of({"code_under_test.py": source})},
            **settings,
        )
        return name

    return make
