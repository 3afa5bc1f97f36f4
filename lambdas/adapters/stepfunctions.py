"""Workflow and RunStarter on Step Functions."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import boto3

from lambdas.adapters.faults import CLIENT_CONFIG, service_faults
from steps.contracts import RunInput

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient


class StepFunctionsWorkflow:
    """Executions and their waiting states."""

    def __init__(self, client: SFNClient) -> None:
        self._client = client

    def is_running(self, execution_arn: str) -> bool:
        """Whether an execution is still under way."""
        with service_faults("Step Functions"):
            try:
                return self._client.describe_execution(executionArn=execution_arn)["status"] == "RUNNING"
            except (self._client.exceptions.ExecutionDoesNotExist, self._client.exceptions.InvalidArn):
                return False

    def answer(self, task_token: str, output: str) -> bool:
        """Send a waiting task its success; False when it has ended, was answered, or never was."""
        errors = self._client.exceptions
        with service_faults("Step Functions"):
            try:
                self._client.send_task_success(taskToken=task_token, output=output)
            except (errors.TaskTimedOut, errors.TaskDoesNotExist, errors.InvalidToken):
                return False
        return True


class StepFunctionsStarter:
    """Executions of one state machine, started through its ARN or that of an alias; a run's id is its name."""

    def __init__(self, client: SFNClient, state_machine_arn: str) -> None:
        self._client = client
        self._state_machine_arn = state_machine_arn

    def start(self, run_id: str, run_input: RunInput) -> bool:
        """Start an execution; False when the name is taken."""
        with service_faults("Step Functions"):
            try:
                self._client.start_execution(
                    stateMachineArn=self._state_machine_arn, name=run_id, input=run_input.model_dump_json()
                )
            except self._client.exceptions.ExecutionAlreadyExists:
                return False
        return True

    def exists(self, run_id: str) -> bool:
        """Whether an execution has the name; Step Functions forgets it 90 days after its end."""
        with service_faults("Step Functions"):
            try:
                self._client.describe_execution(executionArn=self._execution_arn(run_id))
            except self._client.exceptions.ExecutionDoesNotExist:
                return False
        return True

    def _execution_arn(self, run_id: str) -> str:
        # arn:aws:states:region:account:stateMachine:name, and an alias behind it
        parts = self._state_machine_arn.split(":")
        return ":".join([*parts[:5], "execution", parts[6], run_id])


@cache
def run_starter(state_machine_arn: str) -> StepFunctionsStarter:
    """One client per container, made at the first call."""
    return StepFunctionsStarter(boto3.client("stepfunctions", config=CLIENT_CONFIG), state_machine_arn)


@cache
def workflow() -> StepFunctionsWorkflow:
    """One client per container, made at the first call."""
    return StepFunctionsWorkflow(boto3.client("stepfunctions", config=CLIENT_CONFIG))
