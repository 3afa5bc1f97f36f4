"""Custom::ContainerCode: publishes the container code, and tells CloudFormation in any case."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import urllib3
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel, ConfigDict, Field

from lambdas.adapters.s3 import artifact_store
from lambdas.observed import event_handler, logger
from lambdas.publish_code.check import check_deployment
from lambdas.publish_code.publish import name_deployment, publish, read_package
from steps.errors import ReleaseError

PACKAGE_ROOT = Path(__file__).parents[2]
# CloudFormation takes no longer answer, and waits until it gives up.
_ANSWER_BYTES = 4096


class CustomResourceEvent(BaseModel):
    """What CloudFormation sends."""

    model_config = ConfigDict(extra="ignore")

    request_type: str = Field(alias="RequestType")
    response_url: str = Field(alias="ResponseURL")
    stack_id: str = Field(alias="StackId")
    request_id: str = Field(alias="RequestId")
    logical_id: str = Field(alias="LogicalResourceId")
    physical_id: str | None = Field(default=None, alias="PhysicalResourceId")
    properties: dict[str, Any] = Field(alias="ResourceProperties")


def answer(event: CustomResourceEvent, root: Path) -> dict[str, Any]:
    """What to tell CloudFormation; a failure is an answer too, since a stack would wait an hour for none."""
    document = {
        "Status": "SUCCESS",
        "StackId": event.stack_id,
        "RequestId": event.request_id,
        "LogicalResourceId": event.logical_id,
        "PhysicalResourceId": event.physical_id or "unpublished",
    }
    if event.request_type == "Delete":
        # Runs and live versions refer to what was published; it stays with the bucket.
        return document
    try:
        files = read_package(root)
        check_deployment(files, event.properties["StackName"])
        code_uri = publish(files, event.properties["Bucket"], artifact_store())
        settings = [event.properties["Settings"], event.properties["Libraries"]]
        physical_id = name_deployment(root, settings, event.request_id, event.physical_id)
    except Exception as error:
        logger.exception("code not published")
        return failed(document, str(error) if isinstance(error, ReleaseError) else f"{type(error).__name__}: {error}")
    deployment = physical_id.rpartition("-")[2]
    logger.info("code published", code_uri=code_uri, deployment=deployment)
    data = {"CodeUri": code_uri, "Deployment": deployment}
    return {**document, "PhysicalResourceId": physical_id, "Data": data}


def failed(document: dict[str, Any], reason: str) -> dict[str, Any]:
    """The answer that something went wrong, its reason cut to what CloudFormation takes."""
    answered = {**document, "Status": "FAILED", "Reason": reason}
    while len(json.dumps(answered)) > _ANSWER_BYTES:
        answered["Reason"] = answered["Reason"][: len(answered["Reason"]) * 9 // 10].removesuffix("…") + "…"
    return answered


def send(url: str, document: dict[str, Any]) -> None:
    """Put the answer where CloudFormation waits for it."""
    retries = urllib3.Retry(total=3, backoff_factor=1, status_forcelist=[500, 502, 503, 504], allowed_methods=["PUT"])
    timeout = urllib3.Timeout(connect=5, read=20)
    # The address is signed without a content type, so none may be sent.
    with urllib3.PoolManager(timeout=timeout, retries=retries) as pool:
        pool.request("PUT", url, body=json.dumps(document).encode(), headers={"Content-Type": ""})


@event_handler
def handler(event: dict[str, Any], _context: LambdaContext) -> None:
    """Event: CloudFormation's request about a custom resource."""
    request = CustomResourceEvent.model_validate(event)
    send(request.response_url, answer(request, PACKAGE_ROOT))
