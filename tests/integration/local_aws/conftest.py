"""The laptop's AWS APIs on a port of their own: Lambda's runtime, CloudFormation and the HTTP APIs."""

from __future__ import annotations

import io
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

import boto3
import pytest
import requests
from botocore.config import Config

from local.home import Home


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A server of its own, in a process of its own as in real life."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        home = Home(tmp_path_factory.mktemp("home"), probe.getsockname()[1])
    environment = {**os.environ, "GREENLIGHT_HOME": str(home.directory), "GREENLIGHT_PORT": str(home.port)}
    with home.log_file.open("wb") as log:
        server = subprocess.Popen([sys.executable, "-m", "local.server"], env=environment, stdout=log, stderr=log)
    for _ in range(300):
        try:
            requests.get(f"{home.endpoint_url}/_greenlight/health", timeout=1)
            break
        except requests.ConnectionError:
            assert server.poll() is None, home.log_file.read_text()
            time.sleep(0.1)
    yield home
    server.send_signal(signal.SIGTERM)
    server.wait(60)


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
                # Without a date of its own the same source would make another package a moment later.
                archive.writestr(zipfile.ZipInfo(name), text)
        return buffer.getvalue()

    return zipped


@pytest.fixture(scope="session")
def make_function(
    client: Callable[[str], Any], zip_of: Callable[[Mapping[str, str]], bytes], make_role: Callable[..., str]
) -> Callable[..., str]:
    """Create a function whose module `code` holds the given source; returns its name."""
    role = make_role(client("iam"), "function", "lambda.amazonaws.com")

    def make(name: str, source: str, handler: str = "code_under_test.handler", **settings: Any) -> str:
        client("lambda").create_function(
            FunctionName=name,
            Runtime="python3.12",
            Handler=handler,
            Code={"ZipFile": zip_of({"code_under_test.py": source})},
            **{"Role": role, **settings},
        )
        return name

    return make


DEPLOYMENT_BUCKET = "deployments"
CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]


class Stacks:
    """Deploys templates as `sam deploy` does: files to a bucket, then a change set."""

    def __init__(self, client: Callable[[str], Any]) -> None:
        self.cloudformation = client("cloudformation")
        self._s3 = client("s3")
        self._s3.create_bucket(Bucket=DEPLOYMENT_BUCKET)

    def upload(self, key: str, content: str | bytes) -> str:
        body = textwrap.dedent(content) if isinstance(content, str) else content
        self._s3.put_object(Bucket=DEPLOYMENT_BUCKET, Key=key, Body=body)
        return f"{self._s3.meta.endpoint_url}/{DEPLOYMENT_BUCKET}/{key}"

    def change(self, name: str, template: str, **parameters: str) -> dict[str, Any]:
        """Create a change set; returns its description."""
        pages = self.cloudformation.get_paginator("describe_stacks").paginate()
        stacks = [stack for page in pages for stack in page["Stacks"]]
        existing = {each["StackName"] for each in stacks if each["StackStatus"] != "REVIEW_IN_PROGRESS"}
        created = self.cloudformation.create_change_set(
            StackName=name,
            ChangeSetName=f"change-{time.time_ns()}",
            ChangeSetType="UPDATE" if name in existing else "CREATE",
            TemplateBody=textwrap.dedent(template),
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            Capabilities=CAPABILITIES,
        )
        described: dict[str, Any] = self.cloudformation.describe_change_set(ChangeSetName=created["Id"])
        return described

    def deploy(self, name: str, template: str, **parameters: str) -> dict[str, Any]:
        """Execute a change set and wait; returns the stack."""
        change_set = self.change(name, template, **parameters)
        assert change_set["Status"] == "CREATE_COMPLETE", change_set.get("StatusReason")
        self.cloudformation.execute_change_set(ChangeSetName=change_set["ChangeSetId"])
        return self.wait(name)

    def wait(self, name: str) -> dict[str, Any]:
        for _ in range(600):
            stack: dict[str, Any] = self.cloudformation.describe_stacks(StackName=name)["Stacks"][0]
            if not stack["StackStatus"].endswith("_IN_PROGRESS"):
                return stack
            time.sleep(0.05)
        raise AssertionError(f"{name} does not come to an end")

    def outputs(self, name: str) -> dict[str, str]:
        stack = self.cloudformation.describe_stacks(StackName=name)["Stacks"][0]
        return {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}

    def events(self, name: str) -> list[dict[str, Any]]:
        events: list[dict[str, Any]] = self.cloudformation.describe_stack_events(StackName=name)["StackEvents"]
        return events

    def failures(self, name: str) -> dict[str, str]:
        """Reasons by logical id, of the stack and of the stacks inside it."""
        failures: dict[str, str] = {}
        for event in self.events(name):
            if event["ResourceStatus"].endswith("_FAILED"):
                failures[event["LogicalResourceId"]] = event.get("ResourceStatusReason", "")
                inner = event.get("PhysicalResourceId", "")
                if ":stack/" in inner and inner != event["StackId"]:
                    failures.update(self.failures(inner))
        return failures

    def physical_id(self, name: str, logical_id: str) -> str:
        resource = self.cloudformation.describe_stack_resource(StackName=name, LogicalResourceId=logical_id)
        return str(resource["StackResourceDetail"]["PhysicalResourceId"])


@pytest.fixture(scope="session")
def stacks(client: Callable[[str], Any]) -> Stacks:
    return Stacks(client)
