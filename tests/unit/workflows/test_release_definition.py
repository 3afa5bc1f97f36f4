"""The committed definition: what the SDK builds, and the rules AWS applies that local interpreters do not."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from steps import errors

PROJECT = Path(__file__).parents[3]
DEFINITION: dict[str, Any] = json.loads((PROJECT / "workflows/release.asl.json").read_text())
STATES: dict[str, dict[str, Any]] = DEFINITION["States"]
TASKS = {name: state for name, state in STATES.items() if state["Type"] == "Task"}

# Fields that Step Functions accepts in its optimized SageMaker integrations; others fail CreateStateMachine.
ALLOWED_PARAMETERS = {
    "createProcessingJob": {
        *("ProcessingJobName", "RoleArn", "AppSpecification", "Environment", "ProcessingInputs", "Tags"),
        *("ProcessingOutputConfig", "ProcessingResources", "StoppingCondition", "NetworkConfig", "ExperimentConfig"),
    },
    "createTrainingJob": {
        *(
            "AlgorithmSpecification",
            "HyperParameters",
            "InputDataConfig",
            "OutputDataConfig",
            "ResourceConfig",
            "RoleArn",
        ),
        *("StoppingCondition", "Tags", "TrainingJobName", "VpcConfig", "EnableNetworkIsolation", "Environment"),
    },
    "createModel": {
        *("ModelName", "PrimaryContainer", "Containers", "ExecutionRoleArn", "VpcConfig", "Tags"),
        "EnableNetworkIsolation",
    },
    "createEndpointConfig": {"EndpointConfigName", "ProductionVariants", "KmsKeyId", "Tags"},
}
SERVICE_ERRORS = {
    *(
        "States.ALL",
        "States.Timeout",
        "States.HeartbeatTimeout",
        "Lambda.ServiceException",
        "Lambda.AWSLambdaException",
    ),
    *("Lambda.SdkClientException", "Lambda.TooManyRequestsException", "SageMaker.ResourceLimitExceededException"),
    "SageMaker.SdkClientException",
}


def next_states(state: dict[str, Any]) -> Iterator[str]:
    for key in ("Next", "Default"):
        if key in state:
            yield state[key]
    for branch in [*state.get("Choices", []), *state.get("Catch", [])]:
        yield branch["Next"]


def snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def function_of(task: dict[str, Any]) -> str | None:
    """Name of the function a task invokes, or None for a SageMaker request."""
    text = f"{task['Resource']} {task['Parameters'].get('FunctionName', '')}"
    match = re.search(r"\$\{(\w+)FunctionArn\}", text)
    return match[1] if match else None


def test_the_committed_definition_is_what_the_sdk_builds() -> None:
    check = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "workflows.release", "--check"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert check.returncode == 0, check.stderr


def test_every_transition_leads_to_a_state_and_every_state_is_reached() -> None:
    reached = {DEFINITION["StartAt"]}
    frontier = list(reached)
    while frontier:
        for name in next_states(STATES[frontier.pop()]):
            assert name in STATES
            if name not in reached:
                reached.add(name)
                frontier.append(name)
    assert reached == set(STATES)


def test_every_run_can_end_from_every_state() -> None:
    ends = {name for name, state in STATES.items() if state["Type"] in {"Succeed", "Fail"}}
    can_end = set(ends)
    while more := {name for name, state in STATES.items() if name not in can_end and can_end & set(next_states(state))}:
        can_end |= more
    assert can_end == set(STATES)
    assert ends == {
        *("Released", "NothingNew", "AlreadyRunning", "DataRejected", "MetricsRejected"),
        *("ApprovalDenied", "ApprovalExpired", "RolledBack", "Faulted"),
    }


@pytest.mark.parametrize("name", TASKS)
def test_every_task_is_bounded_commented_and_caught(name: str) -> None:
    task = TASKS[name]
    assert "TimeoutSeconds" in task or "TimeoutSecondsPath" in task
    assert task["Comment"]
    assert task["Catch"][-1]["ErrorEquals"] == ["States.ALL"]


@pytest.mark.parametrize("name", TASKS)
def test_a_task_adds_its_result_under_its_own_name(name: str) -> None:
    assert TASKS[name]["ResultPath"] == f"$.{snake(name)}"


@pytest.mark.parametrize("name", TASKS)
def test_retries_and_catches_name_errors_that_exist(name: str) -> None:
    own = {error for error in vars(errors) if error.endswith("Error")}
    for rule in [*TASKS[name].get("Retry", []), *TASKS[name]["Catch"]]:
        assert set(rule["ErrorEquals"]) <= own | SERVICE_ERRORS
    for rule in TASKS[name].get("Retry", []):
        assert "States.ALL" not in rule["ErrorEquals"], "repeats bugs as well"


@pytest.mark.parametrize("name", [name for name, task in TASKS.items() if "sagemaker:" in task["Resource"]])
def test_sagemaker_tasks_send_only_what_the_optimized_integration_takes(name: str) -> None:
    action = re.search(r"sagemaker:(\w+)(\.sync)?$", TASKS[name]["Resource"])
    assert action
    assert {key.removesuffix(".$") for key in TASKS[name]["Parameters"]} <= ALLOWED_PARAMETERS[action[1]]
    assert bool(action[2]) == action[1].endswith("Job"), ".sync exists for jobs only"


@pytest.mark.parametrize("name", [name for name, task in TASKS.items() if function_of(task)])
def test_every_lambda_state_has_its_folder(name: str) -> None:
    function = function_of(TASKS[name])
    assert function
    assert (PROJECT / "lambdas" / snake(function) / "handler.py").is_file()


def test_every_token_has_a_substitution_and_every_substitution_a_token() -> None:
    class Loader(yaml.SafeLoader):
        """Reads CloudFormation's short tags as their bare values."""

    Loader.add_multi_constructor("!", lambda loader, _tag, node: construct(loader, node))
    template = yaml.load((PROJECT / "infra/sam/workflow.yaml").read_text(), Loader)  # noqa: S506 - a SafeLoader
    (machine,) = (r for r in template["Resources"].values() if r["Type"] == "AWS::Serverless::StateMachine")
    tokens = set(re.findall(r"\$\{(\w+)\}", json.dumps(DEFINITION)))
    assert tokens == set(machine["Properties"]["DefinitionSubstitutions"])


def construct(loader: yaml.SafeLoader, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    assert isinstance(node, yaml.ScalarNode)
    return loader.construct_scalar(node)
