"""One laptop stack for the whole-flow tests: started, deployed, spoken to only through its own clients, and stopped."""

from __future__ import annotations

import csv
import json
import os
import random
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests
import yaml
from botocore.config import Config
from selenium import webdriver

from greenlight.datasets import package_rows
from steps.recipe import parse_recipe
from steps.recipe_sections.data import PackageSource

PROJECT = Path(__file__).parents[2]
GREENLIGHT = PROJECT / ".venv/bin/greenlight"
DEFAULT_RECIPE = PROJECT / "recipes/review-snippets/recipe.yaml"
COMMAND_TIMEOUT_SECONDS = 300
BROWSER_TIMEOUT_SECONDS = 60
TABLET_WIDTH = 700


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What leaves things behind comes after the others, and what looks at all that was done comes last."""
    last = ("test_rare_paths.py", "test_least_privilege.py")
    items.sort(key=lambda item: last.index(item.path.name) + 1 if item.path.name in last else 0)


@dataclass(frozen=True)
class Answer:
    """What a command ended with."""

    code: int
    document: Any
    errors: str


@dataclass(frozen=True)
class Laptop:
    """A running stack and the environment in which its command line is called.

    aws: what `greenlight env` printed, for a command line that takes the laptop for AWS; None on a laptop
    stack: name of the stack that is deployed and asked
    """

    home: Path
    port: int
    aws: tuple[tuple[str, str], ...] | None = None
    stack: str = "greenlight"

    @property
    def environment(self) -> dict[str, str]:
        outside = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "GREENLIGHT_"))}
        if self.aws is not None:
            return {**outside, **dict(self.aws), "GREENLIGHT_TARGET": "aws", "COLUMNS": "160"}
        place = {"GREENLIGHT_HOME": str(self.home), "GREENLIGHT_PORT": str(self.port), "GREENLIGHT_STACK": self.stack}
        return {**outside, **place, "COLUMNS": "160"}

    def as_aws(self) -> Laptop:
        """The same stack for a command line that is told of AWS alone."""
        return replace(self, aws=tuple(self.call("env").document.items()))

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command and leave it running."""
        return subprocess.Popen(
            [str(GREENLIGHT), *arguments],
            env=self.environment,
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def call(self, *arguments: str) -> Answer:
        """Run a command with --json and parse the one document on its standard output."""
        process = self.start(*arguments, "--json")
        try:
            output, errors = process.communicate(timeout=COMMAND_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        return Answer(process.returncode, json.loads(output), errors)

    @cached_property
    def client_environment(self) -> dict[str, str]:
        """What `greenlight env` tells a client."""
        variables: dict[str, str] = self.call("env").document
        return variables

    def client(self, service: str) -> Any:
        """A boto3 client that knows the laptop only from `greenlight env`."""
        environment = self.client_environment
        return boto3.client(
            service,  # type: ignore[call-overload]  # one of boto3's names, chosen by the test
            endpoint_url=environment["AWS_ENDPOINT_URL"],
            region_name=environment["AWS_DEFAULT_REGION"],
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
            config=Config(connect_timeout=5, read_timeout=70, retries={"total_max_attempts": 1}),
        )

    def machine(self, kind: str = "release") -> str:
        """ARN of one of the stack's state machines."""
        machines = self.client("stepfunctions").list_state_machines()["stateMachines"]
        [arn] = [each["stateMachineArn"] for each in machines if each["name"] == f"{self.stack}-{kind}"]
        return str(arn)

    def wait_for_state(self, run_id: str, *states: str, kind: str = "release") -> str:
        """The first of the states that a run enters; asked of Step Functions, which costs less than our command."""
        stepfunctions = self.client("stepfunctions")
        arn = f"{self.machine(kind).replace(':stateMachine:', ':execution:')}:{run_id}"
        deadline = time.monotonic() + COMMAND_TIMEOUT_SECONDS
        while True:
            events = stepfunctions.get_execution_history(executionArn=arn, reverseOrder=True)["events"]
            entered = [
                event["stateEnteredEventDetails"]["name"] for event in events if "stateEnteredEventDetails" in event
            ]
            if entered and entered[0] in states:
                return str(entered[0])
            assert "stopDate" not in stepfunctions.describe_execution(executionArn=arn), (
                f"{run_id} ended in {entered[0]}"
            )
            assert time.monotonic() < deadline, entered
            time.sleep(0.5)

    def locks(self) -> list[dict[str, Any]]:
        """Every lock that any recipe holds."""
        dynamodb = self.client("dynamodb")
        (table,) = dynamodb.list_tables()["TableNames"]
        return [item for item in dynamodb.scan(TableName=table)["Items"] if item["sk"]["S"] == "LOCK"]

    def mails(self) -> list[dict[str, Any]]:
        """The mailbox's mails with their texts, newest first."""
        answer = requests.get(f"http://127.0.0.1:{self.port}/_greenlight/inbox.json", timeout=10)
        mails: list[dict[str, Any]] = answer.json()
        return mails


def free_port() -> int:
    """A port nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def unused_port() -> int:
    return free_port()


@contextmanager
def running(home: Path) -> Iterator[Laptop]:
    """A stack that is up, with nothing deployed to it."""
    stack = Laptop(home, free_port())
    up = stack.call("up")
    assert up.code == 0, up.errors
    try:
        yield stack
    finally:
        down = stack.call("down")
        assert down.code == 0, down.errors


@pytest.fixture(scope="module")
def own_laptop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laptop]:
    """An empty laptop for tests that leave nothing as it was."""
    stack = Laptop(tmp_path_factory.mktemp("home"), free_port())
    up = stack.call("up")
    assert up.code == 0, up.errors
    try:
        yield stack
    finally:
        stack.call("down")


@pytest.fixture(scope="session")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laptop]:
    with running(tmp_path_factory.mktemp("home")) as stack:
        deployed = stack.call("deploy")
        assert deployed.code == 0, deployed.errors
        yield stack


@pytest.fixture(scope="module")
def empty_laptop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laptop]:
    """A stack of one test file's own, with nothing deployed to it."""
    with running(tmp_path_factory.mktemp("home")) as stack:
        yield stack


@pytest.fixture(scope="session")
def first_release(laptop: Laptop) -> Answer:
    """What the first release of the default recipe, approved through the mailed link, ended with."""
    return laptop.call("run", "review-snippets", "--approve")


@pytest.fixture(scope="session")
def all_rows() -> list[dict[str, str]]:
    """The default recipe's rows, from the published package."""
    recipe = parse_recipe(DEFAULT_RECIPE.read_text(), where=DEFAULT_RECIPE.name)
    assert isinstance(recipe.data.source, PackageSource)
    file = package_rows(recipe.data.source, PROJECT / ".cache/data", note=lambda _words: None)
    with file.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="session")
def few_rows(all_rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """2,000 real rows of both classes, always the same."""
    return random.Random(7).sample(all_rows, 2000)  # noqa: S311 - a sample, not a secret


RecipeWriter = Callable[..., str]


@pytest.fixture(scope="session")
def write_recipe(tmp_path_factory: pytest.TempPathFactory) -> RecipeWriter:
    """Writes a variant of the default recipe and returns its path, as `greenlight run` takes it.

    Keys with dots reach inside: {"approval.deadline_seconds": 3}.
    """

    def write(name: str, changes: dict[str, Any] | None = None) -> str:
        recipe = yaml.safe_load(DEFAULT_RECIPE.read_text())
        recipe["name"] = name
        recipe["data"].pop("source")
        # A small model of few rows is not as good as the default one; what counts here is the flow.
        gate = {"name": "accuracy", "floor": 0.58, "margin": 0.1, "significantly_worse": "warn"}
        recipe["metrics"]["gates"] = [gate]
        for test in recipe["behaviour"]["tests"]:
            test["severity"] = "warn"
        recipe["smoke"]["max_latency_ms"] = 30_000
        recipe["endpoint"] |= {"deadline_seconds": 300, "poll_seconds": 1}
        for path, value in (changes or {}).items():
            section = recipe
            *parents, key = path.split(".")
            for parent in parents:
                section = section.setdefault(parent, {})
            section[key] = value
        folder = tmp_path_factory.mktemp("recipe") / name
        folder.mkdir()
        (folder / "recipe.yaml").write_text(yaml.safe_dump(recipe))
        return str(folder)

    return write


@pytest.fixture(scope="session")
def write_rows(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, list[dict[str, str]]], str]:
    """Writes rows as a CSV and returns its path."""

    def write(name: str, rows: list[dict[str, str]]) -> str:
        file = tmp_path_factory.mktemp("rows") / name
        with file.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        return str(file)

    return write


@pytest.fixture
def browser() -> Iterator[Callable[..., Any]]:
    """Opens headless Chromium with a window of some size in pixels, JavaScript switched off unless a test wants it."""
    opened = []

    def open_browser(size: tuple[int, int], *, javascript: bool = False) -> Any:
        options = webdriver.ChromeOptions()
        for argument in (
            *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
            *("--disable-component-update", "--disable-sync", "--disable-quic"),
        ):
            options.add_argument(argument)
        if not javascript:
            options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
        options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
        options.binary_location = shutil.which("chromium") or shutil.which("google-chrome") or ""
        driver = webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))
        opened.append(driver)
        driver.set_page_load_timeout(BROWSER_TIMEOUT_SECONDS)
        # The window of a desktop is never as narrow as a phone's screen.
        width, height = size
        driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 2, "mobile": width < TABLET_WIDTH},
        )
        return driver

    yield open_browser
    for driver in opened:
        driver.quit()
