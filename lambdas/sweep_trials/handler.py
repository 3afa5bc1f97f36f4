"""SweepTrials: take away what trials have made, whichever way their question has ended.

Called when a run ends and every five minutes. What to remove is known from records that are kept before anything is
made, so nothing is left behind by a run that was stopped or a function that died.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.adapters.dynamodb_approvals import approval_records
from lambdas.adapters.dynamodb_trials import trial_records
from lambdas.adapters.sagemaker import endpoint_service
from lambdas.adapters.sagemaker_trials import trial_hosting
from lambdas.adapters.stepfunctions import workflow
from lambdas.observed import event_handler, logger
from lambdas.settings import Settings
from steps.approval import standing
from steps.errors import EndpointBusyError, ReleaseError
from steps.ports import ApprovalRecords, EndpointService, Workflow
from steps.trial import TrialRecord
from steps.trial_ports import TrialHosting, TrialRecords


class SweepTrialsSettings(Settings):
    """Environment of SweepTrials."""

    release_table: str


@cache
def settings() -> SweepTrialsSettings:
    """The function's environment, read at the first call."""
    return SweepTrialsSettings.from_environment()


class Sweeper:
    """Looks at one trial after the other."""

    def __init__(
        self,
        trials: TrialRecords,
        approvals: ApprovalRecords,
        executions: Workflow,
        endpoints: EndpointService,
        hosting: TrialHosting,
    ) -> None:
        self._trials = trials
        self._approvals = approvals
        self._executions = executions
        self._endpoints = endpoints
        self._hosting = hosting

    def sweep(self, *, now: datetime) -> int:
        """Look at every trial; returns how many are left.

        One that fails keeps no other waiting: its error is raised at the end.
        """
        failure: ReleaseError | None = None
        kept = self._trials.all()
        left = len(kept)
        for trial in kept:
            try:
                left -= self._look_at(trial, now)
            except ReleaseError as error:
                logger.exception("trial not swept", run_id=trial.run_id)
                failure = error
        if failure is not None:
            raise failure
        return left

    def _look_at(self, trial: TrialRecord, now: datetime) -> bool:
        """Take away what is over; whether nothing is left of the trial."""
        endpoint, is_over = self._endpoints.describe(trial.name), self._is_over(trial, now)
        if endpoint is None:
            if not is_over or trial.may_be_starting(now):
                return False
            self._hosting.remove(trial.name)
            self._trials.forget(trial)
            return True
        if endpoint.status != "Deleting" and (is_over or trial.has_run_out(now) or endpoint.status == "Failed"):
            logger.info("trial ends", run_id=trial.run_id, status=endpoint.status, reason=endpoint.failure_reason)
            try:
                self._endpoints.delete(trial.name)
            except EndpointBusyError:
                # One that is still being made cannot be deleted yet; the next look does it.
                logger.info("trial is busy", run_id=trial.run_id)
        return False

    def _is_over(self, trial: TrialRecord, now: datetime) -> bool:
        request = self._approvals.request(trial.approval_id)
        is_open = request is not None and standing(request, now) == "open"
        return not is_open or not self._executions.is_running(trial.execution_arn)


@event_handler
def handler(_event: dict[str, Any], _context: LambdaContext) -> None:
    """Event: the schedule's, or that a run has ended."""
    table = settings().release_table
    sweeper = Sweeper(trial_records(table), approval_records(table), workflow(), endpoint_service(), trial_hosting())
    logger.info("trials swept", left=sweeper.sweep(now=datetime.now(UTC)))
