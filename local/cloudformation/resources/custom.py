"""Custom::* and AWS::CloudFormation::CustomResource: a function creates, updates and deletes the resource."""

# ruff: noqa: D102 - every type has the same three methods, described in ResourceType

from __future__ import annotations

import json
import time
import uuid
from typing import Any

from local.cloudformation.clients import Clients
from local.cloudformation.errors import ResourceError
from local.cloudformation.resources.base import Made, Properties, Request, ResourceType, without

# AWS waits an hour. On a laptop somebody is looking, and the function has already ended when this begins.
ANSWER_SECONDS = 60.0
POLL_SECONDS = 0.05
URL_SECONDS = 7200


class CustomResource(ResourceType):
    """A resource that a function looks after; it answers by a PUT to a presigned address, as on AWS.

    answer_seconds: how long to wait for the answer once the function has ended, unless ServiceTimeout says so
    """

    immutable = frozenset({"ServiceToken"})

    def __init__(self, clients: Clients, answer_seconds: float = ANSWER_SECONDS) -> None:
        super().__init__(clients)
        self._answer_seconds = answer_seconds

    def create(self, request: Request) -> Made:
        return self._ask(request, {"RequestType": "Create"}, physical_id=None)

    def update(self, request: Request, made: Made, before: Properties) -> Made:
        old = {"OldResourceProperties": _as_text(without(before, "ServiceTimeout"))}
        return self._ask(request, {"RequestType": "Update", **old}, physical_id=made.physical_id)

    def delete(self, made: Made, properties: Properties) -> None:
        origin: dict[str, str] = made.attributes["aws:origin"]
        request = Request(
            origin["StackId"],
            origin["StackId"].split("/")[1],
            origin["LogicalResourceId"],
            origin["ResourceType"],
            properties,
        )
        self._ask(request, {"RequestType": "Delete"}, physical_id=made.physical_id)

    def _ask(self, request: Request, kind: dict[str, Any], physical_id: str | None) -> Made:
        origin = {
            "StackId": request.stack_id,
            "LogicalResourceId": request.logical_id,
            "ResourceType": request.resource_type,
        }
        event: dict[str, Any] = {
            **kind,
            **origin,
            "RequestId": str(uuid.uuid4()),
            "ServiceToken": request.properties["ServiceToken"],
            "ResourceProperties": _as_text(without(request.properties, "ServiceTimeout")),
        }
        if physical_id is not None:
            event["PhysicalResourceId"] = physical_id
        answer = self._exchange(event, float(request.properties.get("ServiceTimeout", self._answer_seconds)))
        made_id = answer.get("PhysicalResourceId") or physical_id
        if answer.get("Status") != "SUCCESS":
            reason = answer.get("Reason") or "the function gave no reason"
            raise ResourceError(
                f"Received response status [FAILED] from custom resource. Message returned: {reason}", made_id
            )
        if not made_id:
            raise ResourceError("Invalid PhysicalResourceId: the custom resource's answer has none")
        return Made(made_id, {**(answer.get("Data") or {}), "aws:origin": origin})

    def _exchange(self, event: dict[str, Any], answer_seconds: float) -> dict[str, Any]:
        """Invoke the function and wait for what it puts at the address it was given."""
        bucket = f"cloudformation-response-{event['RequestId']}"
        self.clients.call("s3", "CreateBucket", Bucket=bucket)
        s3 = self.clients.client("s3")
        url = s3.generate_presigned_url("put_object", {"Bucket": bucket, "Key": "response"}, ExpiresIn=URL_SECONDS)
        try:
            payload = json.dumps({**event, "ResponseURL": url}).encode()
            ended = self.clients.call("lambda", "Invoke", FunctionName=event["ServiceToken"], Payload=payload)
            deadline = time.monotonic() + (0.0 if "FunctionError" in ended else answer_seconds)
            while True:
                answer = self._answer(bucket)
                if answer is not None:
                    return answer
                if time.monotonic() >= deadline:
                    break
                time.sleep(POLL_SECONDS)
        finally:
            self.clients.try_call("s3", "DeleteObject", ("NoSuchKey",), Bucket=bucket, Key="response")
            self.clients.try_call("s3", "DeleteBucket", ("NoSuchBucket",), Bucket=bucket)
        if "FunctionError" in ended:
            error = json.loads(ended["Payload"].read())
            kind, message = error.get("errorType", "Unknown"), error.get("errorMessage", "")
            raise ResourceError(f"The custom resource's function failed before it answered: {kind}: {message}")
        raise ResourceError(
            "CloudFormation did not receive a response from your Custom Resource. "
            f"Please check your logs for requestId [{event['RequestId']}]."
        )

    def _answer(self, bucket: str) -> dict[str, Any] | None:
        s3 = self.clients.client("s3")
        try:
            body = s3.get_object(Bucket=bucket, Key="response")["Body"].read()
        except s3.exceptions.NoSuchKey:
            return None
        try:
            answer = json.loads(body)
        except ValueError as error:
            raise ResourceError("the custom resource's answer is no JSON") from error
        if not isinstance(answer, dict):
            raise ResourceError("the custom resource's answer is no JSON object")
        return answer


def _as_text(value: Any) -> Any:  # noqa: ANN401
    """The same with every number and truth value as text, as CloudFormation hands properties to a function."""
    if isinstance(value, dict):
        return {key: _as_text(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_as_text(each) for each in value]
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, (int, float)) else value
