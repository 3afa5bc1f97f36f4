"""Workflow on Step Functions."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import boto3

from lambdas.adapters.faults import CLIENT_CONFIG, service_faults

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


@cache
def workflow() -> StepFunctionsWorkflow:
    """One client per container, made at the first call."""
    return StepFunctionsWorkflow(boto3.client("stepfunctions", config=CLIENT_CONFIG))
