"""Runs as Step Functions knows them: found, described and read event by event."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from greenlight.errors import WrongUseError
from greenlight.history import History
from greenlight.outcomes import RUNNING

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

    from steps.contracts import Contract

# The last events of an execution that name its end state.
_END_EVENTS = 5
_PAGE_EVENTS = 200
# Each run takes two requests to describe; Step Functions takes some twenty a second.
_RUNS_AT_ONCE = 8


@dataclass(frozen=True)
class Run:
    """One execution of the release state machine."""

    run_id: str
    recipe: str
    outcome: str
    started_at: datetime
    ended_at: datetime | None


class Executions:
    """A state machine's executions; a run's id is its execution's name.

    state_machine_arn: lists and describes all of them;  alias_arn: starts one of the version deployed last
    """

    def __init__(self, stepfunctions: SFNClient, state_machine_arn: str, alias_arn: str) -> None:
        self._client = stepfunctions
        self._state_machine_arn = state_machine_arn
        self._alias_arn = alias_arn

    def arn(self, run_id: str) -> str:
        """The execution's ARN."""
        return f"{self._state_machine_arn.replace(':stateMachine:', ':execution:', 1)}:{run_id}"

    def start(self, run_id: str, run_input: Contract) -> None:
        """Start a run under this id, with an input that its state machine takes."""
        self._client.start_execution(
            stateMachineArn=self._alias_arn, name=run_id, input=run_input.model_dump_json(exclude_none=True)
        )

    def stop(self, run_id: str, cause: str) -> None:
        """Stop a run; Step Functions stops the job that it waits for."""
        self._client.stop_execution(executionArn=self.arn(run_id), error="Stopped", cause=cause)

    def newest(self, limit: int) -> list[Run]:
        """The newest runs, newest first."""
        found: list[Any] = []
        pages = self._client.get_paginator("list_executions").paginate(
            stateMachineArn=self._state_machine_arn, PaginationConfig={"PageSize": min(limit, 1000)}
        )
        for page in pages:
            found.extend(page["executions"])
            if len(found) >= limit:
                break
        with ThreadPoolExecutor(max_workers=_RUNS_AT_ONCE) as readers:
            return list(readers.map(self.describe, [execution["name"] for execution in found[:limit]]))

    def describe(self, run_id: str) -> Run:
        """One run.

        Raises WrongUseError when there is no such run.
        """
        try:
            execution = self._client.describe_execution(executionArn=self.arn(run_id))
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") not in ("ExecutionDoesNotExist", "InvalidArn"):
                raise
            raise WrongUseError(f"there is no run '{run_id}'; `greenlight runs` lists them") from error
        outcome = RUNNING
        if execution["status"] != "RUNNING":
            last = self._client.get_execution_history(
                executionArn=self.arn(run_id), reverseOrder=True, maxResults=_END_EVENTS, includeExecutionData=False
            )
            outcome = History(last["events"]).outcome
        return Run(
            run_id=run_id,
            recipe=json.loads(execution.get("input", "{}")).get("recipe", ""),
            outcome=outcome,
            started_at=execution["startDate"],
            ended_at=execution.get("stopDate"),
        )

    def read(self, run_id: str, history: History) -> History:
        """Add to the history what happened since it was last read."""
        known, new = history.last_id, []
        arguments: dict[str, Any] = {}
        while True:
            # Newest first, so that a long history is not read again from its start each time.
            page = self._client.get_execution_history(
                executionArn=self.arn(run_id), reverseOrder=True, maxResults=_PAGE_EVENTS, **arguments
            )
            new.extend(page["events"])
            if "nextToken" not in page or any(event["id"] <= known for event in page["events"]):
                history.add(new)
                return history
            arguments = {"nextToken": page["nextToken"]}
