"""ReportBatchFault: keep the cause of a batch that cannot go on; works however little of it has been done.

Whoever started the batch is told by the batch's own end, and whoever is on call by an alarm.
"""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

from lambdas.observed import logger, state_handler
from steps.report_batch_fault import report_batch_fault


class ReportBatchFaultInput(BaseModel):
    """Event of ReportBatchFault; the state is taken as it is, since the fault may be in it."""

    run_id: str
    state: dict[str, Any]


@state_handler
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Event: run_id, state. Result: ReportBatchFaultResult."""
    fault = report_batch_fault(ReportBatchFaultInput.model_validate(event).state)
    logger.error("batch faulted", state=fault.state, error=fault.error, cause=fault.cause)
    return fault.model_dump(mode="json")
