"""UpdateEndpoint: make sure the archive is the one approved, then create or update the endpoint."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

from lambdas.adapters.s3 import artifact_store
from lambdas.adapters.sagemaker import endpoint_service
from lambdas.artifacts import planned
from lambdas.observed import logger, state_handler
from steps.contracts import PrepareRunResult, RegisterModelResult, UpdateEndpointResult
from steps.errors import ArtifactChangedError, EndpointBusyError
from steps.ports import ArtifactStore, EndpointService
from steps.update_endpoint import decide_update


class UpdateEndpointInput(BaseModel):
    """Event of UpdateEndpoint."""

    run_id: str
    plan: PrepareRunResult
    register_model: RegisterModelResult


def update_endpoint(
    request: UpdateEndpointInput, artifacts: ArtifactStore, endpoints: EndpointService, *, now: datetime
) -> UpdateEndpointResult:
    """Ask for the change; safe to repeat. Raises ArtifactChangedError, EndpointBusyError or EndpointUpdateError."""
    asked, registered = planned(request.plan.endpoint), request.register_model
    if artifacts.digest(registered.model_data_uri) != registered.model_digest:
        raise ArtifactChangedError(
            f"{registered.model_data_uri} is not the archive that was evaluated and approved; nothing was deployed"
        )
    name, config = asked.endpoint_name, asked.endpoint_config_name
    live = request.plan.champion.endpoint_config_name if request.plan.champion else None
    change = decide_update(endpoints.describe(name), wanted=config, live_config_name=live)
    if change.action == "delete":
        endpoints.delete(name)
        raise EndpointBusyError(f"endpoint {name} had failed and is being deleted; it is created anew after that")
    if change.action == "create":
        endpoints.create(name, config, asked.tags)
    elif change.action == "update":
        endpoints.update(name, config)
    if change.action != "create" and asked.tags:
        # From now on its hours are this run's; an attempt before may have ended between the two calls.
        endpoints.tag(name, asked.tags)
    return UpdateEndpointResult(
        action="updated" if change.previous_config_name else "created",
        endpoint_name=name,
        endpoint_config_name=config,
        previous_endpoint_config_name=change.previous_config_name,
        requested_at=now,
    )


@state_handler
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Event: run_id, plan, register_model. Result: UpdateEndpointResult."""
    request = UpdateEndpointInput.model_validate(event)
    result = update_endpoint(request, artifact_store(), endpoint_service(), now=datetime.now(UTC))
    logger.info("endpoint change requested", action=result.action, endpoint_config_name=result.endpoint_config_name)
    return result.model_dump(mode="json")
