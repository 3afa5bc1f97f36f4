"""DescribeEndpoint: tell whether an endpoint serves what was asked for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

from lambdas.adapters.sagemaker import endpoint_service
from lambdas.observed import logger, state_handler
from steps.describe_endpoint import judge_endpoint


class DescribeEndpointInput(BaseModel):
    """Event of DescribeEndpoint; without a configuration the endpoint is expected to be gone."""

    run_id: str
    endpoint_name: str
    endpoint_config_name: str | None
    requested_at: datetime
    deadline_seconds: int


@state_handler
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Event: DescribeEndpointInput. Result: DescribeEndpointResult."""
    request = DescribeEndpointInput.model_validate(event)
    result = judge_endpoint(
        endpoint_service().describe(request.endpoint_name),
        wanted=request.endpoint_config_name,
        requested_at=request.requested_at,
        deadline_seconds=request.deadline_seconds,
        now=datetime.now(UTC),
    )
    logger.info("endpoint described", status=result.status, detail=result.detail)
    return result.model_dump(mode="json")
