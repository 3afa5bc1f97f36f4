"""A deployment changes what new runs do, and nothing about a run that waits for its approver."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from greenlight.deployment import Deployer, Deployment
from greenlight.samconfig import parameter_overrides
from local.home import ACCOUNT

PROJECT = Path(__file__).parents[2]
DEPLOYED = ("infra", "lambdas", "recipes", "serving", "steps", "training", "workflows", "template.yaml")
SMOKE_TESTS = "lambdas/run_smoke_tests/handler.py"
WAIT_SECONDS = 240

Deploy = Callable[..., Deployment]
Rows = list[dict[str, str]]


@pytest.fixture(scope="module")
def changed_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project whose smoke tests always fail."""
    copy = tmp_path_factory.mktemp("changed")
    for name in DEPLOYED:
        if (PROJECT / name).is_dir():
            shutil.copytree(PROJECT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(PROJECT / name, copy / name)
    source = (copy / SMOKE_TESTS).read_text()
    changed = re.sub(r"(\ndef handler\(.*?\n)( +\"\"\".*?\"\"\"\n)", r"\1\2    raise RuntimeError('changed')\n", source)
    assert changed != source
    (copy / SMOKE_TESTS).write_text(changed)
    return copy


@pytest.fixture(scope="module")
def deploy(laptop: Any) -> Iterator[Deploy]:
    """Deploys a project with parameters of its own; afterwards the laptop has again what it had."""
    deployer = Deployer(
        laptop.client("cloudformation"),
        laptop.client("s3"),
        bucket=f"greenlight-deployments-{ACCOUNT}",
        poll_seconds=0.2,
    )
    parameters = parameter_overrides(PROJECT / "samconfig.toml", "local")

    def deploy_project(project: Path, **changes: str) -> Deployment:
        return deployer.deploy(project / "template.yaml", "greenlight", {**parameters, **changes})

    yield deploy_project
    restored = laptop.call("deploy")
    assert restored.code == 0, restored.errors


def wait_for_question(laptop: Any, run_id: str) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not any(run_id in mail["text"] + mail["subject"] for mail in laptop.mails()):
        assert time.monotonic() < deadline, laptop.call("show", run_id).document
        time.sleep(0.5)


def wait_for_end(laptop: Any, run_id: str) -> dict[str, Any]:
    deadline = time.monotonic() + WAIT_SECONDS
    while (shown := laptop.call("show", run_id).document)["outcome"] == "Running":
        assert time.monotonic() < deadline, shown
        time.sleep(0.5)
    document: dict[str, Any] = shown
    return document


def execution_of(laptop: Any, run_id: str) -> dict[str, Any]:
    stepfunctions = laptop.client("stepfunctions")
    arn = laptop.machine().replace(":stateMachine:", ":execution:")
    execution: dict[str, Any] = stepfunctions.describe_execution(executionArn=f"{arn}:{run_id}")
    return execution


def called(laptop: Any, run_id: str) -> dict[str, str]:
    """Each function that a run has called, by its name, and the version of it."""
    arn = execution_of(laptop, run_id)["executionArn"]
    pages = laptop.client("stepfunctions").get_paginator("get_execution_history").paginate(executionArn=arn)
    arns = []
    for event in (event for page in pages for event in page["events"]):
        if event["type"] == "LambdaFunctionScheduled":
            arns.append(event["lambdaFunctionScheduledEventDetails"]["resource"])
        elif event["type"] == "TaskScheduled" and event["taskScheduledEventDetails"]["resourceType"] == "lambda":
            arns.append(json.loads(event["taskScheduledEventDetails"]["parameters"])["FunctionName"])
    versions: dict[str, str] = {}
    for function, version in (each.rsplit(":", 2)[1:] for each in arns):
        assert versions.setdefault(function, version) == version, "two versions of a function in one run"
    return versions


def live_versions(laptop: Any) -> dict[str, str]:
    """The version of each function that its alias leads to."""
    functions = laptop.client("lambda")
    names = [each["FunctionName"] for each in functions.list_functions()["Functions"]]
    return {name: functions.get_alias(FunctionName=name, Name="live")["FunctionVersion"] for name in names}


def live_machine(laptop: Any) -> str:
    stepfunctions = laptop.client("stepfunctions")
    alias = stepfunctions.describe_state_machine_alias(stateMachineAliasArn=f"{laptop.machine()}:live")
    [route] = alias["routingConfiguration"]
    version: str = route["stateMachineVersionArn"]
    return version


def environment_of(laptop: Any, function: str, version: str) -> dict[str, str]:
    configuration = laptop.client("lambda").get_function_configuration(FunctionName=function, Qualifier=version)
    variables: dict[str, str] = configuration["Environment"]["Variables"]
    return variables


@pytest.fixture
def data(few_rows: Rows, write_rows: Callable[[str, Rows], str]) -> str:
    return write_rows("rows.csv", few_rows)


def test_a_run_that_waits_is_released_by_the_code_it_began_with_and_the_next_one_runs_the_new(
    laptop: Any, data: str, write_recipe: Callable[..., str], deploy: Deploy, changed_project: Path
) -> None:
    recipe = write_recipe("waits-for-approval")
    old_functions, old_machine = live_versions(laptop), live_machine(laptop)
    run_id = laptop.call("run", recipe, "--data", data, "--detach").document["run_id"]
    wait_for_question(laptop, run_id)
    [lock] = laptop.locks()

    assert deploy(changed_project).changed
    new_functions, new_machine = live_versions(laptop), live_machine(laptop)
    assert {name for name in old_functions if old_functions[name] == new_functions[name]} == set()
    assert new_machine != old_machine

    assert laptop.locks() == [lock]
    shown = laptop.call("show", run_id).document
    assert (shown["outcome"], shown["states"][-1]["name"]) == ("Running", "RequestApproval")
    other = laptop.call("run", recipe, "--data", data, "--force", "--wait")
    assert other.document["outcome"] == "AlreadyRunning", other.errors
    assert run_id in other.document["cause"]

    assert laptop.call("approve", run_id).code == 0
    ended = wait_for_end(laptop, run_id)
    assert ended["outcome"] == "Released", ended["cause"]
    assert execution_of(laptop, run_id)["stateMachineVersionArn"] == old_machine
    versions = called(laptop, run_id)
    assert any("RunSmokeTestsFunction" in name for name in versions)
    assert versions == {name: old_functions[name] for name in versions}
    assert laptop.locks() == []

    # Another smoke case is a new release of the same model: nothing is trained again.
    again = write_recipe("waits-for-approval", {"smoke.max_latency_ms": 29_000})
    second = laptop.call("run", again, "--data", data, "--approve")
    assert second.document["outcome"] == "RolledBack", second.errors
    assert "changed" in second.document["cause"]
    assert {"Preprocess", "TrainModel"} <= {reused["state"] for reused in second.document["reused"]}
    assert execution_of(laptop, second.document["run_id"])["stateMachineVersionArn"] == new_machine
    versions = called(laptop, second.document["run_id"])
    assert versions == {name: new_functions[name] for name in versions}


def test_a_changed_setting_alone_reaches_every_function_and_no_older_version(
    laptop: Any, deploy: Deploy, changed_project: Path
) -> None:
    deploy(changed_project)
    before, machine_before = live_versions(laptop), live_machine(laptop)
    assert deploy(changed_project, OperatorAddress="night-shift@example.com").changed
    after = live_versions(laptop)
    [report_fault] = [name for name in after if "ReportFaultFunction" in name]
    addresses = [
        environment_of(laptop, report_fault, versions[report_fault])["OPERATOR_ADDRESS"] for versions in (before, after)
    ]
    assert addresses == ["operator@example.com", "night-shift@example.com"]
    # What names the deployment has no settings of its own.
    assert {re.sub(".*-(.*)-.*", r"\1", name) for name in before if before[name] == after[name]} == {
        "PublishCodeFunction"
    }
    assert live_machine(laptop) != machine_before


def test_a_deployment_of_nothing_new_publishes_nothing(laptop: Any, deploy: Deploy, changed_project: Path) -> None:
    deploy(changed_project, OperatorAddress="night-shift@example.com")
    before, machine_before = live_versions(laptop), live_machine(laptop)
    assert not deploy(changed_project, OperatorAddress="night-shift@example.com").changed
    # A setting that reaches no function changes its own resource only.
    assert deploy(changed_project, OperatorAddress="night-shift@example.com", WorkflowLogRetentionDays="30").changed
    assert (live_versions(laptop), live_machine(laptop)) == (before, machine_before)
