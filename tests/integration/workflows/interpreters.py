"""Two interpreters that execute the committed definition with the same answers in place of its Tasks.

moto's, as the laptop runs it, with clients that answer from the case; and the npm package `aws-local-stepfunctions`.
An answer is {"result": …}, {"error": name, "cause": text} or {"never": true}; a state's last answer is repeated.
"""

from __future__ import annotations

import io
import json
import logging
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.stepfunctions.parser import quotas
from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
from moto.stepfunctions.parser.asl.component.state.exec.state_task import state_task_factory
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import state_task_service_callback
from moto.stepfunctions.parser.asl.utils import boto_client
from moto.stepfunctions.parser.models import stepfunctions_parser_backends

from local.interpreter import compact_json
from local.stepfunctions import SageMakerTask
from workflows.paths import reference_path
from workflows.resources import resource_of

PROJECT = Path(__file__).parents[3]
PACKAGES = PROJECT / ".cache/node/node_modules"
COMMITTED = (PROJECT / "workflows/release.asl.json").read_text()
ACCOUNT, REGION = "123456789012", "us-east-1"
END_TIMEOUT_SECONDS = 60.0
SAGEMAKER = botocore.session.get_session().get_service_model("sagemaker")

Answers = Mapping[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class Case:
    """One execution: its input and what each Task answers, in turn."""

    input: dict[str, Any]
    tasks: Answers


@dataclass
class Outcome:
    """What an interpreter did: the states in order, each Task's parameters, and how it ended."""

    visited: list[str]
    requests: list[tuple[str, Any]]
    status: str
    output: Any = None
    error: str | None = None
    cause: str | None = None
    # Only of moto's: bytes of each state's input, and events of the whole history.
    input_bytes: dict[str, int] = field(default_factory=dict)
    events: int = 0


def deployed_definition() -> dict[str, Any]:
    """The committed definition with its tokens filled in; a function's ARN ends in its state machine token."""
    text = COMMITTED.replace("${Partition}", "aws").replace("${JobRoleArn}", f"arn:aws:iam::{ACCOUNT}:role/job")
    text = re.sub(r"\$\{(\w+)FunctionArn\}", rf"arn:aws:lambda:{REGION}:{ACCOUNT}:function:\1", text)
    definition: dict[str, Any] = json.loads(re.sub(r"\$\{\w+\}", "greenlight", text))
    return definition


def run_with_node(cases: list[Case]) -> list[Outcome]:
    """Every case, executed by the npm package in one process."""
    if not PACKAGES.is_dir():
        pytest.fail("the second interpreter is not installed; run: make install-node (needs Node and npm)")
    context = {
        "Execution": {"Name": "run-1", "Id": f"arn:aws:states:{REGION}:{ACCOUNT}:execution:release:run-1"},
        "StateMachine": {"Id": f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:release", "Name": "release"},
        "Task": {"Token": "token"},
    }
    document = [
        {"definition": _with_fixed_timeouts(case), "input": case.input, "context": context, "tasks": case.tasks}
        for case in cases
    ]
    process = subprocess.run(
        ["node", str(PROJECT / "tests/node/run.cjs")],
        input=json.dumps(document),
        env={**os.environ, "NODE_PATH": str(PACKAGES)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    return [
        Outcome(**{**outcome, "requests": [(state, request) for state, request in outcome["requests"]]})
        for outcome in json.loads(process.stdout)
    ]


def _with_fixed_timeouts(case: Case) -> dict[str, Any]:
    """The definition with each TimeoutSecondsPath replaced by what it leads to.

    The package reads that path in a Task's Parameters; AWS reads it in the state's input (Developer Guide, "Task",
    "Dynamic task timeout", where the path's field is none of the Parameters), and so does moto.
    """
    definition = deployed_definition()
    plan = case.tasks["PrepareRun"][-1].get("result")
    for state in definition["States"].values():
        if path := state.pop("TimeoutSecondsPath", None):
            value: Any = {"prepare_run": plan}
            # A run without a plan gets to none of these states.
            for step in reference_path(path) if plan else ():
                value = value[step]
            state["TimeoutSeconds"] = value if plan else 1
    return definition


@dataclass
class Clients:
    """Stands in for boto3 in moto's interpreter: a client answers what the case says about the state that calls it."""

    case: Case
    requests: list[tuple[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        states = deployed_definition()["States"]
        self._jobs: dict[str, Any] = {}
        self._turns: dict[str, int] = {}
        self._by_target: dict[str, list[str]] = {}
        for name, state in json.loads(COMMITTED)["States"].items():
            resource = resource_of(state) if state["Type"] == "Task" else None
            if resource:
                target = resource.function or f"{resource.action}:{self._entry_point(states[name])}"
                self._by_target.setdefault(target, []).append(name)

    def client(self, *, service_name: str, **_: object) -> SimpleNamespace:
        """A client with the calls that the interpreter makes."""
        if service_name == "lambda":
            return SimpleNamespace(invoke=self._invoke)
        return SimpleNamespace(
            meta=SimpleNamespace(service_model=SAGEMAKER),
            create_processing_job=lambda **request: self._create("createProcessingJob", "ProcessingJob", request),
            create_training_job=lambda **request: self._create("createTrainingJob", "TrainingJob", request),
            create_hyper_parameter_tuning_job=lambda **request: self._create(
                "createHyperParameterTuningJob", "HyperParameterTuningJob", request
            ),
            create_model=lambda **request: self._answer("createModel", request),
            create_endpoint_config=lambda **request: self._answer("createEndpointConfig", request),
            describe_processing_job=lambda **request: self._jobs[request["ProcessingJobName"]],
            describe_training_job=lambda **request: self._jobs[request["TrainingJobName"]],
            describe_hyper_parameter_tuning_job=lambda **request: self._jobs[request["HyperParameterTuningJobName"]],
        )

    def _invoke(self, FunctionName: str, Payload: bytes, **_: object) -> dict[str, Any]:  # noqa: N803 - as in the API
        function, payload = FunctionName.rpartition(":")[2], json.loads(Payload)
        state = self._state(function, payload)
        token = payload.get("task_token")
        request = {"FunctionName": FunctionName, "Payload": payload} if token else payload
        self.requests.append((state, request))
        answer = self._next(state)
        if "error" in answer:
            # A cause of a function's own is the document its runtime wrote about the exception.
            return _invocation(json.loads(answer["cause"]), FunctionError="Unhandled")
        if token and "result" in answer:
            backend = stepfunctions_parser_backends[ACCOUNT][REGION]
            backend.send_task_success(token, json.dumps(answer["result"]))
        return _invocation(None if token else answer["result"])

    def _create(self, action: str, kind: str, request: dict[str, Any]) -> dict[str, Any]:
        description = self._answer(action, request)
        self._jobs[request[f"{kind}Name"]] = description
        return {f"{kind}Arn": request[f"{kind}Name"]}

    def _answer(self, action: str, request: dict[str, Any]) -> dict[str, Any]:
        state = self._state(f"{action}:{self._entry_point({'Parameters': request})}", request)
        self.requests.append((state, request))
        answer = self._next(state)
        if "result" in answer:
            return dict(answer["result"])
        if answer["error"] == "States.TaskFailed":
            return dict(json.loads(answer["cause"]))
        code = answer["error"].removeprefix("SageMaker.").removesuffix("Exception")
        error = {"Error": {"Code": code, "Message": answer["cause"]}, "ResponseMetadata": {"HTTPStatusCode": 400}}
        raise ClientError(error, action)  # type: ignore[arg-type]  # the part of a response that matters here

    def _next(self, state: str) -> dict[str, Any]:
        turn = self._turns[state] = self._turns.get(state, -1) + 1
        answers = self.case.tasks[state]
        return answers[min(turn, len(answers) - 1)]

    def _state(self, target: str, request: Mapping[str, Any]) -> str:
        names = self._by_target[target]
        if len(names) == 1:
            return names[0]
        if target == "WriteReport":
            # One function serves two states: the one after the metrics, and the one of a run that never came to them.
            return "WriteReport" if "check_metrics" in request["state"] else "WriteRejectionReport"
        # The same here; the way back asks for the configuration before.
        (name,) = (name for name in names if ("old" in str(request)) == ("RolledBack" in name))
        return name

    @staticmethod
    def _entry_point(state: Mapping[str, Any]) -> str:
        """What tells two states of one action apart."""
        if {"Containers", "Containers.$"} & state["Parameters"].keys():
            return "Containers"
        specification = state["Parameters"].get("AppSpecification", {})
        return str(specification.get("ContainerEntrypoint", [""])[-1])


def _invocation(payload: object, **fields: str) -> dict[str, Any]:
    return {"StatusCode": 200, "ExecutedVersion": "1", "Payload": io.BytesIO(json.dumps(payload).encode()), **fields}


@contextmanager
def moto_interpreter() -> Iterator[Callable[[Case], Outcome]]:
    """moto's interpreter in this process, with the laptop's SageMaker tasks and without pauses between retries."""
    finished: Any = SimpleNamespace(wait=lambda _arn, _seconds: True)
    others = state_task_factory.state_task_service_for  # type: ignore[attr-defined]  # imported there under this name
    # It writes a long line at every error that a state machine then catches.
    logging.getLogger("moto.stepfunctions").setLevel(logging.CRITICAL)
    with pytest.MonkeyPatch.context() as patch, mock_aws(config={"stepfunctions": {"execute_state_machine": True}}):
        patch.setattr(retrier_decl, "time", SimpleNamespace(sleep=lambda _seconds: None))
        patch.setattr(state_task_service_callback, "_DELAY_SECONDS_SYNC_CONDITION_CHECK", 0.02)
        patch.setattr(quotas, "to_json_str", compact_json)
        patch.setattr(
            state_task_factory,
            "state_task_service_for",
            lambda service_name: SageMakerTask(finished) if service_name == "sagemaker" else others(service_name),
        )
        sfn = boto3.client("stepfunctions", region_name=REGION)
        machine = sfn.create_state_machine(
            name="release", definition=json.dumps(deployed_definition()), roleArn=_role_that_may_everything()
        )["stateMachineArn"]
        names = iter(f"run-{number}" for number in range(1, 1000))

        def run(case: Case) -> Outcome:
            clients = Clients(case)
            patch.setattr(boto_client, "boto3", clients)
            arn = sfn.start_execution(stateMachineArn=machine, name=next(names), input=json.dumps(case.input))[
                "executionArn"
            ]
            ended = _end(sfn, arn)
            pages = sfn.get_paginator("get_execution_history").paginate(executionArn=arn)
            events = [event for page in pages for event in page["events"]]
            entered = [event["stateEnteredEventDetails"] for event in events if "stateEnteredEventDetails" in event]
            return Outcome(
                visited=[details["name"] for details in entered],
                requests=clients.requests,
                status=ended["status"],
                output=json.loads(ended["output"]) if "output" in ended else None,
                error=ended.get("error"),
                cause=ended.get("cause"),
                input_bytes={
                    details["name"]: len(compact_json(json.loads(details["input"])).encode()) for details in entered
                },
                events=len(events),
            )

        yield run


def _role_that_may_everything() -> str:
    """A role in moto's IAM: where the laptop's part is plugged in too, roles count."""
    iam = boto3.client("iam", region_name=REGION)
    trust = {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    role = iam.create_role(RoleName="states", AssumeRolePolicyDocument=_policy(trust))["Role"]
    iam.put_role_policy(RoleName="states", PolicyName="everything", PolicyDocument=_policy(everything))
    return role["Arn"]


def _policy(statement: Mapping[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _end(sfn: Any, arn: str) -> dict[str, Any]:
    deadline = time.monotonic() + END_TIMEOUT_SECONDS
    while True:
        answer: dict[str, Any] = sfn.describe_execution(executionArn=arn)
        # moto says that an execution has ended a moment before it says how.
        if {"output", "error"} & set(answer):
            return answer
        assert time.monotonic() < deadline, f"{arn} has not ended"
        time.sleep(0.02)
