"""ReportFault: free the lock, keep the cause, tell people; works however little the run has got done."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

from lambdas.adapters.dynamodb_approvals import approval_records
from lambdas.adapters.dynamodb_releases import release_records
from lambdas.adapters.s3 import artifact_store
from lambdas.adapters.sagemaker import model_registry
from lambdas.artifacts import read_recipe
from lambdas.endings import EndingSettings, concerned, count_end, tell
from lambdas.mailing import mailer
from lambdas.mails.compose import Outcomes, fault_mail
from lambdas.observed import logger, state_handler
from steps.contracts import PrepareRunResult, RegisterModelResult, ReportFaultResult
from steps.errors import ReleaseError
from steps.execution_link import execution_link
from steps.ports import ApprovalRecords, ArtifactStore, ModelRegistry, ReleaseRecords, RunRecord
from steps.report_fault import report_fault


class ReportFaultInput(BaseModel):
    """Event of ReportFault; the state is taken as it is, since the fault may be in it."""

    run_id: str
    state: dict[str, Any]
    state_name: str | None = None
    execution_arn: str = ""

    @property
    def recipe(self) -> str:
        """Name of the recipe, as far as the run's input holds one."""
        return str(self.state.get("recipe") or "unknown")

    @property
    def plan(self) -> PrepareRunResult | None:
        """The plan, if the run got that far."""
        planned = self.state.get("prepare_run")
        return PrepareRunResult.model_validate(planned) if planned else None


class ReportFaultSettings(EndingSettings):
    """Environment of ReportFault."""

    operator_address: str
    # Set where another address than AWS's answers for it; AWS's console has no page for such an execution.
    aws_endpoint_url: str = ""


@cache
def settings() -> ReportFaultSettings:
    """The function's environment, read at the first call."""
    return ReportFaultSettings.from_environment()


def keep_fault(
    request: ReportFaultInput, *, registry: ModelRegistry, records: ReleaseRecords, now: datetime
) -> ReportFaultResult:
    """Free the lock first, whatever happens after; safe to repeat."""
    fault = report_fault(request.state, request.state_name)
    records.free_lock(request.recipe, request.run_id)
    started_at = request.plan.started_at if request.plan else None
    reason = f"{fault.state}: {fault.error}: {fault.cause}"
    records.end_run(RunRecord(request.run_id, request.recipe, "Faulted", reason, started_at, now))
    if "register_model" in request.state:
        registered = RegisterModelResult.model_validate(request.state["register_model"])
        registry.reject(registered.model_package_arn, f"Faulted in {fault.state}: {fault.error}")
    return fault


def people(request: ReportFaultInput, operator: str, artifacts: ArtifactStore, approvals: ApprovalRecords) -> list[str]:
    """Whoever is on call, and whom the run concerns as far as that can be read."""
    others: list[str] = []
    if request.plan is not None:
        try:
            asked = approvals.request_of(request.run_id)
            others = concerned(read_recipe(request.plan, artifacts), request.plan, asked)
        except ReleaseError:
            others = []
    return list(dict.fromkeys([operator, *others]))


@state_handler
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Event: run_id, state, execution_arn, optionally state_name. Result: ReportFaultResult."""
    request = ReportFaultInput.model_validate(event)
    environment = settings()
    records = release_records(environment.release_table)
    fault = keep_fault(request, registry=model_registry(), records=records, now=datetime.now(UTC))
    logger.error("run faulted", state=fault.state, error=fault.error, cause=fault.cause)
    count_end(request.recipe, "Faulted")
    live = records.live(request.recipe)
    about = Outcomes(request.recipe, request.run_id, live.model_version if live else None)
    link = None if environment.aws_endpoint_url else execution_link(request.execution_arn)
    approvals = approval_records(environment.release_table)
    addresses = people(request, environment.operator_address, artifact_store(), approvals)
    mails = [fault_mail(about, to=to, fault=fault, link=link) for to in addresses]
    tell(mails, mailer(environment), logger)
    return fault.model_dump(mode="json")
