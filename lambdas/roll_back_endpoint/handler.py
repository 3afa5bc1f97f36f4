"""RollBackEndpoint: back to the configuration before, or gone when there was none."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

from lambdas.adapters.sagemaker import endpoint_service
from lambdas.observed import logger, state_handler
from steps.contracts import PrepareRunResult, RollBackEndpointResult, UpdateEndpointResult
from steps.errors import EndpointBusyError
from steps.names import RUN_TAG
from steps.ports import EndpointService
from steps.update_endpoint import decide_roll_back


class RollBackEndpointInput(BaseModel):
    """Event of RollBackEndpoint."""

    run_id: str
    plan: PrepareRunResult
    update_endpoint: UpdateEndpointResult


def roll_back_endpoint(
    request: RollBackEndpointInput, endpoints: EndpointService, *, now: datetime
) -> RollBackEndpointResult:
    """Ask for the way back; safe to repeat. Raises EndpointBusyError or EndpointUpdateError."""
    name = request.update_endpoint.endpoint_name
    previous = request.update_endpoint.previous_endpoint_config_name
    step = decide_roll_back(endpoints.describe(name), previous=previous)
    action: Literal["restored", "deleted", "unchanged"] = "unchanged"
    if step == "delete":
        endpoints.delete(name)
        if previous is not None:
            raise EndpointBusyError(f"endpoint {name} had failed and is being deleted; it is created anew after that")
        action = "deleted"
    elif step == "create" and previous is not None:
        endpoints.create(name, previous, _tags_before(request.plan))
        action = "restored"
    elif step == "update" and previous is not None:
        endpoints.update(name, previous)
        action = "restored"
    tags = _tags_before(request.plan)
    if step in {"update", "nothing"} and previous is not None and tags:
        endpoints.tag(name, tags)
    return RollBackEndpointResult(action=action, endpoint_name=name, endpoint_config_name=previous, requested_at=now)


def _tags_before(plan: PrepareRunResult) -> dict[str, str]:
    """The endpoint's tags while it served the version before."""
    tags = plan.endpoint.tags if plan.endpoint else {}
    return {**tags, RUN_TAG: plan.champion.run_id} if tags and plan.champion else tags


@state_handler
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Event: run_id, plan, update_endpoint. Result: RollBackEndpointResult."""
    request = RollBackEndpointInput.model_validate(event)
    result = roll_back_endpoint(request, endpoint_service(), now=datetime.now(UTC))
    logger.info("roll back requested", action=result.action, endpoint_config_name=result.endpoint_config_name)
    return result.model_dump(mode="json")
